"""From utterances to batches: `extract` writes records once, the two datasets read them."""

from emotion_tf.dataset.extract import FrontEnd, Records, extract
from emotion_tf.dataset.pipeline import evaluation_dataset, read_examples, training_dataset
from emotion_tf.dataset.transcribe import transcribe, with_transcripts

__all__ = [
    "FrontEnd",
    "Records",
    "evaluation_dataset",
    "extract",
    "read_examples",
    "training_dataset",
    "transcribe",
    "with_transcripts",
]
