"""How often each measure of voice activity hears speech: in speech, in music, in noise and in silence.

python benchmarks/speech_activity.py SPEECH... [--music FOLDER] [--most 150]

SPEECH are folders of recordings in which somebody speaks, MUSIC one of recordings in which nobody does. Noise, hum, and
silence are made. WebRTC's detector is measured where webrtcvad-wheels is installed.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

RATE, SECONDS = 16_000, 7.5

Measure = Callable[[np.ndarray], float]


def recordings(folder: Path, most: int) -> list[np.ndarray]:
    """Recordings of a folder, evenly spread over it; of long ones several parts."""
    from emotion_tf.audio.reader import read_waveform
    from emotion_tf.inference import requests_in

    found = [request.audio for request in requests_in(folder) if request.audio is not None]
    waves = [read_waveform(path, RATE) for path in found[:: max(1, len(found) // most)]]
    length = round(SECONDS * RATE)
    return [part for wave in waves for part in (wave[i : i + length] for i in range(0, len(wave), length))][: 2 * most]


def made() -> Iterator[tuple[str, list[np.ndarray]]]:
    """Sounds that are no speech."""
    rng = np.random.default_rng(0)
    samples = round(5 * RATE)
    frequencies, times = np.fft.rfftfreq(samples, 1 / RATE), np.arange(samples) / RATE
    colours = []
    for slope in (0.0, 0.5, 1.0):
        spectrum = np.fft.rfft(rng.normal(size=samples))
        spectrum[0] = 0
        spectrum[1:] /= frequencies[1:] ** slope
        wave = np.fft.irfft(spectrum, samples)
        colours.append(wave / np.abs(wave).max())
    yield "white, pink, brown noise", [level * wave for wave in colours for level in (0.5, 0.05, 0.005)]
    bursts = [0.3 * colours[1] * (np.sin(2 * np.pi * rate * times) > 0.5) for rate in (0.5, 1, 3, 8)]
    yield "bursts of noise", bursts
    hum = sum(np.sin(2 * np.pi * 50 * harmonic * times) / harmonic for harmonic in (1, 3, 5))
    yield "mains hum", [level * hum + noise * rng.normal(size=samples) for level in (0.3, 0.01) for noise in (0, 0.01)]
    yield "silence", [0 * times, *(10 ** (level / 20) * rng.normal(size=samples) for level in (-90, -80, -70))]


def measures() -> dict[str, Measure]:
    """Seconds of speech, by each way, or at least whether there are enough."""
    from emotion_tf.audio import activity

    silero = activity._silero()

    def by(network: object) -> Measure:
        def measure(wave: np.ndarray) -> float:
            activity._silero = lambda: network
            return activity.MIN_SPEECH_SECONDS * activity.has_speech(wave.astype(np.float32), RATE)

        return measure

    found = {"levels": by(None)} | ({"Silero": by(silero)} if silero else {})
    try:
        import webrtcvad
    except ImportError:
        return found
    detector, frame = webrtcvad.Vad(3), 480

    def webrtc(wave: np.ndarray) -> float:
        content = (32_767 * np.clip(wave, -1, 1)).astype("<i2")
        frames = (content[start : start + frame] for start in range(0, len(content) - frame + 1, frame))
        return sum(detector.is_speech(part.tobytes(), RATE) for part in frames) * frame / RATE

    return found | {"WebRTC": webrtc}


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, and prints a row a kind of sound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("speech", nargs="+", type=Path, metavar="SPEECH", help="a folder of recordings of speech")
    parser.add_argument("--music", type=Path, metavar="FOLDER", help="a folder of recordings in which nobody speaks")
    parser.add_argument("--most", type=int, default=150, help="about so many recordings of each folder")
    arguments = parser.parse_args(argv)
    from emotion_tf.audio.activity import MIN_SPEECH_SECONDS

    kinds = [(f"speech: {folder.name}", recordings(folder, arguments.most)) for folder in arguments.speech]
    rng = np.random.default_rng(1)
    first = kinds[0][1]
    noisy = [wave + 10**-0.5 * np.sqrt(np.square(wave).mean()) * rng.normal(size=len(wave)) for wave in first]
    kinds += [("the first, with noise at 10 dB", noisy), ("the first, 40 dB fainter", [0.01 * wave for wave in first])]
    speech = {kind for kind, _ in kinds}
    if arguments.music is not None:
        kinds.append(("music", recordings(arguments.music, arguments.most)))
    kinds += made()
    ways = measures()
    print(f"| sound | waves | {' | '.join(ways)} |\n|---|---|{'---|' * len(ways)}")
    spent = {(name, is_speech): 0.0 for name in ways for is_speech in (True, False)}
    seconds = {True: 0.0, False: 0.0}
    for kind, waves in kinds:
        cells = []
        for name, measure in ways.items():
            begun = time.process_time()
            heard = [measure(wave) >= MIN_SPEECH_SECONDS for wave in waves]
            spent[name, kind in speech] += time.process_time() - begun
            cells.append(f"{np.mean(heard):.0%}")
        seconds[kind in speech] += sum(map(len, waves)) / RATE
        print(f"| {kind} | {len(waves)} | {' | '.join(cells)} |")
    for is_speech, what in ((True, "speech"), (False, "other sound")):
        costs = " | ".join(f"{1000 * spent[name, is_speech] / seconds[is_speech]:.1f}" for name in ways)
        print(f"| ms of CPU a second of {what} | | {costs} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
