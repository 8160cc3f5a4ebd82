import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from audio_files import ENCODINGS, encode, tones
from audio_files import wav as wav_file

from emotion_tf.audio.decode import decode, wav
from emotion_tf.errors import EmotionTFError


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("container", "encoding"), ENCODINGS)
def test_back_ends_give_identical_samples(container, encoding, channels, monkeypatch):
    if wav.tensorflow_io_audio() is None:
        pytest.skip("tensorflow-io does not load with this TensorFlow")
    noise = np.random.default_rng(0).uniform(-1, 1, (3000, channels))
    content = encode(noise, container, encoding)
    with_tensorflow_io, _ = decode(content)
    monkeypatch.setattr(wav, "tensorflow_io_audio", lambda: None)
    np.testing.assert_array_equal(with_tensorflow_io, decode(content)[0])


@pytest.mark.parametrize("encoding", wav.ENCODINGS)
def test_tensorflow_io_decodes_what_it_is_said_to(encoding, monkeypatch):
    """Without this, the tests above could all be passed by soundfile alone."""
    if wav.tensorflow_io_audio() is None:
        pytest.skip("tensorflow-io does not load with this TensorFlow")

    def refuse(*args, **kwargs):
        raise RuntimeError("soundfile read samples")

    monkeypatch.setattr(soundfile.SoundFile, "read", refuse)
    assert decode(encode(tones(1), "WAV", encoding))[0].shape == (8000,)


def test_extreme_integers_stay_within_one(back_end):
    data = struct.pack("<4h", -32768, 32767, 0, 1)
    np.testing.assert_array_equal(decode(wav_file(data))[0], np.array([-1, 32767 / 32768, 0, 1 / 32768], np.float32))


def test_chunks_before_and_bytes_after_the_samples_are_passed_over(back_end):
    data = struct.pack("<4h", 100, 200, 300, 400)
    odd_chunk = b"LIST" + struct.pack("<I", 5) + b"INFOx\0"
    expected = np.array([100, 200, 300, 400], np.float32) / 32768
    np.testing.assert_array_equal(decode(wav_file(data, before=odd_chunk))[0], expected)
    np.testing.assert_array_equal(decode(wav_file(data) + b"\0\0\0")[0], expected)


def test_header_that_contradicts_itself_never_reaches_tensorflow_io(monkeypatch):
    """A frame of 25 bytes that holds one sample of 2 crashed tensorflow-io 0.37 and the process with it."""

    def fail():
        raise AssertionError("handed to tensorflow-io")

    monkeypatch.setattr(wav, "tensorflow_io_audio", fail)
    with pytest.raises(AssertionError, match="handed to tensorflow-io"):
        decode(wav_file(bytes(200)))
    assert len(decode(wav_file(bytes(200), block_bytes=25))[0]) == 100


@pytest.mark.parametrize("version", ["2.17.1", "2.21.0"])
def test_newer_tensorflow_decodes_with_soundfile_in_silence(version, tmp_path):
    """Stands in for tensorflow-io under another TensorFlow: it warns as it is imported, and its ops do not load."""
    package = tmp_path / "tensorflow_io"
    (package / "python").mkdir(parents=True)
    (package / "__init__.py").write_text(
        "import warnings\nwarnings.warn('unable to load libtensorflow_io_plugins.so')\nfrom . import audio, python\n"
    )
    (package / "audio.py").write_text("")
    (package / "python" / "__init__.py").write_text("from . import ops\n")
    (package / "python" / "ops.py").write_text(
        "class Lazy:\n    def __getattr__(self, name):\n        raise NotImplementedError('unable to open file')\n"
        "core_ops = Lazy()\n"
    )
    (tmp_path / "tensorflow.py").write_text(f"__version__ = {version!r}")
    (tmp_path / "tone.wav").write_bytes(encode(tones(1)))
    code = (
        "import tensorflow; from emotion_tf.audio.reader import read_waveform\n"
        "print(len(read_waveform('tone.wav', 16000)))"
    )
    root = Path(wav.__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{root}", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "8000\n"
    assert "unable" not in done.stderr


@pytest.mark.parametrize("claim", [402, 1_000_000])
def test_wav_that_claims_more_than_it_has(claim, back_end):
    with pytest.raises(EmotionTFError, match=rf"clip is cut short; expected at least {44 + claim} bytes, received 444"):
        decode(claiming(bytes(400), claim), "clip")


def claiming(data: bytes, claim: int, whole: int | None = None) -> bytes:
    """A WAV whose header claims other lengths: of the samples, and of the whole, which is `claim` more than theirs."""
    content = bytearray(wav_file(data, claim))
    content[4:8] = struct.pack("<I", (claim + 36 if whole is None else whole) % 2**32)
    return bytes(content)


@pytest.mark.parametrize("whole", [0, 436, 2**32 - 1])
@pytest.mark.parametrize("claim", [0, 2**31 - 4096, 2**31 - 2, 2**32 - 38, 2**32 - 1])
def test_wav_of_a_writer_that_did_not_know_the_length(claim, whole, back_end):
    data = struct.pack("<200h", *range(200))
    np.testing.assert_array_equal(decode(claiming(data, claim, whole))[0] * 32768, np.arange(200))


def test_samples_that_are_counted_too_long_within_a_file_that_is_whole(back_end):
    data = struct.pack("<200h", *range(200))
    np.testing.assert_array_equal(decode(wav_file(data, claim=416))[0] * 32768, np.arange(200))
