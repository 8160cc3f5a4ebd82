"""Every kind of model as a SavedModel and as a TFLite file of built-in ops, in the runtimes of each."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.schema_py_generated import BuiltinOperator
from made_waves import RATE, babble, noise
from small_models import VOCABULARY, fitted_for, small

from emotion_tf import models
from emotion_tf.config import Config
from emotion_tf.dataset import FrontEnd
from emotion_tf.exporting.saved_model import write_saved_model
from emotion_tf.exporting.tflite import write_tflite
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.labels import FOUR
from emotion_tf.text.vocabulary import Vocabulary

pytestmark = pytest.mark.slow

KINDS = {
    "experts": ("name=experts", "learned_placeholders=true", "swem=true"),
    "MDREA": ("name=mdre",),
    "Learning Alignment": ("name=learning_alignment",),
    "MHA": ("name=mha", "hops=3", "dense_units=null"),
    "multi-resolution": ("name=multi_resolution",),
    "TextCNN": ("name=text_cnn", "modality=text"),
    "SWEM": ("name=swem", "modality=text"),
    "CNN": ("name=cnn", "modality=audio", "pooling=average"),
    "CNN-LSTM": ("name=cnn_lstm", "modality=audio"),
    "TDNN-LSTM": ("name=tdnn_lstm", "modality=audio"),
    "SVM": ("name=svm", "modality=audio"),
    "separable": ("convolution=separable", "modality=text"),
    "dilated": ("convolution=dilated", "modality=text"),
    "grouped": ("convolution=grouped", "modality=text"),
    "bottleneck": ("convolution=bottleneck", "modality=text"),
}
WORD_IDS = ([2, 3, 4, 5], [0], [9, 1])
WAVES = [(0.3 * noise(RATE // 4) * np.hanning(RATE // 4)).astype("float32"), noise(700, seed=1), babble(RATE // 2)]


@pytest.fixture(scope="module", params=KINDS)
def kind(request) -> tuple[keras.Model, Config]:
    """A speech model with random weights, and its settings."""
    config = small(*KINDS[request.param])
    fitted = fitted_for(config)
    frames = FrontEnd(config.features)(babble(RATE))
    fitted = dataclasses.replace(fitted, mean=frames.mean(axis=0), variance=frames.var(axis=0) + 1.0)
    network = models.build(config, fitted)
    rng = np.random.default_rng(3)
    for weight in network.trainable_weights:
        weight.assign(rng.normal(0, 0.4, weight.shape))
    return models.speech_model(network, config), config


def asked(model: keras.Model) -> list[dict[str, np.ndarray]]:
    """Utterances as the inputs of a speech model, each a batch of one."""
    whole = [
        {
            "waveform": wave[np.newaxis],
            "num_samples": np.array([len(wave)], "int32"),
            "word_ids": np.array([ids], "int32"),
        }
        for wave, ids in zip(WAVES, WORD_IDS, strict=True)
    ]
    return [{tensor.name: inputs[tensor.name] for tensor in model.inputs} for inputs in whole]


def test_saved_model(kind, tmp_path):
    model, config = kind
    bundle = ModelBundle(config, FOUR, Vocabulary(VOCABULARY) if config.model.reads else None)
    write_saved_model(model, bundle, tmp_path / "saved_model")
    loaded = tf.saved_model.load(str(tmp_path / "saved_model"))
    answers = []
    for inputs in asked(model):
        answers.append(model(inputs, training=False)[0].numpy())
        features = {name: inputs[name] for name in inputs.keys() & {"word_ids"}}
        if config.model.hears:
            features["features"] = model.get_layer("front_end")(inputs["waveform"], inputs["num_samples"])
        # Padding of the server's own.
        features = {name: np.pad(values, [(0, 0), (0, 9), (0, 0)][: values.ndim]) for name, values in features.items()}
        found = loaded.signatures["features"](**{name: tf.constant(values) for name, values in features.items()})
        np.testing.assert_allclose(found["probabilities"][0], answers[-1], atol=1e-5)
    assert np.ptp(answers, axis=0).max() > 0.01


def test_tflite(kind, tmp_path):
    model, config = kind
    bundle = ModelBundle(config, FOUR, Vocabulary(VOCABULARY) if config.model.reads else None)
    write_tflite(model, bundle, tmp_path, ["float32"])
    interpreter = Interpreter(str(tmp_path / "float32.tflite"))
    interpreter.allocate_tensors()
    ops = {details["op_name"] for details in interpreter._get_ops_details()}
    assert ops and ops <= vars(BuiltinOperator).keys() - {"CUSTOM"}
    run = interpreter.get_signature_runner("serving_default")
    for inputs in asked(model):
        expected = model(inputs, training=False)
        found = run(**{name: values for name, values in inputs.items() if name != "num_samples"})["probabilities"]
        np.testing.assert_allclose(found, expected, atol=1e-5)
