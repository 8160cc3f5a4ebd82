"""How fast many recordings are answered in bulk, beside one after the other.

python benchmarks/bulk.py [--data-dir RAVDESS]

The network is that of `paper` for audio, with random weights, as a SavedModel and as TFLite; without RAVDESS the demo
corpus is taken.
"""

import functools
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from side_by_side import Calls, print_rows, spread, take_turns

RECORDINGS = 192
MODELS = {"SavedModel": "saved_model", "LiteRT": "tflite/float32.tflite"}


def write_models(folder: Path) -> None:
    """Writes the network in all forms."""
    from made_up import made_up, random_network

    from emotion_tf import models
    from emotion_tf.exporting import write_saved_model, write_tflite
    from emotion_tf.inference.bundle import ModelBundle
    from emotion_tf.recipes import preset
    from emotion_tf.training import save_model

    config = preset("paper").override("model.modality=audio")
    network = random_network(config)
    save_model(folder, network, config, made_up(config))
    bundle = ModelBundle.read(folder / "model.keras")
    speech = models.speech_model(network, config)
    write_saved_model(speech, bundle, folder / "saved_model")
    write_tflite(speech, bundle, folder / "tflite", representative=[])


def answers(folder: Path, data_dir: Path | None) -> Calls:
    from emotion_tf import corpora, inference

    write_models(folder)
    utterances = corpora.load("demo" if data_dir is None else "ravdess", data_dir).utterances
    files = [item.audio for item in utterances[:: max(1, len(utterances) // RECORDINGS)]]
    requests = [inference.Request(str(number), file) for number, file in enumerate(files)]
    calls: Calls = {}
    for name, place in MODELS.items():
        model = folder / place
        calls[f"{name}, one by one"] = functools.partial(one_by_one, files, model)
        calls[f"{name}, in bulk"] = functools.partial(inference.predict_batch, requests, model, folder / "answers.csv")
    return calls


def one_by_one(files: Sequence[Path], model: Path) -> None:
    from emotion_tf import inference

    for _ in inference.predict_files(files, model):
        pass


def measure(rounds: int, data_dir: Path | None) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        seconds = take_turns([functools.partial(answers, Path(folder), data_dir)], rounds)
    return [
        {
            "figure": f"answers of {name}, time one by one by time in bulk",
            **spread(seconds[f"{name}, one by one"] / seconds[f"{name}, in bulk"]),
        }
        for name in MODELS
    ]


def main(argv: Sequence[str] | None = None) -> int:
    return print_rows(measure, __doc__, argv)


if __name__ == "__main__":
    sys.exit(main())
