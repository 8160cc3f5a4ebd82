"""Names the emotion of whoever speaks into the microphone, a line every other second, until Ctrl-C.

python examples/microphone.py --model export/NAME/tflite/float32.tflite
"""

import argparse
import queue
import sys
from collections.abc import Iterator, Sequence

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference import load
from emotion_tf.inference.streaming import Stream, Window

SILENCE_SECONDS = 5.0
"""A microphone that gives nothing for so long is taken for dead; a quiet one gives zeros."""


def microphone(rate: int, device: str | int | None = None) -> Iterator[np.ndarray]:
    """Chunks (N,) float32 of what the microphone hears, without end.

    Args:
        rate: Samples a second.
        device: Number or part of the name of an input device, as `python -m sounddevice` lists them; None takes the
            system's.

    Raises:
        EmotionTFError: If sounddevice or PortAudio is not installed, or there is no microphone that works.
    """
    try:
        import sounddevice
    except ImportError:
        raise EmotionTFError("sounddevice is not installed", fix="pip install sounddevice") from None
    except OSError as error:
        raise EmotionTFError(f"sounddevice does not work ({error})", fix="apt install libportaudio2") from None
    chunks: queue.Queue[np.ndarray] = queue.Queue()

    def heard(samples: np.ndarray, frames: int, time: object, status: object) -> None:
        # The buffer is filled anew once this returns, and what takes long must not happen here.
        chunks.put(samples[:, 0].copy())
        if status:
            print(f"microphone: {status}", file=sys.stderr)

    try:
        with sounddevice.InputStream(rate, channels=1, dtype="float32", device=device, callback=heard):
            while True:
                yield chunks.get(timeout=SILENCE_SECONDS)
    except (sounddevice.PortAudioError, ValueError) as error:
        raise EmotionTFError(f"the microphone cannot be opened ({error})", fix="choose another --device") from None
    except queue.Empty:
        raise EmotionTFError(f"the microphone gave nothing for {SILENCE_SECONDS:g} seconds") from None


def line(window: Window) -> str:
    """What is printed of a window.

    >>> scores = {"angry": 0.125, "happy": 0.75, "neutral": 0.125, "sad": 0.0}
    >>> print(line(Window(2.0, 6.0, "happy", scores, scores)))
       6.0 s  happy    angry 12 %  happy 75 %  neutral 12 %  sad 0 %
    """
    scores = "  ".join(f"{name} {share:.0%}".replace("%", " %") for name, share in window.smoothed.items())
    return f"{window.end:6.1f} s  {window.label:7s}  {scores}"


def main(argv: Sequence[str] | None = None) -> int:
    """Listens and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="an export or one of its artefacts")
    parser.add_argument("--device", help="number or name of the microphone, as python -m sounddevice lists them")
    arguments = parser.parse_args(argv)
    device = int(arguments.device) if (arguments.device or "").isdecimal() else arguments.device
    try:
        predictor = load(arguments.model)
        stream = Stream(predictor)
        try:
            for chunk in microphone(predictor.config.features.sample_rate, device):
                for window in stream.push(chunk):
                    print(line(window), flush=True)
        except KeyboardInterrupt:
            for window in stream.finish():
                print(line(window))
    except EmotionTFError as error:
        print(f"microphone.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
