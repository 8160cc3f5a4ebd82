"""How well the speaker encoder tells the actors of RAVDESS apart: each pair of clips is scored by its cosine.

python benchmarks/speaker_verification.py --data-dir RAVDESS
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_curve

from emotion_tf.audio.reader import read_waveform
from emotion_tf.audio.speaker.encoder import SAMPLE_RATE, SpeakerEncoder


def verification(embeddings: np.ndarray, speakers: Sequence[str]) -> dict[str, float]:
    """Scores every pair of utterances.

    Args:
        embeddings: (N, W), each of length 1.
        speakers: The speaker of each.

    Returns:
        The number of pairs of each kind, their mean cosines, and the equal error rate: how many pairs are misjudged
        by the threshold that misjudges the same share of both kinds.
    """
    first, second = np.triu_indices(len(speakers), k=1)
    cosines = (embeddings @ embeddings.T)[first, second]
    names = np.array(speakers)
    same = names[first] == names[second]
    false_alarms, hits, _ = roc_curve(same, cosines, drop_intermediate=False)
    misses = 1 - hits
    crossing = np.argmin(np.abs(misses - false_alarms))
    return {
        "same_speaker_pairs": int(same.sum()),
        "different_speaker_pairs": int((~same).sum()),
        "same_speaker_mean_cosine": round(float(cosines[same].mean()), 4),
        "different_speaker_mean_cosine": round(float(cosines[~same].mean()), 4),
        "equal_error_rate": round(float(misses[crossing] + false_alarms[crossing]) / 2, 4),
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True, help="the folder that holds Actor_01 and so on")
    data_dir = parser.parse_args(argv).data_dir
    # All eight emotions: nothing here needs the four that the corpus reader takes.
    clips = sorted(path for path in data_dir.glob("Actor_*/03-01-*") if path.suffix in (".wav", ".flac"))
    speakers = [clip.parent.name for clip in clips]
    if len(set(speakers)) < 2:
        parser.error(f"{data_dir} has no Actor_NN/03-01-*.wav or .flac of two actors")
    encoder = SpeakerEncoder()
    embeddings = np.stack([encoder(read_waveform(clip, SAMPLE_RATE)) for clip in clips])
    result = {"clips": len(clips), "speakers": len(set(speakers)), **verification(embeddings, speakers)}
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
