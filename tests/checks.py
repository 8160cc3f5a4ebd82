"""The contracts that every layer and every model keeps, each as one call."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from emotion_tf.config import Config
from emotion_tf.labels import FOUR
from emotion_tf.models import Preprocessing, build

TOLERANCE = 1e-5

# How far a layer may move from float32 under a policy, as a share of its largest output.
POLICIES = {"mixed_float16": 0.01, "mixed_bfloat16": 0.05, "bfloat16": 0.05}


def check_layer(make: Callable[..., keras.Layer], inputs: Any, mask: Any = None, *, long_inputs: Any) -> None:
    """Checks what every layer owes to Keras.

    Args:
        make: Makes the layer; takes `dtype`.
        inputs: What the layer is called with: an array, a list of arrays where it takes a list, a tuple where it takes
            several arguments. Axis 0 is the batch. Axis 1 is time, except in arguments that end there.
        mask: The mask of `inputs`, if the layer takes one.
        long_inputs: Like `inputs`, of 3,000 frames.
    """
    keras.utils.set_random_seed(0)
    layer = make()
    expected = _apply(layer, inputs, mask)
    assert layer.built
    assert np.isfinite(expected).all() and np.ptp(expected) > 0

    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    _apply(twin, inputs, mask)
    twin.set_weights(layer.get_weights())
    np.testing.assert_array_equal(_apply(twin, inputs, mask), expected)

    assert _model(layer, inputs, mask, free_time=False).output.shape == (None, *expected.shape[1:])
    model = _model(layer, inputs, mask)
    feed = _leaves((inputs, mask))
    assert all(size in (None, true) for size, true in zip(model.output.shape, expected.shape, strict=True))
    assert model.output.dtype == expected.dtype.name
    _close(model(feed), expected)
    _close(_saved_and_loaded(model)(feed), expected)

    _check_gradients(layer, inputs, mask)
    _check_training(layer, inputs, mask)

    for policy, share in POLICIES.items():
        low = make(dtype=policy)
        _apply(low, inputs, mask)
        low.set_weights(layer.get_weights())
        for given, given_mask in ((inputs, mask), (long_inputs, None)):
            truth = _apply(layer, given, given_mask)
            found = _apply(low, given, given_mask)
            assert np.isfinite(found).all(), policy
            np.testing.assert_allclose(found, truth, rtol=0, atol=share * np.abs(truth).max(), err_msg=policy)


def check_model(config: Config, fitted: Preprocessing) -> None:
    """Checks what every model owes: it learns, it is saved whole, and padding of frames or words changes nothing.

    Args:
        config: The model's settings.
        fitted: Normalisation and vocabulary, of 10 words or more.
    """
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    model = build(config, fitted)
    largest = max(config.model.audio_kernel_sizes)
    # One frame, fewer frames than the largest kernel has, and more; the empty transcript is one padding id,
    # the recording that is not there one frame of padding.
    utterances = []
    lengths = [(1, 3), (largest - 1, 1), (23, 0), (40, 9), (1, 1)]
    if config.model.learned_placeholders:
        lengths.append((0, 4))
    for frames, words in lengths:
        utterance = {}
        if config.model.hears:
            audio = random_frames(fitted, frames, rng)
            utterance["features"] = audio if frames else np.zeros((1, *audio.shape[1:]), "float32")
        if config.model.reads:
            utterance["word_ids"] = rng.integers(1, 10, words, dtype="int32") if words else np.zeros(1, "int32")
        if config.speaker.embeddings is not None:
            utterance["speaker"] = rng.normal(size=len(fitted.speaker_mean)).astype("float32")
        utterances.append(utterance)
    _check_learning(model, padded(utterances))

    # Traced once for all lengths, as an export is; recurrent layers are slow outside a graph.
    signature = {tensor.name: tf.TensorSpec(tensor.shape, tensor.dtype, tensor.name) for tensor in model.inputs}
    graph = tf.function(lambda batch: model(batch, training=False), input_signature=[signature])

    def answers(utterances: list[dict[str, np.ndarray]], extra: int = 0) -> np.ndarray:
        return graph(padded(utterances, extra)).numpy()

    alone = np.concatenate([answers([utterance]) for utterance in utterances])
    assert alone.shape == (len(utterances), len(FOUR)) and alone.dtype == np.float32
    assert np.isfinite(alone).all()
    np.testing.assert_allclose(alone.sum(axis=1), 1, atol=TOLERANCE)
    # Were all answers the same, the comparisons below would prove nothing.
    assert np.ptp(alone, axis=0).max() > 100 * TOLERANCE

    for extra in (0, 1, 60):
        np.testing.assert_allclose(answers(utterances, extra), alone, rtol=0, atol=TOLERANCE)
    # Trimming the silence before an utterance leaves padding in front.
    behind = [
        {name: values if name == "speaker" else _lengthened(values, before=5) for name, values in utterance.items()}
        for utterance in utterances
    ]
    np.testing.assert_allclose(answers(behind), alone, rtol=0, atol=TOLERANCE)

    loaded = _saved_and_loaded(model)
    np.testing.assert_allclose(probabilities(loaded, utterances), alone, rtol=0, atol=TOLERANCE)


def random_frames(fitted: Preprocessing, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Features (frames, D) of the mean and variance that were fitted."""
    assert fitted.mean is not None and fitted.variance is not None
    return rng.normal(fitted.mean, np.sqrt(fitted.variance), (frames, len(fitted.mean))).astype("float32")


