import dataclasses

import keras
import numpy as np
import pytest
import references
from checks import check_model, padded, probabilities, random_frames
from small_models import SPEAKER_WIDTH, VOCABULARY, fitted_for, small

from emotion_tf.config import Config
from emotion_tf.models import Preprocessing, build
from emotion_tf.training import dtype_policy

VARIANTS = {
    "audio": ("modality=audio",),
    "audio, batch normalisation": ("modality=audio", "batch_normalization=true"),
    "text": ("modality=text",),
    "text, SWEM": ("modality=text", "swem=true"),
    "both": ("modality=both", "attention=false"),
    "both, SWEM": ("modality=both", "attention=false", "swem=true"),
    "attention": ("modality=both",),
    "attention, SWEM": ("modality=both", "swem=true"),
    "attention of all pairs": ("modality=both", "pairing=all_pairs", "text_kernel_sizes=[2, 3]"),
    "separable": ("modality=both", "convolution=separable"),
    "dilated": ("modality=audio", "convolution=dilated"),
    "grouped": ("modality=both", "convolution=grouped"),
    "bottleneck": ("modality=text", "convolution=bottleneck"),
    "stand-ins": ("modality=both", "learned_placeholders=true"),
    "averaged frames and their statistics": (
        "modality=both",
        "frames_averaged=4",
        "frame_statistics=true",
        "projection_units=8",
        "learned_placeholders=true",
    ),
    "all at once": (
        "modality=both",
        "pairing=all_pairs",
        "swem=true",
        "batch_normalization=true",
        "learned_placeholders=true",
    ),
}
# Every word of the vocabulary but the special ones shares one n-gram with its neighbour.
SUBWORDS = np.array([[0, 0], [0, 0], *([number, number + 1] for number in range(1, 19))], "int32")


def batch_for(model: keras.Model, fitted: Preprocessing) -> dict[str, np.ndarray]:
    """Two utterances of 30 frames and 7 words, without padding."""
    rng = np.random.default_rng(1)
    frames = np.stack([random_frames(fitted, 30, rng), random_frames(fitted, 30, rng)])
    words = rng.integers(1, len(VOCABULARY), (2, 7), dtype="int32")
    return {name: {"features": frames, "word_ids": words}[name] for name in model.input}


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
def test_contract(settings):
    config = small(*settings)
    check_model(config, fitted_for(config))


@pytest.mark.parametrize("trainable", ["true", "false"])
def test_contract_with_word_vectors(trainable):
    config = small().override(f"words.trainable={trainable}")
    check_model(config, fitted_for(config, embeddings=True))


@pytest.mark.parametrize("embeddings", [True, False])
def test_contract_with_subwords(embeddings):
    fitted = dataclasses.replace(fitted_for(small(), embeddings), subwords=SUBWORDS)
    check_model(small("swem=true"), fitted)


def test_subwords_add_to_the_word_vectors():
    config = small("modality=text")
    fitted = dataclasses.replace(fitted_for(config, embeddings=True), subwords=SUBWORDS)
    model = build(config, fitted)
    vectors = model.get_layer("subwords").embeddings.numpy()
    sums = np.array([sum((vectors[member] for member in row if member), np.zeros(10)) for row in SUBWORDS])
    table = fitted.embeddings + sums / np.sqrt(np.maximum(1, np.count_nonzero(SUBWORDS, axis=1)))[:, np.newaxis]
    entering = keras.Model(model.input, model.get_layer("words_and_subwords").output)
    words = batch_for(model, fitted)["word_ids"]
    np.testing.assert_allclose(entering({"word_ids": words}), table[words], rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    "settings", [("modality=audio",), ("modality=both",), ("modality=both", "learned_placeholders=true")]
)
def test_contract_with_speaker_embeddings(settings):
    config = small(*settings).override("speaker.embeddings=xvectors.scp")
    check_model(config, fitted_for(config))


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
def test_low_precision_stays_near(settings):
    config = small(*settings)
    fitted = fitted_for(config)
    model = build(config, fitted)
    batch = batch_for(model, fitted)
    truth = model(batch)
    policy = keras.config.dtype_policy()
    for name, tolerance in (("mixed_float16", 0.01), ("mixed_bfloat16", 0.05)):
        with dtype_policy(name):
            low = build(config, fitted)
        assert keras.config.dtype_policy() == policy
        low.set_weights(model.get_weights())
        found = low(batch)
        assert found.dtype == "float32"
        np.testing.assert_allclose(found, truth, rtol=0, atol=tolerance, err_msg=name)


