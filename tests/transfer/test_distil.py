"""A student learns what teachers say: the targets of each fold, and what a run of it leaves behind."""

import csv
import dataclasses
import json

import keras
import numpy as np
import pytest
from made_corpus import TINY, make_corpus

import emotion_tf
from emotion_tf import models, transfer
from emotion_tf.audio.reader import read_waveform
from emotion_tf.cli import main
from emotion_tf.config import LabelConfig
from emotion_tf.corpora import folds
from emotion_tf.dataset import FrontEnd
from emotion_tf.dataset.extract import Records
from emotion_tf.errors import EmotionTFError
from emotion_tf.labels import FOUR
from emotion_tf.training import save_model
from emotion_tf.training.vector_target import VectorTarget
from emotion_tf.transfer import distillation
from emotion_tf.transfer.distillation import TeachersLesson
from emotion_tf.transfer.teacher import Teacher
from emotion_tf.utils.files import file_digest, write_json

STUDENT = TINY.override(
    "model.modality=audio",
    "model.name=cnn",
    "model.audio_kernel_sizes=[3]",
    "training.epochs=1",
    "training.dev_splits=2",
)
TEACHER = STUDENT.override("features.mel_bands=6")
"""A front end of its own, as a teacher with an encoder has."""


def saved(folder, seed, labels=FOUR):
    """A teacher whose answers nobody trained."""
    folder.mkdir(parents=True)
    keras.utils.set_random_seed(seed)
    width = TEACHER.features.width
    preprocessing = models.Preprocessing(np.full(width, -3.0), np.full(width, 9.0), labels=labels)
    save_model(folder, models.build(TEACHER, preprocessing), TEACHER, preprocessing)


class Says:
    """A teacher that says the same of everything."""

    description, folds_file = "stub", None

    def __init__(self, *row):
        self.row = row

    def probabilities(self, fold, utterances, classes):
        return np.tile(self.row, (len(utterances), 1))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus") / "clips", speakers=4)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unlabelled") / "recordings"
    make_corpus(folder, speakers=1)
    return folder


@pytest.fixture(scope="module")
def teacher(corpus, tmp_path_factory):
    """What a run of two folds leaves, but for training."""
    workdir = tmp_path_factory.mktemp("teacher") / "run"
    for name, seed in (("model", 0), ("fold_0/model", 1), ("fold_1/model", 2)):
        saved(workdir / name, seed)
    assignment = {item.id: int(item.speaker in ("s0", "s3")) for item in corpus.utterances}
    folds.save(workdir / "folds.json", assignment)
    run = {"corpus": "made", "protocol": "speaker-kfold:2", "notes": [], "settings": TEACHER.as_dict()}
    write_json(workdir / "config.json", run)
    return workdir


