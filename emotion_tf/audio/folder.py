"""The recordings in a folder."""

import logging
from pathlib import Path

from emotion_tf.audio.decode import is_audio
from emotion_tf.errors import EmotionTFError

LOGGER = logging.getLogger(__name__)

SUFFIXES = frozenset(
    {".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".mp4", ".aac", ".amr", ".aif", ".aiff", ".au", ".caf"}
    | {".3gp", ".mka", ".mkv", ".mov", ".webm", ".wma", ".avi"}
)
"""Files that are taken for recordings by their names, so that one that is damaged is told of."""


def recordings_in(folder: str | Path) -> list[Path]:
    """The recordings in a folder and those below, in order of names.

    Hidden files, such as `._clip.wav` of macOS, and the folder `__MACOSX` are passed over. Of the others, those are
    taken that are called like recordings or begin like one; a log line counts the rest.

    Args:
        folder: The folder.

    Raises:
        EmotionTFError: If it holds no recording.
    """
    folder = Path(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    found = [path for path in files if not _is_hidden(path.relative_to(folder)) and _is_recording(path)]
    if not found:
        raise EmotionTFError(
            f"{folder} holds no recording", expected=f"files of {', '.join(sorted(SUFFIXES))}, or others that are sound"
        )
    if len(found) < len(files):
        LOGGER.info("%s: %d recordings; %d other files are passed over", folder, len(found), len(files) - len(found))
    return found


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def _is_recording(path: Path) -> bool:
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return is_audio(file.read(64))
    except OSError:
        return False
