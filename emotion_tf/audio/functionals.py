"""openSMILE's functionals of recordings, in a process of its own; `dataset.functionals` starts this module.

`python -m emotion_tf.audio.functionals JOB OUT` reads a JSON with `feature_set`, `sample_rate` and `stretches`, which
are file, start and end each, and writes `OUT`, an .npz with `values` and `errors`. In one process, the libraries of
openSMILE and TensorFlow would write into each other's memory.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from emotion_tf.audio.reader import read_waveform
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import read_json, replacing


def extractor(feature_set: str) -> Any:
    """openSMILE's extractor of the functionals of a feature set.

    Raises:
        EmotionTFError: If opensmile is not installed.
    """
    import opensmile

    return opensmile.Smile(
        feature_set=getattr(opensmile.FeatureSet, feature_set), feature_level=opensmile.FeatureLevel.Functionals
    )


def main(arguments: list[str]) -> None:
    """Computes the functionals (N, W) float32 of the stretches, and why some are missing, as N texts."""
    job, out = read_json(arguments[0]), Path(arguments[1])
    smile, rate = extractor(job["feature_set"]), job["sample_rate"]
    values = np.zeros((len(job["stretches"]), len(smile.feature_names)), np.float32)
    errors = [""] * len(values)
    for place, (file, start, end) in enumerate(job["stretches"]):
        try:
            wave = read_waveform(file, rate, start, end)
        except EmotionTFError as error:
            errors[place] = str(error)
            continue
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Segment too short")
            found = smile.process_signal(wave, rate).to_numpy()[0]
        # A recording without a voiced frame, or of less than a window, has numbers that are not finite.
        values[place] = np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0)
    with replacing(out) as temporary:
        np.savez(temporary, values=values, errors=np.array(errors))


if __name__ == "__main__":
    main(sys.argv[1:])
