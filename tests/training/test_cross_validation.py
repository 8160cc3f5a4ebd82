import csv
import dataclasses
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest
import soundfile
from log_lines import listening
from made_corpus import WORDS, make_corpus
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from emotion_tf import models
from emotion_tf.config import Config, LabelConfig
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset import evaluation_dataset, extract, training_dataset
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import RunResult
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.labels import FOUR
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.training import cross_validation, fit_preprocessing, train
from emotion_tf.training.calibration import choose_temperature
from emotion_tf.training.checkpoint import Checkpoint

CONFIG = Config().override(
    "features.mel_bands=8",
    "features.mfcc_coefficients=5",
    "features.prosody=true",
    "features.trim_db=40",
    "features.deltas=1",
    "words.min_count=1",
    "words.embedding_width=6",
    "model.audio_kernel_sizes=3",
    "model.text_kernel_sizes=[2]",
    "model.filters=4",
    "model.dense_units=8",
    "augmentation.time_masks=1",
    "training.epochs=2",
    "training.batch_size=16",
    "training.learning_rate=0.01",
    "training.dev_splits=4",
)


NOTE = (
    "100.0% of the test utterances repeat a sentence that another speaker says in train, "
    "which a model that reads can learn by heart"
)
"""What is said of `make_corpus`, in which all speakers say the same."""


