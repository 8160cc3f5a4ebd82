"""Testing the networks of a run under one condition after the other, each on the fold that it was tested on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from emotion_tf.corpora import folds
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.utils.files import read_json

Folds = Mapping[int, Sequence[Utterance]]


def tested_by_fold(workdir: Path, corpus: Corpus) -> tuple[list[Utterance], Folds]:
    """The utterances of a run, and those among them that are tested in each fold."""
    # The run may have left out what it could not read.
    known = read_json(workdir / "folds.json")
    utterances = [utterance for utterance in corpus.utterances if utterance.id in known]
    assignment = folds.load(workdir / "folds.json", utterances)
    return utterances, {
        number: [utterance for utterance in utterances if assignment[utterance.id] == number]
        for number in folds.fold_numbers(assignment)
    }


def predict_under(
    conditions: Iterable[str],
    tested: Folds,
    predict: Callable[[str, int, Sequence[Utterance]], Predictions],
    out: Path,
    report: Callable[[str], None],
) -> None:
    """Writes the predictions under each condition, but for those that an earlier call wrote.

    Args:
        conditions: Their names.
        tested: The utterances that are tested in each fold.
        predict: Gives the predictions under a condition for the utterances of a fold.
        out: The folder that gets `predictions/CONDITION.csv`.
        report: Called with a line for each condition.
    """
    for name in conditions:
        path = out / "predictions" / f"{name}.csv"
        if path.exists():
            continue
        parts = [predict(name, number, utterances) for number, utterances in tested.items()]
        predictions = Predictions.concatenate(parts)
        predictions.write(path)
        report(f"{name}: {len(predictions.ids)} tested")
