"""A corpus that the user describes in one table: text with any common delimiter, or JSONL with one object a line."""

import dataclasses
import logging
import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.dialogue import with_dialogues
from emotion_tf.corpora.groups import tidy
from emotion_tf.corpora.table import Cell, Table, open_table
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.corpora.votes import majority, parse_votes
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR_SET
from emotion_tf.utils.paths import RemotePath, as_path

_LOG = logging.getLogger(__name__)

INFO = CorpusInfo(
    title="a manifest",
    citation="none: recordings of the user's own",
    licence="the user's own",
    url="the user",
    files="",
    layout="a .csv, .tsv, .txt or .jsonl file with the columns label, speaker, one or both of audio and text, and if "
    "need be id, session, start, end, dialogue, turn, votes, arousal, valence, dominance",
    languages=(),
    labels=(),
    label_sets={"four": FOUR_SET},
)

RATINGS = ("arousal", "valence", "dominance")
"""Columns of ratings that are known by their names."""

COLUMNS = ("id", "label", "speaker", "audio", "text", "session", "start", "end", "dialogue", "turn", "votes", *RATINGS)

GROUPS = ("sex", "gender", "age", "language")
"""Columns of groups that are known by their names; others are asked for."""

VOTES_OF = "votes:"
"""The column `votes:angry` holds how many raters, or which share of them, chose angry."""

UNLABELLED_LAYOUT = (
    "a .csv, .tsv, .txt or .jsonl file with the columns audio or text or both, and if need be id, start, end, speaker, "
    "dialogue, turn"
)


def read(
    data_dir: Path | RemotePath, labelled: bool = True, columns: Mapping[str, str] | None = None
) -> tuple[Utterance, ...]:
    """Reads the utterances that a manifest lists.

    Args:
        data_dir: The manifest itself. Relative paths in it start from its folder; it and the audio may lie behind URLs.
            Cells of `audio` or `text` may be empty where the model does not hear or read; `start` and `end` are in
            seconds.
        labelled: Whether every utterance must have a label and a speaker; otherwise they may be missing, and are "".
        columns: Columns of this package that have other names in the table, with these names.

    Returns:
        The utterances in the order of the file. Where the table has no ids, they are the names of the audio files. Rows
        of one session with the same `dialogue` are turns of it, in the order of `turn`, a number, or of the rows.

    Raises:
        EmotionTFError: If the file is not such a table or a row of it is wrong; it names the file and the line.
    """
    return _read(data_dir, columns or {}, (), labelled)[0]


def read_table(
    path: Path | RemotePath, columns: Mapping[str, str], dimensions: Sequence[str], groups: Sequence[str] = ()
) -> tuple[tuple[Utterance, ...], dict[str, tuple[float, float] | None]]:
    """As `read`, with the columns of ratings.

    Args:
        path: The manifest.
        columns: Columns of this package that have other names in the table, with these names.
        dimensions: Columns of ratings beside `RATINGS`.
        groups: Columns of groups beside `GROUPS`.

    Returns:
        The utterances; and each column of ratings, in the order of `Utterance.ratings`, of which nobody says the range.
    """
    return _read(path, columns, dimensions, labelled=True, groups=groups)


def _read(
    path: Path | RemotePath,
    columns: Mapping[str, str],
    dimensions: Sequence[str],
    labelled: bool,
    groups: Sequence[str] = (),
) -> tuple[tuple[Utterance, ...], dict[str, tuple[float, float] | None]]:
    layout = INFO.layout if labelled else UNLABELLED_LAYOUT
    if not path.is_file():
        raise EmotionTFError(f"there is no manifest {path}", expected=layout, fix="let data_dir name the file itself")
    table = open_table(path, {*COLUMNS, *GROUPS, *dimensions, *groups}, columns, layout)
    rated = [name for name in dict.fromkeys((*RATINGS, *dimensions)) if name in table.columns]
    grouped = [name for name in dict.fromkeys((*GROUPS, *groups)) if name in table.columns]
    _check_columns(table, labelled, rated, grouped)
    required = _required(table, labelled, rated)
    lines: dict[str, int] = {}
    utterances = []
    dialogues = _Dialogues()
    for line, row in table.rows:
        where = f"{path}, line {line}"
        utterance = _utterance(row, where, path.parent, required, rated, grouped)
        if "id" in table.columns and utterance.id in lines:
            raise EmotionTFError(
                f"{where}: the id {utterance.id!r} is taken",
                expected="a new id",
                received=f"that of line {lines[utterance.id]}",
            )
        lines[utterance.id] = line
        utterances.append(utterance)
        dialogues.add(row, utterance.session, line, where)
    if not utterances:
        raise EmotionTFError(f"{path} lists no utterance", expected="one row an utterance")
    if "id" not in table.columns:
        utterances = _named_by_files(utterances)
    return tuple(with_dialogues(utterances, dialogues.names, dialogues.turns)), dict.fromkeys(rated)


class _Dialogues:
    """Where the rows of a table stand in dialogues.

    Attributes:
        names: Of each row its session and its dialogue, which together name a dialogue; None where it is in none.
        turns: Of each row its place in its dialogue.
    """

    def __init__(self) -> None:
        self.names: list[tuple[str, str] | None] = []
        self.turns: list[float] = []
        self._taken: dict[tuple[str, str, float], int] = {}

    def add(self, row: Mapping[str, Cell], session: str, line: int, where: str) -> None:
        """Takes in a row.

        Raises:
            EmotionTFError: If its turn is no number, or another row of the dialogue has it.
        """
        dialogue = str(row.get("dialogue", "")).strip()
        self.names.append((session, dialogue) if dialogue else None)
        if not dialogue or "turn" not in row:
            self.turns.append(line)
            return
        turn = _number(str(row["turn"]))
        if not math.isfinite(turn):
            received = repr(row["turn"])
            raise EmotionTFError(f"{where}: wrong turn", expected="a number, by which turns follow", received=received)
        self.turns.append(turn)
        other = self._taken.setdefault((session, dialogue, turn), line)
        if other != line:
            raise EmotionTFError(
                f"{where}: the turn {turn:g} of the dialogue {dialogue!r} is taken",
                expected="each turn of a dialogue once; dialogues of one name in two sessions are two",
                received=f"that of line {other}",
            )


