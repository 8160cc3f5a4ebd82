"""Training that goes on from a model: what it keeps of it, what is new, and what it refuses."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from log_lines import listening
from made_corpus import TINY, make_corpus

from emotion_tf import models, training
from emotion_tf.cli import main
from emotion_tf.dataset import extract
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.training import fine_tuning_config, fit_preprocessing, save_model, train
from emotion_tf.training.initial import InitialModel
from emotion_tf.utils.files import file_digest

CONFIG = TINY.override("words.subwords=true", "model.batch_normalization=true")
OLD_LABELS = ("sad", "angry", "calm")
NEW_LABELS = ("angry", "bored", "calm", "sad")
OLD_WORDS = ("", "[UNK]", "hate", "hated", "hater", "so")


def saved(folder, config, labels=OLD_LABELS, words=OLD_WORDS, embeddings=None):
    """A network with weights that differ everywhere, saved as a run saves it; and its layers."""
    folder.mkdir(parents=True)
    preprocessing = preprocessing_of(config, labels, words, embeddings)
    network = models.build(config, preprocessing)
    rng = np.random.default_rng(3)
    for weight in network.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    save_model(folder, network, config, preprocessing)
    return network


def preprocessing_of(config, labels, words, embeddings=None):
    from emotion_tf.text.subwords import subword_ids

    width = config.features.width
    return models.Preprocessing(
        np.full(width, 2.0),
        np.full(width, 3.0),
        Vocabulary(words) if config.model.reads else None,
        embeddings=embeddings,
        subwords=subword_ids(words, 2) if config.words.subwords else None,
        labels=labels,
    )


def begun(folder, config, labels=NEW_LABELS, words=("", "[UNK]", "new", "so", "hates")):
    """A new network that has taken the weights of the model in a folder."""
    initial = InitialModel.load(folder / "model.keras")
    fitted = initial.extend(preprocessing_of(config, labels, words), config)
    network = models.build(config, fitted)
    before = {layer.name: layer.get_weights() for layer in network.layers}
    return network, fitted, before, initial.give_weights(network, fitted, config)


def test_shared_classes_keep_their_columns_in_any_order(tmp_path):
    old = saved(tmp_path / "old", CONFIG)
    network, _, before, said = begun(tmp_path / "old", CONFIG)
    old_kernel, old_bias = old.get_layer("probabilities").get_weights()
    kernel, bias = network.get_layer("probabilities").get_weights()
    fresh = before["probabilities"]
    for place, old_place in ((0, 1), (2, 2), (3, 0)):  # angry, calm, sad, looked up by hand
        np.testing.assert_array_equal(kernel[:, place], old_kernel[:, old_place])
        assert bias[place] == old_bias[old_place]
    np.testing.assert_array_equal(kernel[:, 1], fresh[0][:, 1])  # bored is new
    assert "of the classes angry, calm, sad" in said


def test_known_words_keep_their_embeddings_and_new_ones_follow(tmp_path):
    old = saved(tmp_path / "old", CONFIG)
    network, fitted, before, said = begun(tmp_path / "old", CONFIG)
    assert fitted.vocabulary.words == (*OLD_WORDS, "new", "hates")
    rows = network.get_layer("embeddings").get_weights()[0]
    np.testing.assert_array_equal(rows[:6], old.get_layer("embeddings").get_weights()[0])
    np.testing.assert_array_equal(rows[6:], before["embeddings"][0][6:])
    assert "6 of 8 words" in said


def test_letter_ngrams_keep_their_vectors_where_their_ids_change(tmp_path):
    words = ("", "[UNK]", "so", "sore", "sores", "hates")
    old = saved(tmp_path / "old", CONFIG)
    network, fitted, _, _ = begun(tmp_path / "old", CONFIG, words=words)
    vectors, members = network.get_layer("subwords").get_weights()
    before, old_members = old.get_layer("subwords").get_weights()
    np.testing.assert_array_equal(members, fitted.subwords)
    # "hate" has the same n-grams, and those of them that were known have their vectors, wherever they stand now.
    place = OLD_WORDS.index("hate")
    known, now = old_members[place], [member for member in members[place] if member]
    shared = {before[number].tobytes() for number in known if number}
    assert shared <= {vectors[number].tobytes() for number in now}


def test_other_layers_are_the_same(tmp_path):
    old = saved(tmp_path / "old", CONFIG)
    network, *_ = begun(tmp_path / "old", CONFIG)
    for layer in network.layers:
        if layer.weights and layer.name not in ("probabilities", "embeddings", "subwords"):
            for here, there in zip(layer.get_weights(), old.get_layer(layer.name).get_weights(), strict=True):
                np.testing.assert_array_equal(here, there)


def test_same_classes_and_statistics_give_the_same_answers(tmp_path):
    config = TINY.override("model.modality=audio")
    old = saved(tmp_path / "old", config)
    network, *_ = begun(tmp_path / "old", config, labels=OLD_LABELS)
    frames = np.random.default_rng(0).normal(size=(2, 30, config.features.width)).astype("float32")
    np.testing.assert_allclose(network({"features": frames}), old({"features": frames}), atol=1e-6)


def test_frozen_embeddings_stay_and_bring_no_new_words(tmp_path):
    rows = np.random.default_rng(0).normal(size=(len(OLD_WORDS), 6)).astype("float32")
    config = TINY.override("model.modality=text")
    saved(tmp_path / "old", config, embeddings=rows)
    network, fitted, _, _ = begun(tmp_path / "old", config)
    layer = network.get_layer("embeddings")
    assert fitted.vocabulary.words == OLD_WORDS and not layer.trainable
    np.testing.assert_array_equal(layer.get_weights()[0], rows)


def test_frozen_body_leaves_the_head_to_training(tmp_path):
    saved(tmp_path / "old", CONFIG)
    network, *_ = begun(tmp_path / "old", CONFIG.override("training.freeze=body"))
    trained = {layer.name for layer in network.layers if layer.trainable_weights}
    assert trained == {"batch_normalization", "hidden", "probabilities"}


def test_experts_are_taken_over_one_by_one(tmp_path):
    config = TINY.override("model.name=experts", "model.learned_placeholders=true")
    old = saved(tmp_path / "old", config)
    network, *_ = begun(tmp_path / "old", config)
    for modality in models.EXPERTS:
        here, there = (models.expert(of, modality).get_layer("hidden").get_weights() for of in (network, old))
        np.testing.assert_array_equal(here[0], there[0])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("model.filters=6", "setting model.filters contradicts the model"),
        ("features.mel_bands=10", "setting features.mel_bands contradicts the model"),
        ("words.word_vectors=glove.txt", "setting words.word_vectors contradicts the model"),
    ],
)
def test_contradicting_setting_is_refused(tmp_path, change, problem):
    saved(tmp_path / "old", CONFIG)
    with pytest.raises(EmotionTFError, match=problem):
        fine_tuning_config(tmp_path / "old", change)


def test_models_without_weights_that_can_be_trained_are_refused(tmp_path):
    (tmp_path / "model.tflite").write_bytes(b"")
    with pytest.raises(EmotionTFError, match=r"model\.tflite holds no \.keras file"):
        InitialModel.load(tmp_path / "model.tflite")
    saved(tmp_path / "svm", TINY.override("model.modality=audio", "model.name=svm"))
    with pytest.raises(EmotionTFError, match="the model svm is fitted at once"):
        InitialModel.load(tmp_path / "svm")


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A run that went on from a model of three classes, with its corpus."""
    folder = tmp_path_factory.mktemp("tuned")
    saved(folder / "old" / "model", CONFIG)
    corpus = make_corpus(folder / "corpus", speakers=4)
    config = fine_tuning_config(folder / "old", "training.epochs=1", "training.dev_splits=2", "training.freeze=body")
    lines: list[str] = []
    with listening("emotion_tf", lines.append):
        train(corpus, config, "speaker-kfold:2", folder / "new", init=folder / "old")
    return folder, corpus, config, lines


