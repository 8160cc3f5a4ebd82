"""What recognisers have understood, kept so that no utterance is transcribed twice."""

import hashlib
import json
from pathlib import Path

from emotion_tf.utils.files import digest
from emotion_tf.utils.paths import RemotePath


def content_key(path: Path | RemotePath | None, start: float, end: float | None) -> str:
    """A key for what is heard, which changes when the file does.

    It is made of the bytes of the file, since decoding the audio only to learn that it is known would take longer.

    Args:
        path: The audio file. Where it cannot be read, or there is None, its name stands for its content, so that the
            failure can be kept as well.
        start: Where the utterance begins, in seconds.
        end: Where it ends; None means the end of the file.

    Returns:
        64 hexadecimal digits.

    Example:

    >>> len(content_key(None, 0.0, None))
    64
    """
    try:
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path is not None else None
    except OSError:
        content = f"unreadable: {str(path)!a}"
    return digest([content, start, end])


class TranscriptCache:
    """The transcripts of one version of one recogniser: a JSON object a line, with `key` and `text` or `error`.

    Lines are only ever appended, so a process that is killed loses at most the utterance that it was at. Of several
    lines with one key the last holds; one that is torn counts for nothing.

    Args:
        path: The file, which need not exist; `of` says how it is called.

    Attributes:
        texts: Text by key.
        errors: By key, why there is no text.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     TranscriptCache.of(folder, "parrot", "1").add("key", text="hello")
    ...     print(TranscriptCache.of(folder, "parrot", "1").texts, TranscriptCache.of(folder, "parrot", "2").texts)
    {'key': 'hello'} {}
    """

    def __init__(self, path: Path):
        self.path = path
        self.texts: dict[str, str] = {}
        self.errors: dict[str, str] = {}
        content = self.path.read_bytes() if self.path.exists() else b""
        self._torn = bool(content) and not content.endswith(b"\n")
        for line in content.split(b"\n"):
            self._take(line)

    @classmethod
    def of(cls, folder: str | Path, name: str, version: str) -> "TranscriptCache":
        """The transcripts of a recogniser.

        Args:
            folder: Where the files of all recognisers lie.
            name: Name of the recogniser.
            version: Its version. Another version has another file.
        """
        return cls(Path(folder) / f"{name}-{digest(version)[:16]}.jsonl")

    @property
    def tried(self) -> dict[str, str]:
        """Text by key, "" where the recogniser failed."""
        return {**dict.fromkeys(self.errors, ""), **self.texts}

    def add(self, key: str, *, text: str | None = None, error: str | None = None) -> None:
        """Keeps the text of an utterance or, where there is none, the error that says why."""
        line = json.dumps({"key": key, "error": error} if text is None else {"key": key, "text": text}).encode()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(b"\n" * self._torn + line + b"\n")
        self._torn = False
        self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            return
        match entry:
            case {"key": str(key), "text": str(text)}:
                self.texts[key] = text
                self.errors.pop(key, None)
            case {"key": str(key), "error": str(error)}:
                self.errors[key] = error
                self.texts.pop(key, None)
