"""Experts against the equations of each and Bayes' rule, and what one of them says alone."""

import dataclasses

import keras
import numpy as np
import pytest
import references
from checks import check_model, padded, probabilities, random_frames
from small_models import SPEAKER_WIDTH, VOCABULARY, fitted_for, small

from emotion_tf.models import EXPERTS, Preprocessing, build, expert, expert_config

PRIOR = np.array([0.4, 0.3, 0.2, 0.1])


def built(*settings: str) -> tuple[keras.Model, Preprocessing]:
    """Experts with random weights."""
    rng = np.random.default_rng(2)
    config = small("name=experts", "learned_placeholders=true", "swem=true").override(
        "speaker.embeddings=xvectors.scp", *settings
    )
    fitted = dataclasses.replace(fitted_for(config, embeddings=True), log_prior=np.log(PRIOR))
    model = build(config, fitted)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(0, 0.3, weight.shape))
    return model, fitted


def test_contract():
    config = small("name=experts", "learned_placeholders=true", "swem=true", "batch_normalization=true")
    check_model(config, fitted_for(config))


def test_forward_pass():
    rng = np.random.default_rng(4)
    model, fitted = built()
    assert fitted.embeddings is not None

    def scales(layer):
        values = layer.get_weights()
        return list(zip(values[::2], values[1::2], strict=True))

    def logits(vectors, network):
        vector = np.concatenate([values.ravel() for values in vectors])
        hidden = np.maximum(references.dense(vector, *network.get_layer("hidden").get_weights()), 0)
        return references.dense(hidden, *network.get_layer("logits").get_weights())

    utterances, expected = [], []
    for frames, words in [(30, 7), (4, 1), (13, 0), (0, 5), (0, 0)]:
        audio = random_frames(fitted, frames, rng)
        ids = rng.integers(1, len(VOCABULARY), words, dtype="int32")
        voice = rng.normal(size=SPEAKER_WIDTH).astype("float32")
        heard = audio if frames else np.zeros((1, 12), "float32")
        utterances.append({"features": heard, "word_ids": ids if words else np.zeros(1, int), "speaker": voice})
        total = np.log(PRIOR)
        if frames:
            network, mask = model.get_layer("audio_expert"), np.ones(frames, bool)
            normalized = (audio - fitted.mean) / np.sqrt(fitted.variance)
            maps = references.multi_scale(normalized, scales(network.get_layer("audio_mscnn")), mask)
            known = (voice - fitted.speaker_mean) / np.sqrt(fitted.speaker_variance)
            heard = references.statistics(maps, mask)
            total = total + logits([heard, known], network) - np.log(PRIOR)
        if words:
            network, mask = model.get_layer("text_expert"), np.ones(words, bool)
            embeddings = fitted.embeddings[ids]
            maps = references.multi_scale(embeddings, scales(network.get_layer("text_mscnn")), mask)
            vectors = [references.statistics(maps, mask), references.swem(embeddings, mask)]
            total = total + logits(vectors, network) - np.log(PRIOR)
        if frames and words:
            network, every_frame = model.get_layer("joint_expert"), np.ones(frames, bool)
            audio_maps = references.multi_scale(normalized, scales(network.get_layer("audio_mscnn")), every_frame)
            text_maps = references.multi_scale(embeddings, scales(network.get_layer("text_mscnn")), mask)
            heard = references.statistics(audio_maps, every_frame)
            vectors = [heard, known, references.statistics(text_maps, mask), references.swem(embeddings, mask)]
            vectors.append(references.attention(heard, text_maps, mask)[0])
            total = total + logits(vectors, network) - np.log(PRIOR)
        expected.append(references.softmax(total))
    assert np.ptp(expected, axis=0).max() > 0.05
    np.testing.assert_allclose(probabilities(model, utterances), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("modality", ["audio", "text"])
def test_one_alone_is_an_mscnn_of_its_modality(modality):
    """The model without the other modality, its expert, and an MSCNN that has the same weights say the same."""
    model, fitted = built("model.batch_normalization=true")
    config = small("swem=true", "attention=false", "batch_normalization=true").override(
        "speaker.embeddings=xvectors.scp"
    )
    own = expert_config(config, modality)
    assert own.model.name == "mscnn" and own.model.modality == modality
    alone, single = expert(model, modality), build(own, fitted)
    assert [tensor.name for tensor in alone.inputs] == [tensor.name for tensor in single.inputs]
    single.set_weights(alone.get_weights())
    rng = np.random.default_rng(5)
    audio = [random_frames(fitted, frames, rng) for frames in (30, 9)]
    utterances = [
        {
            "features": audio[row] if modality == "audio" else np.zeros((1, 12), "float32"),
            "word_ids": np.zeros(1, "int32") if modality == "audio" else rng.integers(1, 20, 3 + row, dtype="int32"),
            "speaker": rng.normal(size=SPEAKER_WIDTH).astype("float32"),
        }
        for row in range(2)
    ]
    batch = padded(utterances)
    asked = {tensor.name: batch[tensor.name] for tensor in alone.inputs}
    expected = single(asked, training=False).numpy()
    assert np.ptp(expected) > 0.05
    np.testing.assert_allclose(alone(asked, training=False), expected, atol=1e-6)
    np.testing.assert_allclose(model(batch, training=False), expected, atol=1e-6)


def test_training_one_leaves_the_other_as_it_is():
    model, fitted = built("model.batch_normalization=true")
    before = {name: model.get_layer(name).get_weights() for name in EXPERTS.values()}
    heard = expert(model, "audio")
    heard.compile(keras.optimizers.AdamW(0.01), "sparse_categorical_crossentropy")
    rng = np.random.default_rng(6)
    audio = np.stack([random_frames(fitted, 20, rng) for _ in range(4)])
    voices = rng.normal(size=(4, SPEAKER_WIDTH)).astype("float32")
    heard.train_on_batch({"features": audio, "speaker": voices}, np.arange(4))
    moved = {
        name: any((new != old).any() for new, old in zip(model.get_layer(name).get_weights(), weights, strict=True))
        for name, weights in before.items()
    }
    assert moved == {"audio_expert": True, "text_expert": False, "joint_expert": False}
