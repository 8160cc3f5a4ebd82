"""Speaker embeddings on their way from a file, or from the encoder, to the batches."""

import dataclasses

import numpy as np
import pytest
from log_lines import untimed
from made_corpus import make_corpus

from emotion_tf.audio.reader import read_waveform
from emotion_tf.audio.speaker.encoder import SpeakerEncoder
from emotion_tf.config import Config
from emotion_tf.dataset import evaluation_dataset, extract, speakers, training_dataset
from emotion_tf.errors import EmotionTFError
from emotion_tf.training import fit_preprocessing

CONFIG = Config().override("model.modality=audio", "augmentation.speeds=[1.0, 1.1]", "training.batch_size=4")


@pytest.fixture
def corpus(tmp_path):
    return make_corpus(tmp_path / "corpus", speakers=2)


def numbered(corpus):
    """An embedding that tells label and utterance: by hand, without the code under test."""
    return {
        utterance.id: np.array([ord(utterance.label[0]), number, -1.5], np.float32)
        for number, utterance in enumerate(corpus.utterances)
    }


@pytest.fixture
def from_file(corpus, tmp_path):
    """Records with embeddings of a file that has them in another order, and one more."""
    known = numbered(corpus)
    np.savez(tmp_path / "xvectors.npz", somebody=np.zeros(3, np.float32), **dict(reversed(known.items())))
    config = CONFIG.override(f"speaker.embeddings={tmp_path / 'xvectors.npz'}")
    return extract(corpus.utterances, config, tmp_path / "records"), config


def test_every_utterance_gets_its_own(corpus, from_file):
    records, config = from_file
    known = numbered(corpus)
    np.testing.assert_array_equal(records.speakers, [known[utterance.id] for utterance in corpus.utterances])

    wanted = corpus.utterances[1::2]
    received = np.concatenate([inputs["speaker"] for inputs, _ in evaluation_dataset(records, config, wanted)])
    np.testing.assert_array_equal(received, [known[utterance.id] for utterance in wanted])

    seen = []
    for inputs, labels in training_dataset(records, config, wanted):
        initials = [ord("ahns"[place]) for place in labels.numpy().argmax(axis=1)]
        np.testing.assert_array_equal(inputs["speaker"][:, 0], initials)
        seen += inputs["speaker"].numpy()[:, 1].tolist()
    assert sorted(seen) == sorted([*range(1, len(corpus.utterances), 2)] * 2)  # once at either speed


def test_scale_is_that_of_the_training_part(corpus, from_file):
    records, config = from_file
    train = corpus.utterances[:4]
    fitted = fit_preprocessing(config, records, train)
    rows = np.array([numbered(corpus)[utterance.id] for utterance in train])
    np.testing.assert_allclose(fitted.speaker_mean, rows.mean(axis=0))
    # The third number never changes, so it is left as it is.
    np.testing.assert_allclose(fitted.speaker_variance, [*rows.var(axis=0)[:2], 1.0])


def test_missing_embedding(corpus, tmp_path):
    np.savez(tmp_path / "xvectors.npz", somebody=np.zeros(3, np.float32))
    config = CONFIG.override(f"speaker.embeddings={tmp_path / 'xvectors.npz'}")
    with pytest.raises(EmotionTFError, match=r"xvectors\.npz .*s0-angry-0"):
        extract(corpus.utterances, config, tmp_path / "records")


def test_missing_file_is_found_before_features_are_made(corpus, tmp_path):
    config = CONFIG.override("speaker.embeddings=no/such.scp")
    with pytest.raises(EmotionTFError, match=r"there are no speaker embeddings no/such\.scp; .* ge2e to compute them"):
        extract(corpus.utterances, config, tmp_path / "records")
    assert not (tmp_path / "records").exists()


def test_computed_once(corpus, tmp_path, monkeypatch):
    config = CONFIG.override("speaker.embeddings=ge2e", "augmentation.speeds=1.0")
    with untimed() as lines:
        records = extract(corpus.utterances, config, tmp_path / "records")
    encoder = SpeakerEncoder()
    expected = [encoder(read_waveform(utterance.audio, 16_000)) for utterance in corpus.utterances]
    np.testing.assert_allclose(records.speakers, expected, atol=1e-6)
    assert lines[-1] == "speaker embeddings of utterances: 8 done"

    def refuse(*_):
        raise AssertionError("computed again")

    monkeypatch.setattr(speakers, "SpeakerEncoder", refuse)
    heard_otherwise = [dataclasses.replace(utterance, text="misheard") for utterance in corpus.utterances]
    again = extract(heard_otherwise, config, tmp_path / "records")
    np.testing.assert_array_equal(again.speakers, records.speakers)


def test_none_wanted(corpus, tmp_path):
    records = extract(corpus.utterances, CONFIG, tmp_path / "records")
    assert records.speakers is None
    inputs, _ = next(iter(evaluation_dataset(records, CONFIG, corpus.utterances)))
    assert list(inputs) == ["features"]
