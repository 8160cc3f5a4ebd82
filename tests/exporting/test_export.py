"""An export as a whole: what is in it, when it refuses, and that it never leaves half of one."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import keras
import librosa
import numpy as np
import pytest
import soundfile
from ai_edge_litert.interpreter import Interpreter
from made_corpus import WORDS, make_corpus

import emotion_tf.exporting.export_run
from emotion_tf.config import Config
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.exporting import export, write_tflite
from emotion_tf.exporting.artefacts import TFLITE_BOUNDS, Artefact
from emotion_tf.exporting.card_sources import sources
from emotion_tf.exporting.dimension_loss import DimensionLoss, dimension_loss
from emotion_tf.exporting.model_card import model_card
from emotion_tf.exporting.onnx import onnx_is_installed
from emotion_tf.exporting.parity import _check, _dimension_losses, _Loss, _loss, _losses
from emotion_tf.inference import load
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.labels import FOUR
from emotion_tf.training import train
from emotion_tf.utils.files import write_json

pytest_plugins = ["exported_runs"]


class CorpusExport(NamedTuple):
    """An export that was made with the corpus of its run."""

    folder: Path
    parity: dict
    tested: list[Utterance]
    utterances: tuple[Utterance, ...]


@pytest.fixture(scope="module")
def corpus_export(tmp_path_factory):
    """Four speakers in four folds; the words are such that splitting them at spaces is right."""
    folder = tmp_path_factory.mktemp("corpus_export")
    corpus = make_corpus(folder / "corpus", speakers=4, takes=3)
    texts = {emotion: text.replace("!", " !") for emotion, text in WORDS.items()}
    utterances = tuple(dataclasses.replace(item, text=texts[item.label]) for item in corpus.utterances)
    corpus = dataclasses.replace(corpus, utterances=utterances)
    config = Config().override(
        *("words.min_count=1", "words.embedding_width=6", "model.filters=4", "model.dense_units=8"),
        *("training.epochs=5", "training.batch_size=4", "training.learning_rate=0.01"),
    )
    train(corpus, config, "speaker-kfold:4", folder / "run")
    parity = export(folder / "run", folder / "export", corpus, threads=(1,)).as_dict()
    fold = json.loads((folder / "run" / "model" / "fold.json").read_text())["fold"]
    assignment = json.loads((folder / "run" / "folds.json").read_text())
    tested = [item for item in utterances if assignment[item.id] == fold]
    return CorpusExport(folder / "export", parity, tested, utterances)


def mfcc_by_librosa(wave):
    power = librosa.feature.melspectrogram(
        y=wave, sr=16_000, window="hamming", n_fft=512, hop_length=160, win_length=400, n_mels=40
    )
    static = librosa.feature.mfcc(S=librosa.power_to_db(power, top_db=None), n_mfcc=32)
    return np.concatenate([static, *(librosa.feature.delta(static, order=order, mode="nearest") for order in (1, 2))]).T


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_export_holds_every_file(any_export):
    files = set(contents(any_export.folder))
    expected = {
        "saved_model/1/saved_model.pb",
        "tflite/float32.tflite",
        "model.keras",
        "config.json",
        "labels.txt",
        "parity.json",
        "emotion-tf.json",
        "SHA256SUMS",
        "MODEL_CARD.md",
    }
    assert expected <= files
    assert ("vocabulary.txt" in files) == any_export.config.model.reads


def test_companions_are_those_of_the_run(any_export):
    copied, source = contents(any_export.folder), contents(any_export.workdir / "model")
    assert all(copied[name] == content for name, content in source.items() if name != "fold.json")


def test_parity_is_measured_for_every_signature(any_export):
    parity = json.loads((any_export.folder / "parity.json").read_text())
    assert parity == any_export.parity
    hears, reads = any_export.config.model.hears, any_export.config.model.reads
    names = [f"{variant}{kind}" for variant in ("float32", "float16", "dynamic") for kind in ("", "-fixed")]
    names += ["mediapipe"] * (hears and not reads)
    assert [(result["artefact"], result["signature"]) for result in parity["results"]] == [
        ("saved_model/1", "serving_default"),
        *[("saved_model/1", "waveform")] * hears,
        ("saved_model/1", "features"),
        *((f"tflite/{name}.tflite", "serving_default") for name in names),
        *[("onnx/speech.onnx", "waveform")] * (hears and onnx_is_installed()),
        *[("onnx/network.onnx", "features")] * onnx_is_installed(),
    ]
    by_name = {result["artefact"]: result for result in parity["results"]}
    for exact in ("saved_model/1", "tflite/float32.tflite", "tflite/float32-fixed.tflite"):
        assert by_name[exact]["largest_difference"] <= 1e-4
    assert by_name["tflite/float32.tflite"]["bytes"] == (any_export.folder / "tflite/float32.tflite").stat().st_size
    saved_model = sum(len(content) for content in contents(any_export.folder / "saved_model/1").values())
    assert by_name["saved_model/1"]["bytes"] == saved_model


def test_parity_of_a_run_on_its_own_corpus(corpus_export):
    """Everything that only a corpus makes possible: int8, accuracies, and costs by number of threads."""
    parity = corpus_export.parity
    assert parity["utterances"]["test"] == 12 and parity["utterances"]["others"] == 36
    results = {result["artefact"]: result for result in parity["results"]}
    assert {"tflite/int8.tflite", "tflite/int8-fixed.tflite"} <= set(results)
    predictor = load(corpus_export.folder / "tflite" / "float32.tflite")
    tested = corpus_export.tested
    right = [predictor.predict_file(item.audio, item.text, any_sound=True).label == item.label for item in tested]
    assert results["tflite/float32.tflite"]["wa"] == pytest.approx(np.mean(right))
    recalls = [np.mean([r for r, item in zip(right, tested, strict=True) if item.label == e]) for e in FOUR]
    assert results["tflite/float32.tflite"]["ua"] == pytest.approx(np.mean(recalls))
    assert parity["reference"]["ua"] == results["saved_model/1"]["ua"]
    for result in parity["results"]:
        assert result["label_agreement"] >= 0.9
        assert set(result["milliseconds"]) == set(result["peak_bytes"]) == {"1"}
        assert result["milliseconds"]["1"] > 0 and 0 < result["peak_bytes"]["1"] < 2**30
    card = (corpus_export.folder / "MODEL_CARD.md").read_text()
    assert f"`model.keras` reaches {parity['reference']['wa']:.3f} / {parity['reference']['ua']:.3f}" in card
    assert "| tflite/int8-fixed.tflite | serving_default |" in card


def test_golden_transcripts_have_every_trap_of_a_tokeniser(both_export):
    golden = json.loads((both_export.folder / "golden" / "golden.json").read_text(encoding="utf-8"))
    found = {case["transcript"]: (case["words"], case["word_ids"]) for case in golden["transcripts"]}
    # Split and looked up by hand, in the vocabulary of `exported_runs`.
    contraction = ["i", "'m", "sure", "we", "do", "not", "know"], [2, 1, 1, 1, 1, 1, 1]
    assert found["I'm sure we DON'T know"] == found["I\u2019m sure we don\u2019t know"] == contraction
    assert found["Cafe\u0301"] == (["caf\u00e9"], [1])
    assert found["我很高兴"] == (["我", "很", "高", "兴"], [1] * 4)
    assert found["Мне очень грустно"][0] == ["мне", "очень", "грустно"]
    assert found["🙂"] == found[""] == ([], [0])


def test_golden_vectors_are_those_of_other_implementations(corpus_export):
    golden = json.loads((corpus_export.folder / "golden" / "golden.json").read_text())
    assert golden["labels"] == list(FOUR)
    assert len(golden["utterances"]) == len(FOUR)
    expected = {item.id: item for item in corpus_export.utterances}
    for utterance in golden["utterances"]:
        samples, rate = soundfile.read(corpus_export.folder / "golden" / utterance["wav"], dtype="float32")
        assert (len(samples), rate) == (utterance["num_samples"], golden["sample_rate"])
        original, _ = soundfile.read(expected[utterance["id"]].audio, dtype="float32")
        np.testing.assert_allclose(samples, original, atol=1 / 2**15)
        features = mfcc_by_librosa(samples)
        np.testing.assert_allclose(utterance["features"], features, atol=golden["tolerances"]["features"])
        vocabulary = (corpus_export.folder / "vocabulary.txt").read_text().split("\n")
        words = utterance["transcript"].lower().split()
        assert [vocabulary[number] for number in utterance["word_ids"]] == words
        interpreter = Interpreter(str(corpus_export.folder / "tflite" / "int8-fixed.tflite"))
        padded = np.full((1, golden["max_samples"]), 0.5, np.float32)
        padded[0, : len(samples)] = samples
        answer = interpreter.get_signature_runner("serving_default")(
            waveform=padded,
            num_samples=np.array([len(samples)], np.int32),
            word_ids=np.array([utterance["word_ids"] + [0] * (golden["max_words"] - len(words))], np.int32),
        )
        received = answer["probabilities"][0]
        tolerance = golden["tolerances"]["probabilities"]["int8-fixed"]
        np.testing.assert_allclose(received, utterance["probabilities"]["int8-fixed"], atol=tolerance)


def test_golden_vectors_of_what_lacks_its_recording_or_its_words(stand_ins_export):
    folder = stand_ins_export.folder / "golden"
    utterances = json.loads((folder / "golden.json").read_text())["utterances"]
    unheard = [item for item in utterances if item["num_samples"] == 0]
    assert unheard and any(item["word_ids"] == [0] for item in utterances)
    for item in unheard:
        assert "wav" not in item and "features" not in item
        expected = stand_ins_export.expected(None, item["word_ids"])
        for name in ("float32", "float32-fixed"):
            np.testing.assert_allclose(item["probabilities"][name], expected, atol=1e-4)
    for file in (folder / "README.md", stand_ins_export.folder / "MODEL_CARD.md"):
        assert "o recording" in file.read_text()
    assert stand_ins_export.parity["utterances"]["made"] == 8


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (_Loss(float("nan"), 0.02, 0.01), "differences of probabilities of at most 1, received nan"),
        (_Loss(0.5, 0.1, 0.01), "a share of other labels of at most 0.03, received 0.1"),
        (_Loss(0.5, 0.02, 0.02), "a loss of unweighted accuracy of at most 0.015, received 0.02"),
    ],
)
def test_artefact_that_loses_too_much_ends_the_export(loss, message):
    artefact = Artefact("tflite/int8.tflite", "serving_default", TFLITE_BOUNDS["int8"], load=None)
    truth = np.repeat(range(4), 100)
    with pytest.raises(EmotionTFError, match=message):
        _check(artefact, _losses(artefact, loss, truth))
    _check(artefact, _losses(artefact, _Loss(0.5, 0.02, 0.01), truth))
    # Of eight utterances, one may differ.
    _check(artefact, _losses(artefact, _Loss(0.5, 1 / 8, 0.125), truth[::50]))


@pytest.mark.parametrize("variant", ["float16", "dynamic", "int8"])
@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (DimensionLoss(0.2, 0.1, 0.5, 0.0), "a mean difference of dimensions, as a share of their ranges, of at most"),
        (DimensionLoss(0.2, float("nan"), 0.5, 0.0), "a mean difference of dimensions"),
        (DimensionLoss(0.2, 0.0, 0.5, 0.1), "a loss of concordance of at most"),
        (DimensionLoss(0.2, 0.0, 0.5, float("nan")), "a loss of concordance of at most"),
    ],
    ids=str,
)
def test_artefact_that_loses_too_much_of_the_dimensions_ends_the_export(variant, loss, message):
    artefact = Artefact(f"tflite/{variant}.tflite", "serving_default", TFLITE_BOUNDS[variant], load=None)
    with pytest.raises(EmotionTFError, match=message):
        _check(artefact, _dimension_losses(artefact, loss))
    _check(artefact, _dimension_losses(artefact, DimensionLoss(0.2, 0.0, 0.5, -0.1)))
    _check(artefact, _dimension_losses(artefact, DimensionLoss(0.2)))


def test_loss_of_dimensions_by_hand():
    """Against the concordance of NumPy's covariance; what code made counts for the largest difference alone."""
    ratings = np.array([[1.0, 0.0], [2.0, np.nan], [4.0, 1.0]])
    expected = np.array([[1.5, 0.25], [2.5, 0.5], [3.0, 0.75], [2.0, 0.5], [2.0, 0.5]])
    received = expected + np.array([[0.5, 0.0], [0.0, 0.1], [-0.5, 0.0], [0.0, 0.2], [3.0, 0.0]])

    def agreement(said, of):
        (one, both), (_, other) = np.cov(said, of, bias=True)
        return 2 * both / (one + other + (said.mean() - of.mean()) ** 2)

    loss = dimension_loss(received, expected, ratings, {"a": (1.0, 5.0), "b": (0.0, 1.0)}, real=4)
    after = agreement(received[:3, 0], ratings[:, 0]), agreement(received[[0, 2], 1], ratings[[0, 2], 1])
    assert loss.largest == pytest.approx(3 / 4) and loss.mean == pytest.approx(0.3 / 4)
    assert loss.ccc == pytest.approx(np.mean(after))
    assert loss.ccc_lost == pytest.approx(agreement(expected[:3, 0], ratings[:, 0]) - after[0])
    made = dimension_loss(received, expected, np.zeros((0, 2)), {"a": (1.0, 5.0), "b": (0.0, 1.0)}, real=0)
    assert made == DimensionLoss(pytest.approx(3 / 4))


