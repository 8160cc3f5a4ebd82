"""The SHA-256 sums of an export, which tell a file that was damaged, mixed up or changed before it is loaded."""

import re
from collections.abc import Iterable
from pathlib import Path

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import file_digest, read_text_lines, write_text

CHECKSUMS = "SHA256SUMS"
"""The file in the folder of an export, in the format that `sha256sum --check` reads."""

NEVER_LOADED = "assets.extra"
"""The folder in a SavedModel whose content is for servers, such as requests to warm up with."""


def write_checksums(folder: Path) -> None:
    """Writes `SHA256SUMS` over all files of a folder; `sha256sum --check SHA256SUMS` reads it.

    It comes last: what is written after it is not part of the folder.

    Args:
        folder: The folder, with all else in it.

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


def check_files(folder: Path, paths: Iterable[Path]) -> None:
    """Compares files with the sums of the export in which they lie.

    Args:
        folder: The folder of the export. One without sums, such as `model/` of a run, vouches for nothing.
        paths: Files in it, and folders such as that of a SavedModel, which stand for all that is loaded of them.

    Raises:
        EmotionTFError: If a file is not what the sums say, is missing, or is one of which they know nothing.
    """
    if not (folder / CHECKSUMS).exists():
        return
    sums = read_checksums(folder / CHECKSUMS)
    for path in paths:
        wanted = [path] if path.is_file() else _in_folder(path, [folder / name for name in sums])
        for file in wanted:
            name = file.relative_to(folder).as_posix()
            if not file.is_file():
                problem = "is missing"
            elif name not in sums:
                problem = f"is not among the files of the export that {CHECKSUMS} lists"
            elif file_digest(file) != sums[name]:
                problem = f"is not the file whose sum {CHECKSUMS} holds"
            else:
                continue
            raise EmotionTFError(f"{file} {problem}", fix=f"copy or export {folder} again, whole")


def _in_folder(folder: Path, listed: Iterable[Path]) -> list[Path]:
    """The files of a folder, those that are there and those that should be."""
    files = {path for path in folder.rglob("*") if path.is_file()} | {path for path in listed if folder in path.parents}
    return sorted(path for path in files if NEVER_LOADED not in path.relative_to(folder).parts)


def read_checksums(path: Path) -> dict[str, str]:
    """The sum of each file that a `SHA256SUMS` lists, by its name in the folder.

    Raises:
        EmotionTFError: If a line is no sum.
    """
    sums = {}
    for number, line in enumerate(read_text_lines(path), start=1):
        match = re.fullmatch(r"([0-9a-f]{64})  (.+)\n", line)
        if match is None:
            raise EmotionTFError(
                f"{path}, line {number} is no sum",
                expected="64 hexadecimal digits, two blanks and the name of a file",
                received=repr(line),
                fix=f"copy or export {path.parent} again, whole",
            )
        sums[match[2]] = match[1]
    return sums
