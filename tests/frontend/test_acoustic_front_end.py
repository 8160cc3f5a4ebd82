import numpy as np
import pytest
from checks import check_layer
from references import mfcc

from emotion_tf.config import FeatureConfig
from emotion_tf.layers import AcousticFrontEnd

RNG = np.random.default_rng(0)
SETTINGS = FeatureConfig(max_seconds=60)

# White noise of three levels: no band is near the floor, where float32 and float64 part.
WAVES = (RNG.normal(size=(3, 8000)) * [[0.3], [0.01], [0.1]]).astype("float32")
LENGTHS = np.array([8000, 1, 4321], "int32")


@pytest.mark.parametrize(
    "settings",
    [SETTINGS, FeatureConfig(representation="logmel", prosody=True, deltas=1, max_seconds=60)],
    ids=["mfcc", "all"],
)
def test_contract(settings):
    noise = RNG.normal(size=(1, 3000 * 160)).astype("float32") * 0.1
    check_layer(
        lambda **options: AcousticFrontEnd(settings, **options),
        (WAVES, LENGTHS),
        long_inputs=(noise, np.array([noise.shape[1]], "int32")),
    )


def test_equals_the_formula():
    found = AcousticFrontEnd()(WAVES, LENGTHS).numpy()
    assert found.shape == (3, 51, 96)
    for row, wave, length in zip(found, WAVES, LENGTHS, strict=True):
        expected = mfcc(wave[:length])
        np.testing.assert_allclose(row[: len(expected)], expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
        assert not np.any(row[len(expected) :])


def test_computes_in_float32_under_every_policy_and_has_no_weights():
    layer = AcousticFrontEnd(dtype="mixed_float16")
    assert layer(WAVES, LENGTHS).dtype == "float32"
    assert layer.weights == []


def test_settings_survive_the_config():
    settings = FeatureConfig(mel_bands=64, representation="logmel", prosody=True, deltas=1, trim_db=40.0)
    layer = AcousticFrontEnd.from_config(AcousticFrontEnd(settings, silence_is_absence=True).get_config())
    assert layer.features == settings and layer.silence_is_absence


def test_silence_is_absence_where_it_shall_be():
    silence, length = np.zeros((1, 800), "float32"), np.array([800], "int32")
    assert np.any(AcousticFrontEnd()(silence, length), axis=2).all()
    assert not np.any(AcousticFrontEnd(silence_is_absence=True)(silence, length))
    assert not np.any(AcousticFrontEnd()(silence, np.array([0], "int32")))
