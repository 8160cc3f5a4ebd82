"""Writes one manifest of the clips of RAVDESS and nEMO in four emotions, on which the ready models are trained.

python benchmarks/ready_corpora.py --data-dir DATA --out runs/ready/corpora.csv, where DATA holds ravdess/ and nemo/
with their usual files. Beside it, folds.json says who is held out to test the models: a fifth of the speakers of each.
unlabelled.csv lists the clips of all other emotions by the speakers who are not held out, for a teacher to name.
"""

import argparse
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from emotion_tf import load_corpus
from emotion_tf.corpora import folds
from emotion_tf.labels import FOUR
from emotion_tf.utils.files import replacing

COLUMNS = ("id", "audio", "text", "label", "speaker", "sex", "corpus")

PROTOCOL, SEED, TESTED = "speaker-kfold:5", 0, 0
"""The fold that is held out, and how it is drawn."""


def rows(data: Path) -> Iterator[dict[str, str]]:
    """A row of the manifest for each clip."""
    for utterance in load_corpus("ravdess", data / "ravdess").utterances:
        sex = "male" if int(utterance.speaker) % 2 else "female"
        own = (utterance.id, str(utterance.audio), utterance.text, utterance.label)
        yield dict(zip(COLUMNS, (*own, f"ravdess-{utterance.speaker}", sex, "ravdess"), strict=True))
    with (data / "nemo" / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            sex = {"f": "female", "m": "male"}[line["gender"]]
            own = (line["id"], str(data / "nemo" / line["audio"]), line["text"], line["label"])
            yield dict(zip(COLUMNS, (*own, f"nemo-{line['speaker']}", sex, "nemo"), strict=True))


def write(path: Path, lines: Sequence[dict[str, str]], columns: Sequence[str] = COLUMNS) -> None:
    """Writes a manifest."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)


def main() -> None:
    """Writes both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    found = list(rows(arguments.data_dir.resolve()))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write(arguments.out, [row for row in found if row["label"] in FOUR])
    assigned = folds.assign(load_corpus("manifest", arguments.out).utterances, PROTOCOL, SEED)
    held_out = {name: 0 if fold == TESTED else folds.NEVER_TESTED for name, fold in assigned.items()}
    folds.save(arguments.out.with_name("folds.json"), held_out)
    tested = {row["speaker"] for row in found if held_out.get(row["id"]) == TESTED}
    others = [row for row in found if row["label"] not in FOUR and row["speaker"] not in tested]
    write(arguments.out.with_name("unlabelled.csv"), others, [name for name in COLUMNS if name != "label"])


if __name__ == "__main__":
    main()
