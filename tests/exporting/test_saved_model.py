"""The SavedModel as a server sees it: its signatures, what they answer, and what they refuse."""

import io
import shutil

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
def load():
    """The signatures of an export, loaded once."""
    loaded = {}

    def signatures_of(run):
        folder = str(run.folder / "saved_model" / "1")
        # Signatures do not keep alive the variables that they use.
        loaded[folder] = loaded.get(folder) or tf.saved_model.load(folder)
        return loaded[folder].signatures

    return signatures_of


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
        ({"features": (None, None, config.features.width)} if hears else {})
        | ({"word_ids": (None, None)} if reads else {})
        | voices
    )
    received = {
        name: {key: tuple(spec.shape) for key, spec in signature.structured_input_signature[1].items()}
        for name, signature in signatures.items()
    }
    assert received == expected
    for signature_name, signature in signatures.items():
        outputs = {name: (tuple(spec.shape), spec.dtype) for name, spec in signature.structured_outputs.items()}
        strings = ((None,), tf.string)
        names = ((None, 4), tf.string)
        probabilities = ((None, 4), tf.float32)
        times = ("heard_seconds", "max_seconds") if hears and signature_name != "features" else ()
        assert outputs == {
            **{"probabilities": probabilities, "classes": names, "label": strings, "error": strings},
            **dict.fromkeys(times, ((None,), tf.float32)),
        }


def test_answers_are_those_of_the_network(any_export, signatures):
    answers = []
    for inputs, expected in requests(any_export):
        for name in signatures.keys() & inputs.keys():
            answer = ask(signatures[name], inputs[name])
            np.testing.assert_allclose(answer["probabilities"], [expected], atol=1e-5)
            assert answer["label"] == [(b"angry", b"happy", b"neutral", b"sad")[expected.argmax()]]
            assert answer["error"] == [b""]
        answers.append(expected)
    assert np.ptp(answers, axis=0).max() > 0.01  # A network that gives the same to all would pass everything.


def test_features_signature_takes_what_the_front_end_gives(both_export, load):
    signature = load(both_export)["features"]
    waveform = noise(RATE)
    audio = both_export.speech_model.get_layer("front_end")(waveform[np.newaxis], np.array([RATE], np.int32)).numpy()
    padded = np.pad(audio, [(0, 0), (0, 30), (0, 0)])
    answer = signature(features=tf.constant(padded), word_ids=tf.constant([[2, 3, 0, 0]]))
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


def test_what_lies_behind_num_samples_is_not_heard(both_export, load):
    signature = load(both_export)["waveform"]
    waveform = noise(RATE)
    padded = np.concatenate([waveform, np.full(RATE, 0.9, np.float32)])
    inputs = {"waveform": padded[np.newaxis], "num_samples": [RATE], "transcript": ["so sad"]}
    expected = both_export.expected(waveform, [4, 6])
    np.testing.assert_allclose(ask(signature, inputs)["probabilities"], [expected], atol=1e-5)


def test_channels_are_averaged(audio_export, load):
    left, right = noise(RATE), noise(RATE, seed=5)
    answer = ask(load(audio_export)["serving_default"], {"audio": [wav(np.stack([left, right], axis=1))]})
    expected = audio_export.expected((left + right) / 2, [])
    np.testing.assert_allclose(answer["probabilities"], [expected], atol=1e-5)


def check_rows(answer, errors, expected):
    """Rows with an error say nothing else, and the others are as right as without them."""
    assert [error.decode() for error in answer["error"]] == errors
    for row, error in enumerate(errors):
        if error:
            assert answer["label"][row] == b""
            np.testing.assert_array_equal(answer["probabilities"][row], np.zeros(4))
        else:
            assert answer["label"][row] == (b"angry", b"happy", b"neutral", b"sad")[expected.argmax()]
            np.testing.assert_allclose(answer["probabilities"][row], expected, atol=1e-5)


