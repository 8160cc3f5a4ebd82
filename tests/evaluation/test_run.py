"""A config.json that is not what a run wrote."""

import json

import pytest

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.run import read_run

RIGHT = {"corpus": "demo", "protocol": "speaker-kfold:2", "notes": ["Synthetic."], "settings": {}}


def test_old_runs_read_reference_transcripts(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(RIGHT))
    assert read_run(tmp_path) == {**RIGHT, "transcripts": "reference"}


@pytest.mark.parametrize(
    "changes", [{"corpus": ["demo"]}, {"protocol": None}, {"notes": "Synthetic."}, {"notes": [1]}, {"transcripts": 3}]
)
def test_values_of_another_kind(tmp_path, changes):
    (tmp_path / "config.json").write_text(json.dumps({**RIGHT, **changes}))
    with pytest.raises(EmotionTFError, match=r"config\.json is not what a run wrote; expected an object with corpus"):
        read_run(tmp_path)