def test_label_that_keras_all_but_gives_is_no_loss():
    """Of four utterances the first two are ties by Keras; of the second of these, a third label is given."""
    expected = np.array([[0.41, 0.4, 0.19], [0.41, 0.4, 0.19], [0.6, 0.3, 0.1], [0.1, 0.2, 0.7]])
    received = np.array([[0.4, 0.41, 0.19], [0.3, 0.2, 0.5], [0.4, 0.5, 0.1], [0.1, 0.2, 0.7]])
    truth = np.array([1, 0, 0, 2])
    # Keras is right of two zeros of two, no one of one and one two of one; the artefact has no zero right.
    assert _loss(received, expected, truth, 4, tie=0.05) == _Loss(pytest.approx(0.31), 0.5, pytest.approx(1 / 3))
    assert _loss(received, expected, truth, 4, tie=0.0) == _Loss(pytest.approx(0.31), 0.75, pytest.approx(0.0))


def test_artefact_that_differs_ends_the_export_and_leaves_the_old_one(text_export, tmp_path, monkeypatch):
    def write_another(model, *arguments):
        twin = keras.models.clone_model(model)
        twin.set_weights([weights + 0.1 * np.arange(weights.shape[-1]) for weights in model.get_weights()])
        write_tflite(twin, *arguments)

    shutil.copytree(text_export.folder, tmp_path / "out")
    before = contents(tmp_path)
    monkeypatch.setattr(emotion_tf.exporting.export_run, "write_tflite", write_another)
    with pytest.raises(
        EmotionTFError, match=r"^tflite/float32.tflite, signature serving_default, differs from the Keras"
    ):
        export(text_export.workdir, tmp_path / "out", threads=())
    # Only the file that keeps other exports out is new, and it stays empty.
    assert contents(tmp_path) == {**before, ".out.lock": b""}


