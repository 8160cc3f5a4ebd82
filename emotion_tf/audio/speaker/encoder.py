"""The GE2E speaker encoder: a voice as 256 numbers, whatever it says."""

import collections
import importlib.util
import math
import pickle
from pathlib import Path
from typing import Any, BinaryIO

import keras
import librosa
import numpy as np
import tensorflow as tf

from emotion_tf.errors import EmotionTFError

SAMPLE_RATE = 16_000
WINDOW_SAMPLES = 400
HOP_SAMPLES = 160
MEL_BANDS = 40

QUIETEST_RMS = 10 ** (-30 / 20)
"""Waves below this level, -30 dB, are made as loud as that."""

PARTIAL_FRAMES = 160
"""Frames that the network hears at a time: 1.6 s."""

PARTIAL_STEP = 77
"""Frames between the beginnings of two such windows: they begin 1.3 times a second."""

MIN_COVERAGE = 0.75
"""A last window of which less lies within the wave is left out."""

UNITS = 256
LAYERS = 3

MAX_FLOATS = 2**24
"""Most numbers in one of its storages; the largest of the weights has a sixty-fourth of that."""

FLOAT = "<f4"
"""How the weight file holds numbers."""


class SpeakerEncoder:
    """Computes speaker embeddings with the network and weights of the package resemblyzer, without PyTorch.

    The answers are those of its `VoiceEncoder.embed_utterance`, after its volume normalisation. Its `preprocess_wav`
    also shortens pauses by means of the package webrtcvad; this is left out.

    Args:
        weights: The file `pretrained.pt`; None takes it from where resemblyzer is installed, without importing that.

    Call arguments:
        waveform: (samples,) float32 at 16 kHz, within [-1, 1], of any length.

    Returns:
        (256,) float32 of length 1, none of them negative. The cosine of two voices is the product of their embeddings.

    Raises:
        EmotionTFError: If the weights are not there or cannot be read, or the wave is not a row of finite numbers.

    Example:

    >>> encoder = SpeakerEncoder()
    >>> encoder(np.zeros(16_000, np.float32)).shape
    (256,)

    Reference:
        Wan, Wang, Papir and Lopez Moreno, "Generalized end-to-end loss for speaker verification", ICASSP 2018. The
        weights are those of Jemine, Real-Time-Voice-Cloning, 2019.
    """

    def __init__(self, weights: str | Path | None = None):
        model = _network(_installed_weights() if weights is None else Path(weights))
        partials = tf.TensorSpec((None, PARTIAL_FRAMES, MEL_BANDS), tf.float32)
        # One trace serves any number of windows.
        self._network = tf.function(lambda batch: model(batch, training=False), input_signature=[partials])

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        """The speaker embedding of a wave."""
        if waveform.ndim != 1 or not waveform.size or not np.isfinite(waveform).all():
            raise EmotionTFError(
                "not a wave",
                expected="one row of at least one sample, all finite numbers",
                received=f"the shape {waveform.shape}, {np.count_nonzero(~np.isfinite(waveform))} not finite",
            )
        mean = self._network(_partials(waveform)).numpy().mean(axis=0)
        return mean / np.linalg.norm(mean)


def _partials(waveform: np.ndarray) -> np.ndarray:
    """Mel spectra of the windows that the network hears, (P, `PARTIAL_FRAMES`, `MEL_BANDS`) float32."""
    rms = np.sqrt(np.mean(np.square(waveform, dtype=np.float64)))
    # The smallest float stands for the level of silence, which stays silence.
    waveform = waveform * np.float32(max(1.0, QUIETEST_RMS / max(rms, np.finfo(np.float32).tiny)))

    frames = math.ceil((len(waveform) + 1) / HOP_SAMPLES)
    starts = np.arange(0, max(1, frames - PARTIAL_FRAMES + PARTIAL_STEP + 1), PARTIAL_STEP)
    covered = len(waveform) / HOP_SAMPLES - starts >= MIN_COVERAGE * PARTIAL_FRAMES
    starts = starts[: max(1, covered.sum())]
    missing = (starts[-1] + PARTIAL_FRAMES) * HOP_SAMPLES - len(waveform)
    waveform = np.pad(waveform, (0, max(0, missing)))
    mel = librosa.feature.melspectrogram(
        y=waveform, sr=SAMPLE_RATE, n_fft=WINDOW_SAMPLES, hop_length=HOP_SAMPLES, n_mels=MEL_BANDS
    )  # (MEL_BANDS, T)
    return mel.T[starts[:, np.newaxis] + np.arange(PARTIAL_FRAMES)].astype(np.float32)