@pytest.mark.parametrize(
    ("learned", "trainable", "moves"), [(True, "false", True), (False, "true", True), (False, "false", False)]
)
def test_which_embeddings_move(learned, trainable, moves):
    config = small().override(f"words.trainable={trainable}")
    fitted = fitted_for(config, embeddings=not learned)
    model = build(config, fitted)
    layer = model.get_layer("embeddings")
    before = layer.get_weights()[0]
    if fitted.embeddings is not None:
        np.testing.assert_array_equal(before, fitted.embeddings.astype("float32"))
    model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=True)
    model.train_on_batch(batch_for(model, fitted), np.array([0, 1]))
    assert np.any(layer.get_weights()[0] != before) == moves


def paper(*settings: str) -> tuple[keras.Model, Preprocessing]:
    """The model in the published sizes, with a vocabulary of 20 words."""
    config = Config().override(*settings)
    fitted = fitted_for(config, embeddings=True)
    return build(config, fitted), fitted


def test_published_sizes():
    model, _ = paper()
    assert model.get_layer("audio_spu").output.shape == (None, 3, 4, 128)
    assert model.get_layer("text_spu").output.shape == (None, 3, 4, 128)
    assert model.get_layer("attention").output.shape == (None, 3, 4, 128)
    assert model.get_layer("utterance").output.shape == (None, 3 * 1536)
    audio = (5 + 7 + 9 + 11) * 96 * 128 + 4 * 128
    text = (2 + 3 + 4 + 5) * 300 * 128 + 4 * 128
    hidden = 3 * 1536 * 128 + 128
    probabilities = 128 * 4 + 4
    trained = audio + text + hidden + probabilities
    assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == trained
    assert model.count_params() == trained + 20 * 300


@pytest.mark.parametrize(
    ("settings", "width"),
    [
        (("modality=audio",), 1536),
        (("modality=text",), 1536),
        (("modality=text", "swem=true"), 1536 + 2 * 300),
        (("attention=false",), 2 * 1536),
        (("pairing=all_pairs",), 2 * 1536 + 3 * 16 * 128),
    ],
)
def test_width_of_the_utterance_vector(settings, width):
    model, _ = paper(*(f"model.{setting}" for setting in settings))
    assert model.get_layer("hidden").kernel.shape == (width, 128)


@pytest.mark.parametrize(
    "settings",
    [(), ("model.pairing=all_pairs", "model.swem=true", "speaker.embeddings=xvectors.scp")],
    ids=["published", "more"],
)
def test_forward_pass_equals_the_formulas(settings):
    rng = np.random.default_rng(2)
    model, fitted = paper(*settings)
    assert fitted.mean is not None and fitted.variance is not None and fitted.embeddings is not None
    for layer in ("audio_mscnn", "text_mscnn", "hidden", "probabilities"):
        for bias in model.get_layer(layer).weights[1::2]:
            bias.assign(rng.normal(0, 0.1, bias.shape))
    pairing = model.get_layer("attention").pairing

    def scales(name):
        values = model.get_layer(name).get_weights()
        return list(zip(values[::2], values[1::2], strict=True))

    utterances, expected = [], []
    for frames, words in [(30, 7), (4, 1), (12, 3)]:
        audio = random_frames(fitted, frames, rng)
        ids = rng.integers(1, len(VOCABULARY), words, dtype="int32")
        voice = rng.normal(size=SPEAKER_WIDTH).astype("float32")
        utterances.append({"features": audio, "word_ids": ids} | ({"speaker": voice} if settings else {}))

        every_frame, every_word = np.ones(frames, bool), np.ones(words, bool)
        normalized = (audio - fitted.mean) / np.sqrt(fitted.variance)
        audio_maps = references.multi_scale(normalized, scales("audio_mscnn"), every_frame)
        heard = references.statistics(audio_maps, every_frame)
        embeddings = fitted.embeddings[ids]
        text_maps = references.multi_scale(embeddings, scales("text_mscnn"), every_word)
        vectors = [heard, references.statistics(text_maps, every_word)]
        if settings:
            vectors.insert(1, (voice - fitted.speaker_mean) / np.sqrt(fitted.speaker_variance))
            vectors.append(references.swem(embeddings, every_word))
        vectors.append(references.attention(heard, text_maps, every_word, pairing)[0])
        utterance = np.concatenate([vector.ravel() for vector in vectors])
        expected.append(references.classify(utterance, model))

    assert np.ptp(expected, axis=0).max() > 0.05
    np.testing.assert_allclose(probabilities(model, utterances), expected, rtol=0, atol=1e-5)