def test_export_replaces_an_export(text_export, tmp_path):
    shutil.copytree(text_export.folder, tmp_path / "out")
    (tmp_path / "out" / "tflite" / "float32.tflite").write_bytes(b"old")
    export(text_export.workdir, tmp_path / "out", threads=())
    assert set(contents(tmp_path / "out")) == set(contents(text_export.folder))
    assert len((tmp_path / "out" / "tflite" / "float32.tflite").read_bytes()) > 1000


def test_export_refuses_a_folder_of_something_else(text_export, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(EmotionTFError, match=r"is there already and is not an export; expected a new folder"):
        export(text_export.workdir, tmp_path)
    with pytest.raises(EmotionTFError, match="is not an export"):
        export(text_export.workdir, tmp_path / "thesis.txt")
    assert contents(tmp_path) == {"thesis.txt": b"years of work"}


def test_export_leaves_a_strangers_parity_alone(text_export, tmp_path):
    (tmp_path / "parity.json").write_text("{}")
    with pytest.raises(EmotionTFError, match=r"is there already and is not an export"):
        export(text_export.workdir, tmp_path)
    assert contents(tmp_path) == {"parity.json": b"{}"}


def test_export_leaves_a_file_that_was_put_into_an_export_alone(text_export, tmp_path):
    shutil.copytree(text_export.folder, tmp_path / "out")
    (tmp_path / "out" / "saved_model" / "2").mkdir()
    (tmp_path / "out" / "saved_model" / "2" / "saved_model.pb").write_text("mine")
    with pytest.raises(EmotionTFError, match=r"since saved_model/2/saved_model\.pb in it is not part of the export"):
        export(text_export.workdir, tmp_path / "out")
    assert (tmp_path / "out" / "saved_model" / "2" / "saved_model.pb").read_text() == "mine"


def test_export_of_a_run_without_a_model(tmp_path):
    with pytest.raises(EmotionTFError, match=r"no-run holds no trained model; expected the folder of a run"):
        export(tmp_path / "no-run", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_model_card_of_an_unjudged_run(any_export):
    card = (any_export.folder / "MODEL_CARD.md").read_text()
    assert "nothing is known of what this model reaches" in card
    assert ("first 9 words" in card) == any_export.config.model.reads
    assert ("first 7.5 seconds" in card) == any_export.config.model.hears


def test_model_card_says_what_the_run_reached(both_export, tmp_path):
    write_json(tmp_path / "config.json", {"corpus": "demo", "notes": []})
    write_json(tmp_path / "model" / "fold.json", {"fold": 3})
    scores = {"precision": 0.5, "recall": 0.25, "f1": 1 / 3, "support": 8}
    write_json(
        tmp_path / "metrics.json",
        {
            "protocol": "speaker-kfold:4",
            "notes": ["The corpus is synthetic."],
            "n": 32,
            "wa": 0.5,
            "wa_ci95": None,
            "ua": 0.625,
            "ua_ci95": [0.5, 0.75],
            "per_class": {"angry": scores},
        },
    )
    card = model_card(
        ModelBundle.read(both_export.folder / "model.keras"),
        tmp_path.name,
        tmp_path,
        dataclasses.replace(both_export.result, notes=("The corpus is synthetic.",)),
    )
    assert card.startswith(f"# {tmp_path.name}\n")
    assert "\n**The corpus is synthetic.**\n" in card
    assert "Corpus `demo`, protocol `speaker-kfold:4`, 32 test utterances: WA" in card
    assert " 0.500, UA 0.625 (95 % interval 0.500 to 0.750)" in card
    assert "| angry | 0.500 | 0.250 | 0.333 | 8 |" in card
    assert "the network of fold 3" in card
    assert "Machines speak in it: no person was recorded" in card and "real" not in card
    assert "eSpeak NG" in card and "Apache-2.0" in card and "of a transcript in English" in card


@pytest.mark.parametrize(
    ("settings", "run", "compared_on", "said", "unsaid"),
    [
        (
            [],
            {"corpus": "ravdess", "transcripts": "whisper"},
            None,
            ["RAVDESS", "Livingstone and Russo", "CC BY-NC-SA 4.0", "not allow commercial", "recogniser `whisper`"],
            "Machines",
        ),
        (["model.modality=audio"], {"corpus": "emodb"}, None, ["Emo-DB", "CC0 1.0", "in German"], "transcripts"),
        ([], {"corpus": "manifest"}, None, ["user's own", "without a recogniser's mistakes"], "Machines"),
        ([], {}, "demo", ["Nobody told", "compared on `demo`", "Machines speak"], "The corpus is"),
        ([], {}, None, ["Nobody told on which corpus it was trained."], "compared"),
        (
            ["features.encoder=wav2vec2-base-960h", "features.hop_seconds=0.02", "model.modality=audio"],
            {"corpus": "savee"},
            None,
            ["`wav2vec2-base-960h`", "Apache-2.0", "free for research"],
            "Machines",
        ),
    ],
    ids=lambda value: str(value)[:20],
)
def test_card_says_what_it_rests_on(settings, run, compared_on, said, unsaid):
    text = "\n".join(sources(Config().override(*settings), run, compared_on))
    assert [words for words in said if words not in text] == [] and unsaid not in text
