"""A manifest of ratings without a label, from the table through training, evaluation and export to every answer."""

import csv
import dataclasses
import json
import shutil

import numpy as np
import pytest
import soundfile
from made_corpus import TINY
from made_waves import RATE, noise

from emotion_tf import corpora, exporting, robustness, training
from emotion_tf.cli import main
from emotion_tf.config import Config
from emotion_tf.corpora import Corpus, Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import RunResult, compare, evaluate
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.exporting.examples import Example, Examples
from emotion_tf.inference import Request, connect, explain, load, predict_batch, timeline, write_timeline
from emotion_tf.inference.keras_runtime import KerasRuntime
from emotion_tf.models import inner_network
from emotion_tf.server.rest import answer as rest_answer
from emotion_tf.server.utterance import Answer
from emotion_tf.webdemo import build

LEARNED = TINY.override(
    'labels.dimensions=["arousal", "valence"]',
    'labels.ranges={"arousal": [1, 7]}',
    "training.epochs=4",
    "model.modality=audio",
)


def agreement(ratings, said):
    """Lin's concordance, from the covariance matrix of NumPy."""
    (var_one, covariance), (_, var_other) = np.cov(ratings, said, bias=True)
    return 2 * covariance / (var_one + var_other + (np.mean(ratings) - np.mean(said)) ** 2)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """Hums whose pitch and loudness are rated, in a table without labels, with some empty cells."""
    folder = tmp_path_factory.mktemp("rated")
    rows = []
    for speaker in range(3):
        for place in range(2):
            for take in range(3):
                name = f"{speaker}-{place}-{take}.wav"
                time = np.arange(round(0.25 * RATE)) / RATE
                wave = 0.1 * (take + 1) * np.sin(2 * np.pi * 150 * 2**place * time) + 0.05 * noise(len(time), speaker)
                soundfile.write(folder / name, wave, RATE)
                rows.append([name, f"s{speaker}", 2 + take, "" if take == speaker else place / 2])
    soundfile.write(folder / "unrated.wav", wave, RATE)
    rows.append(["unrated.wav", "s0", "", ""])
    with (folder / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["audio", "speaker", "arousal", "valence"], *rows])
    return folder / "table.csv"


@pytest.fixture(scope="module")
def run(manifest, tmp_path_factory):
    """A trained run of two dimensions."""
    folder = tmp_path_factory.mktemp("run")
    corpus = corpora.load("manifest", manifest)
    training.train(corpus, LEARNED, "speaker-kfold:3", folder / "run", folder / "records")
    return folder / "run"


def test_a_run(run):
    predictions = Predictions.read(run / "predictions.csv")
    assert predictions.classes == () and predictions.probabilities.shape == (18, 0)
    assert predictions.dimensions == ("arousal", "valence")
    header, first = csv.reader((run / "predictions.csv").open().readlines()[:2])
    numbers = ["rating:arousal", "rating:valence", "estimate:arousal", "estimate:valence"]
    assert header[3:] == ["label", "predicted", *numbers, "corpus"]
    assert first[3:5] == ["", ""]
    result = RunResult.load(run / "metrics.json")
    content = json.loads((run / "metrics.json").read_text())
    assert list(content) == ["protocol", "notes", "n", "folds", "dimensions", "groups"] and content["n"] == 18
    assert content["folds"] == [{"fold": fold, "n": 6} for fold in range(3)]
    arousal, said = predictions.ratings[:, 0], predictions.estimates[:, 0]
    assert result.dimensions["arousal"].pooled.ccc == pytest.approx(agreement(arousal, said))
    assert result.dimensions["valence"].pooled.n == 12 and np.isnan(result.ua)
    assert evaluate(run) == result
    report = (run / "report.html").read_text()
    assert "<h2>Dimensions</h2>" in report and "Ratings and estimates" in report and "Learning curves" in report
    assert "WA" not in report.partition("<details>")[0] and "Confusion" not in report
    settings = json.loads((run / "model" / "config.json").read_text())
    assert settings["labels"]["classes"] == [] and (run / "model" / "labels.txt").read_text() == ""


def test_weights_and_model_are_those_of_the_highest_concordance(run):
    reached = []
    for fold in range(3):
        rows = list(csv.DictReader((run / f"fold_{fold}" / "history.csv").open()))
        best = max(float(row["val_ccc"]) for row in rows)
        dev = Predictions.read(run / f"fold_{fold}" / "dev_predictions.csv")
        rated = [~np.isnan(column) for column in dev.ratings.T]
        pairs = zip(dev.ratings.T, dev.estimates.T, rated, strict=True)
        reached.append(np.mean([agreement(of[there], said[there]) for of, said, there in pairs]))
        assert reached[-1] == pytest.approx(best, abs=1e-5)
    assert json.loads((run / "model" / "fold.json").read_text())["fold"] == int(np.argmax(reached))


