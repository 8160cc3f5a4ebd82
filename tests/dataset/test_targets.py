"""What a network is to answer: labels, votes, and how often each utterance is drawn."""

import numpy as np
import pytest
import tensorflow as tf

from emotion_tf.config import Config
from emotion_tf.corpora import Corpus, Utterance, choose_labels
from emotion_tf.dataset.sampling import balanced_share
from emotion_tf.dataset.targets import class_indices, targets, vote_shares
from emotion_tf.errors import EmotionTFError


def utterance(id, label, **votes):
    return Utterance(id, None, 0.0, None, "x", label, "s", votes=tuple(votes.items()))


UTTERANCES = (
    utterance("a", "sad", sad=3, happy=1),
    utterance("b", "happy"),
    utterance("c", "happy", happy=1, bored=1),
    utterance("d", "sad", bored=2),
)


def test_one_hot_labels():
    config = Config().override('labels.classes=["sad", "happy"]')
    np.testing.assert_array_equal(targets(config, UTTERANCES), np.eye(2)[[0, 1, 1, 0]])
    assert class_indices(Config(), UTTERANCES).tolist() == [1, 0, 0, 1]


def test_votes_where_there_are_any(caplog):
    config = Config().override("labels.votes=true")
    corpus, config = choose_labels(Corpus("made", "", "", False, UTTERANCES), config)
    assert "votes for what is no class are left out: 'bored' in 2 rows" in caplog.text
    expected = [[0.25, 0.75], [1, 0], [1, 0], [0, 1]]
    np.testing.assert_allclose(targets(config, corpus.utterances), expected)
    shares = vote_shares(config.labels.classes, corpus.utterances)
    np.testing.assert_allclose(shares, [[0.25, 0.75], [np.nan] * 2, [1, 0], [np.nan] * 2])


def test_votes_follow_the_map():
    made = [utterance("a", "exc", exc=2, Sad=1), *[utterance(str(i), "sad") for i in range(2)], utterance("h", "exc")]
    config = Config().override('labels.map={"exc": "happy"}', "labels.votes=true")
    corpus, _ = choose_labels(Corpus("made", "", "", False, tuple(made)), config)
    assert corpus.utterances[0].votes == (("happy", 2), ("sad", 1))


def test_label_that_is_no_class():
    with pytest.raises(EmotionTFError, match=r"there is no class 'sad'; expected one of calm, happy"):
        targets(Config().override('labels.classes=["calm", "happy"]'), UTTERANCES)


def test_balanced_sampling_draws_each_class_alike():
    """Nine of one and one of the other: over many epochs each is drawn half of the time, and ten in all."""
    made = [utterance(f"h{number}", "happy") for number in range(9)] + [utterance("s", "sad")]
    sampling = balanced_share(Config().override("training.sampling=balanced"), made, made)
    examples = tf.data.Dataset.from_tensor_slices({"id": [item.id for item in made]})
    counts = {"h": 0, "s": 0}
    for epoch in range(200):
        drawn = [example["id"].decode() for example in sampling.draw(examples, epoch).as_numpy_iterator()]
        assert drawn.count("s") == 5
        for name in drawn:
            counts[name[0]] += 1
    assert counts["s"] == 1000
    assert abs(counts["h"] - 1000) < 4 * np.sqrt(200 * 9 * 5 / 9 * 4 / 9)
    again = [example["id"].decode() for example in sampling.draw(examples, 199).as_numpy_iterator()]
    assert again == drawn