def test_bad_audio_is_an_error_of_its_row(both_export, load):
    expected = both_export.expected(noise(RATE), [4, 6])
    good, wanted = wav(noise(RATE)), "; expected the bytes of a 16-bit PCM WAV file at 16000 Hz"
    answer = ask(
        load(both_export)["serving_default"],
        {
            "audio": [
                good,
                b"",
                b"none",
                wav(noise(800), rate=8000),
                wav(noise(800), subtype="FLOAT"),
                good[:99],
                good,
            ],
            "transcript": ["so sad"] * 7,
        },
    )
    errors = [
        "",
        f"audio is empty{wanted}",
        f"audio is not a WAV file{wanted}",
        f"audio has another rate{wanted}, received 8000 Hz",
        f"audio has another encoding{wanted}, received encoding 3 with 32 bits",
        f"audio is cut short{wanted}, as long as its header says",
        "",
    ]
    check_rows(answer, errors, expected)


def test_bad_audio_alone(audio_export, load):
    answer = ask(load(audio_export)["serving_default"], {"audio": [b"", b"none"]})
    wanted = "expected the bytes of a 16-bit PCM WAV file at 16000 Hz"
    check_rows(answer, [f"audio is empty; {wanted}", f"audio is not a WAV file; {wanted}"], None)


def test_bad_waves_are_errors_of_their_rows(both_export, load):
    waveform = np.stack([noise(RATE)] * 7)
    waveform[1, 5], waveform[2, 6], waveform[3, 7] = np.nan, np.inf, 40_000.0
    waveform[6] = np.concatenate([noise(RATE)[:800], np.full(RATE - 800, np.nan)])
    inputs = {"waveform": waveform, "num_samples": [RATE] * 4 + [0, RATE + 1, 800], "transcript": ["so sad"] * 7}
    answer = ask(load(both_export)["waveform"], {name: rows[:6] for name, rows in inputs.items()})
    no_sound = "waveform holds numbers that are no sound; expected finite ones, 32768 at most"
    no_length = "num_samples is out of range; expected 1 to the length of waveform"
    expected = both_export.expected(noise(RATE), [4, 6])
    check_rows(answer, ["", no_sound, no_sound, no_sound, no_length, no_length], expected)
    # What is not a number may stand behind the end of a wave.
    answer = ask(load(both_export)["waveform"], {name: rows[6:] for name, rows in inputs.items()})
    check_rows(answer, [""], both_export.expected(noise(RATE)[:800], [4, 6]))


NOTHING = "there is neither a recording nor a word; expected one of them"


def test_rows_without_a_recording_or_without_words(stand_ins_export, load):
    """Each signature's own way to say so, in one batch with an utterance that has both."""
    signatures, voices = load(stand_ins_export), np.repeat(stand_ins_export.voices["speaker"], 4, axis=0)
    wave, length, ids = noise(RATE), np.array([RATE], np.int32), [[4, 6], [4, 6], [0, 0], [0, 0]]
    frames = stand_ins_export.speech_model.get_layer("front_end")(wave[np.newaxis], length).numpy()[0]
    batches = {
        "serving_default": {"audio": [wav(wave), b"", wav(wave), b""]},
        "waveform": {"waveform": np.stack([wave] * 4), "num_samples": [RATE, 0, RATE, 0]},
        "features": {"features": np.stack([frames, 0 * frames, frames, 0 * frames]), "word_ids": ids},
    }
    expected = [stand_ins_export.expected(*asked) for asked in ((wave, [4, 6]), (None, [4, 6]), (wave, [0]))]
    for name, batch in batches.items():
        texts = {} if name == "features" else {"transcript": ["so sad", "so sad", "", "; ,"]}
        answer = ask(signatures[name], {**batch, **texts, "speaker": voices})
        assert [error.decode() for error in answer["error"]] == ["", "", "", NOTHING], name
        np.testing.assert_allclose(answer["probabilities"], [*expected, np.zeros(4)], atol=1e-5, err_msg=name)


def test_batch_without_any_recording(stand_ins_export, load):
    voices = np.repeat(stand_ins_export.voices["speaker"], 2, axis=0)
    inputs = {"audio": [b"", b"none"], "transcript": ["so sad"] * 2, "speaker": voices}
    answer = ask(load(stand_ins_export)["serving_default"], inputs)
    wanted = "audio is not a WAV file; expected the bytes of a 16-bit PCM WAV file at 16000 Hz"
    check_rows(answer, ["", wanted], stand_ins_export.expected(None, [4, 6]))


