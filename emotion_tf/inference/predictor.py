"""One call over every kind of artefact."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emotion_tf.audio.reader import read_beginning
from emotion_tf.audio.resample import resample
from emotion_tf.audio.speaker.embeddings import read_speaker_embeddings
from emotion_tf.audio.speaker.encoder import SAMPLE_RATE, SpeakerEncoder
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.inference.runtimes import BatchRuntime, KerasRuntime, LiteRTRuntime, Runtime, SavedModelRuntime
from emotion_tf.inference.serving_client import DEFAULT_MODEL, MAX_SECONDS, TIMEOUT_SECONDS, ServerRuntime
from emotion_tf.text.tokenizer import tokenize
from emotion_tf.utils.paths import RemotePath

FILE_RUNTIMES: dict[str, Callable[[Path, ModelBundle], Runtime]] = {".keras": KerasRuntime, ".tflite": LiteRTRuntime}
"""What runs a file of each kind."""

UNDECIDED = "undecided"
"""The label where no emotion is likely enough."""


@dataclass(frozen=True)
class Prediction:
    """What a model says of an utterance.

    Args:
        label: The likeliest emotion, or `undecided` where it is less likely than was asked for.
        probabilities: The probability of each emotion, in class order.
    """

    label: str
    probabilities: dict[str, float]


class Predictor:
    """A model that is ready to be asked; `load` and `connect` make one.

    Args:
        runtime: What runs the artefact.
        bundle: What lies beside the artefact.
        max_seconds: Where files are cut; None cuts them where the model stops to hear.
    """

    def __init__(self, runtime: Runtime, bundle: ModelBundle, max_seconds: float | None = None):
        self.config = bundle.config
        self.labels = bundle.labels
        self.runtime = runtime
        self._max_seconds = bundle.config.features.max_seconds if max_seconds is None else max_seconds
        self._encoder: SpeakerEncoder | None = None

    def predict(
        self,
        waveform: np.ndarray | None = None,
        transcript: str | None = None,
        speaker: np.ndarray | None = None,
        min_confidence: float = 0.0,
    ) -> Prediction:
        """Names the emotion of one utterance.

        Args:
            waveform: (N,) samples within [-1, 1] at `config.features.sample_rate`. None for a model that only reads;
                and for one with `config.model.learned_placeholders` where there is no recording, as zeros alone say
                too. What lies behind `config.features.max_seconds` is not heard.
            transcript: What is said; None or "" where nobody knows. Words behind the first `config.words.max_words` are
                not read.
            speaker: (W,) speaker embedding, for a model that takes one; None lets the speaker encoder compute it, if
                it is its embeddings with which the model was trained.
            min_confidence: Probability, 0 to 1, that the likeliest emotion must reach to be named.

        Returns:
            The emotion and all probabilities.

        Raises:
            EmotionTFError: If a model that hears is given no wave, or one that can do without one no words either; one
                that does not hear is given a wave, or one that does not read words; the wave is not a row of finite
                numbers; or the speaker embedding is missing or is not one of the model's.
        """
        (answer,) = self.predict_batch([waveform], [transcript], [speaker], min_confidence)
        return answer

    def predict_batch(
        self,
        waveforms: Sequence[np.ndarray | None],
        transcripts: Sequence[str | None],
        speakers: Sequence[np.ndarray | None],
        min_confidence: float = 0.0,
    ) -> list[Prediction]:
        """Names the emotions of several utterances, at once where the artefact can.

        Args:
            waveforms: Of each utterance what `predict` takes. Those of like length waste the least.
            transcripts: Likewise.
            speakers: Likewise.
            min_confidence: As for `predict`.

        Returns:
            The answers in the same order. They do not depend on which utterances are asked together.

        Raises:
            EmotionTFError: As for `predict`.
        """
        if not 0 <= min_confidence <= 1:
            raise EmotionTFError("no such confidence", expected="0 to 1", received=f"{min_confidence:g}")
        waves = [self._checked(*pair) for pair in zip(waveforms, transcripts, strict=True)]
        texts = [transcript or "" for transcript in transcripts]
        voices = [self._speaker(*pair) for pair in zip(waves, speakers, strict=True)]
        if isinstance(self.runtime, BatchRuntime):
            rows = list(self.runtime.batch(waves, texts, voices)) if waves else []
        else:
            rows = [self.runtime.probabilities(*asked) for asked in zip(waves, texts, voices, strict=True)]
        return [
            Prediction(
                self.labels[int(row.argmax())] if row.max() >= min_confidence else UNDECIDED,
                dict(zip(self.labels, row.tolist(), strict=True)),
            )
            for row in rows
        ]

    def predict_file(
        self,
        path: str | Path,
        transcript: str | None = None,
        speaker: np.ndarray | None = None,
        min_confidence: float = 0.0,
    ) -> Prediction:
        """Names the emotion of one audio file, of any rate and any format that `audio.decode` reads.

        Args:
            path: The file.
            transcript: As for `predict`.
            speaker: As for `predict`.
            min_confidence: As for `predict`.

        Raises:
            EmotionTFError: If the file cannot be read, or as for `predict`.
        """
        return self.predict(self.read(path), transcript, speaker, min_confidence)

    def read(self, path: str | Path | RemotePath) -> np.ndarray:
        """The wave (N,) float32 of an audio file as far as the model hears it; of hours, no more is decoded than that.

        Raises:
            EmotionTFError: If the file cannot be read.
        """
        return read_beginning(path, self.config.features.sample_rate, self._max_seconds)

    def _checked(self, waveform: np.ndarray | None, transcript: str | None) -> np.ndarray | None:
        """The wave as float32.

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
        if waveform is not None:
            waveform = np.asarray(waveform, np.float32)
            if waveform.ndim != 1 or not waveform.size or not np.isfinite(waveform).all():
                raise EmotionTFError(
                    "the wave is not one that can be heard",
                    expected="one row of at least one sample, all finite numbers",
                    received=f"the shape {waveform.shape}, {np.count_nonzero(~np.isfinite(waveform))} not finite",
                )
        return waveform

    def _speaker(self, waveform: np.ndarray | None, given: np.ndarray | None) -> np.ndarray | None:
        """The speaker embedding (W,) float32 that the model takes, if it takes one."""
        width = self.runtime.speaker_width
        if waveform is None and width is not None:
            return np.zeros(width, np.float32)  # What stands in for the recording stands in for the voice, too.
        if given is None and width is not None and self.config.speaker.embeddings == "ge2e" and waveform is not None:
            if self._encoder is None:
                self._encoder = SpeakerEncoder()
            rate = self.config.features.sample_rate
            given = self._encoder(resample(waveform, rate, SAMPLE_RATE))
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


