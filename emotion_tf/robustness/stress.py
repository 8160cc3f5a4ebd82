"""The one way to test the networks of a run under conditions that they were not trained on."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.label_choice import class_names, refuse_without_classes
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.robustness.condition import Condition
from emotion_tf.robustness.missing import missing_conditions
from emotion_tf.robustness.report import evaluate_stress
from emotion_tf.robustness.result import Kind, StressResult
from emotion_tf.robustness.sound import sound_conditions
from emotion_tf.robustness.trained_run import TrainedRun
from emotion_tf.robustness.words import word_conditions
from emotion_tf.training.predict import predictions_of
from emotion_tf.training.run import claim
from emotion_tf.utils.paths import RemotePath
from emotion_tf.utils.progress import track

logger = logging.getLogger(__name__)

KINDS: dict[Kind, Callable[[TrainedRun], dict[str, Condition]]] = {
    "sound": sound_conditions,
    "words": word_conditions,
    "missing": missing_conditions,
}
"""Kinds of conditions: disturbed sound, misheard words, a missing modality."""

NOTES: dict[Kind, str] = {
    "sound": "Under conditions of sound audio was disturbed; transcripts, where the model reads, were not.",
    "words": "Under conditions of words transcripts were misheard; audio, where the model hears, was not disturbed.",
    "missing": "Under conditions of a missing modality nothing else was changed.",
}


def stress(
    workdir: str | Path,
    corpus: Corpus,
    out: str | Path,
    kinds: Sequence[Kind] = ("sound",),
    records_dir: str | Path | RemotePath | None = None,
) -> StressResult:
    """Tests the networks of a run under conditions, each on the fold that it was tested on.

    A call that was stopped goes on with the condition at which it stopped.

    Args:
        workdir: The run's folder.
        corpus: The corpus of the run.
        out: The folder that gets `config.json`, `predictions/CONDITION.csv`, `stress.json` and `report.html`.
        kinds: Which conditions: `sound` for those of `emotion_tf.audio.disturbances.conditions`; `words` for simulated
            errors in the transcripts, and the transcripts of recognisers; `missing` for utterances without audio and
            without words.
        records_dir: Where features and transcripts are kept from run to run; `records` beside the workdir if None.

    Returns:
        The content of `stress.json`.

    Raises:
        EmotionTFError: If `workdir` holds no finished run, or one of another corpus or of a model that a kind does not
            fit; if audio cannot be read; if there are words to be misheard and jiwer is not installed; or if `out`
            holds something else.

    Example:

        stress("runs/strong", load_corpus("ravdess", "data/ravdess"), "runs/strong-stress").conditions["clean"].ua
    """
    out = Path(out)
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise EmotionTFError(
            "no such kind of conditions", expected=", ".join(KINDS), received=", ".join(unknown) or "none"
        )
    run = TrainedRun.open(workdir, corpus, records_dir)
    refuse_without_classes(run.trained_config, "stress")
    conditions = {name: condition for kind in kinds for name, condition in KINDS[kind](run).items()}
    run.check_finished()
    description = {
        **run.description,
        "transcripts": corpus.transcripts,
        "notes": [*run.notes, *(NOTES[kind] for kind in kinds)],
        "conditions": list(conditions),
        "kinds": {name: condition.kind for name, condition in conditions.items()},
        "recognizers": [name for name, condition in conditions.items() if condition.recognizer],
        "word_error_rates": {
            name: condition.word_error_rate
            for name, condition in conditions.items()
            if condition.word_error_rate is not None
        },
    }
    claim(out, description)
    for name, condition in track(conditions.items(), "conditions"):
        path = out / "predictions" / f"{name}.csv"
        if not path.exists():
            _test(condition, run).write(path)
            logger.info("%s: %d tested", name, len(run.utterances))
    return evaluate_stress(out)


def _test(condition: Condition, run: TrainedRun) -> Predictions:
    """The predictions of the networks of all folds under a condition."""
    classes = class_names(run.config, run.utterances)
    return Predictions.concatenate(
        [
            predictions_of(utterances, fold, condition.predict(fold, utterances), classes)
            for fold, utterances in run.tested.items()
        ]
    )
