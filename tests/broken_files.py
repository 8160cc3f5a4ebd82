"""Twenty ways in which what is called an audio file is none, or none that can be heard."""

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from made_waves import RATE, noise


def sound_file(samples: np.ndarray, form: str = "WAV", subtype: str = "PCM_16") -> bytes:
    """The bytes of a sound file at 16 kHz."""
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format=form, subtype=subtype)
    return file.getvalue()


def patched(content: bytes, place: int, kind: str, value: int) -> bytes:
    """A file with another number in its header."""
    number = struct.pack(f"<{kind}", value)
    return content[:place] + number + content[place + len(number) :]


def flipped(content: bytes) -> bytes:
    """A file with a bit changed in the middle."""
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 16]) + content[place + 1 :]


def picture() -> bytes:
    """A PNG of one pixel."""
    chunks = {b"IHDR": struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0), b"IDAT": zlib.compress(b"\0\0"), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks.items()
    )


def archive() -> bytes:
    """A ZIP with a sound file in it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as writer:
        writer.writestr("a.wav", sound_file(noise(100)))
    return file.getvalue()


def content(seed: int) -> dict[str, bytes]:
    """By their kinds, what stands in the files that are broken inside; no two seeds give the same."""
    wave = noise(RATE + seed, seed)
    wav, flac = sound_file(wave), sound_file(wave, "FLAC")
    garbage = np.random.default_rng(seed).bytes(3000 + seed)
    not_finite = wave.copy()
    not_finite[1000 + seed] = np.nan
    return {
        "empty": b"",
        "text": f"This is utterance {seed}, and no sound at all.\n".encode() * 50,
        "header cut": wav[: 20 + seed % 20],
        "samples cut": wav[: len(wav) // 2],
        "no channel": patched(wav, 22, "H", 0),
        "0 Hz": patched(wav, 24, "I", 0),
        "unknown codec": patched(wav, 20, "H", 0x7777),
        "not a number": sound_file(not_finite, subtype="FLOAT"),
        "no sample": sound_file(wave[:0]),
        "FLAC cut": flac[: len(flac) // 2],
        "FLAC with a bit changed": flipped(flac),
        "picture": picture(),
        "archive": archive(),
        "MP3 garbage": b"\xff\xfb\x90\x64" + garbage,
        "Ogg garbage": b"OggS" + garbage,
    }


def link_to_nowhere(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere.wav"))


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_memory_that_cannot_be_read(path: Path) -> None:
    """Root may open whatever permissions forbid; this, too, fails for it when it is read."""
    path.symlink_to("/proc/self/mem")


def forbidden(path: Path) -> None:
    path.write_bytes(sound_file(noise(RATE)))
    path.chmod(0)


PLACES: dict[str, Callable[[Path], object]] = {
    "folder": Path.mkdir,
    "dangling link": link_to_nowhere,
    "forbidden": link_to_memory_that_cannot_be_read if os.geteuid() == 0 else forbidden,
    "device": link_to_a_device,
    "pipe": os.mkfifo,
}
"""By their kinds, what makes of a path something that is no file that can be read."""


def write_broken(folder: Path, count: int) -> list[Path]:
    """Writes broken files, of every kind about as many.

    Args:
        folder: Where to.
        count: How many.
    """
    paths: list[Path] = []
    seed = 0
    while len(paths) < count:
        contents = content(seed)
        for kind in [*contents, *PLACES][: count - len(paths)]:
            path = folder / f"broken-{seed:03}-{kind.replace(' ', '-')}.wav"
            if kind in contents:
                path.write_bytes(contents[kind])
            else:
                PLACES[kind](path)
            paths.append(path)
        seed += 1
    return paths


def write_good(folder: Path, count: int) -> list[Path]:
    """Writes files that can be heard, of several formats and lengths, no two alike."""
    paths = []
    for number in range(count):
        form, subtype = (("WAV", "PCM_16"), ("FLAC", "PCM_24"), ("OGG", "VORBIS"), ("WAV", "FLOAT"))[number % 4]
        path = folder / f"good-{number:03}.{form.lower()}"
        path.write_bytes(sound_file(noise(RATE // 2 + 50 * number, number), form, subtype))
        paths.append(path)
    return paths
