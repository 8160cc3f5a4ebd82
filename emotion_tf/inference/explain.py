"""Why a model says what it says: at which words it looked, and where in the sound its maxima stand."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from emotion_tf.audio.reader import read_beginning
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import check_classes
from emotion_tf.inference.explanation import Attention, Explanation, Heard, Maxima, Read, Stretch
from emotion_tf.inference.loading import load
from emotion_tf.inference.timeline import OUTLINE_RATE, wave_peaks
from emotion_tf.ready import ready_model
from emotion_tf.text.tokenizer import tokenize
from emotion_tf.text.vocabulary import UNKNOWN
from emotion_tf.utils.files import replacing, write_json

if TYPE_CHECKING:
    import keras

HELD = 0.5
"""Share of the maxima that the stretches together hold, at least."""


def explain(
    model: str | Path,
    audio: str | Path | None = None,
    transcript: str | None = None,
    speaker: np.ndarray | None = None,
) -> Explanation:
    """Names the emotion of one utterance, and says what the network looked at.

    All of it is read from tensors of the network itself: the maps of its convolutions, and the weights of its
    attention. Of experts, it is the one who hears and reads that explains, or who alone has a say.

    Args:
        model: A `.keras` file, or the folder of a run or of an export, which hold one. It must be an MSCNN, or
            experts that are.
        audio: An audio file of any rate and any format that `audio.decode` reads; None as for `Predictor.predict`.
        transcript: As for `Predictor.predict`.
        speaker: As for `Predictor.predict`.

    Returns:
        The emotion and its reasons.

    Raises:
        EmotionTFError: If there is no `.keras` file, it holds another model, the audio cannot be read, or as for
            `Predictor.predict`.
    """
    from emotion_tf.inference.keras_runtime import KerasRuntime

    path = _keras_file(Path(model))
    predictor = load(path)
    config, runtime = predictor.config, predictor.runtime
    check_classes(runtime.bundle, "an explanation")
    if config.model.name not in ("mscnn", "experts") or not isinstance(runtime, KerasRuntime):
        raise EmotionTFError(
            f"{path} cannot be explained", expected="the model mscnn or experts", received=config.model.name
        )
    waveform = None if audio is None else predictor.read(audio)
    prediction = predictor.predict(waveform, transcript, speaker)
    inputs = runtime.inputs([waveform], [transcript or ""])
    network = runtime.model.get_layer(config.model.name)
    if config.model.name == "experts":
        # Who knows most of what the utterance has.
        heard, read = waveform is not None, bool(tokenize(transcript or ""))
        network = network.get_layer("joint_expert" if heard and read else "audio_expert" if heard else "text_expert")
    tensors = _tensors(runtime.model, network, inputs)
    return Explanation(
        prediction.label or "",
        prediction.probabilities,
        _read(tensors, inputs["word_ids"][0], transcript or "", config) if "text_mscnn" in tensors else None,
        _heard(tensors, len(waveform), config) if waveform is not None else None,
        prediction.dimensions,
    )


def write_explanation(out: str | Path, explanation: Explanation, audio: str | Path | None = None) -> None:
    """Writes an explanation as JSON or as a figure, whole or not at all.

    Args:
        out: The file. `.json` gets the recording under `file`, and the fields of `Explanation`; `.png` a plot.
        explanation: What `explain` gave.
        audio: The recording, if there was one. The plot shows its wave too.

    Raises:
        EmotionTFError: If `out` has another suffix, the recording cannot be read, or there is nothing to draw.
    """
    out = Path(out)
    if out.suffix == ".json":
        write_json(out, {"file": None if audio is None else str(audio), **explanation.as_dict()})
    elif out.suffix == ".png":
        peaks = np.zeros(0)
        if audio is not None and explanation.heard is not None:
            wave = read_beginning(audio, OUTLINE_RATE, explanation.heard.seconds)
            peaks = wave_peaks([wave], len(wave))
        from emotion_tf.inference.explain_plot import explanation_plot

        with replacing(out) as temporary:
            explanation_plot(explanation, peaks).savefig(temporary, dpi=150)
    else:
        raise EmotionTFError(
            f"{out} names no kind of file that an explanation can be written to",
            expected="the suffix .json or .png",
            received=repr(out.suffix),
        )


def _keras_file(path: Path) -> Path:
    """The `.keras` file that a path names, or that lies in the folder of an export or of a run."""
    ready = ready_model(path)
    if ready is not None:
        return ready.network
    for candidate in (path, path / "model.keras", path / "model" / "model.keras"):
        if candidate.suffix == ".keras" and candidate.is_file():
            return candidate
    raise EmotionTFError(
        f"{path} cannot be explained",
        expected="a .keras file, or the folder of a run or of an export, since no other artefact shows its tensors",
        received="none of them" if path.exists() else "a path where there is nothing",
    )


def _tensors(speech: "keras.Model", network: "keras.Model", inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What a network inside a speech model makes of one utterance, as far as it has such layers.

    `audio_mscnn` holds the maps (T, S, F) of the frames, `text_mscnn` those (M, S, F) of the words, `attention` its
    weights (3, S, M) or (3, S_audio, S_text, M).
    """
    import keras

    layers = {layer.name: layer for layer in network.layers}
    wanted = {name: layers[name].output for name in ("audio_mscnn", "text_mscnn") if name in layers}
    if "attention" in layers:
        wanted["attention"] = layers["attention"].input
    given = {tensor.name: tensor for tensor in network.inputs if tensor.name in ("features", "word_ids")}
    features = {"word_ids": keras.ops.convert_to_tensor(inputs["word_ids"])} if "word_ids" in given else {}
    if "features" in given:
        features["features"] = speech.get_layer("front_end")(inputs["waveform"], inputs["num_samples"])
    found = keras.Model(given, wanted)(features, training=False)
    if "attention" in layers:
        # Keras lets no layer have one output at one place of a graph and two at another, so it is called once more.
        _, found["attention"] = layers["attention"](found["attention"], return_attention_scores=True)
    return {name: tensor[0].numpy() for name, tensor in found.items()}


