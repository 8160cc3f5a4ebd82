"""A corpus that the user describes in one table: CSV, or JSONL with one object a line."""

import csv
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import EMOTIONS, MERGES, canonical
from emotion_tf.utils.files import parse_json, read_text_lines
from emotion_tf.utils.remote_path import RemotePath, as_path

CITATION = "none: recordings of the user's own"
LICENCE = "the user's own"
SOURCE = "the user"
LAYOUT = (
    "a .csv or .jsonl file with the columns id, label, speaker, one or both of audio and text, "
    "and if need be session, start, end"
)
DEFAULT_DIR = None
SYNTHETIC = False

REQUIRED = ("id", "label", "speaker")
OPTIONAL = ("audio", "text", "session", "start", "end")
UNLABELLED = ("id",)
"""What is required of a manifest whose emotions are to be found out."""

UNLABELLED_LAYOUT = "a .csv or .jsonl file with the columns id, audio or text or both, and if need be start, end"


def read(data_dir: Path | RemotePath, labelled: bool = True) -> tuple[Utterance, ...]:
    """Reads the utterances that a manifest lists.

    Args:
        data_dir: The manifest itself. Relative paths in it start from its folder; it and the audio may lie behind URLs.
            Cells of `audio` or `text` may be empty where the model does not hear or read; `start` and `end` are in
            seconds.
        labelled: Whether every utterance must have a label and a speaker; otherwise they may be missing, and are "".

    Returns:
        The utterances in the order of the file.

    Raises:
        EmotionTFError: If the file is not such a table or a row of it is wrong; it names the file and the line.
    """
    path = data_dir
    layout = LAYOUT if labelled else UNLABELLED_LAYOUT
    if not path.is_file():
        raise EmotionTFError(f"there is no manifest {path}", expected=layout, fix="let data_dir name the file itself")
    tables = {".csv": _csv_rows, ".jsonl": _jsonl_rows}
    if path.suffix.lower() not in tables:
        raise EmotionTFError(f"{path} is no manifest", expected=layout, received=f"the suffix {path.suffix!r}")
    required = REQUIRED if labelled else UNLABELLED
    lines: dict[str, int] = {}
    utterances = []
    for line, row in tables[path.suffix.lower()](path, required):
        where = f"{path}, line {line}"
        utterance = _utterance(row, where, path.parent, required)
        if utterance.id in lines:
            raise EmotionTFError(
                f"{where}: the id {utterance.id!r} is taken",
                expected="a new id",
                received=f"that of line {lines[utterance.id]}",
            )
        lines[utterance.id] = line
        utterances.append(utterance)
    if not utterances:
        raise EmotionTFError(f"{path} lists no utterance", expected="one row an utterance")
    return tuple(utterances)


def _csv_rows(path: Path | RemotePath, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and row, which has every column of the header."""
    table = csv.reader(read_text_lines(path), strict=True)
    try:
        header = [column.strip() for column in next(table, [])]
        _check_columns(header, f"{path}, line 1", required)
        for cells in table:
            if not cells:
                continue
            if len(cells) != len(header):
                raise EmotionTFError(
                    f"{path}, line {table.line_num}: the row does not fit the header",
                    expected=f"{len(header)} cells",
                    received=str(len(cells)),
                    fix="put cells that hold a comma in double quotes",
                )
            yield table.line_num, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise EmotionTFError(f"{path}, line {table.line_num} is not valid CSV ({error})") from None


def _jsonl_rows(path: Path | RemotePath, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and row, whose values are made text; null stands for an empty cell."""
    for number, line in enumerate(read_text_lines(path), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = parse_json(line)
        except json.JSONDecodeError as error:
            raise EmotionTFError(f"{where} is not valid JSON ({error})", expected="one object a line") from None
        if not isinstance(row, dict):
            raise EmotionTFError(f"{where} is not a row", expected="a JSON object", received=line.strip()[:40])
        _check_columns(list(row), where, required)
        for column, value in row.items():
            if isinstance(value, bool | list | dict):
                raise EmotionTFError(
                    f"{where}: wrong {column}", expected="a string, a number or null", received=json.dumps(value)[:40]
                )
            if isinstance(value, str) and not value.isascii():
                _check_unicode(value, f"{where}: wrong {column}")
        yield number, {column: "" if value is None else str(value) for column, value in row.items()}


def _check_unicode(value: str, problem: str) -> None:
    """JSON can name half of a character, which no file that we write could hold."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise EmotionTFError(problem, expected="whole characters", received=ascii(value[error.start])) from None


def _check_columns(columns: list[str], where: str, required: tuple[str, ...]) -> None:
    """Unknown columns are refused, for one of them may be a known one misspelt."""
    missing = [column for column in required if column not in columns]
    if not {"audio", "text"} & set(columns):
        missing.append("audio or text")
    wrong = [column for column in columns if column not in REQUIRED + OPTIONAL]
    repeated = sorted(column for column, times in Counter(columns).items() if times > 1)
    others = [column for column in REQUIRED + OPTIONAL if column not in required]
    for what, which in (("missing", missing), ("unknown", wrong), ("repeated", repeated)):
        if which:
            raise EmotionTFError(
                f"{where}: {what} column {', '.join(which)}",
                expected=f"{', '.join(required)}, audio or text, and no others than {', '.join(others)}",
                received=", ".join(columns) or "none",
                fix="rename the columns, or leave out what the package does not read",
            )


def _utterance(row: dict[str, str], where: str, folder: Path | RemotePath, required: tuple[str, ...]) -> Utterance:
    cells = {column: row.get(column, "").strip() for column in REQUIRED + OPTIONAL}
    for column in required:
        if not cells[column]:
            raise EmotionTFError(f"{where}: the {column} is empty")
    label = canonical(cells["label"]) if cells["label"] else ""
    if label is None:
        raise EmotionTFError(
            f"{where}: unknown label",
            expected=f"one of {', '.join(EMOTIONS)} or of their other names {', '.join(MERGES)}",
            received=repr(cells["label"]),
            fix="rename the label or leave the row out",
        )
    audio = _audio(cells["audio"], folder) if cells["audio"] else None
    start = _seconds(cells["start"], f"{where}: wrong start") or 0.0
    end = _seconds(cells["end"], f"{where}: wrong end")
    if end is not None and end <= start:
        raise EmotionTFError(
            f"{where}: the end is not after the start", expected=f"more than {start:g}", received=f"{end:g}"
        )
    # A corpus has many utterances and few speakers.
    speaker, session = sys.intern(cells["speaker"]), sys.intern(cells["session"])
    return Utterance(cells["id"], audio, start, end, cells["text"], label, speaker, session)


def _audio(cell: str, folder: Path | RemotePath) -> Path | RemotePath:
    path = as_path(cell)
    return path if isinstance(path, RemotePath) or path.is_absolute() else folder / cell


def _seconds(cell: str, problem: str) -> float | None:
    if not cell:
        return None
    try:
        seconds = float(cell)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise EmotionTFError(problem, expected="seconds, zero or more", received=repr(cell))
    return seconds
