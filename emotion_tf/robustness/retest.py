"""Testing the networks of a run once more, on other transcripts or without one modality."""

from pathlib import Path

from emotion_tf.corpora import folds
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.evaluation import evaluate
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.result import RunResult
from emotion_tf.models import inner_network
from emotion_tf.robustness.missing import check_both
from emotion_tf.robustness.trained_run import TrainedRun
from emotion_tf.training.predict import Modality, predict
from emotion_tf.training.run import claim, describe, load_fold, request_of
from emotion_tf.utils.paths import RemotePath
from emotion_tf.utils.progress import track
from emotion_tf.utils.tf_private import forgetting_graphs


def retest(
    workdir: str | Path,
    corpus: Corpus,
    out: str | Path,
    records_dir: str | Path | RemotePath | None = None,
    without: Modality | None = None,
) -> RunResult:
    """Tests the networks of a run once more, each on the fold that it was tested on.

    They read other transcripts, or make do with the audio or the words alone.

    Args:
        workdir: The run's folder.
        corpus: The corpus of the run, with the transcripts to read.
        out: The folder that gets `config.json`, `folds.json`, `predictions.csv`, `metrics.json` and `report.html`.
        records_dir: Where features are kept from run to run; `records` beside the workdir if None.
        without: What no utterance has in this test. Networks with `model.learned_placeholders` have learned to do
            without.

    Returns:
        The content of `metrics.json`.

    Raises:
        EmotionTFError: If `workdir` holds no finished run, or one of another corpus, or something is to be left out for
            models that do not both hear and read, or `out` holds something else.
    """
    out = Path(out)
    run = TrainedRun.open(workdir, corpus, records_dir)
    if without is not None:
        check_both(run.workdir, run.config, without)
    run.check_finished()
    notes = list(run.notes)
    if without is not None:
        notes.append(f"They were tested without {without}.")
    protocol = run.description["protocol"]
    description = describe(
        request_of(corpus, run.trained_config, protocol), corpus.synthetic, notes, run.utterances, run.assignment
    )
    claim(out, {**description, "without": without})
    parts = []
    for fold, tested in track(run.tested.items(), f"folds tested on the transcripts of {corpus.transcripts}"):
        with forgetting_graphs():
            speech_model, vocabulary = load_fold(run.workdir, fold)
            parts.append(
                predict(inner_network(speech_model), run.records, run.config, tested, vocabulary, fold, without)
            )
    folds.save(out / "folds.json", run.assignment)
    Predictions.concatenate(parts).write(out / "predictions.csv")
    return evaluate(out)
