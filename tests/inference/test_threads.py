"""Many threads ask one predictor at the same time, in every runtime."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from made_waves import RATE, noise

from emotion_tf.inference import load

pytest_plugins = ["exported_runs"]

THREADS, REQUESTS = 8, 200

# Of many lengths, since what threads mix up shows where one resizes the inputs of another.
UTTERANCES = [(noise(RATE // 20 + 37 * number, number), "so sad " * (number % 4)) for number in range(16)]


@pytest.mark.parametrize(
    "artefact", ["tflite/float32.tflite", "tflite/float32-fixed.tflite", "saved_model", "model.keras"]
)
def test_every_thread_gets_its_own_answer(both_export, artefact):
    predictor = load(both_export.folder / artefact)

    def ask(number):
        return list(predictor.predict(*UTTERANCES[number % len(UTTERANCES)]).probabilities.values())

    expected = [ask(number) for number in range(len(UTTERANCES))]
    assert np.ptp(expected, axis=0).max() > 0.01
    start = Barrier(THREADS)

    def ask_many(thread):
        start.wait()
        return [ask(thread + 3 * request) for request in range(REQUESTS)]

    with ThreadPoolExecutor(THREADS) as pool:
        received = list(pool.map(ask_many, range(THREADS)))
    for thread, answers in enumerate(received):
        wanted = [expected[(thread + 3 * request) % len(UTTERANCES)] for request in range(REQUESTS)]
        np.testing.assert_allclose(answers, wanted, rtol=0, atol=1e-6)
