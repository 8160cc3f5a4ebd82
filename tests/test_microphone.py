"""The example that listens to the microphone, with a device that plays a recording."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
from made_waves import RATE, babble

from emotion_tf.inference import load
from emotion_tf.inference.timeline import timeline

pytest_plugins = ["exported_runs"]

SCRIPT = Path(__file__).parent.parent / "examples" / "microphone.py"


class CtrlC:
    """Samples during which the user ends the program."""

    def __getitem__(self, index):
        return self

    def copy(self):
        return self

    def __array__(self, *arguments, **options):
        raise KeyboardInterrupt


@pytest.fixture
def script(monkeypatch):
    """The example as a module that waits for a dead microphone only briefly."""
    spec = importlib.util.spec_from_file_location("microphone", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.01)
    return module


@pytest.fixture
def plug_in(monkeypatch):
    """Puts a sounddevice in place whose microphone plays a wave, and returns what it was opened with."""

    def plug(wave, end=(), error=None):
        opened = {}

        class InputStream:
            def __init__(self, samplerate, channels, dtype, device, callback):
                opened.update(samplerate=samplerate, channels=channels, dtype=dtype, device=device)
                if error:
                    raise error
                self.callback = callback

            def __enter__(self):
                # PortAudio fills the same buffer again and again.
                buffer = np.zeros((1024, 1), np.float32)
                for start in range(0, len(wave), 1024):
                    chunk = wave[start : start + 1024]
                    buffer[: len(chunk), 0] = chunk
                    self.callback(buffer[: len(chunk)], len(chunk), None, "input overflow" if not start else "")
                for samples in end:
                    self.callback(samples, 0, None, "")

            def __exit__(self, *exception):
                opened["closed"] = True

        module = ModuleType("sounddevice")
        module.InputStream, module.PortAudioError = InputStream, OSError
        monkeypatch.setitem(sys.modules, "sounddevice", module)
        return opened

    return plug


@pytest.fixture
def model(both_export):
    return str(both_export.folder / "tflite" / "float32.tflite")


def expected_lines(script, model, wave, folder):
    soundfile.write(folder / "wave.wav", wave, RATE, subtype="FLOAT")
    return [script.line(window) for window in timeline(load(model), folder / "wave.wav")]


def test_prints_a_line_a_hop_until_the_user_ends_it(script, plug_in, model, capsys, tmp_path):
    wave = babble(9 * RATE)
    opened = plug_in(wave, end=[CtrlC()])
    assert script.main(["--model", model, "--device", "3"]) == 0
    assert opened == {"samplerate": RATE, "channels": 1, "dtype": "float32", "device": 3, "closed": True}
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines == expected_lines(script, model, wave, tmp_path)
    assert [line.split()[0] for line in lines] == ["4.0", "6.0", "8.0", "9.0"]
    assert printed.err == "microphone: input overflow\n"


def test_real_speech(script, plug_in, model, capsys, tmp_path, ravdess_clips):
    wave = np.concatenate([soundfile.read(clip, dtype="float32")[0] for clip in ravdess_clips[:60:20]])
    plug_in(wave, end=[CtrlC()])
    assert script.main(["--model", model]) == 0
    assert capsys.readouterr().out.splitlines() == expected_lines(script, model, wave, tmp_path)


def test_dead_microphone(script, plug_in, model, capsys):
    opened = plug_in(babble(5 * RATE))
    assert script.main(["--model", model, "--device", "USB"]) == 1
    assert opened["device"] == "USB" and opened["closed"]
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 1
    assert printed.err.endswith("microphone.py: the microphone gave nothing for 0.01 seconds\n")


@pytest.mark.parametrize("error", [OSError("Invalid sample rate"), ValueError("No input device matching 'USB'")])
def test_microphone_that_cannot_be_opened(script, plug_in, model, capsys, error):
    plug_in([], error=error)
    assert script.main(["--model", model]) == 1
    assert (
        capsys.readouterr().err == f"microphone.py: the microphone cannot be opened ({error}). "
        "To fix: choose another --device\n"
    )


def test_without_sounddevice(script, model, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert script.main(["--model", model]) == 1
    assert capsys.readouterr().err == "microphone.py: sounddevice is not installed. To fix: pip install sounddevice\n"


def test_without_portaudio(script, model, capsys, monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    monkeypatch.syspath_prepend(tmp_path)
    assert script.main(["--model", model]) == 1
    assert "PortAudio library not found" in capsys.readouterr().err


def test_model_that_is_not_there(script, capsys):
    assert script.main(["--model", "nowhere"]) == 1
    assert capsys.readouterr().err.startswith("microphone.py: nowhere does not exist")
