"""Files that claim, or are, more than anybody's memory holds: one clear line each, before the memory is taken."""

import gzip
import io
import os
import struct
import zipfile

import numpy as np
import pytest
import soundfile
from made_waves import RATE, noise
from memory_limit import at_most

from emotion_tf.audio.decode import bounds, decode
from emotion_tf.audio.reader import read_beginning, read_blocks
from emotion_tf.audio.speaker.embeddings import read_speaker_embeddings
from emotion_tf.config import Config
from emotion_tf.corpora import goemotions, manifest
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.predictions import COLUMNS, Predictions
from emotion_tf.labels import FOUR
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.text.word_vectors import read_word_vectors

ROOM = 2**27
"""More than any bound below lets a reader take, and a fraction of what the files ask for."""

LONG, HUGE = 100 * 2**20, 2**30


def stretched(path, beginning, size=LONG):
    """A file that goes on with zeros, which take no room on the disk."""
    path.write_bytes(beginning)
    os.truncate(path, size)
    return path


def npz_that_claims(path):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(117) + b"\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ann.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + bytes(40))
    return path


def written(path, content):
    path.write_bytes(content)
    return path


def speakers(path):
    return read_speaker_embeddings(path, ["ann"])


HEADER = b"id,audio,label,speaker\n"
CASES = {
    "JSON line": (lambda folder: stretched(folder / "m.jsonl", b'{"id": "'), manifest.read, "line 1 of .* is too long"),
    "CSV line": (lambda folder: stretched(folder / "m.csv", HEADER), manifest.read, "line 2 of .* is too long"),
    "CSV cell": (
        lambda folder: written(folder / "m.csv", HEADER + b'"' + b"a\n" * 2**19),
        manifest.read,
        r"is not valid text of comma-separated cells \(field larger than field limit",
    ),
    "table line": (
        lambda folder: stretched(folder / "g.tsv", b"split\tlabel\ttext\n"),
        goemotions.read,
        "line 2 of .* is too long",
    ),
    "JSON in brackets": (
        lambda folder: written(folder / "m.jsonl", b"[" * 2**19),
        manifest.read,
        "line 1 is not valid JSON",
    ),
    "line of a vector": (
        lambda folder: stretched(folder / "v.txt", b"the 0.5 1\ncat " + b"1" * 2**17),
        read_word_vectors,
        "line 2 of .* is too long",
    ),
    "packed line of a vector": (
        lambda folder: written(folder / "v.gz", gzip.compress(b"the 0.5 " + b"1" * LONG, compresslevel=1)),
        read_word_vectors,
        "line 1 of .* is too long",
    ),
    "words of a header": (
        lambda folder: written(folder / "v.vec", b"1000000000000 2\nthe 0.5 1\n"),
        read_word_vectors,
        "cut short; expected 1000000000000 words, as its first line says, received 1",
    ),
    "width of a header": (
        lambda folder: written(folder / "v.vec", b"1 1000000000000\nthe 0.5 1\n"),
        read_word_vectors,
        "no word vector of the width wanted; expected a word and 1000000000000 numbers",
    ),
    "array": (lambda folder: npz_that_claims(folder / "s.npz"), speakers, "an array of more than 1048576 bytes"),
    "Kaldi vector": (
        lambda folder: written(folder / "s.ark", b"ann \0BFV \4" + struct.pack("<i", 2**31 - 1) + bytes(40)),
        speakers,
        "the entry 'ann' of .* is damaged",
    ),
    "Kaldi matrix": (
        lambda folder: written(folder / "s.ark", b"ann \0BDM \4" + struct.pack("<ibi", 2**31 - 1, 4, 2**31 - 1)),
        speakers,
        "the entry 'ann' of .* is damaged",
    ),
    "Kaldi id": (lambda folder: stretched(folder / "s.ark", b"ann"), speakers, "s.ark is damaged"),
    "Kaldi script": (lambda folder: stretched(folder / "s.scp", b"ann "), speakers, "line 1 of .* is too long"),
    "predictions": (
        lambda folder: stretched(folder / "p.csv", ",".join((*COLUMNS, *FOUR)).encode() + b"\n"),
        Predictions.read,
        "line 2 of .* is too long",
    ),
    "fold": (
        lambda folder: written(
            folder / "p.csv", ",".join((*COLUMNS, *FOUR)).encode() + b"\na,1" + b"0" * 30 + b",x,sad,sad,0,0,0,1"
        ),
        Predictions.read,
        "line 2: .* too large",
    ),
    "settings": (
        lambda folder: stretched(folder / "c.json", b"{", HUGE),
        Config.load,
        "is too large; expected at most",
    ),
    "vocabulary": (
        lambda folder: stretched(folder / "vocabulary.txt", b"\n[UNK]\n", HUGE),
        Vocabulary.load,
        "is too large; expected at most",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_one_line_and_little_memory(name, tmp_path):
    make, read, problem = CASES[name]
    path = make(tmp_path)
    with at_most(ROOM), pytest.raises(EmotionTFError, match=problem) as raised:
        read(path)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 1500


def sound_file(samples, rate=RATE, form="FLAC"):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form)
    return file.getvalue()


def claims(frames, rate=RATE, channels=1):
    """A FLAC of a second whose header claims another length, from byte 18 on."""
    content = bytearray(sound_file(noise(RATE)))
    content[18:26] = (rate << 44 | (channels - 1) << 41 | 15 << 36 | frames).to_bytes(8, "big")
    return bytes(content)


# An hour of eight channels would take a gigabyte and more.
@pytest.mark.parametrize("content", [claims(2**36 - 1), claims(3600 * RATE), claims(3000 * RATE, channels=8)])
def test_sound_that_claims_hours(content, tmp_path):
    decode(sound_file(noise(RATE)))
    (tmp_path / "a.flac").write_bytes(content)
    with at_most(ROOM):
        with pytest.raises(EmotionTFError, match="is cut short|is too long|cannot be decoded"):
            decode(content)
        with pytest.raises(EmotionTFError, match="is cut short|cannot be decoded"):
            list(read_blocks(tmp_path / "a.flac", RATE))


def test_many_channels_take_no_more_memory_than_few(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((20_000, 500)), RATE)
    next(read_blocks(tmp_path / "a.wav", RATE))
    with at_most(2**25):
        assert sum(len(block) for block in read_blocks(tmp_path / "a.wav", RATE)) == 20_000


@pytest.mark.parametrize("rate", [1, 999, 1_000_001, 2**31 - 1])
def test_rate_at_which_there_is_no_sound(rate, tmp_path):
    """At a rate of 1 Hz, some samples would make a wave of hours."""
    content = bytearray(sound_file(noise(100), form="WAV"))
    content[24:28] = struct.pack("<I", rate)
    (tmp_path / "a.wav").write_bytes(content)
    for read in (lambda: decode(bytes(content)), lambda: list(read_blocks(tmp_path / "a.wav", RATE))):
        with pytest.raises(EmotionTFError, match=f"expected 1000 to 1000000 Hz, received {rate} Hz"):
            read()


def test_beginning_is_read_and_no_more(tmp_path, monkeypatch):
    decoded = 0
    read = soundfile.SoundFile.read

    def count(*arguments, **named):
        nonlocal decoded
        samples = read(*arguments, **named)
        decoded += len(samples)
        return samples

    samples = noise(60 * RATE)
    soundfile.write(tmp_path / "long.flac", samples, RATE)
    monkeypatch.setattr(soundfile.SoundFile, "read", count)
    beginning = read_beginning(tmp_path / "long.flac", RATE, 7.5)
    np.testing.assert_allclose(beginning, samples[: round(7.5 * RATE)], atol=2**-15)
    assert decoded <= 7.5 * RATE + bounds.BLOCK_FRAMES
    # What is shorter is read whole, and must be.
    np.testing.assert_allclose(read_beginning(tmp_path / "long.flac", RATE, 100), samples, atol=2**-15)
    content = (tmp_path / "long.flac").read_bytes()
    (tmp_path / "long.flac").write_bytes(content[: len(content) // 2])
    assert len(read_beginning(tmp_path / "long.flac", RATE, 7.5)) == round(7.5 * RATE)
    with pytest.raises(EmotionTFError, match=r"long\.flac (cannot be decoded|is cut short)"):
        read_beginning(tmp_path / "long.flac", RATE, 100)
