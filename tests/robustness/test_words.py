"""A small run on misheard transcripts."""

import dataclasses

import numpy as np
import pytest
from log_lines import listening
from made_corpus import TINY, make_corpus

from emotion_tf.asr import TranscriptCache
from emotion_tf.dataset.transcribe import audio_key
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.robustness import retest, stress
from emotion_tf.robustness.words import simulated_hearings
from emotion_tf.training import train
from emotion_tf.utils import files

CONFIG = TINY.override("training.epochs=6", "training.batch_size=3", "training.learning_rate=0.02")
SIMULATED = [f"simulated-{rate}" for rate in (0, 10, 20, 30, 40, 50, 60)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_corpus(tmp_path_factory.mktemp("corpus"), speakers=4)


@pytest.fixture(scope="module")
def run(corpus, tmp_path_factory):
    """A run in whose records a recogniser has left what it understood."""
    folder = tmp_path_factory.mktemp("runs") / "one"
    train(corpus, CONFIG, "speaker-kfold:2", folder)
    cache = TranscriptCache.of(folder.parent / "records" / "transcripts", "parrot", "1")
    for utterance in corpus.utterances:
        cache.add(audio_key(utterance), text="i miss her now")
    return folder


@pytest.fixture(scope="module")
def curve(run, corpus, tmp_path_factory):
    """The folder of a test that was stopped after its second transcripts, its result, and what it reported."""
    out, lines = tmp_path_factory.mktemp("misheard") / "one", []

    def stop(line):
        lines.append(line)
        if len(lines) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), listening("emotion_tf.robustness.stress", stop):
        stress(run, corpus, out, ["words"])
    with listening("emotion_tf.robustness.stress", lines.append):
        return out, stress(run, corpus, out, ["words"]), lines


def recognizers(result):
    return [name for name, condition in result.conditions.items() if condition.recognizer]


def test_every_transcript_is_tested_once(curve, run):
    out, result, lines = curve
    (parrot,) = recognizers(result)
    assert parrot.startswith("parrot-")
    assert lines == [f"{name}: 16 tested" for name in (*SIMULATED, parrot)]
    assert list(result.conditions) == [*SIMULATED, parrot]
    assert dataclasses.asdict(result) == files.read_json(out / "stress.json")
    before = Predictions.read(run / "predictions.csv")
    for name in result.conditions:
        found = Predictions.read(out / "predictions" / f"{name}.csv")
        assert (found.ids, found.folds.tolist()) == (before.ids, before.folds.tolist())
        assert found.labels.tolist() == before.labels.tolist() and found.speakers == before.speakers


def test_without_errors_it_says_what_it_said(curve, run):
    out, result, _ = curve
    before = Predictions.read(run / "predictions.csv")
    after = Predictions.read(out / "predictions" / "simulated-0.csv")
    np.testing.assert_allclose(after.probabilities, before.probabilities, atol=1e-5)
    assert result.conditions["simulated-0"].ua == files.read_json(run / "metrics.json")["ua"]
    assert result.conditions["simulated-0"].word_error_rate == 0


@pytest.mark.parametrize("name", ["simulated-60", "parrot"])
def test_errors_reach_the_networks_as_other_transcripts_would(curve, run, corpus, tmp_path, name):
    out, result, _ = curve
    if name == "parrot":
        (name,), texts = recognizers(result), dict.fromkeys([item.id for item in corpus.utterances], "i miss her now")
    else:
        texts = simulated_hearings(corpus.utterances)[name].texts
    utterances = tuple(dataclasses.replace(item, text=texts[item.id]) for item in corpus.utterances)
    retest(run, dataclasses.replace(corpus, utterances=utterances), tmp_path / "again", tmp_path / "records")
    found = Predictions.read(out / "predictions" / f"{name}.csv").probabilities
    np.testing.assert_allclose(found, Predictions.read(tmp_path / "again" / "predictions.csv").probabilities, atol=1e-5)
    before = Predictions.read(run / "predictions.csv").probabilities
    assert np.abs(found - before).max() > 0.01


def test_report_says_what_happened(curve):
    out, result, _ = curve
    page = (out / "report.html").read_text()
    assert "trained on the transcripts of reference" in page and "word error rate" in page
    assert "data:image/svg+xml" in page and all(name in page for name in result.conditions)


def test_what_cannot_be_tested(run, corpus, tmp_path):
    content = files.read_json(run / "config.json")
    content["settings"] = CONFIG.override("model.modality=audio").as_dict()
    files.write_json(tmp_path / "run" / "config.json", content)
    with pytest.raises(EmotionTFError, match=r"cannot be tested .* received modality audio, transcripts reference"):
        stress(tmp_path / "run", corpus, tmp_path / "out", ["words"])
    with pytest.raises(EmotionTFError, match=r"cannot be tested .* received modality both, transcripts whisper"):
        stress(run, dataclasses.replace(corpus, transcripts="whisper"), tmp_path / "out", ["words"])
    with pytest.raises(EmotionTFError, match="of another corpus; expected made, received other"):
        stress(run, dataclasses.replace(corpus, name="other"), tmp_path / "out", ["words"])
    assert not (tmp_path / "out").exists()
