"""One call over every kind of artefact: the same answer from all, and plain words where there is none."""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import soundfile
from made_waves import RATE, noise

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference import load, predict_files
from emotion_tf.labels import FOUR

pytest_plugins = ["exported_runs"]

ARTEFACTS = ["", "saved_model", "saved_model/1", "tflite/float32.tflite", "model.keras"]
RUNTIMES = ["saved_model/1", "tflite/float32.tflite", "model.keras"]

WITHOUT_SUMS = shutil.ignore_patterns("SHA256SUMS")
"""An export that is changed on purpose must not say that it was."""

# Positions in the vocabulary of `exported_runs`: 0 is padding, 1 the unknown word.
UTTERANCES = {
    "one sample": (noise(1), "i am so happy today", [2, 3, 4, 5, 7]),
    "10 ms": (noise(RATE // 100), "Never leave; me?", [8, 9, 10, 1]),
    "silence": (np.zeros(RATE, np.float32), "", [0]),
    "longer than is heard": (noise(10 * RATE), "sad " * 9 + "happy " * 9, [6] * 9),
}


def arguments(run, waveform, transcript):
    """What the model takes of an utterance."""
    model = run.config.model
    return (waveform if model.hears else None), (transcript if model.reads else None), run.voice


def check(prediction, expected, tolerance=1e-5):
    assert tuple(prediction.probabilities) == FOUR
    np.testing.assert_allclose(list(prediction.probabilities.values()), expected, atol=tolerance)
    # Waves made by code are no speech.
    assert prediction.label == (FOUR[expected.argmax()] if prediction.reason is None else "undecided")


@pytest.mark.parametrize("artefact", RUNTIMES)
def test_every_runtime_answers_as_the_network(any_export, artefact):
    predictor = load(any_export.folder / artefact)
    for waveform, transcript, ids in UTTERANCES.values():
        prediction = predictor.predict(*arguments(any_export, waveform, transcript))
        check(prediction, any_export.expected(waveform, ids))


@pytest.mark.parametrize("artefact", RUNTIMES)
def test_every_runtime_answers_as_the_network_on_real_speech(any_export, artefact, ravdess_clips):
    if not any_export.config.model.hears:
        pytest.skip("the model reads only")
    predictor = load(any_export.folder / artefact)
    answers = []
    for clip in ravdess_clips[::130]:
        waveform, rate = soundfile.read(clip, dtype="float32")
        assert rate == RATE
        transcript = "leave me" if any_export.config.model.reads else None
        expected = any_export.expected(waveform, [9, 10])
        check(predictor.predict_file(clip, transcript, any_export.voice), expected, 1e-4)
        answers.append(expected)
    assert np.ptp(answers, axis=0).max() > 0.01


@pytest.mark.parametrize("artefact", ARTEFACTS)
def test_artefact_is_found(text_export, artefact):
    prediction = load(text_export.folder / artefact).predict(transcript="never sad")
    check(prediction, text_export.expected(None, [8, 6]))


def test_model_of_a_run_is_loaded_as_training_left_it(text_export):
    prediction = load(text_export.workdir / "model" / "model.keras").predict(transcript="never sad")
    check(prediction, text_export.expected(None, [8, 6]))


def test_highest_version_is_taken(text_export, tmp_path):
    folder = tmp_path / "export"
    shutil.copytree(text_export.folder, folder, ignore=WITHOUT_SUMS)
    (folder / "saved_model" / "1").rename(folder / "saved_model" / "10")
    (folder / "saved_model" / "9").mkdir()
    (folder / "saved_model" / "9" / "saved_model.pb").write_bytes(b"old and broken")
    assert load(folder).predict(transcript="sad").label in FOUR


def test_no_transcript_is_an_empty_one(both_export):
    predictor = load(both_export.folder)
    assert predictor.predict(noise(RATE)) == predictor.predict(noise(RATE), "")
    check(predictor.predict(noise(RATE)), both_export.expected(noise(RATE), [0]))


def test_undecided_where_no_emotion_is_likely_enough(audio_export):
    predictor = load(audio_export.folder)
    probabilities = predictor.predict(noise(RATE), any_sound=True).probabilities
    largest = max(probabilities.values())
    for threshold, label in [
        (0.0, max(probabilities, key=probabilities.get)),
        (largest, max(probabilities, key=probabilities.get)),
        (np.nextafter(largest, 2), "undecided"),
    ]:
        prediction = predictor.predict(noise(RATE), min_confidence=threshold, any_sound=True)
        assert prediction.label == label and prediction.reason == ("low confidence" if label == "undecided" else None)
        assert prediction.probabilities == probabilities
    with pytest.raises(EmotionTFError, match="no such confidence; expected 0 to 1, received 1.5"):
        predictor.predict(noise(RATE), min_confidence=1.5)


def test_file_of_another_rate_is_resampled(audio_export, tmp_path):
    tone = np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE).astype(np.float32) / 4
    finer = np.sin(2 * np.pi * 300 * np.arange(3 * RATE) / (3 * RATE)).astype(np.float32) / 4
    soundfile.write(tmp_path / "tone.wav", np.stack([finer, finer], axis=1), 3 * RATE, subtype="FLOAT")
    predictor = load(audio_export.folder)
    received = predictor.predict_file(tmp_path / "tone.wav")
    np.testing.assert_allclose(
        list(received.probabilities.values()), list(predictor.predict(tone).probabilities.values()), atol=0.02
    )


def test_predicting_needs_no_training_code(both_export, tmp_path):
    soundfile.write(tmp_path / "a.wav", noise(RATE), RATE)
    code = (
        "import sys\n"
        "from emotion_tf.inference import predict_files\n"
        "for model in sys.argv[2:]:\n"
        "    print(next(predict_files(sys.argv[1:2], model, ['so sad'], any_sound=True)).label)\n"
        "print(*(name for name in sys.modules if name.startswith('emotion_tf.')))\n"
    )
    models = [both_export.folder / artefact for artefact in RUNTIMES]
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a.wav", *models], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *labels, modules = done.stdout.splitlines()
    assert labels == [FOUR[both_export.expected(noise(RATE), [4, 6]).argmax()]] * len(RUNTIMES)
    assert not {"models", "training", "dataset", "evaluation"} & {name.split(".")[1] for name in modules.split()}


@pytest.mark.parametrize("artefact", [*RUNTIMES, "tflite/float32-fixed.tflite"])
def test_without_a_recording_or_without_words(stand_ins_export, artefact):
    predictor = load(stand_ins_export.folder / artefact)
    read = stand_ins_export.expected(None, [4, 6])
    check(predictor.predict(transcript="so sad"), read)
    check(predictor.predict(np.zeros(800), "so sad", stand_ins_export.voice), read)
    heard = stand_ins_export.expected(noise(RATE), [0])
    check(predictor.predict(noise(RATE), speaker=stand_ins_export.voice), heard)
    both = stand_ins_export.expected(noise(RATE), [4, 6])
    assert min(np.abs(read - both).max(), np.abs(heard - both).max(), np.abs(heard - read).max()) > 0.01
    for transcript in (None, "", " , "):
        with pytest.raises(EmotionTFError, match="was given neither audio nor words; expected one of them, or both"):
            predictor.predict(transcript=transcript)


def test_texts_without_files(stand_ins_export):
    answers = list(predict_files([], stand_ins_export.folder, ["so sad", "never"]))
    assert [answer.file for answer in answers] == [None, None]
    for answer, ids in zip(answers, ([4, 6], [8]), strict=True):
        np.testing.assert_allclose(list(answer.probabilities.values()), stand_ins_export.expected(None, ids), atol=1e-5)
    with pytest.raises(EmotionTFError, match="there is nothing to hear; expected an audio file, or texts and a model"):
        list(predict_files([], stand_ins_export.folder))


def test_model_without_stand_ins_wants_files(both_export):
    with pytest.raises(EmotionTFError, match="there is nothing to hear.*received no file and 1 texts"):
        list(predict_files([], both_export.folder, ["so sad"]))


def test_model_that_hears_wants_audio(both_export):
    with pytest.raises(EmotionTFError, match="hears but was given no audio; expected a wave or an audio file"):
        load(both_export.folder).predict(transcript="so sad")


def test_model_that_reads_only_wants_no_audio(text_export):
    with pytest.raises(EmotionTFError, match="reads only but was given audio"):
        load(text_export.folder).predict(noise(RATE), "so sad")


def test_model_that_hears_only_wants_no_text(audio_export):
    with pytest.raises(EmotionTFError, match=r"does not read but was given text.* leave the text out"):
        load(audio_export.folder).predict(noise(RATE), "so sad")


@pytest.mark.parametrize(
    ("waveform", "received"),
    [
        (np.zeros((2, 100)), r"shape \(2, 100\), 0 not finite"),
        (np.zeros(0), r"shape \(0,\)"),
        (np.array([0.1, np.nan, np.inf]), r"shape \(3,\), 2 not finite"),
    ],
    ids=["two channels", "empty", "not finite"],
)
def test_wave_that_cannot_be_heard(audio_export, waveform, received):
    with pytest.raises(EmotionTFError, match=f"at least one sample, all finite numbers, received the {received}"):
        load(audio_export.folder).predict(waveform)


@pytest.fixture
def copy(text_export, tmp_path):
    """An export that a test may damage."""
    shutil.copytree(text_export.folder, tmp_path / "export", ignore=WITHOUT_SUMS)
    return tmp_path / "export"


def test_folder_that_is_no_export(tmp_path):
    with pytest.raises(
        EmotionTFError, match="is no model; expected a ready model, the folder of an export or of a finished run"
    ):
        load(tmp_path)
    with pytest.raises(EmotionTFError, match="nowhere does not exist"):
        load(tmp_path / "nowhere")
    (tmp_path / "model.onnx").write_bytes(b"ONNX")
    with pytest.raises(EmotionTFError, match=r"model.onnx is no model"):
        load(tmp_path / "model.onnx")


@pytest.mark.parametrize("artefact", RUNTIMES)
def test_artefact_needs_no_file_beside_it(both_export, tmp_path, artefact):
    source, alone = both_export.folder / artefact, tmp_path / Path(artefact).name
    shutil.copytree(source, alone) if source.is_dir() else shutil.copy(source, alone)
    predictor = load(alone)
    assert (predictor.config, predictor.labels) == (both_export.config, FOUR)
    check(predictor.predict(noise(RATE), "never sad"), both_export.expected(noise(RATE), [8, 6]))


def test_run_is_loaded_as_its_model(text_export):
    check(load(text_export.workdir).predict(transcript="never sad"), text_export.expected(None, [8, 6]))


@pytest.mark.parametrize("name", ["config.json", "labels.txt", "vocabulary.txt"])
def test_saved_model_without_its_assets(copy, name):
    (copy / "saved_model" / "1" / "assets" / name).unlink()
    with pytest.raises(EmotionTFError, match=r"does not say what it was built with|cannot be loaded as a SavedModel"):
        load(copy)


def test_tflite_that_carries_no_settings(copy):
    """What another tool has written over: whole, but with nothing appended."""
    path = copy / "tflite" / "float32.tflite"
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        flatbuffer = content[: archive.infolist()[0].header_offset]
    path.write_bytes(flatbuffer + hashlib.sha256(flatbuffer).hexdigest().encode())
    with pytest.raises(EmotionTFError, match=r"float32\.tflite does not say what it was built with"):
        load(path)


def test_keras_file_that_carries_no_settings(tmp_path):
    words = keras.Input((None,), dtype="int32", name="word_ids")
    keras.Model(words, keras.layers.GlobalMaxPooling1D()(keras.layers.Embedding(9, 4)(words))).save(
        tmp_path / "a.keras"
    )
    with pytest.raises(EmotionTFError, match=r"a\.keras does not say .* build the model with emotion_tf\.models"):
        load(tmp_path / "a.keras")


def test_labels_that_do_not_fit(copy):
    labels = copy / "saved_model" / "1" / "assets" / "labels.txt"
    labels.write_text("angry\nhappy\n")
    with pytest.raises(EmotionTFError, match=r"the labels of .* do not fit it; expected 4, one for .* received 2"):
        load(copy)
    labels.write_text("angry\nangry\nhappy\nsad\n")
    with pytest.raises(EmotionTFError, match=r"labels are no labels; expected two or more names that differ"):
        load(copy)


# A damaged file must neither end the process nor be taken for a model.
@pytest.mark.parametrize("size", [0, 3, 20, 1000, -1000, -1])
@pytest.mark.parametrize("name", ["tflite/float32.tflite", "model.keras", "saved_model/1/saved_model.pb"])
def test_truncated_artefact(copy, name, size):
    path = copy / name
    path.write_bytes(path.read_bytes()[:size])
    artefact = path.parent if path.suffix == ".pb" else path
    with pytest.raises(
        EmotionTFError, match=r"float32\.tflite cannot be loaded|model\.keras is damaged|as a SavedModel"
    ):
        load(artefact)


def test_saved_model_without_its_variables(copy):
    (copy / "saved_model" / "1" / "variables" / "variables.index").unlink()
    with pytest.raises(EmotionTFError, match="cannot be loaded as a SavedModel"):
        load(copy)


def test_file_of_another_kind_by_the_name_of_a_model(copy):
    (copy / "tflite" / "float32.tflite").write_text("no model at all, but long enough")
    with pytest.raises(EmotionTFError, match=r"cannot be loaded.*expected a whole .tflite file"):
        load(copy / "tflite" / "float32.tflite")


def test_saved_model_with_the_settings_of_another(audio_export, text_export, tmp_path):
    shutil.copytree(audio_export.folder, tmp_path / "export", ignore=WITHOUT_SUMS)
    assets = Path("saved_model", "1", "assets")
    for name in ("config.json", "vocabulary.txt", "tokenizer.json"):
        shutil.copy(text_export.folder / assets / name, tmp_path / "export" / assets / name)
    with pytest.raises(EmotionTFError, match=r"not the speech model that its settings describe"):
        load(tmp_path / "export")


@pytest.fixture
def clips(tmp_path) -> list[Path]:
    """Two good files and one that is empty, in between."""
    paths = [tmp_path / name for name in ("a.wav", "bad.wav", "c.wav")]
    for seed, path in enumerate(paths):
        soundfile.write(path, noise(RATE, seed), RATE)
    paths[1].write_bytes(b"")
    return paths


def test_one_text_holds_for_all_files(both_export, clips):
    answers = list(predict_files(clips[::2], both_export.folder, ["so sad"], any_sound=True))
    assert [answer.file for answer in answers] == [str(clips[0]), str(clips[2])]
    for answer, seed in zip(answers, (0, 2), strict=True):
        expected = both_export.expected(noise(RATE, seed), [4, 6])
        np.testing.assert_allclose(list(answer.probabilities.values()), expected, atol=1e-5)
        assert answer.label == FOUR[expected.argmax()]


def test_one_text_a_file(both_export, clips):
    answers = list(predict_files(clips[::2], both_export.folder, ["so sad", "happy"]))
    for answer, seed, ids in zip(answers, (0, 2), ([4, 6], [5]), strict=True):
        expected = both_export.expected(noise(RATE, seed), ids)
        np.testing.assert_allclose(list(answer.probabilities.values()), expected, atol=1e-5)


def test_texts_and_files_that_do_not_pair(both_export, clips):
    with pytest.raises(EmotionTFError, match=r"do not pair.*received 3 files and 2 texts"):
        list(predict_files(clips, both_export.folder, ["so sad", "happy"]))


def test_bad_file_is_named(audio_export, clips):
    answers = predict_files(clips, audio_export.folder)
    assert next(answers).file == str(clips[0])
    with pytest.raises(EmotionTFError, match=r"bad\.wav is empty"):
        next(answers)


def test_bad_file_is_skipped_if_wanted(audio_export, clips):
    answers = list(predict_files(clips, audio_export.folder, skip_bad=True))
    assert [Path(answer.file).name for answer in answers] == ["a.wav", "bad.wav", "c.wav"]
    assert [answer.prediction is None for answer in answers] == [False, True, False]
    assert answers[0].error is None and "bad.wav is empty" in answers[1].error
    assert answers[1].prediction is None and set(answers[1].as_dict()) == {"file", "error"}


def test_texts_alone(text_export, clips):
    answers = list(predict_files([], text_export.folder, ["so sad", ""]))
    for answer, ids in zip(answers, ([4, 6], [0]), strict=True):
        assert answer.file is None
        expected = text_export.expected(None, ids)
        np.testing.assert_allclose(list(answer.probabilities.values()), expected, atol=1e-5)
    with pytest.raises(EmotionTFError, match="reads only; expected texts and no audio file, received 3 files"):
        list(predict_files(clips, text_export.folder, ["so sad"]))