class Run(NamedTuple):
    """A finished run and how it came about."""

    workdir: Path
    corpus: Corpus
    result: RunResult
    lines: list[str]
    trained_on: list[set[str]]
    first_fold: dict[str, bytes]

    def again(self, workdir=None, config=CONFIG, listen=None):
        """The same call, or one like it; `listen` gets the lines that it logs."""
        with listening("emotion_tf.training.cross_validation", listen or (lambda line: None)):
            return train(
                self.corpus, config, "speaker-kfold:3", workdir or self.workdir, self.workdir.parent / "records"
            )


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """Six speakers, twice every emotion each, in three folds. The run was stopped after the first of them."""
    folder = tmp_path_factory.mktemp("runs")
    corpus = make_corpus(folder / "corpus", speakers=6, takes=2)
    lines: list[str] = []
    trained_on = []

    def spy(config, records, part):
        trained_on.append({utterance.speaker for utterance in part})
        return fit_preprocessing(config, records, part)

    def stop(line):
        if line.startswith("fold 2"):
            raise KeyboardInterrupt
        lines.append(line)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cross_validation, "fit_preprocessing", spy)
        with pytest.raises(KeyboardInterrupt), listening("emotion_tf", stop):
            train(corpus, CONFIG, "speaker-kfold:3", folder / "first")
        first_fold = contents(folder / "first" / "fold_0")
        with listening("emotion_tf", lines.append):
            result = train(corpus, CONFIG, "speaker-kfold:3", folder / "first")
    return Run(folder / "first", corpus, result, lines, trained_on, first_fold)


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def contents(folder):
    """Every file of a run and its bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_run_leaves_what_the_documents_say(run):
    names = {name for name in contents(run.workdir) if "tensorboard" not in name}
    model = {"model.keras", "config.json", "labels.txt", "vocabulary.txt", "tokenizer.json", "calibration.json"}
    fold = {"history.csv", "predictions.csv", "dev_predictions.csv", *(f"model/{name}" for name in model)}
    assert names == {
        *(".lock", "config.json", "folds.json", "predictions.csv", "metrics.json", "report.html", "model/fold.json"),
        *(f"model/{name}" for name in model),
        *(f"fold_{number}/{name}" for number in range(3) for name in fold),
    }
    assert (run.workdir / "model" / "labels.txt").read_text() == "angry\nhappy\nneutral\nsad\n"
    labelled = dataclasses.replace(CONFIG, labels=LabelConfig(set="all", classes=FOUR))
    assert Config.load(run.workdir / "model" / "config.json") == labelled
    described = json.loads((run.workdir / "config.json").read_text())
    assert Config.from_dict(described["settings"]) == labelled
    assert (described["corpus"], described["protocol"]) == ("made", "speaker-kfold:3")
    assert described["synthetic"] is False
    assert described["notes"] == [NOTE]
    assert described["transcripts"] == "reference"
    assert described["versions"]["keras"] == keras.__version__


def test_progress_is_told(run):
    assert run.lines[0] == "labels: 48 of 48 utterances in 4 classes (12 angry, 12 happy, 12 neutral, 12 sad)"
    assert run.lines[1].startswith("features of utterances: 48 done in ")
    told = [line for line in run.lines if "to train" in line]
    assert told == [f"fold {number} of 3: 24 to train, 8 dev, 16 test" for number in (1, 2, 3)]
    assert any(line.startswith("fold 3 of 3, epoch 2 of 2: ") for line in run.lines)


def test_every_utterance_is_predicted_once_by_who_never_heard_its_speaker(run):
    rows = table(run.workdir / "predictions.csv")
    assert sorted(row["id"] for row in rows) == sorted(utterance.id for utterance in run.corpus.utterances)
    true = {utterance.id: utterance for utterance in run.corpus.utterances}
    assignment = json.loads((run.workdir / "folds.json").read_text())
    for row in rows:
        assert (row["speaker"], row["label"]) == (true[row["id"]].speaker, true[row["id"]].label)
        assert int(row["fold"]) == assignment[row["id"]]
    for number in range(3):
        tested = {row["speaker"] for row in rows if row["fold"] == str(number)}
        dev = {row["speaker"] for row in table(run.workdir / f"fold_{number}" / "dev_predictions.csv")}
        assert (len(tested), len(dev), len(run.trained_on[number])) == (2, 1, 3)
        assert len(tested | dev | run.trained_on[number]) == 6


def test_metrics_are_those_of_the_predictions(run):
    rows = table(run.workdir / "predictions.csv")
    labels, predicted = [row["label"] for row in rows], [row["predicted"] for row in rows]
    assert run.result == RunResult.load(run.workdir / "metrics.json")
    assert run.result.protocol == "speaker-kfold:3" and run.result.notes == [NOTE]
    assert run.result.n == 48
    assert run.result.wa == pytest.approx(accuracy_score(labels, predicted))
    assert run.result.ua == pytest.approx(balanced_accuracy_score(labels, predicted))


def test_weights_that_are_kept_are_the_best_on_dev(run):
    scores = []
    for number in range(3):
        rows = table(run.workdir / f"fold_{number}" / "dev_predictions.csv")
        scores.append(balanced_accuracy_score([row["label"] for row in rows], [row["predicted"] for row in rows]))
        history = table(run.workdir / f"fold_{number}" / "history.csv")
        assert [row["epoch"] for row in history] == ["0", "1"]
        assert scores[-1] == pytest.approx(max(float(row["val_ua"]) for row in history), abs=1e-6)
    chosen = json.loads((run.workdir / "model" / "fold.json").read_text())["fold"]
    assert scores[chosen] == max(scores)
    models = [run.workdir / folder / "model.keras" for folder in ("model", f"fold_{chosen}/model")]
    assert models[0].read_bytes() == models[1].read_bytes()


def further_scaling(logits, labels, temperature):
    """The logarithm of the factor by which the temperature should have been larger, by the rule of the documents."""

    def cost(factor):
        scaled = logits * np.exp(-factor)
        loss = np.log(np.exp(scaled).sum(axis=1)) - scaled[range(len(labels)), labels]
        return loss.sum() + ((np.log(temperature) + factor) / 0.2) ** 2 / 2

    return minimize_scalar(cost, bracket=(-0.1, 0.1)).x


def test_temperature_is_the_likeliest_on_dev(run):
    """The predictions of the dev part are those after scaling, so that no further scaling makes them likelier."""
    for number in range(3):
        stored = json.loads((run.workdir / f"fold_{number}" / "model" / "calibration.json").read_text())
        temperature = run.result.folds[number].temperature
        assert stored == {"temperature": temperature}
        rows = table(run.workdir / f"fold_{number}" / "dev_predictions.csv")
        logits = np.log([[float(row[emotion]) for emotion in FOUR] for row in rows])
        labels = [FOUR.index(row["label"]) for row in rows]
        # One speaker, so that nothing becomes surer.
        further = further_scaling(logits, labels, temperature)
        assert further == pytest.approx(0, abs=0.002) if temperature > 1 else further < 0 or temperature == 1
        before = softmax(logits * temperature, axis=1)
        ids, speakers = zip(*((row["id"], row["speaker"]) for row in rows), strict=True)
        chosen = choose_temperature(Predictions(ids, [0] * len(ids), speakers, labels, before))
        assert chosen == pytest.approx(temperature, rel=1e-3)


def test_without_calibration_the_likeliest_emotions_are_the_same(run, tmp_path):
    run.again(tmp_path, CONFIG.override("training.calibration=none"))
    assert json.loads((tmp_path / "fold_0" / "model" / "calibration.json").read_text()) == {"temperature": 1.0}
    plain, scaled = (table(folder / "predictions.csv") for folder in (tmp_path, run.workdir))
    temperatures = [fold.temperature for fold in run.result.folds]
    for before, after in zip(plain, scaled, strict=True):
        assert [before[name] for name in ("id", "predicted")] == [after[name] for name in ("id", "predicted")]
        powers = np.array([float(before[emotion]) for emotion in FOUR]) ** (1 / temperatures[int(after["fold"])])
        found = [float(after[emotion]) for emotion in FOUR]
        np.testing.assert_allclose(found, powers / powers.sum(), atol=1e-5)


def test_saved_model_predicts_the_same_from_the_waves(run):
    """The front end in the saved model is the one of the records."""
    folder = run.workdir / "model"
    model = keras.saving.load_model(folder / "model.keras")
    vocabulary = Vocabulary.load(folder / "vocabulary.txt")
    fold = json.loads((folder / "fold.json").read_text())["fold"]
    rows = table(run.workdir / f"fold_{fold}" / "predictions.csv")
    sources = {utterance.id: utterance for utterance in run.corpus.utterances}
    waves = [soundfile.read(sources[row["id"]].audio, dtype="float32")[0] for row in rows]
    words = [vocabulary.encode(sources[row["id"]].text, 128) for row in rows]
    found = model(
        {
            "waveform": np.stack([np.pad(wave, (0, 8000 - len(wave))) for wave in waves]),
            "num_samples": np.array([len(wave) for wave in waves], np.int32),
            "word_ids": np.stack([np.pad(ids, (0, 8 - len(ids))) for ids in words]),
        }
    )
    expected = np.array([[float(row[emotion]) for emotion in FOUR] for row in rows])
    assert expected.shape == (16, 4)
    # Were all answers the same, the comparison would prove nothing.
    assert np.ptp(expected, axis=0).max() > 0.01
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)


def test_same_run_again_trains_nothing(run):
    before, lines = contents(run.workdir), []
    assert run.again(listen=lines.append) == run.result
    assert lines == [f"Note: {NOTE}"]
    assert contents(run.workdir) == before


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("training.epochs=3", "expected settings.training.epochs = 2, received 3"),
        ("training.fold_seed=1", "expected settings.training.fold_seed = 0, received 1"),
        ("model.text_kernel_sizes=4", "expected settings.model.text_kernel_sizes = [2], received [4]"),
    ],
)
def test_workdir_of_another_configuration(run, change, problem):
    before = contents(run.workdir)
    with pytest.raises(EmotionTFError, match="first holds a run of another configuration") as caught:
        run.again(config=CONFIG.override(change))
    assert problem in str(caught.value)
    assert contents(run.workdir) == before


def test_clash_is_told_before_features_are_made(run, tmp_path):
    with pytest.raises(EmotionTFError, match="first holds a run of another configuration"):
        train(run.corpus, CONFIG, "random:2", run.workdir, tmp_path / "records")
    assert not (tmp_path / "records").exists()


def test_run_that_was_stopped_between_folds_goes_on(run):
    assert len(run.trained_on) == 3
    assert "predictions.csv" in run.first_fold
    assert contents(run.workdir / "fold_0") == run.first_fold


def test_run_that_is_stopped_within_a_fold_goes_on(run, tmp_path, monkeypatch):
    """In another workdir the first fold becomes the same, and the last, which is there already, is left alone."""

    def stop(self, epoch, logs=None):
        if "fold_1" in str(self._path) and epoch == 1:
            raise KeyboardInterrupt

    lines = []
    shutil.copytree(run.workdir / "fold_2", tmp_path / "fold_2")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Checkpoint, "on_epoch_begin", stop)
        run.again(tmp_path, listen=lines.append)
    assert not (tmp_path / "predictions.csv").exists()
    result = run.again(tmp_path, listen=lines.append)

    assert [line.partition(":")[0] for line in lines] == [
        *("Note", "fold 1 of 3", "fold 2 of 3"),
        *("Note", "fold 2 of 3"),
    ]
    for fold in ("fold_0", "fold_1"):
        for name in ("predictions.csv", "dev_predictions.csv", "history.csv"):
            assert (tmp_path / fold / name).read_bytes() == (run.workdir / fold / name).read_bytes()
    assert (tmp_path / "predictions.csv").read_bytes() == (run.workdir / "predictions.csv").read_bytes()
    assert contents(tmp_path / "fold_2") == contents(run.workdir / "fold_2")
    assert result.n == 48


def test_second_run_in_a_workdir_is_refused(run, tmp_path):
    """The first is still at its first fold when the second begins."""
    refusals = []

    def begin_another(line):
        if line.startswith("fold 1"):
            with pytest.raises(
                EmotionTFError, match=r"another process is at the run in .*; expected one at a time"
            ) as no:
                run.again(tmp_path)
            refusals.append(no)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run.again(tmp_path, listen=begin_another)
    assert refusals
    # What ends, in whatever way, keeps nobody out.
    with pytest.raises(KeyboardInterrupt):
        run.again(tmp_path, listen=begin_another)


def test_run_of_before_a_setting_existed_goes_on(run, tmp_path):
    """As long as the setting is off or what it is by default, the run is the same."""
    shutil.copytree(run.workdir, tmp_path / "old")
    described = json.loads((tmp_path / "old" / "config.json").read_text())
    for section, name in (("model", "pooling"), ("augmentation", "disturbed_copies"), ("speaker", "embeddings")):
        del described["settings"][section][name]
    (tmp_path / "old" / "config.json").write_text(json.dumps(described))
    assert run.again(tmp_path / "old") == run.result
    del described["settings"]["training"]["epochs"]
    (tmp_path / "old" / "config.json").write_text(json.dumps(described))
    with pytest.raises(
        EmotionTFError, match=rf"expected settings\.training\.epochs = {Config().training.epochs}, received 2"
    ):
        run.again(tmp_path / "old")


def test_fit_of_keras_takes_our_datasets(run, tmp_path):
    utterances = run.corpus.utterances
    records = extract(utterances, CONFIG, run.workdir.parent / "records")
    fitted = fit_preprocessing(CONFIG, records, utterances)
    network = models.build(CONFIG, fitted)
    network.compile("adam", "categorical_crossentropy")
    history = network.fit(
        training_dataset(records, CONFIG, utterances, fitted.vocabulary),
        validation_data=evaluation_dataset(records, CONFIG, utterances, fitted.vocabulary),
        epochs=2,
        shuffle=False,
        verbose=0,
    ).history
    assert np.isfinite(history["loss"] + history["val_loss"]).all()
    # Twice 48 utterances, in batches of 16.
    assert int(network.optimizer.iterations) == 6


def written_corpus(synthetic, speakers):
    """Words without audio."""
    return Corpus(
        *("made", "nobody", "none", synthetic),
        tuple(
            Utterance(f"{speaker}-{label}", None, 0.0, None, WORDS[label], label, speaker)
            for speaker in speakers
            for label in FOUR
        ),
    )


def test_outputs_say_that_speakers_leak_and_that_machines_speak(tmp_path, monkeypatch):
    monkeypatch.setattr("emotion_tf.training.fitting.train_network", lambda *arguments: None)
    config = CONFIG.override("model.modality=text")
    result = train(written_corpus(True, "abcd"), config, "random:2", tmp_path / "run")
    synthetic, leak, _ = result.notes
    assert "synthetic" in synthetic and "speakers leak" in leak
    page = (tmp_path / "run" / "report.html").read_text()
    assert synthetic in page and leak in page
    assert json.loads((tmp_path / "run" / "config.json").read_text())["notes"] == result.notes
    # Where nothing else is said, features are kept beside the run.
    assert (tmp_path / "records").is_dir()


def test_nothing_is_made_where_the_protocol_does_not_fit(tmp_path):
    config = CONFIG.override("model.modality=text")
    with pytest.raises(EmotionTFError, match="too small for speaker-kfold:5; expected at least 5, received 2 speakers"):
        train(written_corpus(False, "ab"), config, "speaker-kfold:5", tmp_path / "run")
    assert not (tmp_path / "run").exists()
