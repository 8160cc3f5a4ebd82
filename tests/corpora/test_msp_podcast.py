"""MSP-Podcast on a miniature tree: parts, ratings, speakers that nobody knows, and what can be wrong."""

import pytest
from corpus_trees import msp_podcast

from emotion_tf import corpora
from emotion_tf.config import Config
from emotion_tf.corpora import folds
from emotion_tf.errors import EmotionTFError


def test_fields(tmp_path):
    corpus = corpora.load("msp-podcast", msp_podcast(tmp_path))
    assert corpus.dimensions == {"arousal": (1, 7), "valence": (1, 7), "dominance": (1, 7)}
    first, known = corpus.utterances[0], corpus.utterances[10]
    assert (first.id, first.label, first.text) == ("MSP-PODCAST_Train_nA", "angry", "Words of A.")
    assert (first.speaker, first.session) == ("unknown-MSP-PODCAST_Train_nA", "train")
    assert (known.speaker, known.ratings) == ("Train7", (5.4, 2.25, 4.0))
    assert first.audio == tmp_path / "Audios" / "MSP-PODCAST_Train_nA.wav"
    assert [u.label for u in corpus.utterances[:10]] == [
        *("angry", "contempt", "disgust", "fearful", "happy", "neutral", "other", "sad", "surprised", "")
    ]


@pytest.mark.parametrize(("name", "test"), [("msp-podcast", "Test1"), ("msp-podcast-test2", "Test2")])
def test_parts(tmp_path, name, test):
    corpus, _ = corpora.choose_labels(corpora.load(name, msp_podcast(tmp_path)), Config().override("labels.set=eight"))
    assert len(corpus.utterances) == 3 * 2 * 8
    assignment = folds.assign(corpus.utterances, "published-split", 0)
    split = folds.split(corpus.utterances, assignment, 0, protocol="published-split", dev_splits=8, seed=0)
    for part, letters in ((split.train, "Train"), (split.dev, "Development"), (split.test, test)):
        assert len(part) == 16 and all(f"_{letters}_" in utterance.id for utterance in part)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "_nA.wav,A,",
            "_nA.wav,Q,",
            r"MSP-PODCAST_Train_nA\.wav has an unknown label; expected one of A, .*received 'Q'",
        ),
        ("A,5.4", "A,high", r"MSP-PODCAST_Train_nA\.wav has a rating that is no number; received 'high'"),
        ("_nA.wav,A,5.4", "_nB.wav,A,5.4", r"Audios/MSP-PODCAST_Train_nB\.wav is missing"),
        ("EmoVal", "Val", r"labels_consensus\.csv, line 1: missing column EmoVal"),
    ],
)
def test_damaged_table(tmp_path, old, new, message):
    table = msp_podcast(tmp_path) / "Labels" / "labels_consensus.csv"
    table.write_text(table.read_text().replace(old, new, 1))
    with pytest.raises(EmotionTFError, match=message):
        corpora.load("msp-podcast", tmp_path)
