import keras
import numpy as np
import pytest

from emotion_tf.config import Config
from emotion_tf.frontend.spectral import acoustic_features
from emotion_tf.models import Preprocessing, build, speech_model
from emotion_tf.text.vocabulary import SPECIAL_WORDS, Vocabulary

LENGTHS = np.array([9000, 100, 4321], "int32")
WORDS = np.array([[2, 3, 4], [5, 0, 0], [0, 0, 0]], "int32")

# Noise whose level rises and falls, so that trimming finds something to trim; zero behind each wave's end.
WAVES = np.random.default_rng(0).normal(0, 0.1, (3, 9000)) * np.hanning(9000) ** 4
WAVES = np.where(np.arange(9000) < LENGTHS[:, None], WAVES, 0).astype("float32")

FRONT_ENDS = {
    "mfcc": (),
    "all": ("features.representation=logmel", "features.prosody=true", "features.trim_db=20"),
}


def models(*settings: str) -> tuple[keras.Model, keras.Model, Config]:
    """A small network and the same behind its front end."""
    config = Config().override(
        "features.mel_bands=8", "features.mfcc_coefficients=5", "words.embedding_width=10", "model.filters=4", *settings
    )
    width = config.features.width
    rng = np.random.default_rng(1)
    fitted = Preprocessing(
        mean=rng.normal(-40, 10, width),
        variance=rng.uniform(100, 400, width),
        vocabulary=Vocabulary((*SPECIAL_WORDS, *map(str, range(8)))),
    )
    network = build(config, fitted)
    return network, speech_model(network, config), config


@pytest.mark.parametrize("front_end", FRONT_ENDS.values(), ids=FRONT_ENDS)
def test_equals_front_end_and_network(front_end):
    network, speech, config = models(*front_end)
    features, _ = acoustic_features(WAVES, LENGTHS, config.features)
    expected = network({"features": features.numpy(), "word_ids": WORDS})
    found = speech({"waveform": WAVES, "num_samples": LENGTHS, "word_ids": WORDS})
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("front_end", FRONT_ENDS.values(), ids=FRONT_ENDS)
def test_what_lies_behind_the_end_does_not_matter(front_end):
    _, speech, _ = models(*front_end)
    alone = [
        speech({"waveform": wave[None, :length], "num_samples": np.array([length], "int32"), "word_ids": words[None]})[
            0
        ]
        for wave, length, words in zip(WAVES, LENGTHS, WORDS, strict=True)
    ]
    alone = np.stack(alone)
    assert np.ptp(alone, axis=0).max() > 0.01
    for garbage in (0.0, 0.7, np.nan):
        waves = np.full((3, 12_345), garbage, "float32")
        for wave, source, length in zip(waves, WAVES, LENGTHS, strict=True):
            wave[:length] = source[:length]
        found = speech({"waveform": waves, "num_samples": LENGTHS, "word_ids": np.pad(WORDS, ((0, 0), (0, 2)))})
        np.testing.assert_allclose(found, alone, rtol=0, atol=1e-5, err_msg=str(garbage))


@pytest.mark.parametrize(
    ("modality", "inputs"),
    [
        ("audio", ["waveform", "num_samples"]),
        ("text", ["word_ids"]),
        ("both", ["waveform", "num_samples", "word_ids"]),
    ],
)
def test_inputs_have_names(modality, inputs):
    _, speech, _ = models(f"model.modality={modality}")
    assert sorted(speech.input) == sorted(inputs)


def test_saved_and_loaded(tmp_path):
    _, speech, _ = models(*FRONT_ENDS["all"])
    speech.save(tmp_path / "speech.keras")
    loaded = keras.saving.load_model(tmp_path / "speech.keras")
    batch = {"waveform": WAVES, "num_samples": LENGTHS, "word_ids": WORDS}
    np.testing.assert_allclose(loaded(batch), speech(batch), rtol=0, atol=1e-6)


@pytest.mark.parametrize("front_end", FRONT_ENDS.values(), ids=FRONT_ENDS)
def test_a_recording_that_is_not_there_is_heard_as_padding(front_end):
    """No samples, or zeros alone whatever lies behind them, of a model with stand-ins."""
    network, speech, config = models(*front_end, "model.learned_placeholders=true")
    network.get_layer("audio_placeholder").placeholder.assign(np.random.default_rng(2).normal(0, 3, (3, 4, 4)))
    expected = network(
        {"features": np.zeros((3, 1, config.features.width), "float32"), "word_ids": np.stack([WORDS[0]] * 3)}
    )
    waves = np.stack([WAVES[0], np.zeros(9000), np.concatenate([np.zeros(500), WAVES[0, :8500]])]).astype("float32")
    found = speech(
        {"waveform": waves, "num_samples": np.array([0, 9000, 500], "int32"), "word_ids": np.stack([WORDS[0]] * 3)}
    )
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    heard = speech({"waveform": WAVES[:1], "num_samples": LENGTHS[:1], "word_ids": WORDS[:1]})
    assert np.abs(heard[0] - found[0]).max() > 0.01


def test_silence_is_heard_where_nothing_stands_in():
    network, speech, config = models()
    silence = {
        "waveform": np.zeros((1, 800), "float32"),
        "num_samples": np.array([800], "int32"),
        "word_ids": WORDS[:1],
    }
    nothing = network({"features": np.zeros((1, 1, config.features.width), "float32"), "word_ids": WORDS[:1]})
    assert np.abs(speech(silence) - nothing).max() > 1e-3
