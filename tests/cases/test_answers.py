"""Recordings as people have them, asked in every way: what is heard, of how much, and what is not judged."""

import csv
import dataclasses
import json

import numpy as np
import pytest
import soundfile

from emotion_tf.audio.reader import read_waveform
from emotion_tf.cli import main
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference import load, predict_batch, predict_files, requests_in, timeline

pytest_plugins = ["exported_runs"]

RATE = 16_000


@pytest.fixture(scope="module")
def model(audio_export):
    return audio_export.folder / "tflite" / "float32.tflite"


@pytest.fixture(scope="module")
def predictor(model):
    return load(model)


@pytest.fixture(scope="module")
def sentence(cases):
    return soundfile.read(cases / "v.wav", dtype="float32")[0]


def scores(prediction) -> list[float]:
    return list(prediction.probabilities.values())


def test_channel_that_is_named(audio_export, predictor, cases, sentence):
    """D: the second speaker is the first one backwards, as make_cases.sh says."""
    for channel, heard in ((1, sentence), (2, sentence[::-1]), ("mean", (sentence + sentence[::-1]) / 2)):
        said = predictor.predict_file(cases / "d-two-speakers.wav", channel=channel)
        np.testing.assert_allclose(scores(said), audio_export.expected(heard, []), atol=1e-5)
    with pytest.raises(EmotionTFError, match="no such channel; expected 1 to 2, received 3"):
        predictor.predict_file(cases / "d-two-speakers.wav", channel=3)