def _read(tensors: dict[str, np.ndarray], ids: np.ndarray, transcript: str, config: Config) -> Read:
    """What the network made of the words."""
    # Loading a model has imported the layers already; importing this module does not.
    from emotion_tf.layers.statistical_pooling import STATISTICS

    # A long transcript is not read to its end, and an empty one is read as padding, which is no word.
    words = tokenize(transcript)[: len(ids)]
    sizes = config.model.text_kernel_sizes
    attention, mean = [], np.zeros(0)
    if "attention" in tensors:
        meet = zip if config.model.pairing == "paired" else itertools.product
        scales = list(meet(config.model.audio_kernel_sizes, sizes))
        weights = tensors["attention"][..., : len(words)].reshape(len(STATISTICS), len(scales), len(words))
        attention = [
            Attention(*pair, dict(zip(STATISTICS, map(tuple, rows.tolist()), strict=True)))
            for pair, rows in zip(scales, weights.swapaxes(0, 1), strict=True)
        ]
        mean = weights.mean(axis=(0, 1))
    return Read(
        tuple(words),
        tuple((ids[: len(words)] != UNKNOWN).tolist()),
        tuple(attention),
        tuple(mean.tolist()),
        _maxima(_counts(tensors["text_mscnn"])[:, : len(words)], sizes),
    )


def _heard(tensors: dict[str, np.ndarray], num_samples: int, config: Config) -> Heard:
    """What the network made of the sound."""
    from emotion_tf.layers.multi_scale_conv2d import DILATION

    averaged, rate = config.model.frames_averaged, config.features.sample_rate
    hop = config.features.hop_length * averaged
    # The centre of the first frame, which is that of the frames of which it is the average.
    centre = (averaged - 1) / 2 * config.features.hop_length / rate
    counts, sizes = _counts(tensors["audio_mscnn"]), config.model.audio_kernel_sizes
    seconds = min(num_samples, config.features.max_samples) / rate
    width = 1 + (max(sizes) - 1) * (DILATION if config.model.convolution == "dilated" else 1)
    stretches = tuple(
        Stretch(max(0.0, centre + (first - 0.5) * hop / rate), min(seconds, centre + (last + 0.5) * hop / rate), share)
        for first, last, share in _stretches(counts.sum(axis=0), width)
    )
    frames = centre + np.arange(counts.shape[1]) * hop / rate
    return Heard(seconds, tuple(frames.tolist()), _maxima(counts, sizes), stretches)


def _counts(maps: np.ndarray) -> np.ndarray:
    """How many filters have their maximum at each place (S, T), from maps (T, S, F) that are nowhere below zero."""
    places, alive = maps.argmax(axis=0), maps.max(axis=0) > 0  # (S, F)
    return np.stack([np.bincount(row[kept], minlength=len(maps)) for row, kept in zip(places, alive, strict=True)])


def _maxima(counts: np.ndarray, kernel_sizes: tuple[int, ...]) -> Maxima:
    """The shares of counts (S, T)."""
    share = counts.sum(axis=0) / max(1, counts.sum())
    by_scale = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    return Maxima(kernel_sizes, int(counts.sum()), tuple(share.tolist()), tuple(map(tuple, by_scale.tolist())))


def _stretches(counts: np.ndarray, width: int) -> Iterator[tuple[int, int, float]]:
    """First frame, last frame and share of each stretch, from counts (T,) and the frames under the widest kernel."""
    order = np.argsort(-counts, kind="stable")
    needed = np.searchsorted(np.cumsum(counts[order]), HELD * counts.sum()) + 1
    chosen = np.sort(order[:needed])
    for part in np.split(chosen, np.flatnonzero(np.diff(chosen) >= width) + 1):
        inside = counts[part[0] : part[-1] + 1].sum()
        if inside:
            yield int(part[0]), int(part[-1]), float(inside / counts.sum())
