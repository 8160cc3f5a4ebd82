"""Folders that this package makes whole and makes anew, and which it never takes for somebody else's."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.checksums import CHECKSUMS, read_checksums, write_checksums
from emotion_tf.utils.files import read_json, replacing, write_json
from emotion_tf.utils.swap import restore

MARKER = "emotion-tf.json"
"""The file that says what a folder is; it is the last but one that is written, before the sums of all files."""

LEFT_BY_SYSTEMS = {".DS_Store", "Thumbs.db", "desktop.ini"}
"""Files that a file manager leaves in folders that it shows."""


@contextmanager
def replacing_own_folder(folder: Path, kind: str) -> Iterator[Path]:
    """Yields a temporary folder, which then takes the place of `folder`, marked as ours and with the sums of its files.

    Args:
        folder: A path where nothing is, an empty folder, or one of the same kind that this function made and that
            holds no file beside those that it listed.
        kind: What the folder is, such as `export`.

    Yields:
        The temporary folder, which is there and empty.

    Raises:
        EmotionTFError: If `folder` is something else, or holds something else; nothing is changed then.
    """
    check_own_folder(folder, kind)
    with replacing(folder) as temporary:
        temporary.mkdir()
        yield temporary
        write_json(temporary / MARKER, {"emotion-tf": kind})
        write_checksums(temporary)
        # What the block does may take minutes, in which somebody may have put something there.
        check_own_folder(folder, kind)


def check_own_folder(folder: Path, kind: str) -> None:
    """Refuses a path at which something lies that `replacing_own_folder` would destroy.

    Raises:
        EmotionTFError: If there is a file, a folder without our marker or of another kind, or one with a file that is
            not among those that were listed when it was made.
    """
    restore(folder)
    if not folder.exists() and not folder.is_symlink():
        return
    is_folder = folder.is_dir() and not folder.is_symlink()
    if is_folder and not any(folder.iterdir()):
        return
    one = f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
    if not is_folder or _kind_of(folder) != kind:
        raise EmotionTFError(
            f"{folder} is there already and is not {one}",
            expected=f"a new folder, or {one} that emotion-tf made",
            fix="name another folder",
        )
    stranger = _first_stranger(folder)
    if stranger is not None:
        raise EmotionTFError(
            f"{folder} cannot be replaced, since {stranger} in it is not part of the {kind}",
            expected=f"a new folder, or {one} as emotion-tf left it",
            fix="move that file elsewhere, or name another folder",
        )


def _kind_of(folder: Path) -> str | None:
    """What the marker in a folder says; None without one."""
    if not (folder / MARKER).is_file():
        return None
    try:
        content = read_json(folder / MARKER)
    except EmotionTFError:
        return None
    return content.get("emotion-tf") if isinstance(content, dict) else None


def _first_stranger(folder: Path) -> str | None:
    """The first file in a marked folder that is not among the files that were listed when it was made."""
    sums = folder / CHECKSUMS
    listed = {*(read_checksums(sums) if sums.is_file() else ()), CHECKSUMS, MARKER}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if (path.is_symlink() or not path.is_dir()) and name not in listed and path.name not in LEFT_BY_SYSTEMS:
            return name
    return None