def test_run_goes_on_from_a_model(tuned):
    folder, _, _, lines = tuned
    bundle = ModelBundle.read(folder / "new" / "model" / "model.keras")
    assert bundle.labels == ("angry", "happy", "neutral", "sad")
    assert bundle.vocabulary.words[: len(OLD_WORDS)] == OLD_WORDS
    assert bundle.config.model == CONFIG.model
    assert any("taken over from old: front end, network" in line for line in lines)
    # The body is as it was: frozen, and saved without the flag.
    old, new = (
        models.inner_network(keras.saving.load_model(folder / name / "model" / "model.keras"))
        for name in ("old", "new")
    )
    np.testing.assert_array_equal(
        old.get_layer("audio_mscnn").get_weights()[0], new.get_layer("audio_mscnn").get_weights()[0]
    )
    assert new.get_layer("audio_mscnn").trainable
    described = json.loads((folder / "new" / "config.json").read_text())
    assert described["init"] == file_digest(folder / "old" / "model" / "model.keras")
    assert any("went on from the model old" in note for note in described["notes"])


def test_run_is_not_continued_from_another_model(tuned):
    folder, corpus, config, _ = tuned
    saved(folder / "other" / "model", CONFIG, labels=NEW_LABELS)
    with pytest.raises(EmotionTFError, match="holds a run of another configuration; expected init"):
        train(corpus, config, "speaker-kfold:2", folder / "new", init=folder / "other")
    with pytest.raises(EmotionTFError, match="another configuration"):
        train(corpus, dataclasses.replace(config, training=CONFIG.training), "speaker-kfold:2", folder / "new")


