"""One call over every kind of artefact."""

import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emotion_tf.audio.channels import Channel
from emotion_tf.audio.reader import Beginning, RecordingInMemory, beginning_of, channels_of, without_silence
from emotion_tf.audio.resample import resample
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import check_classes
from emotion_tf.inference.runtime import BatchRuntime, Runtime
from emotion_tf.inference.samples import to_waveform
from emotion_tf.inference.undecided import LOW_CONFIDENCE, UNDECIDED, why_not_heard
from emotion_tf.text.dialogue import Turn, with_context
from emotion_tf.text.tokenizer import tokenize
from emotion_tf.utils.paths import RemotePath

if TYPE_CHECKING:
    from emotion_tf.audio.speaker.encoder import SpeakerEncoder


@dataclass(frozen=True)
class Prediction:
    """What a model says of an utterance.

    Args:
        label: The likeliest emotion, or `undecided` where there is a reason not to name one; None of a model that has
            dimensions alone.
        probabilities: The probability of each emotion, in class order; empty of such a model.
        dimensions: The value of each dimension, such as arousal, of a model that has any.
        seconds: How long the recording is, where that is known.
        heard_seconds: How much of it the model heard. Silence at the beginning of a longer one is left out.
        reason: Why it is undecided: `silence`, `no speech` or `low confidence`.
    """

    label: str | None
    probabilities: dict[str, float]
    dimensions: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None
    heard_seconds: float | None = None
    reason: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """What is known, as a JSON object.

        >>> Prediction("sad", {"happy": 0.25, "sad": 0.75}, seconds=2.0).as_dict()
        {'label': 'sad', 'probabilities': {'happy': 0.25, 'sad': 0.75}, 'seconds': 2.0}
        """
        return {name: value for name, value in asdict(self).items() if value not in (None, {})}


