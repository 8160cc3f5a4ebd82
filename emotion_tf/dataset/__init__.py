"""From utterances to batches: `extract` writes records once, the two datasets read them."""

from emotion_tf.dataset.beam import Beam
from emotion_tf.dataset.extract import Records, extract
from emotion_tf.dataset.front_end import FrontEnd, share_cores_by_utterance
from emotion_tf.dataset.pipeline import evaluation_dataset, read_examples, training_dataset
from emotion_tf.dataset.transcribe import transcribe, with_transcripts

__all__ = [
    "Beam",
    "FrontEnd",
    "Records",
    "evaluation_dataset",
    "extract",
    "read_examples",
    "share_cores_by_utterance",
    "training_dataset",
    "transcribe",
    "with_transcripts",
]
