"""Testing trained networks: in the run that trains them, or later on other transcripts or other sound."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from emotion_tf import labels
from emotion_tf.config import AugmentationConfig, Config
from emotion_tf.corpora import folds
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.label_choice import choose_labels
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.extract import Records, extract
from emotion_tf.dataset.pipeline import evaluation_dataset
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import evaluate
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.run import read_run
from emotion_tf.models import inner_network
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.training.workdir import claim, describe
from emotion_tf.utils.tf_private import forgetting_graphs

Modality = Literal["audio", "words"]

INPUTS: dict[Modality, str] = {"audio": "features", "words": "word_ids"}
"""The input of a network that holds each."""


def predict(
    network: keras.Model,
    records: Records,
    config: Config,
    utterances: Sequence[Utterance],
    vocabulary: Vocabulary | None,
    fold: int,
    without: Modality | None = None,
) -> Predictions:
    """What a network says of some utterances.

    Args:
        network: A network of features and words.
        records: The records of the corpus.
        config: Its settings.
        utterances: Those asked for, in the order of the records.
        vocabulary: The words and their ids, needed if it reads.
        fold: The fold to note beside each.
        without: What is left out of every utterance, as if it had never been there.
    """
    batches = evaluation_dataset(records, config, utterances, vocabulary)
    if without is not None:
        name = INPUTS[without]
        # Zeros are padding, to which frames and words come as one.
        batches = batches.map(lambda inputs, label: ({**inputs, name: tf.zeros_like(inputs[name])}, label))
    return predictions_of(utterances, fold, probabilities_of(network, batches))


def probabilities_of(network: keras.Model, batches: tf.data.Dataset) -> np.ndarray:
    """What a network says (N, 4) of the utterances of some batches."""
    # For a GPU, Keras would compile one that was never compiled with XLA, anew for every length of a batch.
    network.jit_compile = False
    return network.predict(batches, verbose=0)


def predictions_of(utterances: Sequence[Utterance], fold: int, probabilities: np.ndarray) -> Predictions:
    """Probabilities (N, 4) of some utterances that were tested in one fold, with all that is known of them."""
    return Predictions(
        [utterance.id for utterance in utterances],
        np.full(len(utterances), fold),
        [utterance.speaker for utterance in utterances],
        np.array([labels.index(utterance.label) for utterance in utterances]),
        probabilities,
    )


def read_run_of(corpus: Corpus, workdir: Path) -> dict[str, Any]:
    """The content of the `config.json` of a run.

    Raises:
        EmotionTFError: If `workdir` holds no run, or one of another corpus.
    """
    run = read_run(workdir)
    if corpus.name != run["corpus"]:
        raise EmotionTFError(f"{workdir} is of another corpus", expected=run["corpus"], received=corpus.name)
    return run


def load_fold(workdir: Path, fold: int) -> tuple[keras.Model, Vocabulary | None]:
    """The speech model of a fold, and its vocabulary if it reads.

    Raises:
        EmotionTFError: If the run was not trained to its end.
    """
    folder = workdir / f"fold_{fold}" / "model"
    if not folder.is_dir():
        raise EmotionTFError(f"{workdir} is no finished run", expected=f"{folder}", fix="train it to its end")
    words = folder / "vocabulary.txt"
    model = keras.saving.load_model(folder / "model.keras", compile=False)
    return model, Vocabulary.load(words) if words.exists() else None


def retest(
    workdir: str | Path,
    corpus: Corpus,
    out: str | Path,
    records_dir: str | Path | None = None,
    report: Callable[[str], None] = print,
    without: Modality | None = None,
) -> dict[str, Any]:
    """Tests the networks of a run once more, each on the fold that it was tested on.

    They read other transcripts, or make do with the audio or the words alone.

    Args:
        workdir: The run's folder.
        corpus: The corpus of the run, with the transcripts to read.
        out: The folder that gets `config.json`, `folds.json`, `predictions.csv`, `metrics.json` and `report.html`.
        records_dir: Where features are kept from run to run; `records` beside the workdir if None.
        report: Called with lines of progress.
        without: What no utterance has in this test. Networks with `model.learned_placeholders` have learned to do
            without.

    Returns:
        The content of `metrics.json`.

    Raises:
        EmotionTFError: If `workdir` holds no finished run, or one of another corpus, or something is to be left out for
            models that do not both hear and read, or `out` holds something else.
    """
    workdir, out = Path(workdir), Path(out)
    run = read_run_of(corpus, workdir)
    corpus, config = choose_labels(corpus, Config.from_dict(run["settings"]))
    if without is not None and config.model.modality != "both":
        raise EmotionTFError(
            f"the models of {workdir} cannot be tested without {without}",
            expected="models that hear and read",
            received=f"modality {config.model.modality}",
        )
    plain = dataclasses.replace(config, augmentation=AugmentationConfig())
    records = extract(corpus.utterances, plain, records_dir or workdir.parent / "records", report=report)
    assignment = folds.load(workdir / "folds.json", records.utterances)
    parts = []
    for fold in folds.fold_numbers(assignment):
        tested = [utterance for utterance in records.utterances if assignment[utterance.id] == fold]
        with forgetting_graphs():
            speech_model, vocabulary = load_fold(workdir, fold)
            parts.append(predict(inner_network(speech_model), records, plain, tested, vocabulary, fold, without))
        report(f"fold {fold}: {len(tested)} tested on the transcripts of {corpus.transcripts}")
    notes = [*run["notes"], f"The networks were trained on the transcripts of {run['transcripts']}."]
    if without is not None:
        notes.append(f"They were tested without {without}.")
    description = describe(corpus, config, run["protocol"], notes, records, assignment)
    claim(out, {**description, "without": without})
    folds.save(out / "folds.json", assignment)
    Predictions.concatenate(parts).write(out / "predictions.csv")
    return evaluate(out)