@pytest.fixture(scope="module")
def student(corpus, recordings, teacher, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("student") / "run"
    emotion_tf.distil(teacher, corpus, STUDENT, "speaker-kfold:2", workdir, [recordings], vector_weight=1.0)
    return workdir


def test_targets_are_softened_and_mixed_with_the_label(corpus):
    config = dataclasses.replace(STUDENT, labels=LabelConfig(classes=FOUR, votes=True))
    unlabelled = dataclasses.replace(corpus.utterances[0], id="new", label="")
    records = Records((), (), (*corpus.utterances, unlabelled))
    teachers = (Says(0.9, 0.0, 0.05, 0.05), Says(0.38, 0.0, 0.31, 0.31))
    lesson = TeachersLesson(teachers, ("a", "b"), config, (unlabelled,), temperature=2.0, label_weight=0.25)
    happy = next(item for item in corpus.utterances if item.label == "happy" and item.speaker == "s0")
    taught, train = lesson.teach(0, records, [happy])
    # The mean is .64, 0, .18, .18, and the roots of these are .8, 0, .424, .424.
    roots = np.sqrt([0.64, 0, 0.18, 0.18])
    soft = roots / roots.sum()
    by_id = {item.id: item for item in taught.utterances}
    assert [item.id for item in train] == [happy.id, "new"]
    np.testing.assert_allclose([share for _, share in by_id["new"].votes], soft, atol=1e-7)
    np.testing.assert_allclose(
        [share for _, share in by_id[happy.id].votes], 0.75 * soft + 0.25 * np.array([0, 1, 0, 0]), atol=1e-7
    )
    assert (by_id["new"].label, by_id[happy.id].label) == ("angry", "happy")
    # Nobody else has targets, and all keep their labels.
    others = [item for item in taught.utterances if item.id not in ("new", happy.id)]
    assert not any(item.votes for item in others)
    assert {item.id: item.label for item in others} == {
        item.id: item.label for item in corpus.utterances if item.id != happy.id
    }


def test_teacher_answers_by_fold_as_its_model_does(corpus, teacher, tmp_path):
    asked = corpus.utterances[:3]
    of_run = Teacher(teacher, "made", [corpus.utterances], tmp_path / "records")
    for fold in (0, 1):
        predictor = emotion_tf.load(teacher / f"fold_{fold}" / "model" / "model.keras")
        said = [predictor.predict(read_waveform(item.audio, 16_000)).probabilities for item in asked]
        expected = [[row[name] for name in reversed(FOUR)] for row in said]
        found = of_run.probabilities(fold, asked, tuple(reversed(FOUR)))
        np.testing.assert_allclose(found, expected, atol=1e-5)
    # Of two classes, the others are left out.
    pair = of_run.probabilities(1, asked, ("happy", "sad"))
    np.testing.assert_allclose(pair[:, 0], [row["happy"] / (row["happy"] + row["sad"]) for row in said], atol=1e-5)


def test_run_has_the_folds_and_the_sums_of_its_teacher(teacher, student):
    assert json.loads((student / "folds.json").read_text()) == json.loads((teacher / "folds.json").read_text())
    lesson = json.loads((student / "config.json").read_text())["lesson"]
    sums = {str(fold): file_digest(teacher / f"fold_{fold}" / "model" / "model.keras") for fold in (0, 1)}
    assert lesson["teachers"] == [sums]
    assert (lesson["temperature"], lesson["label_weight"]) == (2.0, 0.3)


def test_recordings_are_trained_on_and_never_tested(corpus, student):
    with (student / "predictions.csv").open(newline="") as file:
        tested = {row["id"] for row in csv.DictReader(file)}
    assert tested == {item.id for item in corpus.utterances}
    notes = json.loads((student / "config.json").read_text())["notes"]
    assert "4 recordings without labels were trained on." in notes
    # A run of the corpus teaches fold by fold, and nobody has heard those who are tested.
    assert not any("too good" in note for note in notes)


def test_vectors_are_a_second_target(corpus, teacher, tmp_path):
    asked = corpus.utterances[:4]
    of_run = Teacher(teacher, "made", [corpus.utterances], tmp_path / "records")
    config = dataclasses.replace(STUDENT, labels=LabelConfig(classes=FOUR, votes=True))
    lesson = TeachersLesson((of_run,), ("run",), config, (), 2.0, 0.3, vector_weight=4.0)
    records, _ = lesson.teach(0, Records((), (), corpus.utterances), asked)
    vectors = of_run.vectors(0, asked)
    network = models.inner_network(keras.saving.load_model(teacher / "fold_0" / "model" / "model.keras"))
    before = keras.Model(network.inputs, network.get_layer("utterance").output)
    frames = FrontEnd(TEACHER.features)(read_waveform(asked[0].audio, 16_000))
    np.testing.assert_allclose(vectors[0], before({"features": frames[np.newaxis]})[0], atol=1e-5)
    moving = vectors.std(axis=0) > 1e-6
    expected = 2 * (vectors - vectors.mean(axis=0))[:, moving] / vectors.std(axis=0)[moving]
    np.testing.assert_allclose(records.taught[:4, moving], expected, atol=1e-4)
    assert not records.taught[4:].any()


def test_loss_of_vectors_is_that_of_a_hand_calculation():
    layer = VectorTarget()
    probabilities, vectors = np.full((3, 2), 0.5, "float32"), np.array([[1.0], [2.0], [3.0]], "float32")
    targets = np.array([[1.0, 1.0], [0.0, 0.0], [2.0, 4.0]], "float32")
    layer.build([(3, 2), (3, 1), (3, 2)])
    layer.projection.set_weights([np.array([[1.0, 2.0]], "float32"), np.zeros(2, "float32")])
    answer = layer([probabilities, vectors, targets], training=True)
    # Projected: (1, 2), not asked, (3, 6). Squared differences: (0, 1) and (1, 4); means 0.5 and 2.5.
    np.testing.assert_allclose(layer.losses, [1.5])
    np.testing.assert_array_equal(answer, probabilities)
    layer([probabilities, vectors, targets], training=False)
    assert not layer.losses


def test_run_is_not_continued_with_another_lesson(corpus, recordings, teacher, student):
    with pytest.raises(EmotionTFError, match="holds a run of another configuration; expected lesson"):
        emotion_tf.distil(teacher, corpus, STUDENT, "speaker-kfold:2", student, [recordings], temperature=3.0)


def test_one_model_for_all_folds_is_said(corpus, teacher):
    lesson = TeachersLesson((Says(1, 0, 0, 0),), ("one",), STUDENT, (), 2.0, 0.3)
    assert lesson.notes[0].startswith("The teacher one is one model for all folds. If it was trained on speakers")


def test_command_leaves_a_file_that_repeats_it(corpus, recordings, teacher, tmp_path, monkeypatch):
    rows = [f"{item.id},{item.audio},{item.label},{item.speaker}" for item in corpus.utterances]
    (tmp_path / "corpus.csv").write_text("\n".join(["id,audio,label,speaker", *rows]))
    calls = []

    def stop(*arguments):
        calls.append(arguments)
        raise EmotionTFError("far enough")

    monkeypatch.setattr(transfer, "distil", stop)
    command = [*("distil", "--teacher", str(teacher), "--corpus", "manifest", "--data-dir"),
               *(str(tmp_path / "corpus.csv"), "--protocol", "random:2", "--preset", "strong-audio")]  # fmt: skip
    more = ["--recordings", str(recordings), "--label-weight", "0", "--workdir", str(tmp_path / "one")]
    assert main([*command, *more]) == 1
    again = ["distil", "--config", str(tmp_path / "one"), "--workdir", str(tmp_path / "two")]
    assert main(again) == 1
    for one, two in zip(calls[0], calls[1], strict=True):
        if one != tmp_path / "one" and one != tmp_path / "records":
            assert one == two
    first = calls[0]
    assert (first[0], first[5], first[6:9]) == ([str(teacher)], [str(recordings)], (2.0, 0.0, 0.0))
    assert first[-1] is None


def test_folds_are_those_asked_for_or_the_teacher_s(corpus, teacher, tmp_path, monkeypatch):
    """One model has no folds of its own; a run has, and is not asked to teach on others."""
    taken = []
    monkeypatch.setattr(distillation, "train", lambda *arguments, lesson: taken.append(arguments[6]))
    single, others = teacher / "model" / "model.keras", tmp_path / "others.json"
    folds.save(others, {item.id: int(item.speaker in ("s0", "s1")) for item in corpus.utterances})
    for model, asked in ((single, None), (single, others), (teacher, None), (teacher, teacher / "folds.json")):
        emotion_tf.distil(model, corpus, STUDENT, "speaker-kfold:2", tmp_path / "run", folds_file=asked)
    assert taken == [None, others, teacher / "folds.json", teacher / "folds.json"]
    with pytest.raises(EmotionTFError, match="the teachers were trained on other folds"):
        emotion_tf.distil(teacher, corpus, STUDENT, "speaker-kfold:2", tmp_path / "run", folds_file=others)


def test_what_does_not_fit_is_refused(corpus, teacher, tmp_path):
    other = Teacher(teacher, "made", [corpus.utterances], tmp_path / "records")
    with pytest.raises(EmotionTFError, match="the teacher run does not know the class bored"):
        other.probabilities(0, corpus.utterances, ("bored", "sad"))
    for arguments, problem in (
        ({"protocol": "speaker-kfold:4"}, "the teacher was trained under another protocol"),
        ({"temperature": 0.0}, "no such temperature"),
        ({"label_weight": 2.0}, "no such weight of the label"),
    ):
        asked = {"protocol": "speaker-kfold:2", **arguments}
        with pytest.raises(EmotionTFError, match=problem):
            emotion_tf.distil(teacher, corpus, STUDENT, workdir=tmp_path / "student", **asked)
