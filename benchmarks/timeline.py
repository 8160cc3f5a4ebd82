"""How fast an hour is heard, and whether memory stays flat from one minute to sixty.

python benchmarks/timeline.py --model export/NAME [--data-dir ravdess]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
import soundfile

MINUTES = (1, 10, 60)

RATE, CHANNELS = 48_000, 2
"""What a field recorder writes, so that mixing and resampling count too."""

# Time is taken inside the process, after the model was loaded and has answered once; memory is that of the process.
MEASURED = """
import json, resource, sys, time
from emotion_tf.inference import load
from emotion_tf.inference.timeline import timeline, write_timeline

predictor, audio, out = load(sys.argv[1]), sys.argv[2], sys.argv[3]
next(timeline(predictor, audio))
wall, cpu = time.perf_counter(), time.process_time()
write_timeline(out, timeline(predictor, audio), audio)
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps({"wall": wall, "cpu": cpu, "peak": peak}))
"""


def clips(data_dir: Path | None) -> Iterator[np.ndarray]:
    """Waves (samples, channels) at `RATE` without end: real clips, or without them a buzz that glides and swells."""
    import librosa

    time = np.arange(4 * RATE) / RATE
    waves = [np.sign(np.sin(2 * np.pi * (110 * time + 12 * time**2))) * np.sin(np.pi * time / 4) ** 2 / 10]
    if data_dir is not None:
        paths = sorted(data_dir.rglob("*.flac"))[::12]
        waves = [librosa.load(path, sr=RATE, res_type="soxr_hq")[0] for path in paths]
    yield from cycle(np.repeat(wave[:, np.newaxis], CHANNELS, axis=1) for wave in waves)


def write_recording(path: Path, minutes: int, data_dir: Path | None) -> None:
    """Writes a FLAC file of exactly this length."""
    missing = 60 * minutes * RATE
    with soundfile.SoundFile(path, "w", RATE, CHANNELS) as file:
        for clip in clips(data_dir):
            file.write(clip[:missing])
            missing -= len(clip[:missing])
            if not missing:
                return


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="an export or one of its artefacts")
    parser.add_argument("--data-dir", type=Path, help="a folder of FLAC clips to join; without it waves are made")
    arguments = parser.parse_args(argv)
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        audio, out = Path(folder) / "recording.flac", Path(folder) / "timeline.csv"
        for minutes in MINUTES:
            write_recording(audio, minutes, arguments.data_dir)
            command = [sys.executable, "-c", MEASURED, arguments.model, str(audio), str(out)]
            done = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
            figures[f"{minutes} min"] = {
                "times_real_time": round(60 * minutes / done["wall"], 1),
                "wall_seconds": round(done["wall"], 2),
                "cpu_seconds": round(done["cpu"], 2),
                "peak_megabytes": round(done["peak"] / 1e6, 1),
            }
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
