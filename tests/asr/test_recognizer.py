import importlib.metadata
import sys

import numpy as np
import pytest

from emotion_tf import asr
from emotion_tf.asr.recognizer import Recognizer, linear16
from emotion_tf.errors import EmotionTFError

WAVE = np.full(1600, 0.1, np.float32)


def fails(waveform):
    raise RuntimeError("bad\nbeam")


def test_text_has_single_blanks():
    assert Recognizer("parrot", "1", lambda waveform: "  so\n glad ").transcribe(WAVE) == "so glad"


@pytest.mark.parametrize("samples", [0, 1, 16_000])
def test_silence_does_not_reach_the_engine(samples):
    assert Recognizer("parrot", "1", fails).transcribe(np.zeros(samples, np.float32)) == ""


def test_failure_inside_the_engine_is_one_line():
    with pytest.raises(EmotionTFError, match=r"^parrot failed \(bad beam\); expected a wave"):
        Recognizer("parrot", "1", fails).transcribe(WAVE)


def test_linear16_is_the_16_bit_wave_that_was_read():
    """Every 16-bit value comes back, and what is louder is clipped."""
    values = np.arange(-(2**15), 2**15)
    assert linear16((values / 2**15).astype(np.float32)) == values.astype("<i2").tobytes()
    assert linear16(np.array([-1.5, 1.5], np.float32)) == np.array([-(2**15), 2**15 - 1], "<i2").tobytes()


@pytest.mark.parametrize("call", [asr.load, asr.version])
def test_unknown_engine(call):
    with pytest.raises(EmotionTFError, match="unknown recogniser; expected one of pocketsphinx, .* received 'siri'"):
        call("siri")


@pytest.mark.parametrize(
    ("engine", "module", "extra"),
    [("pocketsphinx", "pocketsphinx", "asr"), ("whisper", "faster_whisper", "whisper")]
    + [("google", module, "google") for module in ("google.cloud", "google.api_core", "google.auth.exceptions")],
)
def test_package_that_cannot_be_imported(monkeypatch, engine, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(EmotionTFError, match=rf"{engine} needs .* To fix: pip install 'emotion-tf\[{extra}\]'$"):
        asr.load(engine)


@pytest.mark.parametrize(("engine", "extra"), [("pocketsphinx", "asr"), ("whisper", "whisper")])
def test_package_that_is_not_installed(monkeypatch, engine, extra):
    def missing(package):
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    for call in (asr.load, asr.version):
        with pytest.raises(EmotionTFError, match=rf"{engine} needs .* To fix: pip install 'emotion-tf\[{extra}\]'$"):
            call(engine)
