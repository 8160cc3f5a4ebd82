import dataclasses

import numpy as np
import pytest

from emotion_tf import models
from emotion_tf.errors import EmotionTFError
from emotion_tf.models import Preprocessing
from emotion_tf.recipes import PRESETS, preset, presets
from emotion_tf.text.vocabulary import Vocabulary

MACHINES = {"baseline-compare", "baseline-egemaps"}
"""Presets of what is no network."""


@pytest.mark.parametrize("name", sorted(PRESETS.keys() - MACHINES))
def test_every_preset_is_described_and_builds(name):
    assert PRESETS[name].description.endswith(".") and "\n" not in PRESETS[name].description
    config = preset(name).override(
        "model.filters=4", "model.recurrent_units=2", "model.dense_units=4", "words.embedding_width=4"
    )
    width = config.features.width
    fitted = Preprocessing(
        np.zeros(width),
        np.ones(width),
        Vocabulary(("", "[UNK]", "so", "sad")),
        speaker_mean=np.zeros(5),
        speaker_variance=np.ones(5),
    )
    network = models.build(config, fitted)
    inputs = {
        "features": np.ones((2, 20, width), "float32"),
        "word_ids": np.array([[2, 3, 0], [1, 0, 0]]),
        "speaker": np.ones((2, 5), "float32"),
    }
    found = network({name: inputs[name] for name in network.input})
    np.testing.assert_allclose(found.numpy().sum(axis=1), 1, atol=1e-5)


PAIRS = [f"{pair}{swem}{voice}" for pair in ("both", "att") for swem in ("", "-swem") for voice in ("", "-xvector")]
ROWS = {"audio", "audio-xvector", "text", "text-swem", *PAIRS}
CONVOLUTIONS = {
    f"{variant}-{kind}" for variant in ("audio", "att") for kind in ("separable", "dilated", "grouped", "bottleneck")
}
RIVALS = {
    *("mdre", "mdrea", "learning-alignment", "mha1", "mha2", "mha3", "multi-resolution"),
    *("text-cnn", "swem", "cnn-max", "cnn-avg", "cnn-lstm", "tdnn-lstm", "svm"),
}


@pytest.mark.parametrize("base", ["paper", "strong"])
def test_there_is_a_preset_for_every_row_and_every_rival(base):
    """Audio, text, both and both with attention; SWEM wherever there is text, x-vectors wherever there is audio."""
    names = {name.removeprefix(f"{base}-") for name in PRESETS if name.startswith(f"{base}-")}
    assert names == ROWS | CONVOLUTIONS | RIVALS


def test_variants_differ_in_what_they_are_named_after():
    chosen = preset("paper-both-swem-xvector")
    assert (chosen.model.modality, chosen.model.attention, chosen.model.swem) == ("both", False, True)
    assert chosen.speaker.embeddings == "ge2e"
    assert chosen.training == preset("paper").training and chosen.features == preset("paper").features
    plain = preset("strong-audio")
    assert (plain.model.modality, plain.model.swem, plain.speaker.embeddings) == ("audio", False, None)
    assert plain.override("model.convolution=dilated") == preset("strong-audio-dilated")


@pytest.mark.parametrize("base", ["paper", "strong"])
def test_rivals_differ_from_the_recipe_in_their_model_alone(base):
    """But for the system whose second loss is part of what it is, and the machine that can make nothing of masks."""
    recipe = preset(base)
    unmasked = dataclasses.replace(recipe.augmentation, frequency_masks=0, time_masks=0)
    models = {}
    for rival in RIVALS:
        config = preset(f"{base}-{rival}")
        weight = 1.0 if rival == "multi-resolution" else 0.0
        assert config == dataclasses.replace(
            recipe,
            model=config.model,
            augmentation=unmasked if rival == "svm" else recipe.augmentation,
            training=dataclasses.replace(recipe.training, verification=weight),
        )
        models[rival] = config.model
    assert {models[f"mha{hops}"].hops for hops in (1, 2, 3)} == {1, 2, 3}
    assert [models["mdre"].attention, models["mdrea"].attention] == [False, True]
    assert [models["cnn-max"].pooling, models["cnn-avg"].pooling] == ["max", "average"]
    assert models["text-cnn"].text_kernel_sizes == (3, 4, 5) and models["text-cnn"].filters == 100


def test_paper_is_what_the_paper_says():
    """The recipe of the article, section 4."""
    config = preset("paper")
    assert (config.features.width, config.features.max_frames) == (96, 750)
    assert (config.words.embedding_width, config.words.max_words) == (300, 128)
    assert config.model.audio_kernel_sizes == (5, 7, 9, 11) and config.model.text_kernel_sizes == (2, 3, 4, 5)
    assert (config.model.filters, config.model.dropout, config.model.attention) == (128, 0.3, True)
    training = config.training
    assert (training.optimizer, training.learning_rate, training.schedule) == ("adam", 5e-4, "constant")
    assert (training.batch_size, training.clip_norm, training.label_smoothing) == (64, 1.0, 0.0)


def test_robust_is_strong_with_disturbed_copies():
    robust = preset("robust")
    assert robust.augmentation.disturbed_copies == 2
    assert robust.override("augmentation.disturbed_copies=0") == preset("strong")


def test_modality_dropout_is_strong_that_learns_to_do_without():
    chosen = preset("modality-dropout")
    assert chosen.model.learned_placeholders and chosen.augmentation.audio_dropout > 0
    assert chosen.augmentation.audio_dropout + chosen.augmentation.transcript_dropout < 0.8
    shared = chosen.override(
        "augmentation.audio_dropout=0", "model.learned_placeholders=false", "augmentation.transcript_dropout=0.5"
    )
    assert shared == preset("strong")


def test_baselines_are_balanced_and_hear_or_read():
    chosen = {name: preset(name) for name in PRESETS if name.startswith("baseline-")}
    assert set(chosen) == MACHINES | {"baseline-tfidf"}
    assert {config.training.class_weights for config in chosen.values()} == {"balanced"}
    assert {name for name, config in chosen.items() if config.model.modality == "audio"} == MACHINES


def test_presets_are_data():
    assert presets() == PRESETS and presets() is not PRESETS
    assert PRESETS["strong-svm"].base == "strong" and "training.epochs=24" in PRESETS["strong-svm"].settings


def test_mistyped_preset_is_told_the_nearest():
    with pytest.raises(EmotionTFError, match="To fix: did you mean 'paper-audio'"):
        preset("paper-adio")


def test_unknown_preset():
    with pytest.raises(EmotionTFError, match="no such preset; expected one of paper, strong.*, received 'best'"):
        preset("best")
