"""Words and their ids."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.text.dialogue import MARKS
from emotion_tf.text.tokenizer import tokenize
from emotion_tf.utils.files import read_bounded, write_bytes

PADDING = 0
"""Word id behind the end of a transcript."""

UNKNOWN = 1
"""Word id of every word outside the vocabulary."""

SPECIAL_WORDS = ("", "[UNK]")
"""How padding and the unknown word are written; the tokeniser gives neither, so that no word can be taken for them."""

MARK_IDS = tuple(range(len(SPECIAL_WORDS), len(SPECIAL_WORDS) + len(MARKS)))
"""Word ids of `MARKS` where earlier turns are read: they stand behind the special words."""

PADDING_LINE = "[PAD]"
"""How padding is written where TensorFlow reads the words from a file, since it takes no empty line."""


@dataclass(frozen=True)
class Vocabulary:
    """Words and their ids: 0 is padding, 1 the unknown word, the others follow.

    Args:
        words: The word of each id, `SPECIAL_WORDS` first.

    Raises:
        EmotionTFError: If the words do not begin with `SPECIAL_WORDS`, or one stands twice.

    Example:

    >>> vocabulary = Vocabulary.build(["so good", "so sad"], max_size=100, min_count=2, also=["sad"])
    >>> vocabulary.words
    ('', '[UNK]', 'so', 'sad')
    >>> vocabulary.encode("So very sad", max_words=128)
    array([2, 1, 3], dtype=int32)
    """

    words: tuple[str, ...]

    def __post_init__(self) -> None:
        """Checks the words."""
        if self.words[:2] != SPECIAL_WORDS:
            raise EmotionTFError(
                "not a vocabulary", expected=f"{SPECIAL_WORDS} as words 0 and 1", received=f"{self.words[:2]}"
            )
        for index, word in enumerate(self.words):
            if self.ids[word] != index:
                received = f"{word!r} as words {index} and {self.ids[word]}"
                raise EmotionTFError("not a vocabulary", expected="each word once", received=received)

    @property
    def num_special(self) -> int:
        """How many ids at the beginning are no words that somebody says: `SPECIAL_WORDS`, and `MARKS` if any."""
        return len(SPECIAL_WORDS) + len(MARKS) * self.has_marks

    @property
    def has_marks(self) -> bool:
        """Whether it is that of a model that reads earlier turns."""
        return self.words[len(SPECIAL_WORDS) :][: len(MARKS)] == MARKS

    def __len__(self) -> int:
        """Number of ids, padding and unknown among them."""
        return len(self.words)

    @classmethod
    def build(
        cls,
        texts: Iterable[str],
        max_size: int,
        min_count: int,
        also: Iterable[str] = (),
        marks: Sequence[str] = (),
    ) -> "Vocabulary":
        """Collects the words of the training part, and words for which frozen vectors exist.

        Args:
            texts: Transcripts of the training part.
            max_size: Largest number of ids, padding and unknown among them.
            min_count: A word of `texts` is taken if it occurs this often. The frequent come first, in alphabetical
                order where they are equally frequent.
            also: Further words that follow in their order as far as there is room, without those that no text can
                hold since the tokeniser would split or change them.
            marks: Words that stand behind the special ones: `MARKS` where earlier turns are read.
        """
        counts = Counter(token for text in texts for token in tokenize(text))
        frequent = sorted((word for word, count in counts.items() if count >= min_count), key=lambda w: (-counts[w], w))
        words = dict.fromkeys([*SPECIAL_WORDS, *marks, *frequent][:max_size])
        further = (word for word in dict.fromkeys(also) if word not in words and tokenize(word) == [word])
        return cls((*words, *islice(further, max(0, max_size - len(words)))))

    @classmethod
    def load(cls, path: str | Path) -> "Vocabulary":
        """Reads what `save` wrote.

        Raises:
            EmotionTFError: If the file is missing or not such a vocabulary.
        """
        try:
            return cls.parse(read_bounded(path))
        except OSError as error:
            raise EmotionTFError(f"{path} cannot be read ({error.strerror})", expected="a vocabulary.txt") from None
        except (UnicodeDecodeError, EmotionTFError) as error:
            raise EmotionTFError(f"{path} is damaged: {error}", fix="copy it again from where it was made") from None

    def save(self, path: str | Path) -> None:
        """Writes one word a line, so that the number of the line, counted from 0, is the id."""
        write_bytes(path, self.serialize())

    @classmethod
    def parse(cls, content: bytes) -> "Vocabulary":
        """The inverse of `serialize`; the padding may be written as `PADDING_LINE` too.

        Raises:
            UnicodeDecodeError: If the content is not UTF-8.
            EmotionTFError: If it is not such a vocabulary.
        """
        *words, end = content.decode("utf-8").split("\n")
        if end:
            raise EmotionTFError("its last line has no end", received=repr(end))
        if words[:1] == [PADDING_LINE]:
            words[0] = SPECIAL_WORDS[PADDING]
        return cls(tuple(words))

    def serialize(self) -> bytes:
        """The content of a `vocabulary.txt`: a word a line."""
        return "".join(f"{word}\n" for word in self.words).encode()

    def encode(self, text: str, max_words: int) -> np.ndarray:
        """The ids of a transcript.

        Args:
            text: The transcript.
            max_words: Where to cut it, in tokens.

        Returns:
            (M,) int32, M from 1 to `max_words`. A transcript without a token is one padding id, since a convolution
            needs at least one place to stand.
        """
        ids = [self.ids.get(token, UNKNOWN) for token in tokenize(text)[:max_words]]
        return np.array(ids or [PADDING], np.int32)

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of each word."""
        return {word: index for index, word in enumerate(self.words)}
