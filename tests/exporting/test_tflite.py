"""The TFLite files in the runtime that phones have."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from ai_edge_litert.schema_py_generated import BuiltinOperator
from exported_runs import Exported, exported_variant
from made_waves import RATE, babble, noise

from emotion_tf import models
from emotion_tf.errors import EmotionTFError
from emotion_tf.exporting.tflite import VARIANTS, write_tflite
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.inference.litert_runtime import LiteRTRuntime
from emotion_tf.labels import FOUR
from emotion_tf.recipes import preset
from emotion_tf.text.vocabulary import Vocabulary

pytest_plugins = ["exported_runs"]

SILENCE = np.zeros(RATE // 2, np.float32)
ASKED = [
    (noise(RATE), [2, 3, 4]),
    (noise(1), [0]),
    (SILENCE, [1]),
    (noise(9 * RATE), [2, 3, 4, 5, 6, 7, 8, 9, 10]),
    (noise(160), [5, 0, 0, 0]),
    (babble(2 * RATE), [2, 3]),
]
"""Waves and word ids; lengths go up and down, so that the interpreter must resize each time."""

# Largest difference of a probability. The networks here are small and their weights random, so that the rounding of one
# weight shows more than it does in a trained one.
TOLERANCES = {"float32": 1e-5, "float16": 2e-3, "dynamic": 0.06, "int8": 0.06}


def inputs_of(exported: Exported, waveform: np.ndarray, ids: list[int]) -> dict[str, np.ndarray]:
    """What a file of free lengths takes."""
    model = exported.config.model
    heard = {"waveform": waveform[np.newaxis]} if model.hears else {}
    read = {"word_ids": np.array([ids], np.int32)} if model.reads else {}
    return heard | read | exported.voices


def padded_inputs(exported: Exported, waveform: np.ndarray, ids: list[int]) -> dict[str, np.ndarray]:
    """What a file of fixed lengths takes, with loud noise for padding."""
    longest, most = exported.config.features.max_samples, exported.config.words.max_words
    waveform = waveform[:longest]
    inputs = inputs_of(exported, np.concatenate([waveform, noise(longest - len(waveform), seed=1)]), ids)
    if "waveform" in inputs:
        inputs["num_samples"] = np.array([len(waveform)], np.int32)
    if "word_ids" in inputs:
        inputs["word_ids"] = np.array([ids + [0] * (most - len(ids))], np.int32)
    return inputs


@pytest.fixture(scope="module")
def quantized(both_export, tmp_path_factory):
    """The folder of all files of a model that hears and reads."""
    folder = tmp_path_factory.mktemp("tflite")
    examples = [inputs_of(both_export, waveform, ids) for waveform, ids in ASKED]
    bundle = ModelBundle.read(both_export.folder / "model.keras")
    write_tflite(both_export.speech_model, bundle, folder, representative=examples)
    return folder


@pytest.fixture
def interpreter(any_export):
    return Interpreter(str(any_export.folder / "tflite" / "float32.tflite"))


def test_signature_is_named_and_free_in_length(any_export, interpreter):
    model = any_export.config.model
    inputs = [*any_export.voices, *["waveform"] * model.hears, *["word_ids"] * model.reads]
    assert interpreter.get_signature_list() == {"serving_default": {"inputs": inputs, "outputs": ["probabilities"]}}
    for details in interpreter.get_input_details():
        width = any_export.voices["speaker"].shape[1] if "speaker" in details["name"] else -1
        assert details["shape_signature"].tolist() == [1, width]


def test_fixed_signature_has_the_lengths_of_the_settings(any_export):
    fixed = Interpreter(str(any_export.folder / "tflite" / "float32-fixed.tflite"))
    details = fixed.get_signature_runner("serving_default").get_input_details()
    expected = {name: list(value.shape) for name, value in padded_inputs(any_export, noise(9), [2]).items()}
    assert {name: detail["shape_signature"].tolist() for name, detail in details.items()} == expected


def test_there_is_a_file_of_every_variant(quantized):
    expected = {f"{variant}{suffix}.tflite" for variant in VARIANTS for suffix in ("", "-fixed")}
    assert {path.name for path in quantized.iterdir()} == expected


@pytest.mark.parametrize("suffix", ["", "-fixed"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_ops_are_built_in(quantized, variant, suffix):
    interpreter = Interpreter(str(quantized / f"{variant}{suffix}.tflite"))
    interpreter.allocate_tensors()
    names = {details["op_name"] for details in interpreter._get_ops_details()}
    assert names
    assert names <= vars(BuiltinOperator).keys() - {"CUSTOM"}


OPS = {
    "ADD", "BATCH_MATMUL", "CAST", "CONCATENATION", "CONV_2D", "CUMSUM", "DEPTHWISE_CONV_2D", "DIV", "EXP",
    "EXPAND_DIMS", "FLOOR_DIV", "FULLY_CONNECTED", "GATHER", "GREATER", "GREATER_EQUAL", "LESS", "LOG",
    "LOGICAL_AND", "MAXIMUM", "MEAN", "MINIMUM", "MUL", "NOT_EQUAL", "PACK", "PAD", "RANGE", "REDUCE_ANY",
    "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "RELU", "RESHAPE", "SELECT", "SELECT_V2", "SHAPE", "SOFTMAX",
    "SPLIT_V", "SQRT", "SQUARE", "SQUARED_DIFFERENCE", "SQUEEZE", "STRIDED_SLICE", "SUB", "SUM", "TRANSPOSE",
}  # fmt: skip
"""All ops of the files of models that hear. A new one has to be looked up: does every accelerator have it?"""


def test_ops_are_those_that_are_listed(both_export, audio_export):
    found = {
        details["op_name"]
        for run in (both_export, audio_export)
        for path in (run.folder / "tflite").glob("float32*.tflite")
        for details in Interpreter(str(path))._get_ops_details()
    }
    assert found == OPS


def test_front_end_needs_no_complex_numbers(any_export):
    for path in sorted((any_export.folder / "tflite").iterdir()):
        interpreter = Interpreter(str(path))
        names = {details["op_name"] for details in interpreter._get_ops_details()}
        assert not names & {"RFFT2D", "REAL", "IMAG", "COMPLEX_ABS"}, path.name
        types = {details["dtype"] for details in interpreter.get_tensor_details()}
        assert types <= {np.float32, np.float16, np.int32, np.int64, np.int8, np.uint8, np.bool_}, path.name


@pytest.mark.parametrize("resize_by_hand", [False, True])
def test_answers_are_those_of_the_network(any_export, interpreter, resize_by_hand):
    for waveform, ids in ASKED:
        inputs = inputs_of(any_export, waveform, ids)
        if resize_by_hand:
            indices = interpreter.get_input_details()
            for details in indices:
                value = inputs[details["name"].removeprefix("serving_default_").removesuffix(":0")]
                interpreter.resize_tensor_input(details["index"], value.shape)
            interpreter.allocate_tensors()
            for details in indices:
                value = inputs[details["name"].removeprefix("serving_default_").removesuffix(":0")]
                interpreter.set_tensor(details["index"], value)
            interpreter.invoke()
            received = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        else:
            received = interpreter.get_signature_runner("serving_default")(**inputs)["probabilities"]
        np.testing.assert_allclose(received, [any_export.expected(waveform, ids)], atol=1e-5)


def test_answers_of_the_fixed_file_are_those_of_the_network(any_export):
    run = Interpreter(str(any_export.folder / "tflite" / "float32-fixed.tflite")).get_signature_runner()
    for waveform, ids in ASKED:
        received = run(**padded_inputs(any_export, waveform, ids))["probabilities"]
        np.testing.assert_allclose(received, [any_export.expected(waveform, ids)], atol=1e-5)


@pytest.mark.parametrize("suffix", ["", "-fixed"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_answers_of_every_variant_are_near_those_of_the_network(both_export, quantized, variant, suffix):
    run = Interpreter(str(quantized / f"{variant}{suffix}.tflite")).get_signature_runner()
    feed = padded_inputs if suffix else inputs_of
    for waveform, ids in ASKED:
        received = run(**feed(both_export, waveform, ids))["probabilities"]
        expected = both_export.expected(waveform, ids)
        np.testing.assert_allclose(received, [expected], atol=TOLERANCES[variant])


@pytest.mark.parametrize(
    ("variant", "weights", "convolved"),
    [("float16", np.float16, np.float32), ("dynamic", np.int8, np.float32), ("int8", np.int8, np.int8)],
)
def test_the_network_is_quantized_and_the_front_end_is_not(quantized, variant, weights, convolved):
    activations = {"CONV_2D": convolved, "FULLY_CONNECTED": np.float32}
    interpreter = Interpreter(
        str(quantized / f"{variant}.tflite"),
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    tensors = {details["index"]: details for details in interpreter.get_tensor_details()}
    ops = interpreter._get_ops_details()
    # A float16 weight reaches its op through one that widens it.
    widened = {op["outputs"][0]: op["inputs"][0] for op in ops if op["op_name"] == "DEQUANTIZE"}
    seen = set()
    for op in ops:
        if op["op_name"] in ("CONV_2D", "FULLY_CONNECTED"):
            inside = "/front_end" not in tensors[op["outputs"][0]]["name"]
            entering, weight, *_ = op["inputs"]
            assert tensors[entering]["dtype"] == (activations[op["op_name"]] if inside else np.float32)
            kept = widened.get(weight, weight) if variant == "float16" else weight
            assert tensors[kept]["dtype"] == (weights if inside else np.float32)
            seen.add((op["op_name"], inside))
    assert seen == {("CONV_2D", True), ("FULLY_CONNECTED", True), ("FULLY_CONNECTED", False)}


def test_batch_normalization_stays_out_of_the_weights_behind_it(tmp_path_factory):
    """Multiplied into them, it would spread them wider than int8 holds."""
    exported = exported_variant(tmp_path_factory.getbasetemp(), "all_pairs")
    kernel = models.inner_network(exported.speech_model).get_layer("hidden").kernel.numpy().T
    interpreter = Interpreter(str(exported.folder / "tflite" / "float32.tflite"))
    interpreter.allocate_tensors()
    like_it = [item for item in interpreter.get_tensor_details() if item["shape"].tolist() == list(kernel.shape)]
    assert any(np.array_equal(interpreter.get_tensor(item["index"]), kernel) for item in like_it)


@pytest.mark.slow
def test_sizes_of_the_published_network(tmp_path):
    """Without word vectors: of two words, the embeddings of one take no room to speak of."""
    config, words = preset("paper-att"), ("", "[UNK]")
    fitted = models.Preprocessing(np.zeros(config.features.width), np.ones(config.features.width), Vocabulary(words))
    model = models.speech_model(models.build(config, fitted), config)
    example = {"waveform": babble(RATE)[np.newaxis], "word_ids": np.array([[1]], np.int32)}
    write_tflite(model, ModelBundle(config, FOUR, Vocabulary(words)), tmp_path, representative=[example])
    bounds = {"float32": 7.0e6, "float16": 3.5e6, "dynamic": 1.9e6, "int8": 1.9e6}
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    too_large = {name: size for name, size in sizes.items() if size > bounds[name.split(".")[0].split("-")[0]]}
    assert len(sizes) == 8
    assert not too_large


@pytest.fixture(scope="module")
def recurrent(text_export, tmp_path_factory):
    """A network with recurrent layers, the word ids of three utterances, and the folder of its files."""
    keras.utils.set_random_seed(3)
    words = keras.Input((None,), dtype="int32", name="word_ids")
    numbers = keras.layers.Embedding(11, 16, mask_zero=True, name="embeddings")(words)
    state = keras.layers.Bidirectional(keras.layers.LSTM(32))(numbers)
    model = keras.Model({"word_ids": words}, keras.layers.Dense(4, "softmax", kernel_initializer="he_normal")(state))
    bundle = ModelBundle.read(text_export.folder / "model.keras")
    asked = [np.array([ids], np.int32) for ids in ([2, 3, 4, 5], [10], [9, 8, 7, 6, 5, 4])]
    folder = tmp_path_factory.mktemp("recurrent")
    write_tflite(model, bundle, folder, representative=[{"word_ids": ids} for ids in asked])
    return model, asked, folder


@pytest.mark.parametrize("suffix", ["", "-fixed"])
def test_recurrent_layers_are_quantized_too(recurrent, text_export, suffix):
    model, asked, folder = recurrent
    sizes = {path.stem: path.stat().st_size for path in folder.iterdir()}
    assert sizes[f"int8{suffix}"] < sizes[f"float16{suffix}"] < sizes[f"float32{suffix}"]
    for variant in VARIANTS:
        run = Interpreter(str(folder / f"{variant}{suffix}.tflite")).get_signature_runner("serving_default")
        for ids in asked:
            padding = text_export.config.words.max_words - ids.shape[1] if suffix else 0
            received = run(word_ids=np.pad(ids, ((0, 0), (0, padding))))["probabilities"]
            np.testing.assert_allclose(received, model({"word_ids": ids}), atol=TOLERANCES[variant])


def test_without_examples_there_is_no_int8(text_export, tmp_path):
    bundle = ModelBundle.read(text_export.folder / "model.keras")
    write_tflite(text_export.speech_model, bundle, tmp_path, variants=["int8"])
    assert not list(tmp_path.iterdir())


def test_an_op_that_is_not_built_in_is_named_with_its_layer(text_export, tmp_path):
    words = keras.Input((None,), dtype="int32", name="word_ids")
    numbers = keras.layers.Embedding(4, 4, name="numbers")(words)
    model = keras.Model({"word_ids": words}, keras.ops.erfinv(Digamma(name="curious")(numbers)))
    with pytest.raises(EmotionTFError, match=r"built-in ops only, received Digamma in the layer \S*curious\w*, Erfinv"):
        write_tflite(model, ModelBundle.read(text_export.folder / "model.keras"), tmp_path)
    assert not list(tmp_path.iterdir())


class Digamma(keras.layers.Layer):
    """Needs an op that TFLite has not."""

    def call(self, inputs):
        return tf.math.digamma(inputs)


def test_missing_quantizer_is_named_with_its_install_line(text_export, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_edge_quantizer", None)
    bundle = ModelBundle.read(text_export.folder / "model.keras")
    write_tflite(text_export.speech_model, bundle, tmp_path, variants=["float32"])
    with pytest.raises(EmotionTFError, match=r"pip install 'emotion-tf\[quantize\]'"):
        write_tflite(text_export.speech_model, bundle, tmp_path, variants=["float16"])


@pytest.mark.parametrize("suffix", ["", "-fixed"])
@pytest.mark.parametrize("num_threads", [None, 2])
def test_runtime_feeds_files_of_free_and_of_fixed_lengths(any_export, suffix, num_threads):
    path = any_export.folder / "tflite" / f"float32{suffix}.tflite"
    runtime = LiteRTRuntime(path, num_threads)
    for seconds, transcript, ids in [(1, "i am so happy today", [2, 3, 4, 5, 7]), (8, "", [0])]:
        wave = noise(seconds * RATE) if any_export.config.model.hears else None
        received = runtime.outputs(wave, transcript, any_export.voice)
        np.testing.assert_allclose(received, any_export.expected(wave, ids), atol=1e-5)


def damaged(content: bytes):
    """Ways in which a file comes to harm, by name."""
    yield from ((f"cut after {end}", content[:end]) for end in np.linspace(0, len(content) - 1, 200, dtype=int))
    for place in np.linspace(0, len(content) - 1, 200, dtype=int):
        yield f"flipped at {place}", content[:place] + bytes([content[place] ^ 255]) + content[place + 1 :]
    yield "random", np.random.default_rng(0).bytes(5000)
    yield "text", b"no model at all, but long enough"
    yield "another file appended", content + b"\n"


def test_damaged_files_are_refused_in_one_line(text_export, tmp_path):
    path = tmp_path / "model.tflite"
    for harm, content in damaged((text_export.folder / "tflite" / "float32.tflite").read_bytes()):
        path.write_bytes(content)
        with pytest.raises(EmotionTFError, match=r"model\.tflite cannot be loaded .* a whole \.tflite file") as caught:
            LiteRTRuntime(path)
            pytest.fail(f"{harm}: loaded")
        assert "\n" not in str(caught.value)


def test_missing_file_is_refused(text_export, tmp_path):
    with pytest.raises(EmotionTFError, match=r"none\.tflite cannot be loaded \(.*No such file"):
        LiteRTRuntime(tmp_path / "none.tflite")
