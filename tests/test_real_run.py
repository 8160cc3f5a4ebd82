"""Real speech, from the command line to a prediction, as a user runs it."""

import csv
import json

import pytest

from emotion_tf import cli
from emotion_tf.labels import FOUR


@pytest.mark.slow
def test_ravdess_from_audio_to_a_served_prediction(real_data, ravdess_clips, tmp_path, capsys):
    """A short training on 672 real clips, its export, and the same answer from all three runtimes."""
    workdir, out = tmp_path / "runs" / "ravdess", tmp_path / "export"
    flags = ["--corpus", "ravdess", "--data_dir", str(real_data / "ravdess"), "--modality", "audio"]
    settings = ["--set", "training.epochs=10", "--set", "model.filters=32", "--set", "augmentation.speeds=1"]
    run = ["--preset", "strong", "--protocol", "speaker-kfold:2", "--workdir", str(workdir)]
    assert cli.main(["train", *flags, *settings, *run]) == 0
    metrics = json.loads((workdir / "metrics.json").read_text())
    assert metrics["n"] == 672
    # Chance is 0.25; the folds are speakers whom the models have not heard.
    assert metrics["ua"] > 0.4

    assert cli.main(["export", "--workdir", str(workdir), "--out", str(out), *flags[2:4]]) == 0
    parity = json.loads((out / "parity.json").read_text())
    assert parity["utterances"]["test"] > 300
    for result in parity["results"]:
        # Every label that rounding changes may be one that was right, and no emotion has less than half of its share.
        assert result["label_agreement"] >= 0.97
        assert result["ua"] >= parity["reference"]["ua"] - 2 * (1 - result["label_agreement"])
    with (workdir / "predictions.csv").open(newline="") as file:
        predicted = {row["id"]: row for row in csv.DictReader(file)}
    tested = json.loads((workdir / "model" / "fold.json").read_text())["fold"]
    clips = [clip for clip in ravdess_clips if predicted[clip.stem]["fold"] == str(tested)][::60]
    capsys.readouterr()
    for artefact in ("", "tflite/float32.tflite", "tflite/float32-fixed.tflite", "model.keras"):
        assert cli.main(["predict", *map(str, clips), "--model", str(out / artefact), "--json"]) == 0
        answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [answer["file"] for answer in answers] == [str(clip) for clip in clips]
        for clip, answer in zip(clips, answers, strict=True):
            for emotion in FOUR:
                expected = float(predicted[clip.stem][emotion])
                assert answer["probabilities"][emotion] == pytest.approx(expected, abs=1e-4)
