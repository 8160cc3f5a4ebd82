"""What a server takes on, and what it refuses."""

from dataclasses import dataclass

from emotion_tf.errors import EmotionTFError


@dataclass(frozen=True)
class Limits:
    """The bounds of a server.

    Args:
        body_bytes: Longest body of a request.
        queue: Utterances that may be under way or waiting; what comes beyond is refused with status 429.
        timeout_seconds: How long a request may take, from its first byte to its answer; then its status is 504. So long
            a server that is stopped waits for what it has begun.
        batch_size: Utterances that are computed together.

    Raises:
        EmotionTFError: If one of them is not above zero.
    """

    body_bytes: int = 16 * 2**20
    queue: int = 128
    timeout_seconds: float = 30.0
    batch_size: int = 32

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0 < value < float("inf"):
                raise EmotionTFError(
                    f"the server's {name} is out of range", expected="a number above zero", received=f"{value:g}"
                )