def test_attention_takes_the_audio_for_context_and_no_padded_word():
    config = small()
    fitted = fitted_for(config)
    model = build(config, fitted)
    attention = keras.Model(model.input, model.get_layer("attention").output)
    audio_pooled = keras.Model(model.input, model.get_layer("audio_spu").output)
    text_maps = keras.Model(model.input, model.get_layer("text_mscnn").output)
    batch = batch_for(model, fitted)
    longer = padded([{name: values[0] for name, values in batch.items()}], extra=5)
    context, maps = audio_pooled(longer)[0].numpy(), text_maps(longer)[0].numpy()
    expected, _ = references.attention(context, maps, longer["word_ids"][0] != 0)
    np.testing.assert_allclose(attention(longer)[0], expected, rtol=1e-5, atol=1e-5)


def test_normalization_layer_holds_mean_and_deviation():
    config = small("modality=audio")
    fitted = fitted_for(config)
    model = build(config, fitted)
    normalized = keras.Model(model.input, model.get_layer("normalization").output)
    assert fitted.mean is not None and fitted.variance is not None
    frames = np.stack([fitted.mean, fitted.mean + np.sqrt(fitted.variance)]).astype("float32")[np.newaxis]
    np.testing.assert_allclose(normalized({"features": frames})[0], np.outer([0, 1], np.ones(12)), atol=1e-5)


def test_dropout_works_in_training_only():
    config = small("modality=audio", "dropout=0.5")
    fitted = fitted_for(config)
    model = build(config, fitted)
    batch = batch_for(model, fitted)
    np.testing.assert_array_equal(model(batch), model(batch))
    assert np.any(model(batch, training=True) != model(batch, training=True))


def test_step_in_a_graph_equals_the_eager_step():
    config = small("swem=true", "dropout=0")
    fitted = fitted_for(config)
    eager, graph = build(config, fitted), build(config, fitted)
    graph.set_weights(eager.get_weights())
    batch = padded([{name: values[0] for name, values in batch_for(eager, fitted).items()}], extra=3)
    for model, run_eagerly in ((eager, True), (graph, False)):
        model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=run_eagerly)
        model.train_on_batch(batch, np.array([2]))
    for found, expected in zip(graph.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("missing", ["features", "word_ids"])
def test_what_stands_in_is_all_that_is_known_of_a_missing_modality(missing):
    """The utterance's vector has the learned tensors where the modality's vectors would be, and the others stay."""
    config = small("swem=true", "learned_placeholders=true").override("speaker.embeddings=xvectors.scp")
    fitted = fitted_for(config)
    model = build(config, fitted)
    rng = np.random.default_rng(3)
    learned = {}
    for layer in model.layers:
        if layer.name.endswith("placeholder"):
            learned[layer.name] = rng.normal(size=layer.placeholder.shape).astype("float32")
            layer.placeholder.assign(learned[layer.name])
    batch = {
        "features": np.stack([random_frames(fitted, 30, rng)]),
        "word_ids": rng.integers(1, len(VOCABULARY), (1, 7), dtype="int32"),
        "speaker": rng.normal(size=(1, SPEAKER_WIDTH)).astype("float32"),
    }
    names = [
        "audio_placeholder",
        "speaker_placeholder",
        "text_placeholder",
        "swem_placeholder",
        "attention_placeholder",
    ]
    assert set(learned) == set(names)
    inside = keras.Model(model.input, {name: model.get_layer(name).output for name in names})
    maps = keras.Model(model.input, model.get_layer("text_mscnn").output)
    whole, found = inside(batch), inside({**batch, missing: np.zeros_like(batch[missing])})
    gone = names[:2] if missing == "features" else names[2:]
    for name in names[:4]:
        np.testing.assert_array_equal(found[name][0], learned[name] if name in gone else whole[name][0], err_msg=name)
    attended = learned["attention_placeholder"]
    if missing == "features":
        # The attention asks the words with what stands in for the audio.
        attended, _ = references.attention(learned["audio_placeholder"], maps(batch)[0].numpy(), np.ones(7, bool))
    np.testing.assert_allclose(found["attention_placeholder"][0], attended, rtol=1e-5, atol=1e-5)
