"""The networks of a run on misheard transcripts: how their accuracy falls as the word error rate rises."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from emotion_tf.config import AugmentationConfig, Config
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.label_choice import choose_labels
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.extract import extract
from emotion_tf.dataset.mishear import recognized_hearings, simulated_hearings
from emotion_tf.dataset.pipeline import evaluation_dataset
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import evaluate_misheard
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.models import inner_network
from emotion_tf.text.graph_vocabulary import GraphVocabulary
from emotion_tf.text.vocabulary import SPECIAL_WORDS, Vocabulary
from emotion_tf.training.conditions import predict_under, tested_by_fold
from emotion_tf.training.testing import load_fold, predictions_of, probabilities_of, read_run_of
from emotion_tf.training.workdir import claim


def misheard_curve(
    workdir: str | Path,
    corpus: Corpus,
    out: str | Path,
    records_dir: str | Path | None = None,
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Tests the networks of a run on misheard transcripts, each on the fold that it was tested on.

    They read transcripts with simulated errors, and those of every recogniser that has transcribed the whole corpus.
    The audio, where they hear, stays as it is. A call that was stopped goes on with the transcripts at which it
    stopped.

    Args:
        workdir: The run's folder.
        corpus: The corpus of the run, with what was said.
        out: The folder that gets `config.json`, `predictions/TRANSCRIPTS.csv`, `misheard.json` and `report.html`.
        records_dir: Where features and transcripts are kept from run to run; `records` beside the workdir if None.
        report: Called with lines of progress.

    Returns:
        The content of `misheard.json`; see `emotion_tf.evaluation.evaluate_misheard`.

    Raises:
        EmotionTFError: If `workdir` holds no finished run, or one of another corpus or of a model that does not read;
            if the corpus has a recogniser's transcripts; if jiwer is not installed; or if `out` holds something else.
    """
    workdir, out = Path(workdir), Path(out)
    records_dir = Path(records_dir or workdir.parent / "records")
    run = read_run_of(corpus, workdir)
    corpus, config = choose_labels(corpus, Config.from_dict(run["settings"]))
    if not config.model.reads or corpus.transcripts != "reference":
        raise EmotionTFError(
            f"the models of {workdir} cannot be tested on misheard transcripts",
            expected="models that read, and the transcripts of the corpus itself",
            received=f"modality {config.model.modality}, transcripts {corpus.transcripts}",
        )
    config = dataclasses.replace(config, augmentation=AugmentationConfig())
    utterances, tested = tested_by_fold(workdir, corpus)
    recognized = recognized_hearings(utterances, records_dir / "transcripts")
    hearings = {**simulated_hearings(utterances), **recognized}
    notes = [*run["notes"], f"The networks were trained on the transcripts of {run['transcripts']}."]
    claim(
        out,
        {
            **run,
            "transcripts": corpus.transcripts,
            "notes": notes,
            "conditions": list(hearings),
            "recognizers": list(recognized),
            "word_error_rates": {name: hearing.word_error_rate for name, hearing in hearings.items()},
        },
    )
    records = extract(utterances, config, records_dir, report=report)
    models = {number: load_fold(workdir, number) for number in tested}

    def predict(name: str, number: int, utterances: Sequence[Utterance]) -> Predictions:
        model, vocabulary = models[number]
        lookup = GraphVocabulary(vocabulary or Vocabulary(SPECIAL_WORDS))
        texts = tf.data.Dataset.from_tensor_slices([hearings[name].texts[utterance.id] for utterance in utterances])
        words = texts.batch(config.training.batch_size).map(lambda batch: lookup.encode(batch, config.words.max_words))
        batches = tf.data.Dataset.zip(evaluation_dataset(records, config, utterances, vocabulary), words)
        batches = batches.map(lambda example, words: {**example[0], "word_ids": words})
        return predictions_of(utterances, number, probabilities_of(inner_network(model), batches))

    predict_under(hearings, tested, predict, out, report)
    return evaluate_misheard(out)