def padded(utterances: list[dict[str, np.ndarray]], extra: int = 0) -> dict[str, np.ndarray]:
    """A batch of utterances, zeros added to the length of the longest and `extra` further ones."""
    batch = {}
    for name in utterances[0]:
        # A speaker embedding has no time, and so no padding.
        length = max(len(utterance[name]) for utterance in utterances) + (0 if name == "speaker" else extra)
        batch[name] = np.stack(
            [_lengthened(utterance[name], after=length - len(utterance[name])) for utterance in utterances]
        )
    return batch


def probabilities(model: keras.Model, utterances: list[dict[str, np.ndarray]]) -> np.ndarray:
    """What the model makes of a padded batch."""
    return model(padded(utterances), training=False).numpy()


def _check_learning(model: keras.Model, batch: dict[str, np.ndarray]) -> None:
    """One step of training: the loss is finite, every trainable weight moves, and frozen embeddings do not."""
    labels = np.arange(len(next(iter(batch.values())))) % len(FOUR)
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", run_eagerly=True)
    before = [variable.numpy() for variable in model.weights]
    assert np.isfinite(model.train_on_batch(batch, labels))
    trainable = {id(variable) for variable in model.trainable_weights}
    for variable, old in zip(model.weights, before, strict=True):
        new = variable.numpy()
        assert np.isfinite(new).all(), variable.path
        if id(variable) in trainable:
            assert (new != old).any(), variable.path
        elif variable.path.startswith("embeddings"):
            np.testing.assert_array_equal(new, old, err_msg=variable.path)


def _check_gradients(layer: keras.Layer, inputs: Any, mask: Any) -> None:
    """The slopes with regard to the inputs are finite and not all zero."""
    tensors = tf.nest.map_structure(tf.convert_to_tensor, inputs)
    sources = [tensor for tensor in _leaves(tensors) if tensor.dtype.is_floating]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        outputs = _call(layer, tensors, mask)
        # Different weights, since the slopes of what sums to one would cancel.
        loss = tf.reduce_sum(outputs * np.cos(np.arange(tf.size(outputs))).reshape(outputs.shape))
    for slope in tape.gradient(loss, sources):
        assert np.isfinite(slope).all() and np.any(slope)


def _check_training(layer: keras.Layer, inputs: Any, mask: Any) -> None:
    """One step of training of the layer under a dense head: the loss is finite and every trainable weight moves."""
    body = _model(type(layer).from_config(layer.get_config()), inputs, mask, free_time=False)
    vector = keras.ops.reshape(body.output, (-1, int(np.prod(body.output.shape[1:]))))
    head = keras.layers.Dense(2, activation="softmax")(vector)
    model = keras.Model(body.input, head)
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", run_eagerly=True)
    before = [variable.numpy() for variable in model.trainable_weights]
    feed = _leaves((inputs, mask))
    assert np.isfinite(model.train_on_batch(feed, np.arange(len(feed[0])) % 2))
    for variable, old in zip(model.trainable_weights, before, strict=True):
        new = variable.numpy()
        assert np.isfinite(new).all() and (new != old).any(), variable.path


def _model(layer: keras.Layer, inputs: Any, mask: Any, free_time: bool = True) -> keras.Model:
    """The layer as a functional model whose inputs are the arrays of `inputs` and `mask`, batch and time left open."""

    def symbol(array: np.ndarray | None) -> Any:
        if array is None:
            return None
        time = [None if free_time else size for size in array.shape[1:2]]
        return keras.Input((*time, *array.shape[2:]), dtype=array.dtype.name)

    symbols, symbolic_mask = tf.nest.map_structure(symbol, (inputs, mask))
    return keras.Model(_leaves((symbols, symbolic_mask)), _call(layer, symbols, symbolic_mask))


def _call(layer: keras.Layer, inputs: Any, mask: Any) -> Any:
    arguments = inputs if isinstance(inputs, tuple) else (inputs,)
    return layer(*arguments) if mask is None else layer(*arguments, mask=mask)


def _apply(layer: keras.Layer, inputs: Any, mask: Any) -> np.ndarray:
    """What the layer gives eagerly; bfloat16, which NumPy lacks, as float32."""
    output = keras.ops.convert_to_tensor(_call(layer, inputs, mask))
    return keras.ops.convert_to_numpy(keras.ops.cast(output, "float32") if output.dtype == tf.bfloat16 else output)


def _leaves(structure: Any) -> list[Any]:
    return [leaf for leaf in tf.nest.flatten(structure) if leaf is not None]


def _close(found: Any, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


def _saved_and_loaded(model: keras.Model) -> keras.Model:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        model.save(path)
        return keras.saving.load_model(path)


def _lengthened(sequence: np.ndarray, before: int = 0, after: int = 0) -> np.ndarray:
    return np.pad(sequence, [(before, after)] + [(0, 0)] * (sequence.ndim - 1))
