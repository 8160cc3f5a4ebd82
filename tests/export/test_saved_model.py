"""The SavedModel as a server sees it: its signatures, what they answer, and what they refuse."""

import io

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from made_waves import RATE, noise
from tensorflow.core.protobuf import saved_model_pb2

pytest_plugins = ["exported_runs"]

WAVES = [noise(1), noise(RATE // 100), np.zeros(RATE // 2, np.float32), noise(2 * RATE, seed=1), noise(8 * RATE)]
# Positions in the vocabulary of `exported_runs`: 0 is padding, 1 the unknown word.
TRANSCRIPTS = ["", "I am so HAPPY!", "never, ever", "LEAVE -- me", "sad " * 12]
WORD_IDS = [[0], [2, 3, 4, 5, 1], [8, 1], [9, 10], [6] * 9]


def wav(waveform, rate=RATE, subtype="PCM_16"):
    file = io.BytesIO()
    soundfile.write(file, waveform, rate, format="WAV", subtype=subtype)
    return file.getvalue()


@pytest.fixture(scope="module")
def signatures(any_export):
    loaded = tf.saved_model.load(str(any_export.folder / "saved_model" / "1"))
    yield loaded.signatures


@pytest.fixture(scope="module")
def hearing(audio_export):
    loaded = tf.saved_model.load(str(audio_export.folder / "saved_model" / "1"))
    yield lambda *contents: loaded.signatures["serving_default"](audio=tf.constant(contents))


def requests(run):
    """The inputs of each signature, one utterance at a time, and the probabilities that are right."""
    config = run.config.model
    for waveform, transcript, ids in zip(WAVES, TRANSCRIPTS, WORD_IDS, strict=True):
        text = run.voices | ({"transcript": [transcript]} if config.reads else {})
        audio = {"audio": [wav(waveform)]} if config.hears else {}
        wave = {"waveform": waveform[np.newaxis], "num_samples": [len(waveform)]} if config.hears else {}
        yield {"serving_default": audio | text, "waveform": wave | text}, run.expected(waveform, ids)


def ask(signature, inputs):
    return {name: value.numpy() for name, value in signature(**{k: tf.constant(v) for k, v in inputs.items()}).items()}


def test_signatures_are_named_and_free_in_size(any_export, signatures):
    config = any_export.config
    hears, reads = config.model.hears, config.model.reads
    voices = {name: (None, voice.shape[1]) for name, voice in any_export.voices.items()}
    texts = voices | ({"transcript": (None,)} if reads else {})
    expected = {"serving_default": ({"audio": (None,)} if hears else {}) | texts}
    if hears:
        expected["waveform"] = {"waveform": (None, None), "num_samples": (None,)} | texts
    expected["features"] = (
        ({"audio": (None, None, config.features.width)} if hears else {})
        | ({"words": (None, None)} if reads else {})
        | voices
    )
    received = {
        name: {key: tuple(spec.shape) for key, spec in signature.structured_input_signature[1].items()}
        for name, signature in signatures.items()
    }
    assert received == expected
    for signature in signatures.values():
        outputs = {name: (tuple(spec.shape), spec.dtype) for name, spec in signature.structured_outputs.items()}
        assert outputs == {"probabilities": ((None, 4), tf.float32), "label": ((None,), tf.string)}


def test_answers_are_those_of_the_network(any_export, signatures):
    answers = []
    for inputs, expected in requests(any_export):
        for name in signatures.keys() & inputs.keys():
            answer = ask(signatures[name], inputs[name])
            np.testing.assert_allclose(answer["probabilities"], [expected], atol=1e-5)
            assert answer["label"] == [(b"angry", b"happy", b"neutral", b"sad")[expected.argmax()]]
        answers.append(expected)
    assert np.ptp(answers, axis=0).max() > 0.01  # A network that gives the same to all would pass everything.


def test_features_signature_takes_what_the_front_end_gives(both_export):
    signature = tf.saved_model.load(str(both_export.folder / "saved_model" / "1")).signatures["features"]
    waveform = noise(RATE)
    audio = both_export.speech_model.get_layer("front_end")(waveform[np.newaxis], np.array([RATE], np.int32)).numpy()
    padded = np.pad(audio, [(0, 0), (0, 30), (0, 0)])
    answer = signature(audio=tf.constant(padded), words=tf.constant([[2, 3, 0, 0]]))
    expected = both_export.expected(waveform, [2, 3])
    np.testing.assert_allclose(answer["probabilities"], [expected], atol=1e-5)


def test_batch_of_mixed_lengths_equals_one_by_one(any_export, signatures):
    config = any_export.config.model
    batch = {name: np.repeat(voice, len(WAVES), axis=0) for name, voice in any_export.voices.items()}
    batch |= {"audio": [wav(waveform) for waveform in WAVES]} if config.hears else {}
    batch |= {"transcript": TRANSCRIPTS} if config.reads else {}
    answer = ask(signatures["serving_default"], batch)
    expected = [probabilities for _, probabilities in requests(any_export)]
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-5)


def test_what_lies_behind_num_samples_is_not_heard(both_export):
    signature = tf.saved_model.load(str(both_export.folder / "saved_model" / "1")).signatures["waveform"]
    waveform = noise(RATE)
    padded = np.concatenate([waveform, np.full(RATE, 0.9, np.float32)])
    inputs = {"waveform": padded[np.newaxis], "num_samples": [RATE], "transcript": ["so sad"]}
    expected = both_export.expected(waveform, [4, 6])
    np.testing.assert_allclose(ask(signature, inputs)["probabilities"], [expected], atol=1e-5)


def test_channels_are_averaged(audio_export, hearing):
    left, right = noise(RATE), noise(RATE, seed=5)
    answer = hearing(wav(np.stack([left, right], axis=1)))
    expected = audio_export.expected((left + right) / 2, [])
    np.testing.assert_allclose(answer["probabilities"], [expected], atol=1e-5)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"audio is empty; expected the bytes of a WAV file"),
        (wav(noise(800), rate=8000), r"audio has the wrong sample rate; expected 16000 Hz, received.* \[?8000\]?"),
        (wav(noise(800), subtype="PCM_24"), r"Can only read 16-bit WAV files, but received 24"),
        (wav(noise(800), subtype="FLOAT"), r"Bad audio format for WAV: Expected 1 \(PCM\)"),
        (wav(noise(800))[:300], r"Data too short"),
        (b"no sound at all, but long enough for a header", r"RIFF"),
    ],
    ids=["empty", "rate", "24 bit", "float", "truncated", "text"],
)
def test_bad_audio_fails_the_request_in_clear_words(hearing, content, words):
    with pytest.raises(tf.errors.InvalidArgumentError, match=words):
        hearing(wav(noise(800)), content)


def test_words_beyond_the_limit_are_not_read(text_export):
    signature = tf.saved_model.load(str(text_export.folder / "saved_model" / "1")).signatures["serving_default"]
    nine = "i am so happy today never leave me sad"
    answer = ask(signature, {"transcript": [nine, f"{nine} sad happy unknown", f"happy {nine}"]})["probabilities"]
    np.testing.assert_allclose(answer[0], answer[1], atol=1e-6)
    assert np.abs(answer[0] - answer[2]).max() > 1e-3


def test_graph_holds_core_ops_alone(any_export):
    file = saved_model_pb2.SavedModel()
    file.ParseFromString((any_export.folder / "saved_model" / "1" / "saved_model.pb").read_bytes())
    graph = file.meta_graphs[0].graph_def
    used = {node.op for node in graph.node}
    used |= {node.op for function in graph.library.function for node in function.node_def}
    functions = {function.signature.name for function in graph.library.function}
    assert used - functions <= set(dir(tf.raw_ops))
