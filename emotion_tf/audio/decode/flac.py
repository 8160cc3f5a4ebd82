"""FLAC: where another recording begins that was put behind the first."""

from emotion_tf.audio.decode.span import Span

NEAR_BYTES = 2**17
"""How far ahead of what it decodes a decoder may have read."""

MARKERS = (b"fLaC\0\0\0\x22", b"fLaC\x80\0\0\x22")
"""How a file begins: its name, and the kind and length of the first block, which may be the last one too."""


def end_of_recording(content: Span, near: int) -> int:
    """Where another recording begins that was put behind this one; the end of the content if there is none.

    Args:
        content: The file.
        near: About how much of it was read until the end of the first recording.
    """
    found = [content.find(marker, max(1, near - NEAR_BYTES)) for marker in MARKERS]
    return min((place for place in found if place > 0), default=len(content))