@pytest.fixture(scope="module")
def export(run, manifest):
    """The export of the run."""
    corpus = corpora.load("manifest", manifest)
    exporting.export(run, run.parent / "export", corpus, threads=())
    return run.parent / "export"


def test_every_artefact_gives_the_same_dimensions(export, manifest):
    wave, _ = soundfile.read(manifest.parent / "0-1-2.wav", dtype="float32")
    expected = load(export / "model.keras").predict(wave)
    assert expected.label is None and expected.probabilities == {} and 1 < expected.dimensions["arousal"] < 7
    for artefact in ("saved_model/1", "tflite/float32.tflite", "tflite/float32-fixed.tflite", "tflite/int8.tflite"):
        predictor = load(export / artefact)
        assert predictor.labels == () and predictor.dimensions == {"arousal": (1, 7), "valence": (0, 0.5)}
        answer = predictor.predict(wave)
        assert answer.label is None and answer.probabilities == {}
        values = [list(of.dimensions.values()) for of in (answer, expected)]
        np.testing.assert_allclose(*values, atol=0.1 if "int8" in artefact else 1e-3)
    assert not (export / "tflite" / "mediapipe.tflite").exists()
    golden = json.loads((export / "golden" / "golden.json").read_text())
    assert golden["labels"] == [] and "probabilities" not in golden["tolerances"]
    assert len(golden["utterances"]) == 4 and len(golden["utterances"][0]["dimensions"]["int8"]) == 2
    assert "`probabilities`" not in (export / "golden" / "README.md").read_text().partition("## Which")[0]
    parity = json.loads((export / "parity.json").read_text())
    assert parity["reference"]["wa"] is None and -1 <= parity["reference"]["ccc"] <= 1
    results = {result["artefact"]: result for result in parity["results"]}
    assert results["saved_model/1"]["largest_difference"] is None
    assert results["tflite/float32.tflite"]["dimension_difference"] < 1e-4
    assert 0 < results["tflite/int8.tflite"]["dimension_mean_difference"] < 0.02
    card = (export / "MODEL_CARD.md").read_text()
    assert "Rates an utterance: arousal (1 to 7), valence (0 to 0.5)." in card and "Arousal: CCC" in card
    assert "emotion |" not in card and "WA / UA" not in card


def test_a_rounded_file_that_says_something_else_ends_the_proof(export, manifest, tmp_path):
    """The bound of rounded files, broken by a file whose head rates all higher."""
    whole, wrong = tmp_path / "export", tmp_path / "wrong"
    shutil.copytree(export, whole)
    runtime = KerasRuntime(export / "model.keras")
    head = inner_network(runtime.model).get_layer("dimension_shares")
    head.set_weights([head.get_weights()[0], head.get_weights()[1] + 0.5])
    exporting.write_tflite(runtime.model, runtime.bundle, wrong, ("float16",))
    shutil.copyfile(wrong / "float16.tflite", whole / "tflite" / "float16.tflite")
    wave, _ = soundfile.read(manifest.parent / "0-1-2.wav", dtype="float32")
    tested = tuple(Example(wave[500 * place :], "", ratings=(2.0 + place, 0.5)) for place in range(3))
    with pytest.raises(EmotionTFError, match=r"float16\.tflite, .* a mean difference of dimensions, as a share of"):
        exporting.check_parity(whole, Examples(test=tested), threads=())


