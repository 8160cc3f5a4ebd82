"""The SHA-256 sums of an export, by which whoever loads a file of it can tell that it is whole."""

from pathlib import Path

from emotion_tf.utils.checksums import CHECKSUMS
from emotion_tf.utils.files import file_digest, write_text


def write_checksums(folder: Path) -> None:
    """Writes `SHA256SUMS` over all files of a folder; `sha256sum --check SHA256SUMS` reads it.

    It comes last: what is written after it is taken for a stranger.

    Args:
        folder: The folder of an export, with all else in it.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     _ = Path(name, "labels.txt").write_text("angry")
    ...     write_checksums(Path(name))
    ...     print(Path(name, "SHA256SUMS").read_text(), end="")
    0a96f1960786...  labels.txt
    """
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    write_text(folder / CHECKSUMS, "".join(f"{file_digest(folder / name)}  {name}\n" for name in files))
