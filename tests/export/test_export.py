"""An export as a whole: what is in it, when it refuses, and that it never leaves half of one."""

import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

import emotion_tf.export
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.export import check_parity, export, write_tflite
from emotion_tf.export.model_card import model_card
from emotion_tf.files import write_json
from emotion_tf.inference.sidecar import Sidecar

pytest_plugins = ["exported_runs"]


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_export_holds_every_file(any_export):
    files = set(contents(any_export.folder))
    expected = {
        "saved_model/1/saved_model.pb",
        "tflite/float32.tflite",
        "model.keras",
        "config.json",
        "labels.txt",
        "parity.json",
        "MODEL_CARD.md",
    }
    assert expected <= files
    assert ("vocabulary.txt" in files) == any_export.config.model.reads


def test_companions_are_those_of_the_run(any_export):
    copied, source = contents(any_export.folder), contents(any_export.workdir / "model")
    assert all(copied[name] == content for name, content in source.items() if name != "fold.json")


def test_parity_is_measured_for_every_signature(any_export):
    parity = json.loads((any_export.folder / "parity.json").read_text())
    assert parity == any_export.parity
    measured = [(result["artefact"], result["signature"]) for result in parity["results"]]
    waveform = [("saved_model/1", "waveform")] if any_export.config.model.hears else []
    assert measured == [
        ("saved_model/1", "serving_default"),
        *waveform,
        ("saved_model/1", "features"),
        ("tflite/float32.tflite", "serving_default"),
    ]
    assert all(result["largest_difference"] <= 1e-4 for result in parity["results"])
    assert all(result["label_agreement"] == 1 for result in parity["results"])
    assert parity["results"][-1]["bytes"] == (any_export.folder / "tflite" / "float32.tflite").stat().st_size
    saved_model = sum(len(content) for content in contents(any_export.folder / "saved_model").values())
    assert parity["results"][0]["bytes"] == saved_model


def test_parity_is_measured_on_real_clips(audio_export, ravdess_clips):
    parity = check_parity(audio_export.folder, ravdess_clips[::200])
    assert parity["clips"] == len(ravdess_clips[::200])
    assert parity["utterances"] == audio_export.parity["utterances"] + parity["clips"]
    assert max(result["largest_difference"] for result in parity["results"]) < 1e-4


def test_clips_for_a_model_that_only_reads(text_export, tmp_path):
    with pytest.raises(EmotionTFError, match="reads only but was given audio files"):
        check_parity(text_export.folder, [tmp_path / "clip.wav"])


def test_artefact_that_differs_ends_the_export_and_leaves_the_old_one(text_export, tmp_path, monkeypatch):
    def write_another(model, config, path):
        twin = keras.models.clone_model(model)
        twin.set_weights([weights + 0.1 * np.arange(weights.shape[-1]) for weights in model.get_weights()])
        write_tflite(twin, config, path)

    shutil.copytree(text_export.folder, tmp_path / "out")
    before = contents(tmp_path)
    monkeypatch.setattr(emotion_tf.export, "write_tflite", write_another)
    with pytest.raises(
        EmotionTFError, match=r"^tflite/float32.tflite, signature serving_default, differs from the Keras"
    ):
        export(text_export.workdir, tmp_path / "out")
    assert contents(tmp_path) == before


def test_export_replaces_an_export(text_export, tmp_path):
    shutil.copytree(text_export.folder, tmp_path / "out")
    (tmp_path / "out" / "tflite" / "float32.tflite").write_bytes(b"old")
    export(text_export.workdir, tmp_path / "out")
    assert set(contents(tmp_path / "out")) == set(contents(text_export.folder))
    assert len((tmp_path / "out" / "tflite" / "float32.tflite").read_bytes()) > 1000


def test_export_refuses_a_folder_of_something_else(text_export, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(EmotionTFError, match=r"is there already and is not an export; expected a new folder"):
        export(text_export.workdir, tmp_path)
    with pytest.raises(EmotionTFError, match="is not an export"):
        export(text_export.workdir, tmp_path / "thesis.txt")
    assert contents(tmp_path) == {"thesis.txt": b"years of work"}


def test_export_of_a_run_without_a_model(tmp_path):
    with pytest.raises(EmotionTFError, match=r"no-run holds no trained model; expected the folder of a run"):
        export(tmp_path / "no-run", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@keras.saving.register_keras_serializable(package="emotion_tf_tests")
class Determinant(keras.layers.Layer):
    """What TFLite has no op for."""

    def call(self, inputs):
        matrix = tf.cast(inputs, tf.float32)[:, :, tf.newaxis] * tf.ones((1, 1, 2))
        return tf.linalg.det(matrix[:, :2])[:, tf.newaxis]


def test_op_that_tflite_lacks_is_named(tmp_path):
    words = keras.Input((None,), dtype="int32", name="words")
    model = keras.Model({"words": words}, Determinant()(words))
    with pytest.raises(EmotionTFError, match=r"built-in ops only, received also MatrixDeterminant"):
        write_tflite(model, Config().override("model.modality=text"), tmp_path / "model.tflite")
    assert not list(tmp_path.iterdir())


def test_model_card_of_an_unjudged_run(any_export):
    card = (any_export.folder / "MODEL_CARD.md").read_text()
    assert "nothing is known of what this model reaches" in card
    assert ("first 9 words" in card) == any_export.config.model.reads
    assert ("first 7.5 seconds" in card) == any_export.config.model.hears


def test_model_card_says_what_the_run_reached(both_export, tmp_path):
    write_json(tmp_path / "config.json", {"corpus": "demo", "notes": []})
    write_json(tmp_path / "model" / "fold.json", {"fold": 3})
    scores = {"precision": 0.5, "recall": 0.25, "f1": 1 / 3, "support": 8}
    write_json(
        tmp_path / "metrics.json",
        {
            "protocol": "speaker-kfold:4",
            "notes": ["The corpus is synthetic."],
            "n": 32,
            "wa": 0.5,
            "wa_ci95": None,
            "ua": 0.625,
            "ua_ci95": [0.5, 0.75],
            "per_class": {"angry": scores},
        },
    )
    card = model_card(Sidecar.find(both_export.folder / "model.keras"), tmp_path, both_export.parity)
    assert card.startswith(f"# {tmp_path.name}\n")
    assert "\n**The corpus is synthetic.**\n" in card
    assert "Corpus `demo`, protocol `speaker-kfold:4`, 32 test utterances: WA" in card
    assert " 0.500, UA 0.625 (95 % interval 0.500 to 0.750)" in card
    assert "| angry | 0.500 | 0.250 | 0.333 | 8 |" in card
    assert "the network of fold 3" in card
