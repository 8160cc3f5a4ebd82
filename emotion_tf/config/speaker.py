"""What is known of the voice itself."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SpeakerConfig:
    """What is known of the voice itself, as one more input beside the audio.

    Args:
        embeddings: `ge2e` computes a speaker embedding of every utterance; the path of a Kaldi .scp or .ark or of an
            .npz names a file that holds them, such as x-vectors; None goes without.
    """

    embeddings: str | None = None
