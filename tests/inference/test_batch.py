"""Very many recordings against one call for each, and against calls that were stopped."""

import csv
import json
import threading

import numpy as np
import pytest
import soundfile
from made_waves import RATE, babble, noise

from emotion_tf.cli import main
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference import Request, batch, load, predict_batch, requests_in
from emotion_tf.labels import FOUR
from emotion_tf.utils.locks import locked

pytest_plugins = ["exported_runs"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Recordings of many lengths, two rates and two formats, in two folders, and a file that is none."""
    folder = tmp_path_factory.mktemp("recordings")
    (folder / "more").mkdir()
    for number in range(11):
        rate = RATE * (1 + number % 2)
        wave = babble(rate // 4 + 997 * number) * (0.2 + 0.07 * number)
        soundfile.write(
            folder / ("more" if number % 3 else ".") / f"{number}.{'wav' if number % 4 else 'flac'}", wave, rate
        )
    (folder / "notes.txt").write_text("no recording")
    return folder


@pytest.fixture
def small_windows(monkeypatch):
    """Windows of four and batches of three, so that a handful of files fill several."""
    monkeypatch.setattr(batch, "WINDOW", 4)
    monkeypatch.setattr(batch, "BATCH_SIZE", 3)


def read(path):
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    with path.open(newline="") as file:
        return [
            {"id": row["id"], "error": row["error"]}
            if row["error"]
            else {
                "id": row["id"],
                "label": row["label"],
                "probabilities": {name: float(row[name]) for name in FOUR},
            }
            for row in csv.DictReader(file)
        ]


@pytest.mark.parametrize("artefact", ["saved_model/1", "model.keras", "tflite/float32.tflite"])
@pytest.mark.parametrize("name", ["answers.csv", "answers.jsonl"])
def test_answers_are_those_of_one_call_each(audio_export, artefact, name, folder, tmp_path, small_windows):
    model = audio_export.folder / artefact
    assert predict_batch(requests_in(folder), model, tmp_path / name) == 0
    answers, predictor = read(tmp_path / name), load(model)
    assert len(answers) == 11
    assert [answer["id"] for answer in answers] == sorted(answer["id"] for answer in answers)
    for answer in answers:
        alone = predictor.predict_file(folder / answer["id"])
        assert answer["label"] == alone.label
        np.testing.assert_allclose(
            list(answer["probabilities"].values()), list(alone.probabilities.values()), atol=1e-5
        )
    assert np.ptp([list(answer["probabilities"].values()) for answer in answers], axis=0).max() > 0.01
    assert not list(tmp_path.glob(".*partial*")) and not list(tmp_path.glob(".*progress*"))


def test_words_and_parts_of_a_recording(both_export, tmp_path, small_windows):
    wave = babble(2 * RATE)
    soundfile.write(tmp_path / "long.wav", wave, RATE, subtype="FLOAT")
    requests = [
        Request("first", tmp_path / "long.wav", 0.0, 0.5, "so sad"),
        Request("second", tmp_path / "long.wav", 0.75, None, "so happy today"),
        Request("whole", tmp_path / "long.wav"),
    ]
    predict_batch(requests, both_export.folder, tmp_path / "answers.jsonl")
    expected = [
        both_export.expected(wave[: RATE // 2], [4, 6]),
        both_export.expected(wave[RATE * 3 // 4 :], [4, 5, 7]),
        both_export.expected(wave, [0]),
    ]
    found = [list(answer["probabilities"].values()) for answer in read(tmp_path / "answers.jsonl")]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("windows", [1, 2])
def test_stopped_call_goes_on_and_ends_with_the_same_answers(
    windows, audio_export, folder, tmp_path, small_windows, monkeypatch, caplog
):
    class Killed(BaseException):
        """Ends a call as a kill would: nothing catches it."""

    requests, model = requests_in(folder), audio_export.folder / "model.keras"
    predict_batch(requests, model, tmp_path / "undisturbed.csv")
    original, calls = batch._Bulk._window, []

    def stopped(*arguments):
        calls.append(arguments)
        if len(calls) > windows:
            raise Killed
        return original(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(batch._Bulk, "_window", stopped)
        with pytest.raises(Killed):
            predict_batch(requests, model, tmp_path / "stopped.csv")
    assert not (tmp_path / "stopped.csv").exists()
    # The kill came while a further line was being written.
    with (tmp_path / ".stopped.csv.partial").open("ab") as file:
        file.write(b"half a li")
    with caplog.at_level("INFO"):
        predict_batch(requests, model, tmp_path / "stopped.csv")
    assert f"going on after {4 * windows} of 11 utterances" in caplog.messages
    # oneDNN may sum in another order the second time.
    for one, other in zip(read(tmp_path / "stopped.csv"), read(tmp_path / "undisturbed.csv"), strict=True):
        assert one.pop("probabilities", None) == pytest.approx(other.pop("probabilities", None), abs=1e-6)
        assert one == other


def test_what_another_question_left_is_not_taken(audio_export, folder, tmp_path, small_windows):
    requests, model = requests_in(folder), audio_export.folder / "model.keras"
    (tmp_path / ".answers.csv.partial").write_text("of another model\n" * 99)
    state = {"call": "another", "answered": 8, "failed": 0, "bytes": 99}
    (tmp_path / ".answers.csv.progress.json").write_text(json.dumps(state))
    predict_batch(requests, model, tmp_path / "answers.csv")
    assert len(read(tmp_path / "answers.csv")) == 11


def test_bad_recordings(audio_export, folder, tmp_path, small_windows):
    model = audio_export.folder / "model.keras"
    nan = np.full(RATE, np.nan, np.float32)
    soundfile.write(tmp_path / "nan.wav", nan, RATE, subtype="FLOAT")
    (tmp_path / "text.wav").write_text("no recording")
    good = requests_in(folder)
    requests = [*good[:2], Request("text", tmp_path / "text.wav"), *good[2:], Request("nan", tmp_path / "nan.wav")]
    with pytest.raises(EmotionTFError, match="text.wav"):
        predict_batch(requests, model, tmp_path / "answers.jsonl")
    assert predict_batch(requests, model, tmp_path / "answers.jsonl", skip_bad=True) == 2
    answers = read(tmp_path / "answers.jsonl")
    assert [answer["id"] for answer in answers if "error" in answer] == ["text", "nan"]
    assert [answer["id"] for answer in answers] == [request.id for request in requests]


def test_refusals(audio_export, folder, tmp_path):
    requests, model = requests_in(folder), audio_export.folder / "model.keras"
    with pytest.raises(EmotionTFError, match=r"expected .csv or .jsonl, received '.txt'"):
        predict_batch(requests, model, tmp_path / "a.txt")
    with pytest.raises(EmotionTFError, match="two utterances have one id"):
        predict_batch([*requests, requests[0]], model, tmp_path / "a.csv")
    (tmp_path / "empty").mkdir()
    with pytest.raises(EmotionTFError, match="empty holds no recording"):
        requests_in(tmp_path / "empty")
    held, done = threading.Event(), threading.Event()

    def hold():
        with locked(tmp_path / ".a.csv.lock", lambda: None):
            held.set()
            done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    try:
        with pytest.raises(EmotionTFError, match="is being written by another process"):
            predict_batch(requests, model, tmp_path / "a.csv")
    finally:
        done.set()
        holder.join()


def test_command(both_export, tmp_path, capsys):
    wave = noise(RATE // 2)
    soundfile.write(tmp_path / "a.wav", wave, RATE, subtype="FLOAT")
    (tmp_path / "b.wav").write_text("no recording")
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("id,audio,text\none,a.wav,so sad\ntwo,b.wav,\nthree,a.wav,\n")
    model = ["--model", str(both_export.folder)]
    assert main(["predict", str(manifest), *model, "--out", str(tmp_path / "out.csv"), "--skip_bad"]) == 1
    assert "1 of 3 could not be heard" in capsys.readouterr().err
    answers = read(tmp_path / "out.csv")
    assert [answer["id"] for answer in answers] == ["one", "two", "three"] and "b.wav" in answers[1]["error"]
    expected = both_export.expected(wave, [4, 6])
    np.testing.assert_allclose(list(answers[0]["probabilities"].values()), expected, atol=1e-5)
    (tmp_path / "b.wav").unlink()
    assert main(["predict", str(tmp_path), *model, "--out", str(tmp_path / "out.jsonl")]) == 0
    assert [answer["id"] for answer in read(tmp_path / "out.jsonl")] == ["a.wav"]
