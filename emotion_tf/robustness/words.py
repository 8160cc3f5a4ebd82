"""Conditions of words: what recognisers understand of a corpus, or might."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from emotion_tf.asr import TranscriptCache, normalize, word_error_rate
from emotion_tf.asr.simulate import misheard
from emotion_tf.corpora.dialogue import reworded
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.pipeline import evaluation_dataset
from emotion_tf.dataset.transcribe import audio_key
from emotion_tf.errors import EmotionTFError
from emotion_tf.models import inner_network
from emotion_tf.robustness.condition import Condition
from emotion_tf.robustness.trained_run import TrainedRun
from emotion_tf.text.graph_vocabulary import GraphVocabulary
from emotion_tf.text.vocabulary import SPECIAL_WORDS, Vocabulary
from emotion_tf.training.predict import probabilities_of
from emotion_tf.utils.files import seed_of

ERROR_RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Errors a word that are simulated."""


@dataclass(frozen=True)
class Hearing:
    """One way in which a corpus was understood.

    Args:
        texts: What was understood, by utterance id.
        word_error_rate: As `asr.word_error_rate` measures it against what was said.
        recognizer: Whether a recogniser understood it; otherwise the errors are simulated.
    """

    texts: dict[str, str]
    word_error_rate: float
    recognizer: bool = False


def word_conditions(run: TrainedRun) -> dict[str, Condition]:
    """Transcripts with simulated errors, and those of every recogniser that has transcribed the whole corpus.

    The audio, where the networks hear, stays as it is.

    Raises:
        EmotionTFError: If the models of the run do not read, the corpus has a recogniser's transcripts, or jiwer is not
            installed.
    """
    if not run.config.model.reads or run.corpus.transcripts != "reference":
        raise EmotionTFError(
            f"the models of {run.workdir} cannot be tested on misheard transcripts",
            expected="models that read, and the transcripts of the corpus itself",
            received=f"modality {run.config.model.modality}, transcripts {run.corpus.transcripts}",
        )
    kept = Path(str(run.records_dir), "transcripts")
    hearings = simulated_hearings(run.utterances) | recognized_hearings(run.utterances, kept)
    return {
        name: Condition(
            "words", functools.partial(_predict_on, run, hearing.texts), hearing.word_error_rate, hearing.recognizer
        )
        for name, hearing in hearings.items()
    }


def _predict_on(run: TrainedRun, texts: dict[str, str], fold: int, utterances: Sequence[Utterance]) -> np.ndarray:
    """Probabilities (N, 4) of some utterances with other transcripts."""
    model, vocabulary = run.models[fold]
    lookup, settings = GraphVocabulary(vocabulary or Vocabulary(SPECIAL_WORDS)), run.config
    turns = settings.words.context_turns
    heard = [reworded(utterance, texts, keep_others=True).transcript(turns) for utterance in utterances]
    read = tf.data.Dataset.from_tensor_slices(heard)
    words = read.batch(settings.training.batch_size).map(lambda batch: lookup.encode(batch, settings.words.max_words))
    batches = tf.data.Dataset.zip(evaluation_dataset(run.records, settings, utterances, vocabulary), words)
    batches = batches.map(lambda example, words: {**example[0], "word_ids": words})
    return probabilities_of(inner_network(model), batches)


def simulated_hearings(utterances: Sequence[Utterance]) -> dict[str, Hearing]:
    """The transcripts of a corpus with simulated errors, the same ones whenever it is called.

    Words are replaced by, and followed by, words of the corpus, those drawn more often that are said more often.

    Args:
        utterances: The utterances, with what was said.

    Returns:
        `simulated-0`, without errors, to `simulated-60`, by the errors in a hundred words.

    Raises:
        EmotionTFError: If jiwer is not installed, or nothing is said.
    """
    # Sorted, so that the order of the corpus makes no difference.
    lexicon = sorted(word for utterance in utterances for word in normalize(utterance.text).split())

    def hear(utterance: Utterance, rate: float) -> str:
        return misheard(utterance.text, rate, np.random.default_rng(seed_of(utterance.id)), lexicon)

    return {
        f"simulated-{100 * rate:.0f}": _compare(utterances, [hear(utterance, rate) for utterance in utterances])
        for rate in ERROR_RATES
    }


def recognized_hearings(utterances: Sequence[Utterance], folder: Path) -> dict[str, Hearing]:
    """What recognisers understood of a corpus.

    Args:
        utterances: The utterances, with what was said.
        folder: Where `transcribe` kept the transcripts.

    Returns:
        By the name of the engine and four digits that stand for its version, such as `whisper-0a74`: whatever tried
        each of the utterances.

    Raises:
        EmotionTFError: If jiwer is not installed, or nothing is said.
    """
    keys = [audio_key(utterance) for utterance in utterances]
    hearings = {}
    for path in sorted(Path(folder).glob("*.jsonl")):
        texts = TranscriptCache(path).tried
        if all(key in texts for key in keys):
            engine, _, version = path.stem.rpartition("-")
            heard = _compare(utterances, [texts[key] for key in keys], recognizer=True)
            hearings[f"{engine}-{version[:4]}"] = heard
    return hearings


def _compare(utterances: Sequence[Utterance], texts: Sequence[str], recognizer: bool = False) -> Hearing:
    """What was understood beside what was said."""
    rate = word_error_rate([utterance.text for utterance in utterances], texts)["wer"]
    by_id = {utterance.id: text for utterance, text in zip(utterances, texts, strict=True)}
    return Hearing(by_id, rate, recognizer)
