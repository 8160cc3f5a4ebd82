"""A model that reads earlier turns says the same in every export, through the same inputs as any other."""

import numpy as np
import pytest
from exported_runs import SMALL, make_run

from emotion_tf import inference
from emotion_tf.cli import main
from emotion_tf.config import Config
from emotion_tf.corpora import manifest
from emotion_tf.errors import EmotionTFError
from emotion_tf.exporting import export
from emotion_tf.inference import Request, Turn

SETTINGS = (*SMALL, "words.max_words=12", "model.modality=text", "model.swem=true", "words.context_turns=2")

ASKED = [
    # What is said now, what was said before, and the ids, by hand: xxsame is 2, xxother 3, and "i" 4.
    ("I am happy", [Turn("Leave me!"), Turn("So sad", same_speaker=True)], [4, 5, 7, 2, 6, 8, 3, 11, 12, 1]),
    ("I am happy", ["Today?", Turn("I am so", True), "never"], [4, 5, 7, 3, 10, 2, 4, 5, 6]),
    ("I am happy", [], [4, 5, 7]),
    ("Never, never, never", ["happy " * 20], [10, 10, 10, 3, *[7] * 8]),
    ("happy " * 20, ["never"], [7] * 12),
    ("", ["never"], [0]),
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("context")
    model = make_run(folder / "run", Config().override(*SETTINGS))
    export(folder / "run", folder / "export", threads=())
    return folder, model


@pytest.mark.parametrize(
    "artefact",
    [
        "run",
        "export",
        "export/saved_model",
        "export/tflite/float32.tflite",
        "export/tflite/float32-fixed.tflite",
        "export/tflite/float16.tflite",
    ],
)
def test_answers_are_those_of_the_network(exported, artefact):
    folder, model = exported
    predictor = inference.load(folder / artefact)
    answers = []
    for text, context, ids in ASKED:
        expected = model({"word_ids": np.array([ids], np.int32)}, training=False)[0].numpy()
        found = list(predictor.predict(transcript=text, context=context).probabilities.values())
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3 if "16" in artefact else 1e-5)
        answers.append(found)
    assert np.ptp(answers[:3], axis=0).max() > 0.01


def test_clients_write_marks_into_the_transcript(exported):
    """The SavedModel takes what any client can write, without a word of this package."""
    folder, model = exported
    runtime = inference.load(folder / "export/saved_model").runtime
    said = "I am happy xxsame so sad xxother leave me!"
    expected = model({"word_ids": np.array([ASKED[0][2]], np.int32)}, training=False)[0].numpy()
    np.testing.assert_allclose(runtime.outputs(None, said, None), expected, rtol=0, atol=1e-5)


def test_many_at_once_are_answered_as_one_by_one(exported, tmp_path):
    folder, _ = exported
    rows = ["dialogue,turn,speaker,text", "a,1,x,Leave me!", "a,2,y,So sad", "a,3,y,I am happy", "b,1,x,I am happy"]
    (tmp_path / "m.csv").write_text("\n".join(rows) + "\n")
    predictor = inference.load(folder / "run")
    requests = manifest.read(tmp_path / "m.csv", labelled=False)
    found = [answer.probabilities for answer in inference.predict_requests(requests, folder / "run")]
    expected = [
        predictor.predict(transcript="I am happy", context=["Leave me!", Turn("So sad", same_speaker=True)]),
        predictor.predict(transcript="I am happy"),
    ]
    for answer, said in zip(found[2:], expected, strict=True):
        np.testing.assert_allclose(list(answer.values()), list(said.probabilities.values()), rtol=0, atol=1e-6)
    (asked,) = inference.predict_requests(
        [Request("r", text="I am happy", context=requests[2].context)], folder / "run"
    )
    np.testing.assert_allclose(list(asked.probabilities.values()), list(found[2].values()), rtol=0, atol=1e-6)


def test_command(exported, capsys):
    folder, _ = exported
    call = ["predict", "--model", str(folder / "run"), "--json", "--text", "I am happy"]
    assert main([*call, "--context", "Leave me!", "--own-context", "So sad"]) == 0
    assert main(call) == 0
    first, second = capsys.readouterr().out.splitlines()
    predictor = inference.load(folder / "run")
    said = predictor.predict(transcript="I am happy", context=["Leave me!", Turn("So sad", same_speaker=True)])
    assert f'"{said.label}"' in first and str(said.probabilities["happy"])[:7] in first
    assert first != second


def test_context_for_a_model_that_reads_none(tmp_path):
    make_run(tmp_path, Config().override(*SMALL, "model.modality=text"))
    predictor = inference.load(tmp_path)
    with pytest.raises(EmotionTFError, match="the model reads no earlier turns but was given some"):
        predictor.predict(transcript="I am", context=["So?"])
    # A manifest may have dialogues all the same.
    (answer,) = inference.predict_requests([Request("r", text="I am", context=(Turn("So?"),))], tmp_path)
    alone = predictor.predict(transcript="I am").probabilities
    np.testing.assert_allclose(list(answer.probabilities.values()), list(alone.values()), atol=1e-6)


def test_context_belongs_to_one_utterance(exported):
    folder, _ = exported
    with pytest.raises(EmotionTFError, match="earlier turns belong to one utterance"):
        list(inference.predict_files([], folder / "run", ["one", "two"], context=[Turn("So?")]))
