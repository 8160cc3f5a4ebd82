from pathlib import Path

import numpy as np
import pytest

from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.records import parse, serialize


def utterance(**changes):
    return Utterance(**{"id": "ü/1", "file": Path("a.wav"), "start": 0.0, "end": None, "text": "", "label": "sad",
                        "speaker": "Ann", **changes})  # fmt: skip


@pytest.mark.parametrize("frames", [0, 1, 750])
@pytest.mark.parametrize("text", ["", "Don’t go, Zoë!\n\t👋"])
def test_what_is_written_is_read(frames, text):
    features = np.random.default_rng(0).normal(0, 1e3, (frames, 7)).astype(np.float32)
    example = parse(serialize(utterance(text=text), features), 7)
    assert example.keys() == {"id", "text", "features"}
    assert example["id"].numpy().decode() == "ü/1"
    assert example["text"].numpy().decode() == text
    assert example["features"].dtype == "float32"
    np.testing.assert_array_equal(example["features"], features)


def test_features_of_another_layout_and_type():
    features = np.arange(12.0).reshape(3, 4).T[::-1]
    np.testing.assert_array_equal(parse(serialize(utterance(), features), 3)["features"], features)
