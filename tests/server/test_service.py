"""A served model of any kind answers as the network that was never saved, and its places are counted."""

import numpy as np
import pytest
from anyio.from_thread import start_blocking_portal
from audio_files import encode
from made_waves import RATE, noise

import emotion_tf
from emotion_tf.errors import EmotionTFError
from emotion_tf.server.limits import Limits
from emotion_tf.server.refusal import RefusedError
from emotion_tf.server.run import served_name
from emotion_tf.server.service import Service
from emotion_tf.server.utterance import Utterance

pytest_plugins = ["exported_runs"]


def ask(service, utterances):
    """What a service answers, in an event loop of a thread of its own: a browser may keep that of this thread."""
    with start_blocking_portal() as portal:
        return portal.call(service.answer, utterances)


@pytest.mark.parametrize("artefact", ["saved_model", "tflite/float32.tflite"])
def test_every_kind_of_model_answers_as_the_network(any_export, artefact):
    run = any_export
    model = run.config.model
    service = Service("any", emotion_tf.load(run.folder / artefact, num_threads=1), Limits())
    service.warm_up()
    # Positions in the vocabulary of `exported_runs`.
    asked = [
        (noise(2 * RATE), "I am so HAPPY!", [2, 3, 4, 5, 1]),
        (noise(RATE // 2, 1), "so sad", [4, 6]),
        (noise(2 * RATE, 2), "never", [8]),
    ]
    utterances = [
        Utterance(
            audio=encode(wave) if model.hears else b"",
            transcript=words if model.reads else "",
            speaker=run.voice,
        )
        for wave, words, _ in asked
    ]
    broken = [Utterance(audio=b"no sound", speaker=run.voice)] * model.hears
    answers = ask(service, [*utterances, *broken])
    for found, (wave, _, ids) in zip(answers, asked, strict=False):
        assert not found.error
        expected = run.expected(wave, [*ids[:4], *ids[4:5] * model.reads])
        np.testing.assert_allclose(list(found.prediction.probabilities.values()), expected, atol=1e-5)
    assert [bool(found.error) for found in answers] == [False] * 3 + [True] * len(broken)
    service.close()


def test_one_bad_utterance_leaves_the_batch_in_peace(both_export):
    service = Service("both", emotion_tf.load(both_export.folder), Limits())
    good, silent = Utterance(audio=encode(noise(RATE)), transcript="so"), Utterance(transcript="so")
    loud = Utterance(waveform=np.full(RATE, 1e9, np.float32))
    answers = ask(service, [good, silent, loud, good])
    assert [bool(found.error) for found in answers] == [False, True, True, False]
    assert "no audio" in answers[1].error and "too loud" in answers[2].error
    assert answers[0] == answers[3]
    service.close()


def test_places_are_counted(text_export):
    service = Service("text", emotion_tf.load(text_export.folder), Limits(queue=3))
    with service.admitted(2):
        with service.admitted(1), pytest.raises(RefusedError, match="queue is full") as refused, service.admitted(1):
            pass
        assert refused.value.status == 429
        with service.admitted(1):
            pass
        with pytest.raises(RefusedError, match="takes 3 at most") as refused, service.admitted(4):
            pass
        assert refused.value.status == 413
    assert b"emotion_tf_queue_length 0.0" in service.metrics.page()
    service.close()


@pytest.mark.parametrize(
    ("limit", "value"), [("body_bytes", 0), ("queue", -1), ("timeout_seconds", float("inf")), ("batch_size", 0)]
)
def test_limits_that_are_none(limit, value):
    with pytest.raises(EmotionTFError, match=f"{limit} is out of range; expected a number above zero"):
        Limits(**{limit: value})


def test_names(tmp_path):
    for inner in ("saved_model/1", "saved_model", "tflite/float32.tflite", "model/model.keras", "."):
        assert served_name(tmp_path / "demo" / inner) == "demo"
    assert served_name(tmp_path / "mine.tflite") == "mine"