def _installed_weights() -> Path:
    """The weight file of the package resemblyzer."""
    spec = importlib.util.find_spec("resemblyzer")
    if spec is None or spec.origin is None:
        raise EmotionTFError(
            "the weights of the speaker encoder are those of the package resemblyzer, which is not installed",
            fix="pip install --no-deps resemblyzer",
        )
    return Path(spec.origin).with_name("pretrained.pt")


def _network(weights: Path) -> keras.Model:
    """The network with its weights, from mel spectra (B, `PARTIAL_FRAMES`, `MEL_BANDS`) to embeddings (B, `UNITS`)."""
    recurrent = [keras.layers.LSTM(UNITS, return_sequences=layer < LAYERS - 1) for layer in range(LAYERS)]
    projection = keras.layers.Dense(UNITS, activation="relu")
    model = keras.Sequential(
        [keras.Input((PARTIAL_FRAMES, MEL_BANDS)), *recurrent, projection, keras.layers.UnitNormalization()]
    )
    try:
        state = _read_torch(weights)["model_state"]
        for index, layer in enumerate(recurrent):
            # Both libraries order the gates alike: input, forget, cell, output. PyTorch keeps two biases and adds them.
            kernel, inner_kernel = state[f"lstm.weight_ih_l{index}"].T, state[f"lstm.weight_hh_l{index}"].T
            layer.set_weights([kernel, inner_kernel, state[f"lstm.bias_ih_l{index}"] + state[f"lstm.bias_hh_l{index}"]])
        projection.set_weights([state["linear.weight"].T, state["linear.bias"]])
    except OSError as error:
        raise EmotionTFError(f"{weights} cannot be read ({error.strerror})", expected="a weight file") from None
    # A damaged pickle may raise anything.
    except Exception as error:
        raise EmotionTFError(
            f"{weights} is damaged or holds no weights of the speaker encoder ({error!r})",
            expected="the file pretrained.pt of resemblyzer",
            fix="pip install --force-reinstall --no-deps resemblyzer",
        ) from None
    return model


def _read_torch(path: Path) -> Any:
    """What `torch.save` wrote before PyTorch 1.6, with arrays for tensors.

    Such a file is a row of pickles: magic number, version, machine, content, names of the storages. Then come the
    storages, each as its length (int64) and its numbers.
    """
    with path.open("rb") as file:
        for _ in range(3):
            _TorchUnpickler(file).load()
        unpickler = _TorchUnpickler(file)
        content = unpickler.load()
        for name in _TorchUnpickler(file).load():
            storage = unpickler.storages[name]
            length = int.from_bytes(file.read(8), "little")
            if length != len(storage) or file.readinto(storage.data) != storage.nbytes:
                raise EOFError(f"storage {name} is cut short")
    return content


class _TorchUnpickler(pickle.Unpickler):
    """Unpickles content of a torch file, and nothing that could run code.

    What makes pickles dangerous is that they may call any function by its name. This one calls a dictionary's
    constructor and the function below, neither of which does anything but hold numbers, and refuses all other names.
    """

    def __init__(self, file: BinaryIO):
        super().__init__(file)
        self.storages: dict[str, np.ndarray] = {}

    def find_class(self, module: str, name: str) -> Any:
        """What a name in the pickle stands for."""
        known = {
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
            ("torch", "FloatStorage"): FLOAT,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no weight file needs")
        return known[module, name]

    def persistent_load(self, pid: Any) -> np.ndarray:
        """The storage that the pickle refers to; its numbers follow later in the file."""
        _, _, name, _, length, _ = pid
        if not 0 <= length <= MAX_FLOATS:
            raise pickle.UnpicklingError(f"a storage of {length} numbers, which no weight file needs")
        return self.storages.setdefault(name, np.empty(length, FLOAT))


def _tensor(storage: np.ndarray, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any) -> np.ndarray:
    """A view into a storage; NumPy sees to it that it does not reach beyond, but not how often it looks at a number."""
    if math.prod(shape) > len(storage):
        raise pickle.UnpicklingError(f"a tensor of the shape {shape} in {len(storage)} numbers")
    size = storage.itemsize
    return np.ndarray(shape, FLOAT, storage, offset * size, [stride * size for stride in strides])
