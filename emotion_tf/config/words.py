"""What is read of the transcript."""

from dataclasses import dataclass
from typing import Annotated

from emotion_tf.config.ranges import Range


@dataclass(frozen=True)
class WordConfig:
    """What is read of the transcript.

    Args:
        max_words: Longer transcripts are cut after this many words.
        vocabulary_size: Largest number of words in the vocabulary.
        min_count: A word of the training part enters the vocabulary if it occurs this often there. Where word vectors
            are frozen, the first words of their file enter too, up to `vocabulary_size`, since nothing is fitted on
            them.
        embedding_width: Width of the word embeddings.
        word_vectors: File of word vectors in GloVe's text format; None learns embeddings from scratch.
        vectors_rms: Root mean square to which the numbers of the word vectors are scaled; None leaves them as they are.
            Those of some files are ten times as large as new embeddings, and so take long to train.
        trainable: Whether the embeddings are trained; embeddings from scratch always are.
        context_turns: So many turns before the utterance are read too, where its dialogue has them; 16 at most.
        subwords: Adds to the embedding of each word those of the letter n-grams in it, which are always trained.
    """

    max_words: int = 128
    vocabulary_size: int = 20_000
    min_count: int = 2
    embedding_width: int = 300
    word_vectors: str | None = None
    vectors_rms: float | None = None
    trainable: bool = False
    context_turns: Annotated[int, Range(least=0, below=17)] = 0
    subwords: bool = False
