"""Prints what an artefact says of a recording and a transcript, for a test that asks another interpreter.

python tests/ask_export.py ARTEFACT WAVE TRANSCRIPT
"""

import json
import sys

import keras
import numpy as np
import tensorflow as tf

from emotion_tf.inference import load


def ask(artefact: str, wave: str, transcript: str) -> list[float]:
    """The probabilities, in class order."""
    predictor = load(artefact)
    found = predictor.predict(predictor.read(wave), transcript)
    return list(found.probabilities.values())


if __name__ == "__main__":
    versions = {"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__}
    print(json.dumps({"versions": versions, "said": ask(*sys.argv[1:])}))
