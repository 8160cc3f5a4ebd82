"""The TFLite file in the runtime that phones have."""

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.schema_py_generated import BuiltinOperator
from made_waves import RATE, noise

pytest_plugins = ["exported_runs"]


@pytest.fixture
def interpreter(any_export):
    return Interpreter(str(any_export.folder / "tflite" / "float32.tflite"))


def test_signature_is_named_and_free_in_length(any_export, interpreter):
    model = any_export.config.model
    inputs = [*any_export.voices, *["waveform"] * model.hears, *["words"] * model.reads]
    assert interpreter.get_signature_list() == {"serving_default": {"inputs": inputs, "outputs": ["probabilities"]}}
    for details in interpreter.get_input_details():
        width = any_export.voices["speaker"].shape[1] if "speaker" in details["name"] else -1
        assert details["shape_signature"].tolist() == [1, width]


def test_ops_are_built_in(interpreter):
    interpreter.allocate_tensors()
    names = {details["op_name"] for details in interpreter._get_ops_details()}
    assert names
    assert names <= vars(BuiltinOperator).keys() - {"CUSTOM"}


# Lengths change from call to call, up and down, so the interpreter must resize each time.
@pytest.mark.parametrize("resize_by_hand", [False, True])
def test_answers_are_those_of_the_network(any_export, interpreter, resize_by_hand):
    silence = np.zeros(RATE // 2, np.float32)
    for waveform, ids in [
        (noise(RATE), [2, 3, 4]),
        (noise(1), [0]),
        (silence, [1]),
        (noise(9 * RATE), [2, 3, 4, 5, 6, 7, 8, 9, 10]),
        (noise(160), [5, 0, 0, 0]),
    ]:
        inputs = {"waveform": waveform[np.newaxis], "words": np.array([ids], np.int32)} | any_export.voices
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
            run = interpreter.get_signature_runner("serving_default")
            named = interpreter.get_signature_list()["serving_default"]["inputs"]
            received = run(**{name: inputs[name] for name in named})["probabilities"]
        np.testing.assert_allclose(received, [any_export.expected(waveform, ids)], atol=1e-5)
