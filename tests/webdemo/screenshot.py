"""Takes the README's picture of the page, after `make demo`:

python tests/page/screenshot.py --model export/demo --out docs/assets/page.png runs/demo-corpus/en-us+m3/*-08.wav
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from page_in_browser import chromium, visit

from emotion_tf.audio.reader import read_waveform
from emotion_tf.utils.files import replacing
from emotion_tf.webdemo import build

RATE = 16_000


def main(argv: Sequence[str] | None = None) -> None:
    """Lets the page hear the clips, one after the other as one recording, and saves what it shows."""
    parser = argparse.ArgumentParser(description="Takes a picture of the page.")
    parser.add_argument("clips", type=Path, nargs="+", metavar="CLIP")
    parser.add_argument("--model", type=Path, required=True, help="an export")
    parser.add_argument("--out", type=Path, required=True, help="the PNG file")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        recording, page = Path(folder, "recording.wav"), Path(folder, "page")
        soundfile.write(recording, np.concatenate([read_waveform(clip, RATE) for clip in arguments.clips]), RATE)
        build(arguments.model, page)
        with visit(browser, page, viewport={"width": 900, "height": 800}, reduced_motion="reduce") as opened:
            opened.choose(recording)
            opened.analyse()
            opened.page.locator("#progress").wait_for(state="hidden")
            with replacing(arguments.out) as temporary:
                opened.page.screenshot(path=temporary, full_page=True)


if __name__ == "__main__":
    main()
