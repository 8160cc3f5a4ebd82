"""Manifests of other classes than the four of the paper, from the table to every artefact, with no change of code."""

import csv
import dataclasses
import json

import numpy as np
import pytest
import soundfile
from made_corpus import TINY
from made_waves import RATE, noise

from emotion_tf import corpora, exporting, training
from emotion_tf.config import Config
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.inference import Request, load, predict_batch
from emotion_tf.robustness import stress
from emotion_tf.webdemo import build

CLASSES = {
    2: ("betont", "ruhig"),
    3: ("pleasant surprise", "生气", "Überraschung"),
    10: tuple(f"class {letter}" for letter in "abcdefghij"),
}


def write_manifest(folder, classes, speakers=3, takes=2):
    """Hums whose pitch tells the class, in a table with semicolons and other names of columns."""
    folder.mkdir(parents=True)
    rows = []
    for speaker in range(speakers):
        for place, label in enumerate(classes):
            for take in range(takes):
                name = f"{speaker}-{place}-{take}.wav"
                time = np.arange(round(0.25 * RATE)) / RATE
                wave = 0.3 * np.sin(2 * np.pi * 150 * 1.3**place * time) + 0.1 * noise(len(time), speaker)
                soundfile.write(folder / name, wave, RATE)
                rows.append([name, f"word {place}", label, f"s{speaker}"])
    with (folder / "table.csv").open("w", encoding="utf-16", newline="") as file:
        table = csv.writer(file, delimiter=";")
        table.writerow(["Datei", "Satz", "Gefühl", "Person"])
        table.writerows(rows)
    return corpora.load(
        "manifest",
        folder / "table.csv",
        {"audio": "Datei", "text": "Satz", "label": "Gefühl", "speaker": "Person"},
    )


@pytest.mark.parametrize(
    "count", [2, pytest.param(3, marks=pytest.mark.slow), pytest.param(10, marks=pytest.mark.slow)]
)
def test_every_way_of_a_manifest(count, tmp_path):
    classes = tuple(sorted(CLASSES[count]))
    corpus = write_manifest(tmp_path / "corpus", CLASSES[count])
    run, out = tmp_path / "run", tmp_path / "export"
    config = TINY.override("training.class_weights=balanced", "training.epochs=2")
    result = training.train(corpus, config, "speaker-kfold:3", run, tmp_path / "records")
    assert tuple(result.per_class) == classes
    assert len(result.confusion) == count
    predictions = Predictions.read(run / "predictions.csv")
    assert predictions.classes == classes and predictions.probabilities.shape == (6 * count, count)
    assert Config.from_dict(json.loads((run / "config.json").read_text())["settings"]).labels.classes == classes
    assert (run / "model" / "labels.txt").read_text(encoding="utf-8").splitlines() == list(classes)

    tested = stress(run, corpus, tmp_path / "stress", ["missing"] if count == 2 else ["sound"], tmp_path / "records")
    assert tested.n == 6 * count

    chosen, _ = corpora.choose_labels(corpus, config)
    result = exporting.export(run, out, corpus)
    assert result.notes is not None
    wave, _ = soundfile.read(chosen.utterances[0].audio, dtype="float32")
    requests = [Request(u.id, u.audio, 0.0, None, u.text) for u in chosen.utterances[:3]]
    for artefact in ("model.keras", "saved_model/1", "tflite/float32.tflite", "tflite/int8.tflite"):
        predictor = load(out / artefact)
        answer = predictor.predict(wave, "word 0")
        assert tuple(answer.probabilities) == classes
        if not artefact.endswith("int8.tflite"):
            expected = load(out / "model.keras").predict(wave, "word 0").probabilities
            np.testing.assert_allclose(list(answer.probabilities.values()), list(expected.values()), atol=1e-4)
        answers = tmp_path / "answers.csv"
        answers.unlink(missing_ok=True)
        assert predict_batch(requests, out / artefact, answers) == 0
        header = next(csv.reader(answers.open(encoding="utf-8", newline="")))
        assert header == ["id", "label", *classes, "seconds", "heard_seconds", "reason", "error"]
    assert json.loads((out / "golden" / "golden.json").read_text(encoding="utf-8"))["labels"] == list(classes)
    build(out, tmp_path / "page")
    page = json.loads((tmp_path / "page" / "settings.json").read_text(encoding="utf-8"))
    assert page["labels"] == list(classes)


def test_votes_and_imbalance_are_trained_and_judged(tmp_path):
    corpus = write_manifest(tmp_path / "corpus", CLASSES[3], takes=2)
    first, second, _ = CLASSES[3]
    voted = [
        dataclasses.replace(utterance, votes=((first, 3.0), (second, 1.0))) if utterance.label == first else utterance
        for utterance in corpus.utterances
    ]
    corpus = dataclasses.replace(corpus, utterances=tuple(voted[2:]))
    config = TINY.override(
        "labels.votes=true", "training.sampling=balanced", "training.label_smoothing=0.1", "training.epochs=2"
    )
    result = training.train(corpus, config, "speaker-kfold:3", tmp_path / "run", tmp_path / "records")
    assert result.votes is not None and result.votes.n == sum(item.label == first for item in voted[2:])
    assert result.votes.rater_entropy == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))
    assert "Jensen-Shannon divergence from the votes" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    focal = TINY.override("training.focal_gamma=2", "training.class_weights=balanced", "training.epochs=1")
    assert training.train(corpus, focal, "speaker-kfold:3", tmp_path / "focal", tmp_path / "records").n == 16
