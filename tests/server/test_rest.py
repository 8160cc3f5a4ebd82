"""TensorFlow Serving's JSON: both forms, every type, and what is refused."""

import base64
import json

import numpy as np
import pytest

from emotion_tf.config import Config
from emotion_tf.inference import Prediction
from emotion_tf.server.refusal import RefusedError
from emotion_tf.server.rest import answer, parse
from emotion_tf.server.signatures import metadata, signatures_of
from emotion_tf.server.utterance import Answer

pytest_plugins = ["exported_runs"]

BOTH = signatures_of(Config(), None)
VOICED = signatures_of(Config(), 2)
AUDIO = signatures_of(Config().override("model.modality=audio"), None)
TEXT = signatures_of(Config().override("model.modality=text"), None)

SOUND = bytes(range(256))
B64 = {"b64": base64.b64encode(SOUND).decode()}


def test_rows_and_columns_are_the_same():
    rows = {"instances": [{"audio": B64, "transcript": "so sad"}, {"audio": "", "transcript": {"b64": "c28="}}]}
    columns = {"inputs": {"audio": [B64, ""], "transcript": ["so sad", {"b64": "c28="}]}}
    for body, form in ((rows, "instances"), (columns, "inputs")):
        utterances, found = parse(json.dumps(body).encode(), BOTH)
        assert found == form
        assert [(item.audio, item.transcript) for item in utterances] == [(SOUND, "so sad"), (b"", "so")]


def test_one_input_needs_no_name():
    for body in ({"instances": [B64, ""]}, {"inputs": [B64, ""]}, {"instances": [{"audio": B64}, {"audio": ""}]}):
        utterances, _ = parse(json.dumps(body).encode(), AUDIO)
        assert [item.audio for item in utterances] == [SOUND, b""]
    utterances, _ = parse(b'{"instances": ["so sad"]}', TEXT)
    assert utterances[0].transcript == "so sad"


def test_waves_and_voices():
    row = {"waveform": [0.5, -0.25, 9, 9], "num_samples": 2, "transcript": "", "speaker": [1, 2.5]}
    body = {"signature_name": "waveform", "instances": [row]}
    ((utterance,), _) = parse(json.dumps(body).encode(), VOICED)
    np.testing.assert_array_equal(utterance.waveform, np.float32([0.5, -0.25]))
    np.testing.assert_array_equal(utterance.speaker, np.float32([1, 2.5]))
    assert utterance.waveform.dtype == utterance.speaker.dtype == np.float32


ROW = {"audio": "", "transcript": ""}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "JSON Parse error"),
        (b"\xff\xfe", "JSON Parse error"),
        (b"[" * 100_000, "JSON Parse error"),
        ([], "no JSON object"),
        ({}, "either 'instances' or 'inputs'"),
        ({"instances": [ROW], "inputs": {}}, "either 'instances' or 'inputs'"),
        ({"instances": []}, "at least one row"),
        ({"instances": {}}, "at least one row"),
        ({"instances": ["a"]}, "row 0 of 'instances' has to be an object of audio, transcript; it is str"),
        ({"instances": [ROW, {"audio": ""}]}, "row 1 of 'instances' .* it is audio"),
        ({"instances": [ROW | {"more": 1}]}, "row 0 of 'instances'"),
        ({"inputs": {"audio": [""]}}, "'inputs' has to be an object of audio, transcript; it is audio"),
        ({"inputs": ["a"]}, "it is list"),
        ({"inputs": {"audio": ["", ""], "transcript": [""]}}, "of one length"),
        ({"inputs": {"audio": "", "transcript": ""}}, "of one length"),
        ({"inputs": {"audio": [], "transcript": []}}, "of one length"),
        ({"instances": [ROW | {"transcript": 3}]}, "input transcript: 3 is no string"),
        ({"instances": [ROW | {"transcript": {"b64": "/w=="}}]}, "input transcript: .*utf-8"),
        ({"instances": [ROW | {"audio": {"b64": "x"}}]}, "input audio: b64 holds no base 64"),
        ({"instances": [ROW | {"audio": {"b64": 1}}]}, "input audio: "),
        ({"instances": [ROW | {"audio": [1, 2]}]}, "input audio: "),
        ({"instances": [ROW], "signature_name": "features"}, 'signature key "features" not found'),
        ({"instances": [ROW], "signature_name": 7}, 'signature key "7" not found'),
    ],
)
def test_what_is_refused(body, words):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(RefusedError, match=words) as refused:
        parse(content, BOTH)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "change",
    [
        *({"waveform": wrong} for wrong in ("abc", [[1.0]], ["a"], [None], [{}], [[1], [1, 2]])),
        *({"num_samples": wrong} for wrong in (3, -1, 1.0, True, None)),
        *({"speaker": wrong} for wrong in ([1.0], [1.0, 2.0, 3.0], [1e999, "x"], 4)),
    ],
)
def test_numbers_that_are_none(change):
    row = {"waveform": [0.5, -0.25], "num_samples": 2, "transcript": "", "speaker": [1, 2.5]} | change
    with pytest.raises(RefusedError):
        parse(json.dumps({"signature_name": "waveform", "instances": [row]}).encode(), VOICED)


def test_answers_are_in_the_form_of_the_request():
    labels = ("glad", "sad")
    answers = [Answer(Prediction("sad", {"glad": 0.25, "sad": 0.75})), Answer(error="no sound")]
    rows = answer(answers, labels, "instances")["predictions"]
    assert rows == [
        {"probabilities": [0.25, 0.75], "classes": ["glad", "sad"], "label": "sad", "error": ""},
        {"probabilities": [0.0, 0.0], "classes": ["glad", "sad"], "label": "", "error": "no sound"},
    ]
    silence = Prediction("undecided", {"glad": 0.5, "sad": 0.5}, {}, 9.0, 7.5, "silence")
    heard = answer([Answer(silence)], labels, "inputs", max_seconds=7.5)
    assert heard["outputs"]["label"] == ["undecided"] and heard["outputs"]["reason"] == ["silence"]
    assert heard["outputs"]["heard_seconds"] == heard["outputs"]["max_seconds"] == [7.5]
    columns = answer(answers, labels, "inputs")["outputs"]
    assert columns == {name: [row[name] for row in rows] for name in rows[0]}


def test_metadata_is_that_of_the_saved_model(both_export):
    from tensorflow.core.protobuf import saved_model_pb2

    file = both_export.folder / "saved_model" / "1" / "saved_model.pb"
    real = saved_model_pb2.SavedModel.FromString(file.read_bytes()).meta_graphs[0].signature_def
    told = metadata("both", signatures_of(both_export.config, None), ("a", "b", "c", "d"))
    for name, signature in told["metadata"]["signature_def"]["signature_def"].items():
        for side in ("inputs", "outputs"):
            expected = {
                key: [str(size.size) for size in info.tensor_shape.dim]
                for key, info in getattr(real[name], side).items()
            }
            found = {
                key: [size["size"] for size in info["tensor_shape"]["dim"]] for key, info in signature[side].items()
            }
            assert found == expected
