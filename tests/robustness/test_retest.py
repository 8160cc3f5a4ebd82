"""The networks of a run, tested once more: as they were, and on what a recogniser might have understood."""

import dataclasses
import json

import numpy as np
import pytest
import soundfile
from made_corpus import TINY, WORDS, make_corpus

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.exporting import export
from emotion_tf.inference import load
from emotion_tf.models import inner_network
from emotion_tf.robustness import retest
from emotion_tf.training import train
from emotion_tf.training.predict import INPUTS
from emotion_tf.training.run import load_fold
from emotion_tf.utils import files

CONFIG = TINY.override("features.deltas=2", "augmentation.speeds=[1.0, 1.1]")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus"), speakers=4)


@pytest.fixture(scope="module")
def run(corpus, tmp_path_factory):
    """Four speakers in two folds, with speaker embeddings of a file."""
    folder = tmp_path_factory.mktemp("runs")
    generator = np.random.default_rng(0)
    vectors = {utterance.id: generator.normal(size=3).astype(np.float32) for utterance in corpus.utterances}
    np.savez(folder / "xvectors.npz", **vectors)
    config = CONFIG.override(f"speaker.embeddings={folder / 'xvectors.npz'}")
    train(corpus, config, "speaker-kfold:2", folder / "one")
    return folder / "one"


def misheard(corpus, by="whisper"):
    """The corpus as a recogniser understood it, who takes every emotion for the next."""
    words = dict(zip(WORDS, [*list(WORDS.values())[1:], next(iter(WORDS.values()))], strict=True))
    utterances = tuple(dataclasses.replace(item, text=words[item.label]) for item in corpus.utterances)
    return dataclasses.replace(corpus, utterances=utterances, transcripts=by)


def test_on_the_same_transcripts_everything_stays(run, corpus, tmp_path):
    result = retest(run, corpus, tmp_path / "again")
    before, after = (Predictions.read(folder / "predictions.csv") for folder in (run, tmp_path / "again"))
    assert (after.ids, after.folds.tolist()) == (before.ids, before.folds.tolist())
    np.testing.assert_allclose(after.probabilities, before.probabilities, atol=1e-6)
    assert result.ua == files.read_json(run / "metrics.json")["ua"]


def test_on_other_transcripts_the_answers_change_and_say_so(run, corpus, tmp_path):
    retest(run, misheard(corpus), tmp_path / "whisper")
    before, after = (Predictions.read(folder / "predictions.csv") for folder in (run, tmp_path / "whisper"))
    assert np.abs(after.probabilities - before.probabilities).max() > 0.01
    described = json.loads((tmp_path / "whisper" / "config.json").read_text())
    assert described["transcripts"] == "whisper"
    assert described["notes"][-1] == "The networks were trained on the transcripts of reference."
    assert json.loads((run / "config.json").read_text())["transcripts"] == "reference"
    assert (tmp_path / "whisper" / "report.html").is_file()


@pytest.mark.parametrize("without", ["audio", "words"])
def test_without_a_modality(run, corpus, tmp_path, without):
    """As the same networks say of zeros, fold by fold; and the folder tells it from other tests."""
    retest(run, corpus, tmp_path / "new", without=without)
    predictions = Predictions.read(tmp_path / "new" / "predictions.csv")
    described = files.read_json(tmp_path / "new" / "config.json")
    assert described["without"] == without
    assert described["notes"][-1] == f"They were tested without {without}."
    assert described["notes"][-1] in files.read_json(tmp_path / "new" / "metrics.json")["notes"]
    voices = np.load(run.parent / "xvectors.npz")
    for id, fold, found in zip(predictions.ids, predictions.folds, predictions.probabilities, strict=True):
        model, vocabulary = load_fold(run, fold)
        utterance = next(item for item in corpus.utterances if item.id == id)
        wave, _ = soundfile.read(utterance.audio, dtype="float32")
        frames = model.get_layer("front_end")(wave[np.newaxis], np.array([len(wave)], "int32")).numpy()
        given = {
            "features": frames,
            "word_ids": vocabulary.encode(utterance.text, 128)[np.newaxis],
            "speaker": voices[id][None],
        }
        name = INPUTS[without]
        given[name] = np.zeros_like(given[name])
        np.testing.assert_allclose(inner_network(model)(given)[0], found, atol=1e-5)
    with pytest.raises(EmotionTFError, match="another configuration; expected without = "):
        retest(run, corpus, tmp_path / "new")