def test_each_channel(audio_export, model, predictor, cases, sentence, tmp_path, capsys):
    expected = [audio_export.expected(heard, []) for heard in (sentence, sentence[::-1])]
    file = cases / "d-two-speakers.wav"
    np.testing.assert_allclose(list(map(scores, predictor.predict_channels(file))), expected, atol=1e-5)
    answers = list(predict_files([file], model, channel="each"))
    assert [(answer.file, answer.channel) for answer in answers] == [(str(file), 1), (str(file), 2)]
    np.testing.assert_allclose([scores(answer.prediction) for answer in answers], expected, atol=1e-5)

    assert main(["predict", str(file), "--model", str(model), "--channel", "each"]) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == [
        f"{file} (channel 1)",
        f"{file} (channel 2)",
    ]
    assert main(["predict", str(file), "--model", str(model), "--channel", "2", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    np.testing.assert_allclose(list(json.loads(line)["probabilities"].values()), expected[1], atol=1e-5)

    folder = tmp_path / "calls"
    folder.mkdir()
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes(file.read_bytes())
    assert predict_batch(requests_in(folder), model, tmp_path / "out.csv", channel="each") == 0
    rows = list(csv.DictReader((tmp_path / "out.csv").open(newline="")))
    assert [(row["id"], row["channel"]) for row in rows] == [(name, n) for name in ("a.wav", "b.wav") for n in "12"]
    found = [[float(row[label]) for label in predictor.labels] for row in rows]
    np.testing.assert_allclose(found, [*expected, *expected], atol=1e-5)


def test_timeline_of_each_channel(model, cases, tmp_path, capsys):
    call = ["timeline", str(cases / "d-two-speakers.wav"), "--model", str(model), "--channel", "each"]
    assert main(call) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == ["channel 1", "channel 2"]
    assert main([*call, "--out", str(tmp_path / "call.json")]) == 0
    written = [json.loads((tmp_path / f"call-{number}.json").read_text()) for number in (1, 2)]
    assert [content["channel"] for content in written] == [1, 2]
    assert written[0]["windows"][0]["probabilities"] != written[1]["windows"][0]["probabilities"]


def test_channels_that_cancel_are_heard_and_said(predictor, cases, sentence, caplog):
    said = predictor.predict_file(cases / "d-antiphase.wav")
    assert scores(said) == scores(predictor.predict(sentence)) and said.reason is None
    assert "cancel each other; channel 1 of 2, the loudest, is heard alone" in caplog.text


def test_leading_silence(model, predictor, cases, sentence, tmp_path, capsys):
    """E: 8 s of silence, of which the model hears 7.5 s."""
    said = predictor.predict_file(cases / "e-lead.wav")
    assert said.seconds == pytest.approx(8 + len(sentence) / RATE)
    assert said.heard_seconds == pytest.approx(len(sentence) / RATE + 0.05, abs=0.05)
    assert said.label == predictor.predict(sentence).label != "undecided"
    np.testing.assert_allclose(scores(said), scores(predictor.predict(sentence)), atol=0.02)
    # The same of a wave, in bulk and in a timeline; the last of them hears all, so that nothing is lost.
    wave = read_waveform(cases / "e-lead.wav", RATE)
    again = predictor.predict(wave)
    assert dataclasses.replace(again, probabilities=said.probabilities) == said
    np.testing.assert_allclose(scores(again), scores(said), atol=1e-6)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "late.wav").write_bytes((cases / "e-lead.wav").read_bytes())
    assert main(["predict", str(tmp_path / "in"), "--model", str(model), "--out", str(tmp_path / "out.jsonl")]) == 0
    answer = json.loads((tmp_path / "out.jsonl").read_text())
    assert answer["heard_seconds"] == said.heard_seconds and answer["seconds"] == said.seconds
    assert "longer than" not in capsys.readouterr().err


def test_what_is_longer_is_said_in_one_line(model, sentence, tmp_path, capsys):
    for name, times in (("a.wav", 1), ("b.wav", 5), ("c.wav", 6)):
        soundfile.write(tmp_path / name, np.tile(sentence, times), RATE)
    assert (
        main(["predict", *(str(tmp_path / name) for name in ("a.wav", "b.wav", "c.wav")), "--model", str(model)]) == 0
    )
    assert capsys.readouterr().err.splitlines() == [
        "2 of 3 recordings are longer than the 7.5 s that the model hears; `emotion-tf timeline` hears a recording to "
        "its end"
    ]
    assert main(["predict", str(tmp_path / "b.wav"), "--model", str(model), "--json"]) == 0
    printed = capsys.readouterr()
    answer = json.loads(printed.out)
    assert answer["seconds"] == pytest.approx(5 * len(sentence) / RATE) and answer["heard_seconds"] == 7.5
    assert printed.err.startswith("the recording is longer than the 7.5 s that the model hears;")


@pytest.mark.parametrize("way", ["file", "wave", "files", "bulk", "command", "timeline"])
@pytest.mark.parametrize(("name", "reason"), [("silence", "silence"), ("noise", "no speech")])
def test_nobody_speaks(name, reason, way, model, predictor, cases, tmp_path, capsys):
    wave = 0.1 * np.random.default_rng(0).normal(size=3 * RATE) if name == "noise" else np.zeros(3 * RATE)
    file = tmp_path / "sound.wav"
    soundfile.write(file, wave, RATE)
    if name == "silence":
        file.write_bytes((cases / "e-silence.wav").read_bytes())
    if way == "file":
        said = predictor.predict_file(file)
        label, found, probabilities = said.label, said.reason, said.probabilities
        assert predictor.predict_file(file, any_sound=True).label in predictor.labels
    elif way == "wave":
        said = predictor.predict(wave)
        label, found, probabilities = said.label, said.reason, said.probabilities
    elif way == "files":
        (answer,) = predict_files([file], model)
        label, found, probabilities = answer.label, answer.prediction.reason, answer.probabilities
    elif way == "bulk":
        predict_batch(requests_in(tmp_path), model, tmp_path / "out.csv")
        (row,) = csv.DictReader((tmp_path / "out.csv").open(newline=""))
        label, found, probabilities = row["label"], row["reason"], {name: float(row[name]) for name in predictor.labels}
    elif way == "command":
        assert main(["predict", str(file), "--model", str(model)]) == 0
        assert f"\tundecided ({reason})\t" in capsys.readouterr().out
        assert main(["predict", str(file), "--model", str(model), "--json"]) == 0
        answer = json.loads(capsys.readouterr().out)
        label, found, probabilities = answer["label"], answer["reason"], answer["probabilities"]
    else:
        (window,) = timeline(predictor, file)
        label, found, probabilities = window.label, window.reason, window.probabilities
    assert (label, found) == ("undecided", reason)
    # What the model says of it stays in the answer.
    assert list(probabilities) == list(predictor.labels) and sum(probabilities.values()) == pytest.approx(1, abs=1e-3)


def test_timeline_by_speech(audio_export, model, predictor, sentence, tmp_path, capsys):
    """Two sentences between pauses, the second three times in a row, which is longer than the model hears."""
    pause = np.zeros(2 * RATE, np.float32)
    row = np.tile(sentence, 4)
    wave = np.concatenate([pause, sentence, pause, row, pause])
    soundfile.write(tmp_path / "call.wav", wave, RATE, subtype="FLOAT")
    windows = list(timeline(predictor, tmp_path / "call.wav", by="speech"))
    assert len(windows) >= 3
    first, second = 2 + len(sentence) / RATE, 4 + len(sentence) / RATE
    assert windows[0].start == pytest.approx(2, abs=0.3) and windows[0].end == pytest.approx(first, abs=0.3)
    assert windows[1].start == pytest.approx(second, abs=0.3)
    assert windows[-1].end == pytest.approx(len(wave) / RATE - 2, abs=0.4)
    for before, window in zip([None, *windows], windows, strict=False):
        assert 0 < window.end - window.start <= 7.5 and (before is None or before.end <= window.start)
        heard = wave[round(window.start * RATE) : round(window.end * RATE)]
        np.testing.assert_allclose(scores(window), audio_export.expected(heard, []), atol=1e-4)
    call = ["timeline", str(tmp_path / "call.wav"), "--model", str(model), "--by", "speech"]
    assert main(call) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(windows)
    assert main([*call, "--out", str(tmp_path / "call.png")]) == 0
    soundfile.write(tmp_path / "call.wav", pause, RATE)
    assert list(timeline(predictor, tmp_path / "call.wav", by="speech")) == []
    assert main([*call, "--out", str(tmp_path / "none.csv")]) == 1
    assert "nobody speaks in" in capsys.readouterr().err
