"""Kills prepare, train, export and predict at random moments, calls each again, and compares what they end with.

python benchmarks/kills.py --kills 50 > kills.json

Every kill is a SIGKILL, and takes place in a copy of what an undisturbed pass had before the same stage. What is
compared are the shards of prepare, the predictions.csv of train, and the answers of predict, which stand for those of
the export as well. The corpus is made of hums, and the network is tiny.
"""

import argparse
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

STAGES = ("prepare", "train", "export", "predict")
SETTINGS = (
    "model.modality=audio",
    "features.mel_bands=8",
    "features.mfcc_coefficients=5",
    "features.deltas=1",
    "model.audio_kernel_sizes=3",
    "model.filters=4",
    "model.dense_units=8",
    "augmentation.speeds=[0.9,1.0]",
    "augmentation.time_masks=1",
    "training.epochs=4",
    "training.batch_size=32",
    "training.learning_rate=0.01",
    "training.dev_splits=3",
)
COMMAND = "import sys; from emotion_tf.cli import main; sys.exit(main())"
EXPORT = "import sys; from emotion_tf.exporting import export; export(sys.argv[2], sys.argv[3], threads=())"
"""The same as the command, but for the times that it takes, of which nothing depends."""


class Pipeline:
    """The stages in one folder, which holds `records`, `run` and `export`.

    Args:
        folder: The folder.
        manifest: The manifest of the corpus.
    """

    def __init__(self, folder: Path, manifest: Path):
        self.folder, self.manifest = folder, manifest

    def command(self, stage: str) -> list[str]:
        records, run, export = (str(self.folder / name) for name in ("records", "run", "export"))
        corpus = ["--corpus", "manifest", "--data_dir", str(self.manifest), "--records_dir", records]
        corpus += [word for setting in SETTINGS for word in ("--set", setting)]
        clips = [str(path) for path in sorted(self.manifest.parent.glob("*-0.wav"))]
        flags = {
            "prepare": corpus,
            "train": [*corpus, "--protocol", "speaker-kfold:2", "--workdir", run],
            "export": [run, export],
            "predict": [*clips, "--json", "--model", export],
        }
        return [sys.executable, "-c", EXPORT if stage == "export" else COMMAND, stage, *flags[stage]]

    def call(self, stage: str) -> bytes:
        """Calls a stage, which must succeed, and returns its output."""
        done = subprocess.run(self.command(stage), cwd=ROOT, env=environment(), capture_output=True, check=False)
        if done.returncode:
            sys.exit(f"{stage} failed: {done.stderr.decode()}")
        return done.stdout

    def kill(self, stage: str, seconds: float) -> bool:
        """Calls a stage and kills it after some time; whether it was still running."""
        with tempfile.TemporaryFile() as nowhere:
            child = subprocess.Popen(self.command(stage), cwd=ROOT, env=environment(), stdout=nowhere, stderr=nowhere)
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                return True
        return False

    def end(self, stage: str) -> dict[str, bytes]:
        """What a stage that has ended left behind, as far as it must be the same each time."""
        if stage == "prepare":
            return {path.name: path.read_bytes() for path in self.folder.rglob("*.tfrecord")}
        if stage == "train":
            names = ("predictions.csv", "fold_0/history.csv", "fold_1/history.csv")
            return {name: (self.folder / "run" / name).read_bytes() for name in names}
        return {"answers": self.call("predict")}


def environment() -> dict[str, str]:
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}


def make_manifest(folder: Path) -> Path:
    """A corpus of two shards."""
    from made_corpus import make_corpus

    path = folder / "manifest.csv"
    utterances = make_corpus(folder, speakers=6, takes=12).utterances
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "audio", "text", "label", "speaker"])
        table.writerows([item.id, item.audio.name, item.text, item.label, item.speaker] for item in utterances)
    return path


def undisturbed(folder: Path, manifest: Path) -> tuple[dict[str, float], dict[str, dict[str, bytes]]]:
    """Seconds and ends of all stages; `folder` gets a copy of the state before each."""
    work = Pipeline(folder / "work", manifest)
    work.folder.mkdir(parents=True)
    seconds, ends = {}, {}
    for stage in STAGES:
        shutil.copytree(work.folder, folder / stage)
        start = time.monotonic()
        work.call(stage)
        seconds[stage] = time.monotonic() - start
        ends[stage] = work.end(stage)
        say(f"undisturbed {stage}: {seconds[stage]:.1f} s")
    return seconds, ends


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    arguments = parser.parse_args(argv)
    generator = random.Random(arguments.seed)
    kills: Counter[str] = Counter()
    identical: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as room:
        manifest = make_manifest(Path(room, "corpus"))
        seconds, ends = undisturbed(Path(room, "first"), manifest)
        while kills.total() < arguments.kills:
            stage = STAGES[kills.total() % len(STAGES)]
            moment = generator.uniform(0, seconds[stage])
            shutil.copytree(Path(room, "first", stage), Path(room, "again"))
            again = Pipeline(Path(room, "again"), manifest)
            if again.kill(stage, moment):
                again.call(stage)
                same = again.end(stage) == ends[stage] and not list(again.folder.rglob("*.partial-*"))
                kills[stage] += 1
                identical[stage] += same
                say(f"kill {kills.total()}, {stage} after {moment:.1f} s: {'the same end' if same else 'ANOTHER END'}")
            shutil.rmtree(again.folder)
    result = {
        "kills": kills.total(),
        "identical_ends": identical.total(),
        "stages": {stage: {"kills": kills[stage], "identical_ends": identical[stage]} for stage in STAGES},
        "seconds_undisturbed": {stage: round(value, 1) for stage, value in seconds.items()},
    }
    print(json.dumps(result, indent=2))
    return 0 if kills == identical else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
