"""A model is set to recordings without labels: its statistics become theirs, and nothing else changes."""

import dataclasses

import keras
import numpy as np
import pytest
import soundfile
from log_lines import listening
from made_corpus import TINY, make_corpus

import emotion_tf
from emotion_tf import models
from emotion_tf.audio.reader import read_waveform
from emotion_tf.cli import main
from emotion_tf.dataset import FrontEnd
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.training import save_model

WORDS = ("", "[UNK]", "get", "out", "so", "glad")
AUDIO = TINY.override(
    "model.modality=audio", "model.batch_normalization=true", "features.representation=logmel", "features.mel_bands=6"
)


def saved(folder, config):
    """A network with weights drawn anew and statistics of another corpus."""
    folder.mkdir(parents=True)
    keras.utils.set_random_seed(1)
    width = config.features.width
    preprocessing = models.Preprocessing(
        np.linspace(-9, -2, width), np.linspace(3, 9, width), Vocabulary(WORDS) if config.model.reads else None
    )
    network = models.build(config, preprocessing)
    rng = np.random.default_rng(0)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(rng.normal(size=layer.moving_mean.shape))
            layer.moving_variance.assign(rng.uniform(1, 2, layer.moving_variance.shape))
    save_model(folder, network, config, preprocessing)
    return folder


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus") / "clips", speakers=3, takes=2)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("models") / "audio", AUDIO)


@pytest.fixture(scope="module")
def adapted(corpus, model, tmp_path_factory):
    """What `adapt` wrote of the recordings of the corpus."""
    out = tmp_path_factory.mktemp("adapted") / "adapted.keras"
    (result,) = emotion_tf.adapt(model, corpus.utterances[0].audio.parent, out)
    return result


def network_of(file):
    return models.inner_network(keras.saving.load_model(file, compile=False))


def frames_of(corpus, config=AUDIO):
    """The features of each recording, from the front end for one wave."""
    front_end = FrontEnd(config.features)
    return [front_end(read_waveform(item.audio, config.features.sample_rate)) for item in corpus.utterances]


