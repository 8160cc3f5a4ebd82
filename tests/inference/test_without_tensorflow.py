"""A `.tflite` is asked without TensorFlow: on a small machine, its import would take longer than a hundred answers."""

import os
import re
import subprocess
import sys

import pytest
import soundfile
from made_waves import RATE, babble

pytest_plugins = ["exported_runs"]

CPU_SECONDS, PEAK_BYTES = 1.2, 250e6
"""What `emotion-tf predict clip.wav --model x.tflite` may take."""

# Nothing of these is needed to hear a file and to ask LiteRT.
HEAVY = {"tensorflow", "keras", "h5py", "librosa", "numba", "sklearn", "matplotlib", "pandas"}


@pytest.fixture
def clip(tmp_path):
    soundfile.write(tmp_path / "clip.wav", babble(3 * RATE), RATE)
    return tmp_path / "clip.wav"


def run(code, *arguments):
    """Runs Python code in a process of its own: what it printed, and what it cost."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with process.stdout:
        printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return printed, usage


@pytest.mark.skipif(sys.platform != "linux", reason="measures as Linux does")
def test_command_is_light(both_export, clip):
    # The peak of this process alone: that of `wait4` begins with what the parent held.
    code = (
        "import sys; from emotion_tf.cli import main\n"
        "code = main(); print(open('/proc/self/status').read()); sys.exit(code)"
    )
    model = both_export.folder / "tflite" / "float32.tflite"
    costs = []
    # Twice, since the first call may have to compile what was never imported, and other tests may slow it down.
    for _ in range(2):
        printed, usage = run(code, "predict", clip, "--text", "so sad", "--model", model)
        assert printed.startswith(str(clip))
        costs.append(usage.ru_utime + usage.ru_stime)
    # Processor time grows where other processes take the caches.
    assert min(costs) <= 2 * CPU_SECONDS
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", printed)
    assert int(kilobytes) * 1024 <= PEAK_BYTES


@pytest.mark.parametrize("artefact", ["float32.tflite", "float32-fixed.tflite"])
def test_nothing_heavy_is_imported(both_export, clip, artefact):
    code = (
        "import sys, emotion_tf\n"
        "predictor = emotion_tf.load(sys.argv[1])\n"
        "predictor.predict_file(sys.argv[2], 'so sad')\n"
        "predictor.predict([0.1] * 44100, 'so sad', sample_rate=44100)\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\n"
    )
    printed, _ = run(code, both_export.folder / "tflite" / artefact, clip)
    assert not HEAVY & set(printed.split())
