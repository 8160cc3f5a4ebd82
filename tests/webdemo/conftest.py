"""What the tests of the page need and may lack."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from made_waves import RATE, babble
from page_in_browser import chromium

from emotion_tf.audio.reader import read_waveform
from emotion_tf.errors import EmotionTFError
from emotion_tf.webdemo.litertjs import litertjs


@pytest.fixture(scope="session")
def packages() -> Path:
    """LiteRT.js."""
    try:
        return litertjs()
    except EmotionTFError as error:
        pytest.skip(f"SKIPPED FOR WANT OF LITERT.JS: {error}")


@pytest.fixture(scope="session")
def browser():
    """A running Chromium."""
    pytest.importorskip("playwright", reason="SKIPPED FOR WANT OF PLAYWRIGHT: pip install playwright")
    try:
        with chromium() as started:
            yield started
    except FileNotFoundError as error:
        pytest.skip(f"SKIPPED FOR WANT OF CHROMIUM: {error}")


@pytest.fixture(scope="session")
def clips(request, tmp_path_factory) -> list[Path]:
    """Three utterances as 16-bit WAV files at the model's rate: real ones if there are, else made."""
    try:
        real = request.getfixturevalue("ravdess_clips")
        waves = [read_waveform(clip, RATE) for clip in real[:: len(real) // 3][:3]]
    except pytest.skip.Exception:
        waves = [share * babble(round(share * 4 * RATE)) for share in (0.3, 0.6, 1.0)]
    folder = tmp_path_factory.mktemp("clips")
    for number, wave in enumerate(waves):
        soundfile.write(folder / f"{number}.wav", np.clip(wave, -1, 1), RATE, subtype="PCM_16")
    return sorted(folder.iterdir())