def test_statistics_of_frames_are_those_of_the_recordings(corpus, adapted):
    every = np.concatenate(frames_of(corpus)).astype(np.float64)
    layer = network_of(adapted.file).get_layer("normalization")
    np.testing.assert_allclose(np.ravel(layer.mean), every.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(np.ravel(layer.variance), every.var(axis=0), rtol=1e-3)


def test_utterance_vectors_of_the_recordings_are_standardised(corpus, adapted):
    network = network_of(adapted.file)
    layer = network.get_layer("batch_normalization")
    before = keras.Model(network.inputs, layer.input)
    vectors = np.concatenate([before({"features": frames[np.newaxis]}) for frames in frames_of(corpus)])
    np.testing.assert_allclose(layer.moving_mean, vectors.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(layer.moving_variance, vectors.var(axis=0), atol=1e-4)


def test_no_weight_is_trained(model, adapted):
    old, new = network_of(model / "model.keras"), network_of(adapted.file)
    for here, there in zip(new.trainable_weights, old.trainable_weights, strict=True):
        np.testing.assert_array_equal(here, there)


def test_answers_do_not_depend_on_the_level_of_the_recordings(corpus, model, adapted, tmp_path):
    """A microphone that is farther away shifts all log-mel bands alike, and that is what is taken out."""
    (tmp_path / "far").mkdir()
    for item in corpus.utterances:
        wave, rate = soundfile.read(item.audio)
        soundfile.write(tmp_path / "far" / item.audio.name, wave / 8, rate, subtype="FLOAT")
    (far,) = emotion_tf.adapt(model, tmp_path / "far", tmp_path / "far.keras")
    near, away = emotion_tf.load(adapted.file), emotion_tf.load(far.file)
    plain = emotion_tf.load(model / "model.keras")
    moved = []
    for item in corpus.utterances:
        wave = read_waveform(item.audio, 16_000)
        answers = [
            list(predictor.predict(heard).probabilities.values())
            for predictor, heard in ((near, wave), (away, wave / 8), (plain, wave), (plain, wave / 8))
        ]
        np.testing.assert_allclose(answers[0], answers[1], atol=2e-3)
        moved.append(np.abs(np.subtract(answers[2], answers[3])).max())
    assert max(moved) > 0.02


def test_model_says_on_how_many_recordings_it_rests(model, adapted, tmp_path):
    said = "The statistics of frames and utterances are those of 24 recordings without labels."
    assert (adapted.recordings, adapted.note) == (24, said)
    bundle = ModelBundle.read(adapted.file)
    assert bundle.notes == (said,) and bundle.config == ModelBundle.read(model / "model.keras").config
    result = emotion_tf.export(adapted.file, tmp_path / "export", threads=())
    assert said in result.notes
    assert f"**{said}**" in (tmp_path / "export" / "MODEL_CARD.md").read_text()


def test_frames_alone(corpus, model, tmp_path):
    (result,) = emotion_tf.adapt(model, corpus.utterances, tmp_path / "frames.keras", statistics="frames")
    old, new = network_of(model / "model.keras"), network_of(result.file)
    assert result.statistics == "frames"
    np.testing.assert_array_equal(
        new.get_layer("batch_normalization").moving_mean, old.get_layer("batch_normalization").moving_mean
    )


def test_each_speaker_gets_a_model(corpus, model, tmp_path):
    lines: list[str] = []
    with listening("emotion_tf", lines.append):
        results = emotion_tf.adapt(model, corpus.utterances, tmp_path / "voices", by_speaker=True)
    assert [result.file.name for result in results] == ["s0.keras", "s1.keras", "s2.keras"]
    assert any("8 recordings are few" in line for line in lines)
    own = dataclasses.replace(corpus, utterances=tuple(u for u in corpus.utterances if u.speaker == "s1"))
    every = np.concatenate(frames_of(own))
    layer = network_of(results[1].file).get_layer("normalization")
    np.testing.assert_allclose(np.ravel(layer.mean), every.mean(axis=0), rtol=1e-4)


def test_without_transcripts_the_frames_alone_are_set(corpus, tmp_path):
    """Of experts, too, each of which has statistics of its own."""
    config = AUDIO.override("model.modality=both", "model.name=experts", "model.learned_placeholders=true")
    model = saved(tmp_path / "both", config)
    silent = [dataclasses.replace(item, text="") for item in corpus.utterances]
    (frames,) = emotion_tf.adapt(model, silent, tmp_path / "frames.keras")
    (both,) = emotion_tf.adapt(model, corpus.utterances, tmp_path / "utterances.keras")
    assert (frames.statistics, both.statistics) == ("frames", "utterances")


def test_what_cannot_be_adapted_is_refused(corpus, model, tmp_path):
    silent = saved(tmp_path / "text", TINY.override("model.modality=text"))
    for arguments, problem in (
        ((silent, corpus.utterances, tmp_path / "a.keras"), "the model does not hear"),
        ((model, corpus.utterances[:1], tmp_path / "a.keras"), "statistics need recordings"),
        ((model, corpus.utterances, tmp_path / "a.tflite"), "a.tflite cannot be written"),
    ):
        with pytest.raises(EmotionTFError, match=problem):
            emotion_tf.adapt(*arguments)
    nobody = [dataclasses.replace(item, speaker="") for item in corpus.utterances]
    with pytest.raises(EmotionTFError, match="not every recording has a speaker"):
        emotion_tf.adapt(model, nobody, tmp_path / "voices", by_speaker=True)
    assert not list(tmp_path.glob("*.keras"))


def test_command(corpus, model, tmp_path, capsys):
    folder = corpus.utterances[0].audio.parent
    out = tmp_path / "out.keras"
    assert main(["adapt", "--model", str(model), "--recordings", str(folder), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}: {ModelBundle.read(out).notes[0]}\n"
    assert main(["adapt", "--model", str(model), "--recordings", str(tmp_path / "no"), "--out", str(out)]) == 1
    assert "does not exist" in capsys.readouterr().err
