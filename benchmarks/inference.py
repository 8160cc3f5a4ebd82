"""How long one window of 7.5 s with 128 words takes in LiteRT, Keras, TensorFlow, PyTorch and ONNX Runtime.

python benchmarks/inference.py needs the extra `bench`, and a C++ compiler for what PyTorch compiles. The weights are
random. What is compared with what:

- from the wave to the probabilities: every TFLite file of an export, the SavedModel, and Keras;
- the network alone, from features on: LiteRT, and its twin in PyTorch and ONNX Runtime.

A ratio is the median over all rounds of how many times as long as LiteRT something takes. Two more ratios set the whole
in one file against front end and network in two files: one run after the other, and the sum of each run by itself,
where the weights of the network lie in the cache still.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from side_by_side import spread, take_turns

THREADS = 2
WARM_UPS = 5
RUNS = 9
"""Runs of a round, of which the median counts."""

FRONT_END, NETWORK, IN_TURN = "LiteRT front end", "LiteRT network", "LiteRT front end, then network"
WHOLE = "LiteRT float32-fixed"
NETWORKS = (NETWORK, "PyTorch", "PyTorch compiled", "ONNX Runtime")
"""What is given features instead of a wave."""

Call = Callable[..., np.ndarray]


def make_artefacts(preset_name: str, folder: Path) -> None:
    """Writes the network with its front end in all forms, the two of them apart, and the inputs of one window."""
    import tensorflow as tf
    from made_up import made_up, random_network

    from emotion_tf import models
    from emotion_tf.exporting import write_saved_model, write_tflite
    from emotion_tf.inference.bundle import ModelBundle
    from emotion_tf.recipes import preset
    from emotion_tf.text.vocabulary import SPECIAL_WORDS
    from emotion_tf.training import save_model

    config = preset(preset_name)
    network = random_network(config)
    save_model(folder, network, config, made_up(config))
    bundle = ModelBundle.read(folder / "model.keras")
    speech = models.speech_model(network, config)

    num_samples, num_words = config.features.max_samples, config.words.max_words
    generator = np.random.default_rng(2)
    transcript = " ".join(generator.choice(made_up(config).vocabulary.words[len(SPECIAL_WORDS) :], num_words))
    waveform = generator.normal(0, 0.1, (1, num_samples)).astype(np.float32)
    window = {"waveform": waveform, **bundle.word_ids(transcript)}
    write_saved_model(speech, bundle, folder / "saved_model")
    write_tflite(speech, bundle, folder / "tflite", representative=[window])

    def spec(name: str, *shape: int, dtype: Any = tf.float32) -> tf.TensorSpec:
        return tf.TensorSpec((1, *shape), dtype, name)

    front_end = speech.get_layer("front_end")
    heard = [spec("waveform", num_samples), spec("num_samples", dtype=tf.int32)]
    known = [
        spec("features", config.features.max_frames, config.features.width),
        spec("word_ids", num_words, dtype=tf.int32),
    ]
    parts = folder / "parts"
    parts.mkdir()
    convert(lambda inputs: {"features": front_end(**inputs)}, heard, speech, parts / "front end.tflite")
    convert(lambda inputs: {"probabilities": network(inputs)}, known, network, parts / "network.tflite")

    inputs = {**window, "num_samples": np.array([num_samples], np.int32)}
    audio = front_end(inputs["waveform"], inputs["num_samples"])
    probabilities = speech(inputs, training=False)
    np.savez(folder / "window.npz", **inputs, transcript=transcript, audio=audio, probabilities=probabilities)


def convert(function: Callable, inputs: list, model: Any, path: Path) -> None:
    """Writes a part of a model as a TFLite file."""
    import keras
    import tensorflow as tf

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serving_default", function, [{spec.name: spec for spec in inputs}])
    with tempfile.TemporaryDirectory() as folder:
        archive.write_out(folder, verbose=False)
        path.write_bytes(tf.lite.TFLiteConverter.from_saved_model(folder).convert())


def litert(folder: Path, window: dict[str, np.ndarray]) -> dict[str, Call]:
    from ai_edge_litert.interpreter import Interpreter

    def interpret(path: Path) -> Call:
        run = Interpreter(str(path), num_threads=THREADS).get_signature_runner()
        inputs = {name: window[name] for name in run.get_input_details()}
        (output,) = run.get_output_details()
        return lambda **others: run(**inputs | others)[output]

    calls = {f"LiteRT {path.stem}": interpret(path) for path in sorted(folder.rglob("*.tflite"))}
    return {**calls, IN_TURN: lambda: calls[NETWORK](audio=calls[FRONT_END]())}


def tensorflow(folder: Path, window: dict[str, np.ndarray]) -> dict[str, Call]:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)

    from emotion_tf.inference.keras_runtime import KerasRuntime
    from emotion_tf.inference.saved_model_runtime import SavedModelRuntime

    model = KerasRuntime(folder / "model.keras").model
    saved_model = SavedModelRuntime(folder / "saved_model")
    inputs = {tensor.name: window[tensor.name] for tensor in model.inputs}
    waveform, transcript = window["waveform"][0], str(window["transcript"])
    return {
        "Keras predict": partial(model.predict, inputs, verbose=0),
        "Keras call": lambda: model(inputs, training=False).numpy(),
        "SavedModel": lambda: saved_model.outputs(waveform, transcript, None)[np.newaxis],
    }


def pytorch(folder: Path, window: dict[str, np.ndarray]) -> dict[str, Call]:
    import torch

    torch.set_num_threads(THREADS)
    twin = load_twin(folder)
    inputs = [torch.from_numpy(window[name]) for name in ("features", "word_ids")]

    def run(module: Callable) -> Call:
        def call() -> np.ndarray:
            with torch.inference_mode():
                return module(*inputs).exp().numpy()

        return call

    return {"PyTorch": run(twin), "PyTorch compiled": run(torch.compile(twin))}


def onnxruntime(folder: Path, window: dict[str, np.ndarray]) -> dict[str, Call]:
    import onnxruntime
    import torch

    inputs = {name: window[name] for name in ("features", "word_ids")}
    path = folder / "twin.onnx"
    # The newer exporter needs packages that TensorFlow 2.17 cannot be installed beside.
    example = tuple(map(torch.from_numpy, inputs.values()))
    torch.onnx.export(load_twin(folder), example, path, input_names=list(inputs), dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return {"ONNX Runtime": lambda: np.exp(session.run(None, inputs)[0])}


def load_twin(folder: Path) -> Any:
    """The PyTorch network, checked."""
    from twin import check_twin, twin_of

    from emotion_tf.inference.bundle import ModelBundle
    from emotion_tf.inference.keras_runtime import KerasRuntime
    from emotion_tf.models import inner_network

    bundle = ModelBundle.read(folder / "model.keras")
    network = inner_network(KerasRuntime(folder / "model.keras").model)
    twin = twin_of(network, bundle.config)
    check_twin(network, twin, bundle.config)
    return twin


def ready(runtime: Callable[[Path, dict], dict[str, Call]], folder: Path) -> dict[str, Call]:
    """The calls of a runtime, once it is written beside the window how far each is from Keras."""
    with np.load(folder / "window.npz") as file:
        window = dict(file)
    calls = runtime(folder, window)
    references = {name: window["audio" if name == FRONT_END else "probabilities"] for name in calls}
    differences = {name: float(np.abs(call() - references[name]).max()) for name, call in calls.items()}
    (folder / f"{runtime.__name__}.json").write_text(json.dumps(differences))
    return calls


def measure(preset_name: str, rounds: int) -> list[dict[str, Any]]:
    runtimes = (litert, tensorflow, pytorch, onnxruntime)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_artefacts(preset_name, folder)
        seconds = take_turns([partial(ready, runtime, folder) for runtime in runtimes], rounds, WARM_UPS, RUNS)
        differences: dict[str, float] = {}
        for runtime in runtimes:
            differences |= json.loads((folder / f"{runtime.__name__}.json").read_text())

    def row(name: str, base: str) -> dict[str, Any]:
        return {
            "figure": f"one window, {preset_name}: {name} by {base}",
            **spread(seconds[name] / seconds[base]),
            "milliseconds": spread(1000 * seconds[name], 2),
            "largest_difference": differences[name],
        }

    def rows(names: Iterable[str], base: str) -> list[dict[str, Any]]:
        others = set(names) - {base}
        return [row(name, base) for name in sorted(others, key=lambda name: np.median(seconds[name]))]

    whole_by_sum = seconds[WHOLE] / (seconds[FRONT_END] + seconds[NETWORK])
    return [
        *rows(seconds.keys() - {FRONT_END, IN_TURN, *NETWORKS}, WHOLE),
        *rows(NETWORKS, NETWORK),
        row(WHOLE, IN_TURN),
        {"figure": f"one window, {preset_name}: {WHOLE} by the sum of front end and network", **spread(whole_by_sum)},
    ]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", default=["paper", "strong"], help="networks for audio and words")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args(argv)
    print(json.dumps([row for name in arguments.presets for row in measure(name, arguments.rounds)], indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
