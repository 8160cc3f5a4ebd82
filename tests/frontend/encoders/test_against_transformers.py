"""Every family and every layer against `transformers`, on small random checkpoints."""

import numpy as np
import pytest
from references_encoders import BLOCKS, FAMILIES, layers_of, make

from emotion_tf.frontend.encoders.load import load_encoder

RNG = np.random.default_rng(0)
WAVE = (RNG.normal(0, 0.1, 24_123) * np.exp(-np.arange(24_123) / 12_000)).astype("float32")
LONG = RNG.normal(0, 0.1, 20 * 16_000).astype("float32")


@pytest.fixture(scope="module", params=FAMILIES)
def reference(request, tmp_path_factory):
    return make(request.param, tmp_path_factory.mktemp("checkpoint"))


def frames_of(encoder, wave):
    return encoder(wave[np.newaxis], np.array([len(wave)], "int32"))[0].numpy()


def test_every_layer_equals_transformers(reference):
    everything = tuple(range(BLOCKS + 1))
    found = np.split(frames_of(load_encoder(reference.folder, everything), WAVE), BLOCKS + 1, axis=-1)
    for number, (layer, expected) in enumerate(zip(found, layers_of(reference, WAVE), strict=True)):
        assert layer.shape == expected.shape
        assert np.ptp(expected) > 1
        np.testing.assert_allclose(layer, expected, rtol=1e-4, atol=1e-4, err_msg=f"layer {number}")


@pytest.mark.parametrize("layers", [(0,), (2,), (1, 2)], ids=str)
def test_blocks_above_the_highest_layer_wanted_are_not_made(reference, layers):
    encoder = load_encoder(reference.folder, layers)
    assert len(encoder.encoder.blocks) == layers[-1]
    expected = np.concatenate([layers_of(reference, WAVE)[layer] for layer in layers], axis=-1)
    np.testing.assert_allclose(frames_of(encoder, WAVE), expected, rtol=1e-4, atol=1e-4)


def test_distances_beyond_the_last_bucket(tmp_path):
    """20 s are 999 frames, more than WavLM tells apart."""
    reference = make("wavlm", tmp_path)
    found = frames_of(load_encoder(tmp_path, (1,)), LONG)
    np.testing.assert_allclose(found, layers_of(reference, LONG)[1], rtol=1e-4, atol=1e-4)
