import keras
import numpy as np
from checks import check_layer

from emotion_tf.config import Config
from emotion_tf.layers import ModelSettings

RNG = np.random.default_rng(0)
CONFIG = Config().override("model.modality=audio", "model.filters=4")


def make(**options):
    return ModelSettings(CONFIG, ("calm", "tense"), ("", "[UNK]", "é"), **options)


def test_contract():
    check_layer(make, RNG.normal(size=(3, 5)).astype("float32"), long_inputs=np.ones((3, 3000), "float32"))


def test_it_travels_in_the_file(tmp_path):
    inputs = keras.Input((3,))
    inner = keras.Model(inputs, make()(keras.layers.Dense(2)(inputs)))
    keras.Model(inputs, keras.layers.Softmax()(inner(inputs))).save(tmp_path / "mine.keras")
    found = ModelSettings.of(keras.saving.load_model(tmp_path / "mine.keras"))
    assert found is not None
    assert (found.settings, found.labels, found.vocabulary) == (CONFIG, ("calm", "tense"), ("", "[UNK]", "é"))


def test_half_precision_stays_half():
    layer = make(dtype="mixed_float16")
    assert layer(np.ones((2, 2), "float16")).dtype == "float16"


def test_model_without_settings():
    inputs = keras.Input((3,))
    assert ModelSettings.of(keras.Model(inputs, keras.layers.Dense(2)(inputs))) is None