def load(path: str | Path) -> Predictor:
    """Loads an artefact together with the settings, labels and vocabulary that lie beside it.

    Args:
        path: The folder of an export, of which the SavedModel is taken; a SavedModel's folder, with or without
            versions, of which the highest is taken; a `.tflite` file; or a `.keras` file of an export or of a run's
            `model/`.

    Raises:
        EmotionTFError: If there is no artefact, or it or a file that belongs to it is missing or damaged.
    """
    artefact = _artefact(Path(path))
    bundle = ModelBundle.find(artefact)
    runtime = SavedModelRuntime if artefact.is_dir() else FILE_RUNTIMES[artefact.suffix]
    return Predictor(runtime(artefact, bundle), bundle)


def connect(address: str, model: str = DEFAULT_MODEL, timeout: float = TIMEOUT_SECONDS) -> Predictor:
    """Takes a model that TensorFlow Serving serves, which then hears and reads over the network.

    Args:
        address: `HOST:PORT` or `grpc://HOST:PORT` of the server's gRPC port, which needs `emotion-tf[serving]`, or
            `http://HOST:PORT` of its REST port.
        model: Name under which the model is served.
        timeout: Seconds that an answer may take.

    Raises:
        EmotionTFError: If no such model is served there; see `server.ServerRuntime`.
    """
    runtime = ServerRuntime(address, model, timeout)
    return Predictor(runtime, runtime.bundle, MAX_SECONDS)


def predict_files(
    files: Sequence[str | Path],
    model: str | Path,
    texts: Sequence[str] | None = None,
    skip_bad: bool = False,
    speakers: str | Path | None = None,
    server: str | None = None,
    min_confidence: float = 0.0,
) -> Iterator[dict[str, Any]]:
    """Names the emotions of many audio files, one after the other.

    Args:
        files: The audio files; none for a model that only reads, or where one with `model.learned_placeholders` shall
            only read.
        model: What `load` takes; with a server, the name under which the model is served.
        texts: The transcripts: none, one that holds for all files, or one a file. Without files, each is answered.
        skip_bad: Go on after a file that cannot be read, instead of raising.
        speakers: File of speaker embeddings, by the names of the audio files without their suffixes.
        server: The address of a server that is asked, as for `connect`; None loads the model here.
        min_confidence: As for `Predictor.predict`.

    Yields:
        A dict of `file`, `label` and `probabilities`, or of `file` and `error` for a file that was skipped. `file` is
        None where none was given.

    Raises:
        EmotionTFError: If the model cannot be loaded or asked, files and texts do not fit it or each other, or a file
            cannot be read.
    """
    predictor = load(model) if server is None else connect(server, str(model))
    texts = list(texts or [])
    settings = predictor.config.model
    if not settings.hears or (settings.learned_placeholders and texts and not files):
        if files or not texts:
            raise EmotionTFError(
                "the model reads only", expected="texts and no audio file", received=f"{len(files)} files"
            )
        for text in texts:
            yield {"file": None, **asdict(predictor.predict(transcript=text, min_confidence=min_confidence))}
        return
    if not files:
        raise EmotionTFError(
            "there is nothing to hear",
            expected="an audio file; or texts and a model that only reads, or has model.learned_placeholders",
            received=f"no file and {len(texts)} texts",
        )
    if len(texts) <= 1:
        texts = (texts or [""]) * len(files)
    if len(texts) != len(files):
        raise EmotionTFError(
            "files and texts do not pair",
            expected="no text, one for all files or one a file",
            received=f"{len(files)} files and {len(texts)} texts",
        )
    embeddings: Sequence[np.ndarray | None] = [None] * len(files)
    if speakers is not None:
        embeddings = list(read_speaker_embeddings(speakers, [Path(file).stem for file in files]))
    for file, text, speaker in zip(files, texts, embeddings, strict=True):
        try:
            waveform = predictor.read(file)
        except EmotionTFError as error:
            if not skip_bad:
                raise
            yield {"file": str(file), "error": str(error)}
            continue
        yield {"file": str(file), **asdict(predictor.predict(waveform, text, speaker, min_confidence))}


def _artefact(path: Path) -> Path:
    """The file that `path` names, or the folder with the `saved_model.pb` that it means."""
    if path.is_file() and path.suffix in FILE_RUNTIMES:
        return path
    for folder in (path / "saved_model", path):
        versions = [inner for inner in folder.glob("*") if inner.name.isdecimal()]
        for candidate in (folder, *sorted(versions, key=lambda inner: int(inner.name), reverse=True)):
            if (candidate / "saved_model.pb").is_file():
                return candidate
    raise EmotionTFError(
        f"{path} is no model" if path.exists() else f"{path} does not exist",
        expected="the folder of an export, a SavedModel, a .tflite or a .keras file",
        fix="export a run first, or name the file itself",
    )