def _check_columns(table: Table, labelled: bool, rated: Sequence[str], grouped: Sequence[str] = ()) -> None:
    """Refuses a table that lacks a column; columns that are not known are passed over with one line."""
    missing = ["speaker"] if labelled and "speaker" not in table.columns else []
    if not {"audio", "text"} & set(table.columns):
        missing.append("audio or text")
    votes = [name for name in table.columns if name == "votes" or name.startswith(VOTES_OF)]
    if labelled and "label" not in table.columns and not votes and not rated:
        missing.insert(0, "label")
    if missing:
        raise EmotionTFError(
            f"{table.where}: missing column {', '.join(missing)}",
            expected=INFO.layout if labelled else UNLABELLED_LAYOUT,
            received=table.found,
            fix=f"name the columns with --columns, such as {missing[0].partition(' ')[0]}=NAME",
        )
    known = {*COLUMNS, *rated, *votes, *grouped}
    unknown = [name for name in table.columns if name not in known]
    if unknown:
        _LOG.warning("%s: passed over the columns %s", table.path, ", ".join(unknown))


def _required(table: Table, labelled: bool, rated: Sequence[str]) -> list[str]:
    """The columns without empty cells."""
    required = ["id"] if "id" in table.columns else []
    if labelled:
        required.append("speaker")
        # Where raters stand for the label, or ratings beside it, a cell may be empty.
        if not rated and not any(name.startswith("votes") for name in table.columns):
            required.append("label")
    return required


def _utterance(
    row: Mapping[str, Cell],
    where: str,
    folder: Path | RemotePath,
    required: Sequence[str],
    rated: Sequence[str],
    grouped: Sequence[str] = (),
) -> Utterance:
    cells = {column: str(row.get(column, "")).strip() for column in COLUMNS}
    for column in required:
        if not cells[column]:
            raise EmotionTFError(f"{where}: the {column} is empty")
    audio = _audio(cells["audio"], folder) if cells["audio"] else None
    start = _seconds(cells["start"], f"{where}: wrong start") or 0.0
    end = _seconds(cells["end"], f"{where}: wrong end")
    if end is not None and end <= start:
        raise EmotionTFError(
            f"{where}: the end is not after the start", expected=f"more than {start:g}", received=f"{end:g}"
        )
    columns = {name.removeprefix(VOTES_OF): str(row[name]) for name in row if name.startswith(VOTES_OF)}
    votes = parse_votes(row.get("votes", ""), columns, where)
    label = cells["label"] or majority(votes)
    ratings = tuple(_rating(str(row.get(name, "")), f"{where}: wrong {name}") for name in rated)
    # A corpus has many utterances and few speakers.
    label, speaker, session = (sys.intern(cell) for cell in (label, cells["speaker"], cells["session"]))
    told = {name: str(row.get(name, "")).strip() for name in grouped}
    groups = tuple((name, sys.intern(tidy(name, cell))) for name, cell in told.items() if cell)
    text = cells["text"]
    return Utterance(cells["id"], audio, start, end, text, label, speaker, session, votes, ratings, groups=groups)


def _named_by_files(utterances: Sequence[Utterance]) -> list[Utterance]:
    """Ids from the names of the files; with their folders where two have one name, and numbered if need be."""
    stems = Counter(Path(str(utterance.file)).stem for utterance in {u.file: u for u in utterances}.values())
    taken: Counter[str] = Counter()
    named = []
    for number, utterance in enumerate(utterances, start=1):
        if utterance.file is None:
            name = f"row-{number}"
        else:
            path = Path(str(utterance.file))
            name = path.stem if stems[path.stem] == 1 else str(path.with_suffix(""))
        if utterance.start or utterance.end is not None:
            name += f"_{utterance.start:g}_{'' if utterance.end is None else f'{utterance.end:g}'}"
        taken[name] += 1
        named.append(dataclasses.replace(utterance, id=f"{name}_{taken[name]}" if taken[name] > 1 else name))
    return named


def _audio(cell: str, folder: Path | RemotePath) -> Path | RemotePath:
    path = as_path(cell)
    return path if isinstance(path, RemotePath) or path.is_absolute() else folder / cell


def _seconds(cell: str, problem: str) -> float | None:
    if not cell:
        return None
    seconds = _number(cell)
    if not 0 <= seconds < math.inf:
        raise EmotionTFError(problem, expected="seconds, zero or more", received=repr(cell))
    return seconds


def _rating(cell: str, problem: str) -> float:
    """A number, or NaN where the cell is empty."""
    if not cell.strip():
        return math.nan
    number = _number(cell)
    if not math.isfinite(number):
        raise EmotionTFError(problem, expected="a number, or an empty cell", received=repr(cell))
    return number


def _number(cell: str) -> float:
    """The number in a cell, with a point or, as tables of many countries have it, a comma; NaN where it is none."""
    try:
        return float(cell.strip().replace(",", "."))
    except ValueError:
        return math.nan
