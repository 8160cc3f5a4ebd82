"""What recognisers understand of a corpus, or might: the same utterances with other words."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion_tf.asr import TranscriptCache, normalize, word_error_rate
from emotion_tf.asr.simulate import misheard
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.transcribe import audio_key
from emotion_tf.utils.files import digest

ERROR_RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Errors a word that are simulated."""


@dataclass(frozen=True)
class Hearing:
    """One way in which a corpus was understood.

    Args:
        texts: What was understood, by utterance id.
        word_error_rate: As `transcripts.word_error_rate` measures it against what was said.
    """

    texts: dict[str, str]
    word_error_rate: float


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
        return misheard(utterance.text, rate, np.random.default_rng(int(digest(utterance.id)[:8], 16)), lexicon)

    return {
        f"simulated-{100 * rate:.0f}": _compare(utterances, [hear(utterance, rate) for utterance in utterances])
        for rate in ERROR_RATES
    }


def recognized_hearings(utterances: Sequence[Utterance], folder: str | Path) -> dict[str, Hearing]:
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
            hearings[f"{engine}-{version[:4]}"] = _compare(utterances, [texts[key] for key in keys])
    return hearings


def _compare(utterances: Sequence[Utterance], texts: Sequence[str]) -> Hearing:
    """What was understood beside what was said."""
    rate = word_error_rate([utterance.text for utterance in utterances], texts)["wer"]
    return Hearing({utterance.id: text for utterance, text in zip(utterances, texts, strict=True)}, rate)
