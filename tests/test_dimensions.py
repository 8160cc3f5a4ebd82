"""A manifest with ratings, from the table through training, evaluation and export to every answer."""

import csv
import json

import numpy as np
import pytest
import soundfile
from made_corpus import TINY
from made_waves import RATE, noise

from emotion_tf import corpora, exporting, training
from emotion_tf.evaluation import RunResult, evaluate
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.inference import load

RANGES = {"arousal": (1.0, 7.0)}
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
