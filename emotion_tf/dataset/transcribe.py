"""From the audio of a corpus to what a recogniser understands of it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion_tf import asr
from emotion_tf.asr import Recognizer, RecognizerUnavailableError, TranscriptCache, content_key
from emotion_tf.audio.reader import read_waveform
from emotion_tf.corpora.dialogue import reworded
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.progress import track

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Transcription:
    """What a recogniser made of a corpus.

    Args:
        texts: Text by utterance id; "" where it understood nothing.
        errors: By utterance id, why there is no text.
    """

    texts: dict[str, str]
    errors: dict[str, str]


def transcribe(utterances: Sequence[Utterance], recognizer: Recognizer, folder: str | Path) -> Transcription:
    """Transcribes a corpus, but for what an earlier call transcribed; what failed then is tried again.

    Args:
        utterances: The utterances, which may be of several corpora.
        recognizer: Any recogniser; `transcripts.load` gives those that there are.
        folder: Where the transcripts of all recognisers are kept. A stopped call goes on where it was.

    Returns:
        The texts, and the errors of audio that cannot be read or transcribed.

    Raises:
        RecognizerUnavailableError: If the recogniser is out of service; a later call goes on.

    Example:

    >>> import tempfile
    >>> import soundfile
    >>> parrot = Recognizer("parrot", "1", lambda waveform: f"{len(waveform)} samples")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/hum.wav", np.ones(1600), 16_000)
    ...     hum = Utterance("hum", Path(folder, "hum.wav"), 0.0, None, "", "sad", "ann")
    ...     transcribe([hum], parrot, folder)
    Transcription(texts={'hum': '1600 samples'}, errors={})
    """
    cache = TranscriptCache.of(folder, recognizer.name, recognizer.version)
    keys = {utterance.id: audio_key(utterance) for utterance in utterances}
    # By key, so that what stands in a corpus twice is heard once.
    pending = {keys[utterance.id]: utterance for utterance in utterances if keys[utterance.id] not in cache.texts}
    for key, utterance in track(pending.items(), f"transcripts of {recognizer.name}"):
        try:
            cache.add(key, text=recognizer.transcribe(_waveform(utterance, recognizer.sample_rate)))
        except RecognizerUnavailableError:
            raise
        except EmotionTFError as error:
            cache.add(key, error=str(error))
    texts = {id: cache.texts[key] for id, key in keys.items() if key in cache.texts}
    errors = {id: cache.errors[key] for id, key in keys.items() if key in cache.errors}
    if errors:
        reasons = "".join(f"\n  {id}: {reason}" for id, reason in errors.items())
        logger.warning("%d of %d utterances have no transcript:%s", len(errors), len(utterances), reasons)
    return Transcription(texts, errors)


def with_transcripts(
    utterances: Sequence[Utterance], engine: str, folder: str | Path, model: str | None = None
) -> tuple[Utterance, ...]:
    """The utterances with what a recogniser understood in place of what was said.

    Args:
        utterances: The utterances, all of which `transcribe` has tried.
        engine: One of `transcripts.ENGINES`.
        folder: Where `transcribe` kept the transcripts.
        model: Which of the engine's models, as for `transcripts.load`.

    Returns:
        The same utterances in their order; the text is "" where the recogniser failed. The turns before them that are
        not among the utterances are left out.

    Raises:
        EmotionTFError: If an utterance was not tried with this version of the recogniser, or its audio changed since.

    Example:

    >>> with_transcripts([Utterance("hum", Path("hum.wav"), 0.0, None, "", "sad", "ann")], "google", "no/such/folder")
    Traceback (most recent call last):
    ...
    emotion_tf.errors.EmotionTFError: ... To fix: run emotion-tf prepare --transcribe google ...
    """
    version = asr.version(engine, model)
    cache = TranscriptCache.of(folder, engine, version)
    texts = cache.tried
    keys = [audio_key(utterance) for utterance in utterances]
    untried = [utterance.id for utterance, key in zip(utterances, keys, strict=True) if key not in texts]
    if untried:
        choice = "" if model is None else f" --engine-model {model}"
        raise EmotionTFError(
            f"{len(untried)} of {len(utterances)} utterances have no transcript of {engine} ({version}), "
            f"{untried[0]} first of all",
            expected=f"them in {cache.path}",
            fix=f"run emotion-tf prepare --transcribe {engine}{choice} on this corpus, with the same --records-dir",
        )
    heard = {utterance.id: texts[key] for utterance, key in zip(utterances, keys, strict=True)}
    # A turn that nobody recognised is not read: it would be the reference.
    return tuple(reworded(utterance, heard, keep_others=False) for utterance in utterances)


def audio_key(utterance: Utterance) -> str:
    """The key under which the transcript of an utterance is kept."""
    return content_key(utterance.audio, utterance.start, utterance.end)


def _waveform(utterance: Utterance, sample_rate: int) -> np.ndarray:
    """The wave (N,) float32 of an utterance, as the model hears it."""
    if utterance.audio is None:
        raise EmotionTFError("there is no audio to transcribe", expected="an audio file for every utterance")
    return read_waveform(utterance.audio, sample_rate, utterance.start, utterance.end)
