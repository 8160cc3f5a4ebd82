"""A manifest with ratings, from the table through training, evaluation and export to every answer."""

import csv
import dataclasses
import json
import shutil

import numpy as np
import pytest
import soundfile
from made_corpus import TINY
from made_waves import RATE, noise

from emotion_tf import corpora, exporting, models, training
from emotion_tf.cli import main
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import RunResult, evaluate
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.inference import Request, connect, explain, load, predict_batch, timeline, write_timeline
from emotion_tf.server.rest import answer as rest_answer
from emotion_tf.server.utterance import Answer
from emotion_tf.webdemo.assembly import settings

LEARNED = TINY.override(
    'labels.dimensions=["arousal", "valence"]',
    'labels.ranges={"arousal": [1, 7]}',
    "training.epochs=2",
    "training.class_weights=balanced",
    "model.modality=audio",
)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """Hums whose pitch and loudness are rated, in a table with an empty cell."""
    folder = tmp_path_factory.mktemp("rated")
    rows = []
    for speaker in range(3):
        for place, label in enumerate(("calm", "tense")):
            for take in range(3):
                name = f"{speaker}-{place}-{take}.wav"
                time = np.arange(round(0.25 * RATE)) / RATE
                wave = 0.1 * (take + 1) * np.sin(2 * np.pi * 150 * 2**place * time) + 0.05 * noise(len(time), speaker)
                soundfile.write(folder / name, wave, RATE)
                rows.append([name, label, f"s{speaker}", 2 + take, "" if take == speaker else place / 2])
    with (folder / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["audio", "label", "speaker", "arousal", "valence"], *rows])
    return folder / "table.csv"


@pytest.fixture(scope="module")
def run(manifest, tmp_path_factory):
    """A trained run of classes and two dimensions."""
    folder = tmp_path_factory.mktemp("run")
    corpus = corpora.load("manifest", manifest)
    training.train(corpus, LEARNED, "speaker-kfold:3", folder / "run", folder / "records")
    return folder / "run"


def test_a_run_with_ratings(run):
    predictions = Predictions.read(run / "predictions.csv")
    assert predictions.dimensions == ("arousal", "valence")
    arousal, valence = predictions.ratings.T
    assert sorted(arousal) == sorted([2, 3, 4] * 6) and np.isnan(valence).sum() == 6
    assert set(valence[~np.isnan(valence)]) == {0, 0.5}
    assert (predictions.estimates[:, 0] > 1).all() and (predictions.estimates[:, 0] < 7).all()
    assert (predictions.estimates[:, 1] > 0).all() and (predictions.estimates[:, 1] < 0.5).all()
    result = RunResult.load(run / "metrics.json")
    assert set(result.dimensions) == {"arousal", "valence"}
    assert result.dimensions["valence"].pooled.n == 12 and len(result.dimensions["arousal"].folds) == 3
    difference = abs(arousal - predictions.estimates[:, 0]).mean()
    assert result.dimensions["arousal"].pooled.mean_absolute_error == pytest.approx(difference)
    report = (run / "report.html").read_text()
    assert "<h2>Dimensions</h2>" in report and "Ratings and estimates" in report
    assert evaluate(run) == result
    # The range that the settings do not name is that of the training part.
    settings = json.loads((run / "model" / "config.json").read_text())
    assert settings["labels"]["ranges"] == {"arousal": [1, 7], "valence": [0, 0.5]}
    history = (run / "fold_0" / "history.csv").read_text().splitlines()[0]
    assert "val_dimensions_loss" in history and "val_probabilities_ua" in history


@pytest.fixture(scope="module")
def export(run, manifest):
    """The export of the run."""
    corpus = corpora.load("manifest", manifest)
    exporting.export(run, run.parent / "export", corpus, threads=())
    return run.parent / "export"


def test_every_artefact_gives_the_same_dimensions(export, manifest):
    wave, _ = soundfile.read(manifest.parent / "0-1-2.wav", dtype="float32")
    expected = load(export / "model.keras").predict(wave)
    assert list(expected.dimensions) == ["arousal", "valence"] and 1 < expected.dimensions["arousal"] < 7
    for artefact in ("saved_model/1", "tflite/float32.tflite", "tflite/float32-fixed.tflite", "tflite/int8.tflite"):
        predictor = load(export / artefact)
        assert predictor.dimensions == {"arousal": (1, 7), "valence": (0, 0.5)}
        answer = predictor.predict(wave)
        assert list(answer.probabilities) == ["calm", "tense"]
        if "int8" not in artefact:
            for received, wanted, bound in (
                (answer.probabilities, expected.probabilities, 1e-4),
                (answer.dimensions, expected.dimensions, 1e-3),
            ):
                np.testing.assert_allclose(list(received.values()), list(wanted.values()), atol=bound)
    # MediaPipe classifies, and takes every output for probabilities.
    classes = load(export / "tflite" / "mediapipe.tflite").predict(wave)
    assert classes.dimensions == {} and classes.label == expected.label
    golden = json.loads((export / "golden" / "golden.json").read_text())
    assert golden["dimensions"] == {"arousal": [1, 7], "valence": [0, 0.5]}
    assert len(golden["utterances"][0]["dimensions"]["int8"]) == 2
    parity = json.loads((export / "parity.json").read_text())
    differences = {result["artefact"]: result.get("dimension_difference") for result in parity["results"]}
    assert differences["saved_model/1"] < 1e-4 and differences["tflite/mediapipe.tflite"] is None
    assert "rates arousal (1 to 7), valence (0 to 0.5)" in (export / "MODEL_CARD.md").read_text()