def test_bad_features_are_errors_of_their_rows(both_export, load):
    length = np.array([RATE], np.int32)
    frames = both_export.speech_model.get_layer("front_end")(noise(RATE)[np.newaxis], length).numpy()
    audio = np.repeat(frames, 4, axis=0)
    audio[1, 3, 7] = np.nan
    answer = ask(load(both_export)["features"], {"features": audio, "word_ids": [[4, 6], [4, 6], [4, 11], [-1, 6]]})
    no_word = "word_ids is out of range; expected 0 to 10"
    expected = both_export.expected(noise(RATE), [4, 6])
    check_rows(answer, ["", "features hold numbers that are not finite", no_word, no_word], expected)


def test_bad_speaker_is_an_error_of_its_row(tmp_path_factory, load):
    from exported_runs import exported_variant

    run = exported_variant(tmp_path_factory.getbasetemp(), "x-vector")
    inputs = {
        "audio": [wav(noise(RATE))] * 2,
        "transcript": ["so sad"] * 2,
        "speaker": np.repeat(run.voices["speaker"], 2, 0),
    }
    inputs["speaker"][1, 2] = np.inf
    expected = run.expected(noise(RATE), [4, 6])
    check_rows(ask(load(run)["serving_default"], inputs), ["", "speaker holds numbers that are not finite"], expected)


def test_inputs_of_different_sizes_are_refused(both_export, load):
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="the inputs differ in size; expected a row of each an utt"
    ):
        ask(load(both_export)["serving_default"], {"audio": [wav(noise(RATE))], "transcript": ["so", "sad"]})


def test_batch_of_none(any_export, signatures):
    empty = {"audio": tf.constant([], tf.string), "transcript": tf.constant([], tf.string)}
    empty["speaker"] = tf.zeros([0, 5])
    names = signatures["serving_default"].structured_input_signature[1]
    answer = signatures["serving_default"](**{name: empty[name] for name in names})
    assert answer["probabilities"].shape == (0, 4)


def test_huge_batch_of_endless_transcripts(both_export, load):
    transcripts = ["so sad " * 5000, "\0\xff ?!" * 5000, "me" * 20_000] * 100
    answer = ask(load(both_export)["serving_default"], {"audio": [wav(noise(800))] * 300, "transcript": transcripts})
    assert set(answer["error"]) == {b""}
    np.testing.assert_allclose(
        answer["probabilities"][297], both_export.expected(noise(800), [4, 6] * 4 + [4]), atol=1e-5
    )


def test_labels_and_words_are_read_from_the_assets(both_export, tmp_path):
    """With other assets the same SavedModel reads and says other words."""
    folder = tmp_path / "1"
    shutil.copytree(both_export.folder / "saved_model" / "1", folder)
    assert (folder / "assets" / "labels.txt").read_bytes() == (both_export.folder / "labels.txt").read_bytes()
    words = (folder / "assets" / "vocabulary.txt").read_text(encoding="utf-8").splitlines()
    assert words == ["[PAD]", *(both_export.folder / "vocabulary.txt").read_text(encoding="utf-8").splitlines()[1:]]
    (folder / "assets" / "labels.txt").write_text("furious\nglad\nplain\nblue\n")
    words[4], words[6] = "zwei", "drei"
    (folder / "assets" / "vocabulary.txt").write_text("".join(f"{word}\n" for word in words))
    loaded = tf.saved_model.load(str(folder))
    inputs = {"audio": [wav(noise(RATE))] * 2, "transcript": ["zwei drei", "[PAD] so"]}
    answer = ask(loaded.signatures["serving_default"], inputs)
    for row, ids in enumerate([[4, 6], [1, 1]]):
        expected = both_export.expected(noise(RATE), ids)
        np.testing.assert_allclose(answer["probabilities"][row], expected, atol=1e-5)
        assert answer["label"][row] == (b"furious", b"glad", b"plain", b"blue")[expected.argmax()]


def test_words_beyond_the_limit_are_not_read(text_export, load):
    signature = load(text_export)["serving_default"]
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
