"""audformat: databases in the format of audEERING, whose tables label files or segments of files."""

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.sources import wrong_folder
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR, FOUR_SET, customary
from emotion_tf.utils.files import read_bounded

INFO = CorpusInfo(
    title="an audformat database",
    citation="that of the database, as its db.yaml has it",
    licence="that of the database, as its db.yaml has it",
    url="https://audeering.github.io/datasets",
    files="by audb.load_to, or make it with the package audformat",
    layout="a folder with db.yaml, its tables as .csv or .parquet, and its files; with a scheme emotion, "
    "and if there are such, speaker and transcription or text",
    languages=(),
    labels=(),
    label_sets={"four": FOUR_SET},
)

MAX_DEPTH = 32
"""Deepest nesting of a header; those that audformat writes have about six."""


def read(data_dir: Path) -> tuple[Utterance, ...]:
    """Reads the files and segments that have an emotion.

    The emotion is that of the scheme `emotion`, or of the only scheme that has at least two of angry, happy, neutral
    and sad among its labels, by whatever of their names. Speakers and transcripts may stand in other tables. Where the
    database names no speakers, each file counts as a speaker of its own, which is warned of.

    Args:
        data_dir: The folder of the database.

    Returns:
        The utterances in the order of the tables. The id is the path of the file within the database, for a segment
        followed by its start and end in seconds.

    Raises:
        EmotionTFError: If it is no such folder, something of it is missing, damaged or contradictory, or audformat is
            not installed.

    Reference:
        https://audeering.github.io/audformat
    """
    if not (data_dir / "db.yaml").is_file():
        raise wrong_folder(INFO, data_dir, "db.yaml")
    _check_header(data_dir / "db.yaml")
    pickled = sorted(path.name for path in data_dir.glob("db.*.pkl"))
    if pickled:
        raise EmotionTFError(
            f"{data_dir / pickled[0]} is a pickle, which could run anything when it is loaded",
            expected="tables as .csv or .parquet",
            fix="delete it if its table is there in such a form too, else save the database with storage_format='csv'",
        )
    scheme, table = _table(data_dir)
    has_speakers = table["speaker"].notna().any()
    if not has_speakers:
        warnings.warn(
            f"{data_dir} names no speakers, so each file counts as one of its own: folds may share voices",
            stacklevel=2,
        )
    utterances = []
    for (file, start, end), row in zip(table.index, table.to_dict("records"), strict=True):
        if row[scheme] is None:
            continue
        path = data_dir / file
        if not path.is_file():
            raise EmotionTFError(f"{path} is missing", expected="every labelled file", fix="get the database again")
        if has_speakers and row["speaker"] is None:
            raise EmotionTFError(f"{path} has no speaker in {data_dir}", expected="one for each file, or for none")
        begin, until = start.total_seconds(), end.total_seconds()  # The latter is NaN for the end of the file.
        utterances.append(
            Utterance(
                id=file if begin == 0 and math.isnan(until) else f"{file}_{begin}_{until}",
                file=path,
                start=begin,
                end=None if math.isnan(until) else until,
                text=row["transcription"] or row["text"] or "",
                label=customary(str(row[scheme])),
                speaker=str(row["speaker"]) if has_speakers else file,
            )
        )
    if not utterances:
        raise EmotionTFError(f"{data_dir} labels nothing", expected=f"values of the scheme {scheme}")
    return tuple(utterances)


def _check_header(path: Path) -> None:
    """Refuses a header that would run code, since audformat's own loader of YAML runs what a file tells it to.

    So does its loader of tables, which prefers pickles: they are looked for by their names, which must be plain.
    """
    try:
        import yaml  # type: ignore[import-untyped]
    except ImportError as error:
        raise _not_installed(error) from None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        content, depth = read_bounded(path), 0
        # Brackets in brackets take a time that grows with the square of their number.
        for event in yaml.parse(content, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise ValueError(f"more than {MAX_DEPTH} brackets in brackets")
        header = yaml.load(content, Loader=loader)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise _contradiction(path.parent, error, fix="get the database again") from None
    if not isinstance(header, dict):
        raise EmotionTFError(f"{path} is not the header of a database", expected="tables and schemes by their names")
    for name in [name for tables in ("tables", "misc_tables") for name in header.get(tables) or ()]:
        if not isinstance(name, str) or Path(name).name != name:
            raise EmotionTFError(f"{path} names a table that is not beside it", expected="a name", received=repr(name))


def _not_installed(error: ImportError) -> EmotionTFError:
    return EmotionTFError(
        f"audformat, which reads such databases, cannot be imported ({error})",
        fix="pip install 'emotion-tf[audformat]'",
    )


def _table(data_dir: Path) -> tuple[str, Any]:
    """The scheme of emotions, and a data frame of files and segments with its labels, speakers and texts, or None."""
    try:
        from audformat import Database
        from audformat.utils import to_segmented_index
    except ImportError as error:
        raise _not_installed(error) from None
    try:
        database = Database.load(str(data_dir), load_data=True)
    except Exception as error:  # What YAML, pandas, Arrow and audformat raise has no other ancestor in common.
        raise _contradiction(data_dir, error, fix="get the database again") from None
    scheme = _emotion_scheme(database.schemes, data_dir)
    try:
        table = database.get(scheme, ["speaker", "transcription", "text"])
    except (TypeError, ValueError) as error:
        raise _contradiction(
            data_dir, error, fix="keep tables that agree, by pick_tables and save of audformat"
        ) from None
    return scheme, to_segmented_index(table.astype(object).where(table.notna(), None), allow_nat=True)


def _emotion_scheme(schemes: Mapping[str, Any], data_dir: Path) -> str:
    """The name of the scheme by which emotions are labelled."""
    if "emotion" in schemes:
        return "emotion"
    found = []
    for name, scheme in schemes.items():
        # Labels may be short for others: {"W": "anger"}.
        texts = [*scheme.labels_as_list, *(scheme.labels.values() if isinstance(scheme.labels, dict) else ())]
        if len({customary(str(text)) for text in texts} & set(FOUR)) >= 2:
            found.append(name)
    if len(found) != 1:
        raise EmotionTFError(
            f"{data_dir} does not tell which of its schemes is the emotion",
            expected="a scheme emotion, or one alone with labels such as anger and joy",
            received=", ".join(found or schemes) or "no schemes",
            fix="rename the scheme to emotion",
        )
    return found[0]


def _contradiction(data_dir: Path, error: Exception, fix: str) -> EmotionTFError:
    """What audformat says in many lines, in one."""
    reason = " ".join(str(error).split())[:200]
    return EmotionTFError(f"{data_dir} is no database that can be read ({reason})", fix=fix)
