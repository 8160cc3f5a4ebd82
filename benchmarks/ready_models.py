"""Puts finished runs into `emotion_tf/ready/` as ready models, each with its model card.

`make ready` runs it after the trainings: python benchmarks/ready_models.py --corpora runs/ready/corpora.csv
--name student --run runs/ready/student. The weights are those of the run's model, the figures those of its test part.
"""

import argparse
import csv
import tempfile
from collections.abc import Sequence
from pathlib import Path
from string import Template

import keras
import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.metrics import unweighted_accuracy
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.exporting.tflite import write_tflite
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.layers import ModelSettings
from emotion_tf.models import inner_network, speech_model
from emotion_tf.ready import READY
from emotion_tf.utils.checksums import CHECKSUMS, write_checksums
from emotion_tf.utils.files import read_json, write_text

LICENCE = "Licence of these weights: CC BY-NC-SA 4.0, for non-commercial use only, as of RAVDESS and nEMO."
"""The first line of the card, and a note inside the model, which its exports repeat."""

CARD = Template("""\
$licence

# The ready model $name

Names the emotion of an utterance: $labels. $hears

## What it was trained on

$count clips by $speakers speakers, all acted and in studios, each also in a copy that is disturbed by noise,
reverberation or a telephone:

| corpus | language | clips | licence |
|---|---|---|---|
| RAVDESS (Livingstone and Russo, 2018) | English, North American, two sentences | $ravdess | CC BY-NC-SA 4.0 |
| nEMO (Christop, 2024), a third of its sentences | Polish | $nemo | CC BY-NC-SA 4.0 |

$others Recipe: all settings are inside the file.

## What it reaches

On the speakers that it was not trained on. UA is the mean of the recalls of the classes.

$table

$evidence

## What it must not be used for

- To judge, rank, hire, watch or diagnose people, or to take any decision about a person. It does not know what anyone
  feels; it names what actors of two corpora would have been asked to show.
- For commercial purposes: the corpora do not permit it.
- To measure anything in spontaneous speech, of children, in other languages, or in recordings unlike those above. On a
  corpus that it has not heard it loses much of its accuracy: train on your own recordings.
- Every utterance gets one of these emotions, also music, noise, silence and other emotions.
""")


def table(predictions: Predictions, rows: dict[str, dict[str, str]]) -> str:
    """UA and clips by corpus and by sex."""
    lines = ["| tested on | clips | speakers | UA |", "|---|---|---|---|"]
    corpus = np.array([rows[name]["corpus"] for name in predictions.ids])
    sex = np.array([rows[name]["sex"] for name in predictions.ids])
    every = np.ones(len(corpus), bool)
    for title, of in (("both corpora", every), ("RAVDESS", corpus == "ravdess"), ("nEMO", corpus == "nemo")):
        for group, members in (("", every), (", women", sex == "female"), (", men", sex == "male")):
            chosen = of & members
            speakers = {predictions.speakers[place] for place in np.flatnonzero(chosen)}
            if speakers:
                figure = unweighted_accuracy(predictions.labels[chosen], predictions.predicted[chosen])
                lines.append(f"| {title}{group} | {chosen.sum()} | {len(speakers)} | {figure:.3f} |")
    return "\n".join(lines)


TAUGHT = Template("""\
Its teacher was the ready model `speech`: labels have a weight of 0.3 beside what the teacher says. Of $unlabelled clips
of other emotions by the same speakers it heard the teacher alone.""")


def write(name: str, run: Path, tested: Sequence[Path], corpora: Path, unlabelled: Path | None) -> None:
    """Writes the folder of a ready model.

    Args:
        name: Its name.
        run: The run whose model it is.
        tested: The runs whose test parts give the figures.
        corpora: The manifest of all clips.
        unlabelled: The manifest of those on which a teacher was asked, for a model that had one.
    """
    ready = READY[name]
    folder = ready.network.parent
    folder.mkdir(parents=True, exist_ok=True)
    source = run / "model" / "model.keras"
    bundle = ModelBundle.read(source)
    network = inner_network(keras.saving.load_model(source, compile=False))
    settings = ModelSettings.of(network)
    if settings is None:
        raise EmotionTFError(f"{source} does not say what it was built with")
    settings.notes = (LICENCE,)
    network.save(ready.network)
    if ready.artefact != ready.network:
        with tempfile.TemporaryDirectory() as temporary:
            write_tflite(speech_model(network, bundle.config), bundle, Path(temporary), ("float16",))
            ready.artefact.write_bytes((Path(temporary) / "float16.tflite").read_bytes())
    with corpora.open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    folds = read_json(run / "folds.json")
    learned = [row for id, row in rows.items() if folds.get(id, -1) < 0]
    predictions = Predictions.concatenate([Predictions.read(path / "predictions.csv") for path in tested])
    own = list(tested) == [run]
    others = "Clips of other emotions were left out."
    if unlabelled is not None:
        with unlabelled.open(encoding="utf-8", newline="") as file:
            others = TAUGHT.substitute(unlabelled=len(list(csv.DictReader(file))))
    card = CARD.substitute(
        licence=LICENCE,
        name=name,
        labels=", ".join(bundle.labels),
        hears="It hears layers 2 to 4 of a frozen Whisper base encoder (MIT, OpenAI), which is not in this package."
        if ready.encoder
        else "It is whole: a TFLite file with weights in float16, which hears waves of 16 kHz, and the network as "
        "`model.keras`.",
        count=len(learned),
        speakers=len({row["speaker"] for row in learned}),
        ravdess=sum(row["corpus"] == "ravdess" for row in learned),
        nemo=sum(row["corpus"] == "nemo" for row in learned),
        others=others,
        table=table(predictions, rows),
        evidence="The figures are those of these very weights."
        if own
        else "The figures are those of networks with the same recipe, each on the speakers that it was not trained on.",
    )
    write_text(folder / "MODEL_CARD.md", card)
    (folder / CHECKSUMS).unlink(missing_ok=True)
    write_checksums(folder)


def main() -> None:
    """Writes one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", choices=tuple(READY), required=True)
    parser.add_argument("--run", type=Path, required=True, help="the run whose model it is")
    parser.add_argument("--tested", type=Path, nargs="*", help="runs that give the figures; the run if none")
    parser.add_argument("--corpora", type=Path, required=True, help="the manifest of ready_corpora.py")
    parser.add_argument("--unlabelled", type=Path, help="the manifest of clips that its teacher named, if it had one")
    arguments = parser.parse_args()
    tested = arguments.tested or [arguments.run]
    write(arguments.name, arguments.run, tested, arguments.corpora, arguments.unlabelled)


if __name__ == "__main__":
    main()
