"""What the Fourier transform costs in LiteRT: whole files with RFFT2D and with matrix products, by turns in one run.

python benchmarks/transform.py [--rounds 15]

One utterance of 7.5 s through `float32-fixed.tflite` of `paper` and `strong`, with random weights.
"""

import argparse
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from unittest import mock

import numpy as np
from made_up import made_up, random_network

PRESETS = ("paper", "strong")


def files(folder: Path) -> dict[tuple[str, str], Path]:
    """Writes every file, by its preset and its transform."""
    from emotion_tf import models
    from emotion_tf.exporting import tflite
    from emotion_tf.inference.bundle import ModelBundle
    from emotion_tf.recipes import preset
    from emotion_tf.training import save_model

    written = {}
    for name in PRESETS:
        config = preset(name)
        network = random_network(config)
        (folder / name).mkdir()
        save_model(folder / name, network, config, made_up(config))
        bundle = ModelBundle.read(folder / name / "model.keras")
        speech = models.speech_model(network, config)
        for form in ("RFFT2D", "products"):
            context = tflite.transforms_by_products if form == "products" else nullcontext
            with mock.patch.object(tflite, "transforms_by_products", context):
                tflite.write_tflite(speech, bundle, folder / name / form, ("float32",))
            written[name, form] = folder / name / form / "float32-fixed.tflite"
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    from emotion_tf.inference.litert_runtime import LiteRTRuntime

    wave = np.random.default_rng(0).normal(0, 0.1, 120_000).astype(np.float32)
    with tempfile.TemporaryDirectory() as temporary:
        written = files(Path(temporary))
        runtimes = {(*key, count): LiteRTRuntime(path, count) for key, path in written.items() for count in (1, 2)}
        taken: dict[tuple[str, str, int], list[float]] = {key: [] for key in runtimes}
        answers = {}
        for _ in range(arguments.rounds):
            for key, runtime in runtimes.items():
                begun = time.perf_counter()
                answers[key] = runtime.probabilities(wave, "word1 word2", None)
                taken[key].append(1e3 * (time.perf_counter() - begun))
    for name in PRESETS:
        for count in (1, 2):
            before, after = (taken[name, form, count] for form in ("RFFT2D", "products"))
            difference = np.abs(answers[name, "RFFT2D", count] - answers[name, "products", count]).max()
            print(
                f"{name}, threads {count}: {np.median(before):.1f} ms with RFFT2D, {np.median(after):.1f} by products "
                f"({min(before):.1f} and {min(after):.1f} at best), largest difference {difference:.1e}"
            )


if __name__ == "__main__":
    main()