def test_every_answer_gives_them(export, manifest, tmp_path, capsys):
    wav = manifest.parent / "0-1-2.wav"
    predictor = load(export / "tflite" / "float32.tflite")
    expected = predictor.predict_file(wav).dimensions
    model = ["--model", str(export / "tflite" / "float32.tflite")]
    assert main(["predict", str(wav), *model, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dimensions"] == pytest.approx(expected)
    assert main(["predict", str(wav), *model]) == 0
    assert f"arousal {expected['arousal']:.3f}  valence" in capsys.readouterr().out
    assert predict_batch([Request("a", wav)], export / "tflite" / "float32.tflite", tmp_path / "out.csv") == 0
    (row,) = csv.DictReader((tmp_path / "out.csv").open())
    heard = ["seconds", "heard_seconds", "reason", "error"]
    assert list(row) == ["id", "label", "calm", "tense", "arousal", "valence", *heard]
    assert float(row["valence"]) == pytest.approx(expected["valence"])
    windows = list(timeline(predictor, wav, window_seconds=0.2, hop_seconds=0.1))
    assert set(windows[0].smoothed_dimensions) == {"arousal", "valence"}
    write_timeline(tmp_path / "t.csv", windows, wav)
    header = next(csv.reader((tmp_path / "t.csv").open()))
    assert header[-5:] == ["arousal", "valence", "smoothed_arousal", "smoothed_valence", "reason"]
    write_timeline(tmp_path / "t.png", windows, wav, predictor.dimensions)
    told = rest_answer([Answer(predictor.predict_file(wav))], predictor.labels, "inputs", predictor.dimensions)
    assert told["outputs"]["dimension_names"] == [["arousal", "valence"]]
    assert told["outputs"]["dimensions"][0] == pytest.approx(list(expected.values()))
    assert explain(export / "model.keras", wav).as_dict()["dimensions"] == pytest.approx(expected)
    page = settings(predictor.runtime.bundle, [])
    assert page["dimensions"][0] == {"name": "arousal", "low": 1, "high": 7}


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_a_server_names_them(export, manifest, protocol):
    pytest.importorskip("tensorflow_serving.apis", reason="SKIPPED FOR WANT OF tensorflow-serving-api")
    from serving_stand_in import Served, serving

    wav = manifest.parent / "0-1-2.wav"
    expected = load(export / "model.keras").predict_file(wav)
    with serving(Served(export / "saved_model" / "1")) as ports:
        predictor = connect(ports.address(protocol))
        assert predictor.dimensions == {"arousal": (1, 7), "valence": (0, 0.5)}
        answer = predictor.predict_file(wav)
    assert answer.label == expected.label
    assert answer.dimensions == pytest.approx(expected.dimensions, abs=1e-3)


def test_edited_labels_are_one_line(export, tmp_path):
    labels = export / "saved_model" / "1" / "assets" / "labels.txt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emotion_tf.inference.loading._check_sums", lambda artefact: None)
        copy = tmp_path / "1"
        shutil.copytree(labels.parent.parent, copy)
        (copy / "assets" / "labels.txt").write_text("tense\ncalm\n")
        with pytest.raises(EmotionTFError, match=r"labels\.txt of .* is not the one .* expected calm, tense, received"):
            load(copy).predict(np.zeros(4000, np.float32))
        (copy / "assets" / "labels.txt").write_text("calm\ntense\nsad\n")
        with pytest.raises(EmotionTFError, match=r"the labels of .* do not fit it; expected 2, .* received 3"):
            load(copy)
    whole = tmp_path / "export"
    shutil.copytree(export, whole)
    (whole / "saved_model" / "1" / "assets" / "labels.txt").write_text("tense\ncalm\n")
    with pytest.raises(EmotionTFError, match=r"labels\.txt"):
        load(whole)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('labels.dimensions=["a", "a"]', "labels.dimensions is out of range; expected names that differ"),
        ('labels.ranges={"a": [1, 7]}', "labels.ranges is out of range; expected ranges of no dimension alone"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    with pytest.raises(EmotionTFError, match=message):
        Config().override(settings)


def test_more_settings_that_make_no_sense():
    with pytest.raises(EmotionTFError, match="labels.ranges is out of range; expected the lowest and the highest"):
        Config().override("labels.dimensions=a", 'labels.ranges={"a": [7, 1]}')
    with pytest.raises(EmotionTFError, match="labels.dimensions is out of range; expected null for the model svm"):
        Config().override("labels.dimensions=a", "model.name=svm", "model.modality=audio")
    config = TINY.override("labels.dimensions=a", "model.modality=audio")
    width = config.features.width
    with pytest.raises(EmotionTFError, match="nobody says the range of a"):
        models.build(config, models.Preprocessing(np.zeros(width), np.ones(width), labels=("x", "y")))


def test_a_training_part_with_one_rating(manifest, tmp_path):
    corpus = corpora.load("manifest", manifest)
    alike = tuple(dataclasses.replace(one, ratings=(2.0, one.ratings[1])) for one in corpus.utterances)
    config = LEARNED.override("labels.ranges=null", "labels.dimensions=arousal")
    with pytest.raises(EmotionTFError, match="the training part has no two different ratings of arousal"):
        training.train(dataclasses.replace(corpus, utterances=alike), config, "speaker-kfold:3", tmp_path / "run")
