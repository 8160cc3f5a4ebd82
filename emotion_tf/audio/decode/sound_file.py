"""WAV, FLAC, OGG, MP3 and whatever else libsndfile reads."""

import io
import mmap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

import numpy as np
import soundfile

from emotion_tf.audio.decode import bounds, mp3, ogg, wav
from emotion_tf.errors import EmotionTFError


class OneWayFile(soundfile.SoundFile):
    """A file that is read from its start to its end.

    soundfile moves to where it is already after each block that it reads, if it can. After that MP3 and Opus go on with
    other samples than those of a file that is read at once.
    """

    def seekable(self) -> bool:
        """Never."""
        return False


class _Stream:
    """What libsndfile reads: it seeks to wherever a damaged header points, be that before the beginning.

    An ordinary stream then raises, which soundfile prints as a traceback and passes over.
    """

    def __init__(self, stream: BinaryIO):
        self._stream = stream
        self.read, self.readinto, self.tell = stream.read, stream.readinto, stream.tell  # type: ignore[attr-defined]

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Stays where it is if there is no such place."""
        with suppress(OSError, ValueError):
            self._stream.seek(offset, whence)
        return self.tell()


@contextmanager
def opened(stream: BinaryIO, content: bytes | mmap.mmap, name: str) -> Iterator[OneWayFile]:
    """A file that libsndfile reads, whose header has been checked; what libsndfile says of its damage is told."""
    try:
        with mp3.quiet(content):
            file = OneWayFile(_Stream(stream))
        with file:
            _check_header(file, content, name)
            yield file
    except soundfile.LibsndfileError as error:
        raise bounds.not_decoded(name, error.error_string) from None


def blocks(
    file: OneWayFile, stream: BinaryIO, content: bytes | mmap.mmap, name: str
) -> Iterator[tuple[np.ndarray, int]]:
    """Blocks (frames, channels) float32 of an open file, each with the rate."""
    frames, step = 0, bounds.block_frames(file.channels)
    # A read beyond the last frame might look at all that is left of an MP3, which tells nothing any more.
    while frames < file.frames:
        with mp3.quiet(content):
            samples = file.read(min(step, file.frames - frames), dtype="float32", always_2d=True)
        if not len(samples):
            break
        frames += len(samples)
        yield samples, file.samplerate
    _check_whole(file, content, frames, stream.tell(), name)


def _check_header(file: soundfile.SoundFile, content: bytes | mmap.mmap, name: str) -> None:
    """Refuses a file that is shorter than its header says, or whose rate is none."""
    bounds.check_rate(file.samplerate, name)
    missing = {"WAV": wav.missing_bytes, "WAVEX": wav.missing_bytes, "OGG": ogg.missing_bytes}.get(file.format)
    if missing is not None and (count := missing(content)):
        raise bounds.cut_short(name, f"at least {len(content) + count} bytes", f"{len(content)}")


def _check_whole(
    file: soundfile.SoundFile, content: bytes | mmap.mmap, num_frames: int, num_bytes: int, name: str
) -> None:
    """Refuses a file of which fewer frames were decoded than it has."""
    if file.format != "MP3" or mp3.states_its_length(content):
        if num_frames < file.frames:
            raise bounds.cut_short(name, f"{file.frames} samples, as its header says", f"{num_frames}")
    elif num_bytes < 0.95 * len(content):
        # libsndfile guesses the length from the first bit rate and reads no further. Tags may stand behind the sound.
        raise EmotionTFError(
            f"{name} does not say how long it is, and its bit rate changes",
            expected="an MP3 with a Xing or Info header",
            fix="convert it, for example to FLAC",
        )
