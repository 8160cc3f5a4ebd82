"""What the readers of published corpora share: clips found by name, rows of tables, the error for a wrong folder."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from emotion_tf.corpora.corpus import CorpusInfo
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError


def clips(folders: Iterable[Path], name: re.Pattern[str]) -> list[tuple[Path, re.Match[str]]]:
    """The WAV and FLAC files directly in `folders` whose names match.

    Where a clip is there both as WAV and as FLAC, the WAV is taken, which is how corpora are published. A clip that
    lies in two folders counts once.

    Args:
        folders: Where to look; those that do not exist hold nothing.
        name: What the whole file name without its suffix must match.

    Returns:
        Path and match of each clip, sorted by folder and name.
    """
    found = {}
    for folder in sorted(folders):
        # Sorted, a .flac comes before the .wav of the same clip, which then takes its place.
        for path in sorted(folder.glob("*"), key=lambda path: (path.stem, path.suffix.lower())):
            match = name.fullmatch(path.stem)
            if match and path.suffix.lower() in (".flac", ".wav"):
                found[path.stem] = path, match
    return list(found.values())


def read_clips(
    info: CorpusInfo,
    data_dir: Path,
    folders: Iterable[Path],
    name: re.Pattern[str],
    emotions: Mapping[str, str],
    text: Callable[[re.Match[str]], str],
    sex: Callable[[str], str] | None = None,
) -> tuple[Utterance, ...]:
    """The utterances of a corpus whose file names say who speaks with which emotion.

    Args:
        info: The corpus.
        data_dir: What the user named.
        folders: Where its clips may lie.
        name: What the whole file name without its suffix must match; it has the groups `emotion` and `speaker`.
        emotions: What the group `emotion` may be, in lower case, and the label that it means.
        text: Gives the transcript of a clip.
        sex: Gives the sex of a speaker, where the corpus tells it.

    Returns:
        The utterances, sorted by folder and file name. Their ids are the file names without the suffix.

    Raises:
        EmotionTFError: If there is no such folder or no such clip in it.
    """
    found = clips(folders, name)
    if not found:
        raise wrong_folder(info, data_dir, "clip of the corpus")
    return tuple(
        Utterance(
            id=path.stem,
            file=path,
            start=0.0,
            end=None,
            text=text(match),
            label=emotions[match["emotion"].lower()],
            speaker=match["speaker"],
            groups=(("sex", sex(match["speaker"])),) if sex else (),
        )
        for path, match in found
    )


def rows(path: Path, lines: Iterable[str], columns: tuple[str, ...], delimiter: str = ",") -> Iterator[dict[str, str]]:
    """The rows of a table with a header.

    Args:
        path: The file, for messages.
        lines: What is in it, line by line.
        columns: The columns that must be there; there may be others.
        delimiter: What stands between cells.

    Yields:
        Column to cell.

    Raises:
        EmotionTFError: If a column is missing or a row does not fit the header; it names the file and the line.
    """
    table = csv.DictReader(lines, delimiter=delimiter, strict=True)
    try:
        header = list(table.fieldnames or ())
        missing = [column for column in columns if column not in header]
        if missing:
            raise EmotionTFError(
                f"{path}, line 1: missing column {', '.join(missing)}",
                expected=", ".join(columns),
                received=", ".join(header) or "an empty file",
            )
        for row in table:
            # DictReader files cells too many under the key None, and fills up a row too short with the value None.
            if None in row or None in row.values():
                raise EmotionTFError(
                    f"{path}, line {table.line_num}: the row does not fit the header",
                    expected=f"{len(header)} cells",
                    fix="extract the file again",
                )
            yield row
    except csv.Error as error:
        raise EmotionTFError(f"{path}, line {table.reader.line_num} is not valid CSV ({error})") from None


def wrong_folder(info: CorpusInfo, data_dir: Path, lacks: str) -> EmotionTFError:
    """The error for a folder that does not hold the corpus.

    Args:
        info: The corpus.
        data_dir: What the user named.
        lacks: What was looked for in it.
    """
    return EmotionTFError(
        f"{data_dir} is not the folder of {info.title}",
        expected=info.layout,
        received=f"no {lacks}" if data_dir.is_dir() else "no such folder",
        fix=f"get it from {info.source} (licence: {info.licence}), and let data_dir name its folder",
    )