def test_model_of_one_modality_cannot_do_without_it(run, corpus, tmp_path):
    described = files.read_json(run / "config.json")
    described["settings"]["model"]["modality"] = "audio"
    files.write_json(tmp_path / "run" / "config.json", described)
    with pytest.raises(EmotionTFError, match="cannot be tested without words; expected models that hear and read"):
        retest(tmp_path / "run", corpus, tmp_path / "new", without="words")


def test_a_run_on_other_transcripts_is_another_run(run, corpus):
    config = Config.from_dict(files.read_json(run / "config.json")["settings"])
    with pytest.raises(EmotionTFError, match=r"another configuration; expected \S+ = \S+, received"):
        train(misheard(corpus), config, "speaker-kfold:2", run)


def test_other_corpus_is_refused(run, corpus, tmp_path):
    with pytest.raises(EmotionTFError, match="of another corpus; expected made, received other"):
        retest(run, dataclasses.replace(corpus, name="other"), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_unfinished_run_is_refused(run, corpus, tmp_path):
    for name in ("config.json", "folds.json"):
        files.write_text(tmp_path / "half" / name, (run / name).read_text())
    with pytest.raises(EmotionTFError, match=r"no finished run; expected .*fold_0.model.* train it to its end"):
        retest(tmp_path / "half", corpus, tmp_path / "new")


@pytest.fixture(scope="module")
def skipped(tmp_path_factory):
    """A run that left out a recording, and its corpus with that recording."""
    folder = tmp_path_factory.mktemp("skipped")
    corpus = make_corpus(folder / "corpus", speakers=4)
    corpus.utterances[5].audio.write_bytes(b"RIFF")
    train(corpus, TINY, "speaker-kfold:2", folder / "run", skip_bad=True)
    return folder / "run", corpus


def test_run_that_left_out_recordings_is_tested_again_with_its_corpus(skipped, tmp_path):
    run, corpus = skipped
    result = retest(run, corpus, tmp_path / "again")
    assert result.n == len(corpus.utterances) - 1
    before, after = (Predictions.read(folder / "predictions.csv") for folder in (run, tmp_path / "again"))
    np.testing.assert_allclose(after.probabilities, before.probabilities, atol=1e-6)
    assert len(list((run.parent / "records").glob("*/00000.tfrecord"))) == 1


def test_run_that_left_out_recordings_is_exported_with_its_corpus(skipped, tmp_path):
    run, corpus = skipped
    counts = export(run, tmp_path / "export", corpus, threads=()).utterances
    assert counts.test + counts.others == len(corpus.utterances) - 1


def test_folds_of_another_run(run, corpus, tmp_path):
    """The speakers of the two folds change places: no seed would draw them so."""
    changed = {id: 1 - fold for id, fold in files.read_json(run / "folds.json").items()}
    files.write_json(tmp_path / "folds.json", changed)
    config = CONFIG.override("model.modality=text", "training.epochs=1", "augmentation.speeds=1.0")
    train(corpus, config, "speaker-kfold:2", tmp_path / "run", folds_file=tmp_path / "folds.json")
    predictions = Predictions.read(tmp_path / "run" / "predictions.csv")
    assert dict(zip(predictions.ids, predictions.folds.tolist(), strict=True)) == changed


def test_speaker_embeddings_reach_the_export(run, corpus, tmp_path):
    parity = export(run, tmp_path / "export", corpus, threads=()).as_dict()
    exact = [result for result in parity["results"] if "saved" in result["artefact"] or "float32" in result["artefact"]]
    assert max(result["largest_difference"] for result in exact) < 1e-5
    utterance = corpus.utterances[0]
    answers = []
    for name in ("saved_model", "tflite/float32.tflite", "model.keras"):
        predictor = load(tmp_path / "export" / name)
        with pytest.raises(EmotionTFError, match="speaker embedding does not fit the model; expected 3 .* none"):
            predictor.predict_file(utterance.audio, utterance.text)
        for voice in ([0.0, 0.0, 0.0], [3.0, -3.0, 3.0]):
            answer = predictor.predict_file(utterance.audio, utterance.text, np.array(voice))
            answers.append(list(answer.probabilities.values()))
    np.testing.assert_allclose(answers[2:4], answers[:2], atol=1e-5)
    np.testing.assert_allclose(answers[4:], answers[:2], atol=1e-5)
    assert np.abs(np.subtract(answers[0], answers[1])).max() > 0.001
