"""What is told of a prediction beside its probabilities."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Attention:
    """How the audio looked at the words, through one pair of scales.

    Args:
        audio_kernel_size: Frames under the kernels of the audio's scale.
        text_kernel_size: Words under the kernels of the text's scale. An even kernel reaches one word further ahead
            than back: that of size 2 sees a word and the next.
        weights: For each pooled statistic of the audio, the weight of the text map at each word; they sum to one.
    """

    audio_kernel_size: int
    text_kernel_size: int
    weights: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class Maxima:
    """Where the maxima over a sequence stand that the pooling takes, one a filter.

    A kernel sees its size of positions around the place at which its maximum stands, a dilated one twice as many less
    one. A filter that is zero everywhere, as ReLU lets it be, has no maximum; of several places with the same value the
    first counts. Padding and trimmed frames are zero, so that no maximum ever stands there.

    Args:
        kernel_sizes: Positions under the kernels of each scale.
        count: Filters that have a maximum, of all scales.
        share: For each position, the share of these whose maximum stands there; all sum to one.
        by_scale: The same for the filters of each scale alone.
    """

    kernel_sizes: tuple[int, ...]
    count: int
    share: tuple[float, ...]
    by_scale: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Stretch:
    """A stretch of sound at which many maxima stand.

    Args:
        start: Where it begins, in seconds: half a hop before the centre of its first frame.
        end: Where it ends, in seconds: half a hop behind the centre of its last frame.
        share: Share of all maxima of the audio that stand within.
    """

    start: float
    end: float
    share: float


@dataclass(frozen=True)
class Read:
    """What the network made of the words, M of them.

    Args:
        words: The words that were read, in the form in which the model reads them.
        known: Whether each is in the vocabulary; the others were all read as the one unknown word.
        attention: The attention of the audio over the words, one pair of scales after the other; empty where the model
            has none.
        mean_attention: The weight of each word, averaged over scales and statistics; empty where `attention` is.
        maxima: Where the maxima over the words stand.
    """

    words: tuple[str, ...]
    known: tuple[bool, ...]
    attention: tuple[Attention, ...]
    mean_attention: tuple[float, ...]
    maxima: Maxima


@dataclass(frozen=True)
class Heard:
    """What the network made of the sound, T frames of it.

    Args:
        seconds: How much of the recording it heard.
        frames: The centre of each frame, in seconds. A frame itself holds `features.window_seconds` around its centre,
            and deltas reach four frames to either side.
        maxima: Where the maxima over the frames stand.
        stretches: The fewest frames that hold half of the maxima, in their order. Frames so close to each other that
            the widest kernels over them see common frames make one stretch, with all that lies between them.
    """

    seconds: float
    frames: tuple[float, ...]
    maxima: Maxima
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True)
class Explanation:
    """What a network said of an utterance, and where it looked.

    Args:
        label: The likeliest emotion.
        probabilities: The probability of each emotion, in class order.
        read: What it made of the words; None for a model that does not read.
        heard: What it made of the sound; None where there was none.
        dimensions: The value of each dimension, such as arousal; none for most models.
    """

    label: str
    probabilities: dict[str, float]
    read: Read | None
    heard: Heard | None
    dimensions: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The fields as a JSON object, without dimensions where the model has none."""
        return {name: value for name, value in asdict(self).items() if value != {}}