class Predictor:
    """A model that is ready to be asked; `emotion_tf.load` and `emotion_tf.inference.connect` make one.

    Any number of threads may ask it at the same time. Keras, TensorFlow and the server answer them side by side; of a
    `.tflite` file as many interpreters are made as threads ask at once, up to the number of processors.

    Args:
        runtime: What runs the artefact.

    Attributes:
        config: The settings of the model.
        labels: The emotions, in the order of the probabilities; none of a model that has dimensions alone.
        dimensions: The dimensions, such as arousal, each with the ends of its range; none for most models.
        runtime: What runs the artefact.
    """

    def __init__(self, runtime: Runtime):
        self.config = runtime.bundle.config
        self.labels = runtime.bundle.labels
        self.dimensions = self.config.labels.scales
        self.runtime = runtime
        self._encoder: SpeakerEncoder | None = None
        self._encoder_lock = threading.Lock()

    def predict(
        self,
        waveform: np.ndarray | Beginning | None = None,
        transcript: str | None = None,
        speaker: np.ndarray | None = None,
        min_confidence: float = 0.0,
        sample_rate: int | None = None,
        any_sound: bool = False,
        context: Sequence[Turn | str] = (),
    ) -> Prediction:
        """Names the emotion of one utterance.

        Args:
            waveform: (N,) samples of one channel: floats within [-1, 1], or integers of 8, 16 or 32 bits; or what
                `hear` gave. None for a model that only reads; and for one with `config.model.learned_placeholders`
                where there is no recording, as zeros alone say too. No more than `config.features.max_seconds` are
                heard, from the first sound on.
            transcript: What is said; None or "" where nobody knows. Words behind the first `config.words.max_words` are
                not read.
            speaker: (W,) speaker embedding, for a model that takes one; None lets the speaker encoder compute it, if
                it is its embeddings with which the model was trained.
            min_confidence: Probability, 0 to 1, that the likeliest emotion must reach to be named.
            sample_rate: Rate of the wave in hertz, which is resampled to what the model hears; None says that it has
                the rate `config.features.sample_rate` already.
            any_sound: Name an emotion also where nobody is heard to speak. Otherwise the answer is `undecided` there;
                the probabilities are given all the same.
            context: The turns before it in its dialogue, in the order in which they were spoken, for a model with
                `config.words.context_turns`, which reads so many of them, the last ones. A plain string is a turn of
                somebody else. Without any, such a model reads the transcript alone, as it does at the beginning of a
                dialogue.

        Returns:
            The emotion and all probabilities.

        Raises:
            EmotionTFError: If a model that hears is given no wave, or one that can do without one no words either; one
                that does not hear is given a wave, or one that does not read words; the wave is not one row of finite
                numbers, or is far louder than full scale; or the speaker embedding is missing or is not one of the
                model's; or there is context for a model that reads none.
        """
        (answer,) = self.predict_batch(
            [waveform], [transcript], [speaker], min_confidence, sample_rate, any_sound, [context]
        )
        return answer

    def predict_batch(
        self,
        waveforms: Sequence[np.ndarray | Beginning | None],
        transcripts: Sequence[str | None],
        speakers: Sequence[np.ndarray | None],
        min_confidence: float = 0.0,
        sample_rate: int | None = None,
        any_sound: bool = False,
        contexts: Sequence[Sequence[Turn | str]] | None = None,
    ) -> list[Prediction]:
        """Names the emotions of several utterances, at once where the artefact can.

        Args:
            waveforms: Of each utterance what `predict` takes. Those of like length waste the least.
            transcripts: Likewise.
            speakers: Likewise.
            min_confidence: As for `predict`.
            sample_rate: As for `predict`, the same for all.
            any_sound: As for `predict`.
            contexts: Of each utterance the turns before it; None where there are none.

        Returns:
            The answers in the same order. They do not depend on which utterances are asked together.

        Raises:
            EmotionTFError: As for `predict`.
        """
        if not 0 <= min_confidence <= 1:
            raise EmotionTFError("no such confidence", expected="0 to 1", received=f"{min_confidence:g}")
        if min_confidence:
            check_classes(self.runtime.bundle, "a confidence")
        heard = [self._checked(*pair, sample_rate) for pair in zip(waveforms, transcripts, strict=True)]
        waves = [None if beginning is None else beginning.waveform for beginning in heard]
        said = zip(transcripts, contexts or [()] * len(transcripts), strict=True)
        texts = [self._read(transcript or "", context) for transcript, context in said]
        voices = [self._speaker(*pair) for pair in zip(waves, speakers, strict=True)]
        if isinstance(self.runtime, BatchRuntime):
            rows = list(self.runtime.batch(waves, texts, voices)) if waves else []
        else:
            rows = [self.runtime.outputs(*asked) for asked in zip(waves, texts, voices, strict=True)]
        return [
            self._prediction(*answered, min_confidence, any_sound) for answered in zip(rows, heard, texts, strict=True)
        ]

    def _prediction(
        self, row: np.ndarray, heard: Beginning | None, text: str, min_confidence: float, any_sound: bool
    ) -> Prediction:
        """The answer of what a runtime gave, probabilities and dimensions side by side."""
        probabilities, dimensions = np.split(row, [len(self.labels)])
        rate, seconds, heard_seconds, reason = self.config.features.sample_rate, None, None, None
        if heard is not None:
            waveform = heard.waveform[: self.config.features.max_samples]
            seconds, heard_seconds = heard.seconds, len(waveform) / rate
            # Zeros say to a model with placeholders that there is no recording; then the words alone are judged.
            by_words = self.config.model.learned_placeholders and not waveform.any() and bool(tokenize(text))
            reason = None if any_sound or by_words else why_not_heard(waveform, rate)
        label = None
        if self.labels:
            if reason is None and probabilities.max() < min_confidence:
                reason = LOW_CONFIDENCE
            label = self.labels[int(probabilities.argmax())] if reason is None else UNDECIDED
        return Prediction(
            label,
            dict(zip(self.labels, probabilities.tolist(), strict=True)),
            dict(zip(self.dimensions, dimensions.tolist(), strict=True)),
            seconds,
            heard_seconds,
            reason,
        )

    def predict_file(
        self,
        path: str | Path,
        transcript: str | None = None,
        speaker: np.ndarray | None = None,
        min_confidence: float = 0.0,
        channel: Channel = "mean",
        any_sound: bool = False,
        context: Sequence[Turn | str] = (),
    ) -> Prediction:
        """Names the emotion of one audio file, of any rate and any format that `audio.decode` reads.

        Args:
            path: The file.
            transcript: As for `predict`.
            speaker: As for `predict`.
            min_confidence: As for `predict`.
            channel: Which channel is heard: its number, from 1 on, or `mean`. Where the channels cancel each other in
                the mean, the loudest is heard alone, and a warning says so.
            any_sound: As for `predict`.
            context: As for `predict`.

        Raises:
            EmotionTFError: If the file cannot be read, or has no such channel, or as for `predict`.
        """
        heard = self.hear(path, channel)
        return self.predict(heard, transcript, speaker, min_confidence, any_sound=any_sound, context=context)

    def predict_channels(
        self,
        path: str | Path,
        transcript: str | None = None,
        speaker: np.ndarray | None = None,
        min_confidence: float = 0.0,
        any_sound: bool = False,
    ) -> list[Prediction]:
        """Names the emotion of each channel of an audio file, such as of both ends of a call.

        Args:
            path: As for `predict_file`, as are the others.
            transcript: The same for all channels.
            speaker: Likewise.
            min_confidence: Likewise.
            any_sound: Likewise.

        Returns:
            The answers in the order of the channels.

        Raises:
            EmotionTFError: As for `predict_file`.
        """
        heard = self.hear_channels(path)
        return self.predict_batch(
            heard, [transcript] * len(heard), [speaker] * len(heard), min_confidence, any_sound=any_sound
        )

    def hear(self, path: str | Path | RemotePath | RecordingInMemory, channel: Channel = "mean") -> Beginning:
        """What the model hears of an audio file, and of how much; of hours, no more is decoded.

        Args:
            path: The file.
            channel: As for `predict_file`.

        Returns:
            The wave (N,) float32 from the first sound on, where it begins, and the length of the file.

        Raises:
            EmotionTFError: If the file cannot be read or has no such channel.
        """
        return beginning_of(path, self.config.features.sample_rate, self.config.features.max_seconds, channel)

    def hear_channels(self, path: str | Path | RemotePath | RecordingInMemory) -> list[Beginning]:
        """What `hear` gives of each channel of an audio file."""
        return [self.hear(path, channel) for channel in range(1, channels_of(path) + 1)]

    def read(self, path: str | Path | RemotePath | RecordingInMemory) -> np.ndarray:
        """The wave (N,) float32 of an audio file that `hear` gives.

        Raises:
            EmotionTFError: If the file cannot be read.
        """
        return self.hear(path).waveform

    def _checked(
        self, waveform: np.ndarray | Beginning | None, transcript: str | None, sample_rate: int | None
    ) -> Beginning | None:
        """What is heard of a wave, as float32, at the rate of the model.

        Raises:
            EmotionTFError: If wave and transcript are not what the model takes.
        """
        model = self.config.model
        if model.hears and waveform is None and not model.learned_placeholders:
            raise EmotionTFError("the model hears but was given no audio", expected="a wave or an audio file")
        if waveform is None and model.learned_placeholders and not tokenize(transcript or ""):
            raise EmotionTFError("the model was given neither audio nor words", expected="one of them, or both")
        if not model.hears and waveform is not None:
            raise EmotionTFError("the model reads only but was given audio", fix="give it the transcript alone")
        if transcript and not model.reads:
            raise EmotionTFError("the model does not read but was given text", fix="leave the text out")
        if waveform is None or isinstance(waveform, Beginning):
            return waveform
        rate = self.config.features.sample_rate
        return without_silence(to_waveform(waveform, sample_rate, rate), rate, self.config.features.max_seconds)

    def _read(self, text: str, context: Sequence[Turn | str]) -> str:
        """The transcript that the network reads, with the turns before it."""
        turns = self.config.words.context_turns
        if context and not turns:
            raise EmotionTFError(
                "the model reads no earlier turns but was given some",
                expected="a model that was trained with words.context_turns",
                fix="leave them out; for a server, write them into the transcript, behind their marks",
            )
        return with_context(text, [turn if isinstance(turn, Turn) else Turn(turn) for turn in context], turns)

    def _speaker(self, waveform: np.ndarray | None, given: np.ndarray | None) -> np.ndarray | None:
        """The speaker embedding (W,) float32 that the model takes, if it takes one."""
        width = self.runtime.speaker_width
        if waveform is None and width is not None:
            return np.zeros(width, np.float32)  # What stands in for the recording stands in for the voice, too.
        if given is None and width is not None and self.config.speaker.embeddings == "ge2e" and waveform is not None:
            given = self._embed(waveform)
        if given is not None:
            given = np.asarray(given, np.float32)
        received = None if given is None else given.shape
        if received != (None if width is None else (width,)) or (given is not None and not np.isfinite(given).all()):
            raise EmotionTFError(
                "the speaker embedding does not fit the model",
                expected="none" if width is None else f"{width} finite numbers",
                received="none" if given is None else f"the shape {given.shape}",
            )
        return given

    def _embed(self, waveform: np.ndarray) -> np.ndarray:
        """What the speaker encoder makes of a wave; it is loaded, with TensorFlow, when it is first needed."""
        from emotion_tf.audio.speaker.encoder import SAMPLE_RATE, SpeakerEncoder

        with self._encoder_lock:
            if self._encoder is None:
                self._encoder = SpeakerEncoder()
            return self._encoder(resample(waveform, self.config.features.sample_rate, SAMPLE_RATE))
