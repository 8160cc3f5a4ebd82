"""What the page hears of a recording is what Python hears of its file."""

import json
import shutil
import subprocess

import numpy as np
import pytest
import soundfile

from emotion_tf.audio.reader import beginning_of
from emotion_tf.webdemo.assembly import STATIC

RATE, WANTED = 8000, 4000

SCRIPT = """
import { readFileSync } from "node:fs";
const { beginning } = await import(process.argv[1]);
const { waves, rate, wanted } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(waves.map((wave) => Array.from(beginning(Float32Array.from(wave), rate, wanted)))));
"""


def waves():
    """Sound behind no silence, a little, more than the model hears; none at all; and a whisper before a shout."""
    sound = np.random.default_rng(0).normal(0, 0.1, 6000).astype("float32")
    for silence in (0, 300, 1234, 4100, 20_000):
        yield np.concatenate([np.zeros(silence, "float32"), sound])
    yield np.zeros(10_000, "float32")
    yield np.full(10_000, 0.25, "float32")
    yield sound[:3000]
    yield np.concatenate([1e-5 * sound, 1e-3 * sound, sound])


def test_page_hears_what_python_hears(tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("SKIPPED FOR WANT OF NODE: apt-get install nodejs")
    sent = json.dumps({"waves": [wave.tolist() for wave in waves()], "rate": RATE, "wanted": WANTED})
    command = [node, "--input-type=module", "--eval", SCRIPT, (STATIC / "beginning.js").as_uri()]
    done = subprocess.run(command, input=sent, capture_output=True, text=True, encoding="utf-8", check=True)
    for wave, heard in zip(waves(), json.loads(done.stdout), strict=True):
        soundfile.write(tmp_path / "wave.wav", wave, RATE, subtype="FLOAT")
        expected = beginning_of(tmp_path / "wave.wav", RATE, WANTED / RATE)
        np.testing.assert_array_equal(np.float32(heard), expected.waveform)