def test_every_answer_gives_them(export, manifest, tmp_path, capsys):
    wav = manifest.parent / "0-1-2.wav"
    predictor = load(export / "tflite" / "float32.tflite")
    expected = predictor.predict_file(wav).dimensions
    model = ["--model", str(export / "tflite" / "float32.tflite")]
    assert main(["predict", str(wav), *model, "--json", "--any-sound"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["dimensions"] == pytest.approx(expected) and not {"label", "probabilities"} & set(told)
    assert main(["predict", str(wav), *model, "--any-sound"]) == 0
    assert capsys.readouterr().out.startswith(f"{wav}\tarousal {expected['arousal']:.3f}  valence")
    for name in ("out.csv", "out.jsonl"):
        assert predict_batch([Request("a", wav)], export / "tflite" / "float32.tflite", tmp_path / name) == 0
    (row,) = csv.DictReader((tmp_path / "out.csv").open())
    assert list(row) == ["id", "arousal", "valence", "seconds", "heard_seconds", "reason", "error"]
    assert float(row["valence"]) == pytest.approx(expected["valence"])
    assert json.loads((tmp_path / "out.jsonl").read_text())["dimensions"] == pytest.approx(expected)
    windows = list(timeline(predictor, wav, window_seconds=0.2, hop_seconds=0.1, any_sound=True))
    assert set(windows[0].smoothed_dimensions) == {"arousal", "valence"} and windows[0].label is None
    for name in ("t.csv", "t.json", "t.png"):
        write_timeline(tmp_path / name, windows, wav, predictor.dimensions)
    header = next(csv.reader((tmp_path / "t.csv").open()))
    assert header == ["start", "end", "arousal", "valence", "smoothed_arousal", "smoothed_valence", "reason"]
    assert main(["timeline", str(wav), *model, "--window", "0.2", "--hop", "0.2", "--any-sound"]) == 0
    assert capsys.readouterr().out.startswith("0.0\t0.2\tarousal ")
    told = rest_answer([Answer(predictor.predict_file(wav))], predictor.labels, "inputs", predictor.dimensions)
    assert set(told["outputs"]) == {"error", "dimensions", "dimension_names", "dimension_ranges"}
    assert told["outputs"]["dimensions"][0] == pytest.approx(list(expected.values()))


@pytest.mark.parametrize("protocol", ["grpc", "rest"])
def test_a_server_names_them(export, manifest, protocol):
    pytest.importorskip("tensorflow_serving.apis", reason="SKIPPED FOR WANT OF tensorflow-serving-api")
    from serving_stand_in import Served, serving

    wav = manifest.parent / "0-1-2.wav"
    expected = load(export / "model.keras").predict_file(wav)
    with serving(Served(export / "saved_model" / "1")) as ports:
        predictor = connect(ports.address(protocol))
        assert predictor.labels == () and predictor.dimensions == {"arousal": (1, 7), "valence": (0, 0.5)}
        answer = predictor.predict_file(wav)
    assert answer.label is None
    assert answer.dimensions == pytest.approx(expected.dimensions, abs=1e-3)


def test_what_judges_classes_is_refused(run, export, manifest, tmp_path):
    corpus, wav = corpora.load("manifest", manifest), manifest.parent / "0-1-2.wav"
    for ask in (
        lambda: explain(export / "model.keras", wav),
        lambda: load(export).predict_file(wav, min_confidence=0.5),
        lambda: build(export, tmp_path / "page"),
        lambda: robustness.stress(run, corpus, tmp_path / "stress", records_dir=run.parent / "records"),
        lambda: compare(run, run),
    ):
        with pytest.raises(EmotionTFError, match="classes"):
            ask()
    assert main(["table", str(run)]) == 1


def test_a_test_on_other_transcripts(run, manifest, tmp_path):
    corpus = corpora.load("manifest", manifest)
    again = robustness.retest(run, corpus, tmp_path / "again", run.parent / "records")
    assert again.dimensions == RunResult.load(run / "metrics.json").dimensions


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("labels.classes=[]",), "labels.classes is out of range; expected two or more, or null, unless"),
        (("labels.classes=[]", "labels.dimensions=a", "labels.votes=true"), "labels.votes is out of range"),
        (("labels.classes=[]", "labels.dimensions=a", "labels.drop=x"), "labels.drop is out of range"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    with pytest.raises(EmotionTFError, match=message):
        TINY.override(*settings)


def test_a_corpus_with_labels_learns_dimensions_alone(caplog):
    made = [
        Utterance(f"{number}", None, 0.0, None, "x", label, f"s{number}", ratings=(float(number), np.nan))
        for number, label in enumerate(("sad", "happy", ""))
    ]
    made[1] = dataclasses.replace(made[1], votes=(("happy", 2.0),))
    made.append(dataclasses.replace(made[0], id="none", ratings=(np.nan, 1.0)))
    corpus = Corpus("made", "", "", False, tuple(made), dimensions={"arousal": (0.0, 4.0), "other": None})
    config = TINY.override("labels.classes=[]", "labels.dimensions=arousal", "labels.set=four")
    chosen, config = corpora.choose_labels(corpus, config)
    assert [(item.id, item.label, item.votes, item.ratings) for item in chosen.utterances] == [
        (f"{number}", "", (), (float(number),)) for number in range(3)
    ]
    assert "1 of 4 utterances without any rating left out" in caplog.messages
    assert config.labels.classes == () and config.labels.set is None
    assert Config.from_dict(json.loads(json.dumps(config.as_dict()))) == config
    assert corpora.choose_labels(chosen, config) == (chosen, config)
    unlabelled = tuple(dataclasses.replace(item, label="", votes=()) for item in made)
    with pytest.raises(EmotionTFError, match="leaves 0 classes to learn"):
        corpora.choose_labels(dataclasses.replace(corpus, utterances=unlabelled), TINY)


def test_two_corpora_that_rate_alike(manifest, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(manifest.read_text().replace("s0", "s9"))
    rows = list(csv.reader(other.open()))
    for row in rows[1:]:
        wave, _ = soundfile.read(manifest.parent / row[0])
        soundfile.write(tmp_path / row[0], 0.9 * wave, RATE)
    places = [("one", manifest), ("two", other)]
    corpus, config = corpora.load_several(
        places, LEARNED.override('labels.ranges={"arousal": [1, 7], "valence": [0, 1]}')
    )
    assert len(corpus.utterances) == 36 and config.labels.classes == ()
    assert {item.label for item in corpus.utterances} == {""}