def test_command_takes_settings_from_the_model(tuned, tmp_path, monkeypatch, capsys):
    folder, corpus, _, _ = tuned
    rows = [f"{item.id},{item.audio},{item.text},{item.label},{item.speaker}" for item in corpus.utterances]
    (tmp_path / "corpus.csv").write_text("\n".join(["id,audio,text,label,speaker", *rows]))
    given: dict = {}

    def stop(corpus, config, *others, init):
        given.update(config=config, init=init)
        raise EmotionTFError("far enough")

    monkeypatch.setattr(training, "train", stop)
    command = [*("train", "--corpus", "manifest", "--data-dir", str(tmp_path / "corpus.csv"), "--protocol"),
               *("random:2", "--workdir", str(tmp_path / "run"), "--init", str(folder / "old"))]  # fmt: skip
    assert main([*command, "--set", "training.epochs=4"]) == 1
    assert given["init"] == str(folder / "old")
    assert given["config"].model == CONFIG.model and given["config"].training.epochs == 4
    # The file of the run repeats it.
    written = (tmp_path / "run" / "config.toml").read_text()
    assert f'init = "{folder / "old"}"' in written and "preset" not in written and "epochs = 4" in written
    capsys.readouterr()
    for flags, problem in (
        (["--preset", "strong"], "a model from which training goes on brings its settings"),
        (["--set", "model.filters=6"], "setting model.filters contradicts the model"),
        (["--modality", "audio"], "setting model.modality contradicts the model"),
    ):
        assert main([*command, *flags]) == 1
        assert problem in capsys.readouterr().err


def test_nothing_is_frozen_without_a_model(tuned):
    folder, corpus, config, _ = tuned
    with pytest.raises(EmotionTFError, match="nothing was trained yet that could be frozen"):
        train(corpus, config, "speaker-kfold:2", folder / "fresh")


def test_weights_serve_plain_fit(tuned):
    """The documented way of those who write their own loop."""
    folder, corpus, _, _ = tuned
    config = fine_tuning_config(folder / "old", 'labels.classes=["angry", "happy", "neutral", "sad"]')
    records = extract(corpus.utterances, config, folder / "records")
    initial = InitialModel.load(folder / "old")
    fitted = initial.extend(fit_preprocessing(config, records, corpus.utterances), config)
    body = models.backbone(config, fitted)
    initial.give_weights(body, fitted, config)
    old = models.inner_network(keras.saving.load_model(folder / "old" / "model" / "model.keras"))
    np.testing.assert_array_equal(
        old.get_layer("audio_mscnn").get_weights()[0], body.get_layer("audio_mscnn").get_weights()[0]
    )
