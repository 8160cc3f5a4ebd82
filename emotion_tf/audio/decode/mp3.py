"""MP3: whether a file says how long it is, and the remarks of its decoder."""

from collections.abc import Iterator
from contextlib import contextmanager

from emotion_tf.audio.decode.span import Span
from emotion_tf.utils.native_stderr import discarding_native_stderr

NEAR_BYTES = 2**17
"""How far ahead of what it decodes a decoder may have read."""

MAX_TAG_BYTES = 2**20
"""Longest tag, pictures among it, that is looked for before a recording."""


@contextmanager
def quiet(content: Span) -> Iterator[None]:
    """Keeps libmpg123, which decodes MP3 for libsndfile, from writing its remarks on damage to the standard error."""
    if content[:3] != b"ID3" and content[:1] != b"\xff":
        yield
        return
    with discarding_native_stderr():
        yield


def states_its_length(content: Span) -> bool:
    """Whether an MP3 has the header of Xing or LAME, which counts its frames."""
    start = _tag_length(content)
    # It stands in the first frame, at most 38 bytes in.
    first_frame = content[start : start + 48]
    return b"Xing" in first_frame or b"Info" in first_frame


def end_of_recording(content: Span, near: int) -> int:
    """Where another recording begins that was put behind this one; the end of the content if there is none.

    Args:
        content: The file.
        near: About how much of it was read until the end of the first recording, if that says how long it is.
    """
    if not states_its_length(content):
        return len(content)
    found = [
        begin
        for name in (b"Xing", b"Info")
        if (begin := _frame_with(name, content, max(_tag_length(content) + 48, near - NEAR_BYTES))) >= 0
    ]
    begin = min(found, default=len(content))
    # A tag before the frame belongs to it.
    tag = content.find(b"ID3", max(0, begin - MAX_TAG_BYTES))
    return tag if 0 <= tag < begin and tag + _tag_length(content.within(tag)) == begin else begin


def _frame_with(name: bytes, content: Span, first: int) -> int:
    """Where the frame begins that holds the header of this name; -1 if there is none."""
    place = content.find(name, first)
    while place >= 0:
        # It stands behind the 4 bytes of the frame's header and the side information.
        for side in (9, 17, 32):
            header = content[place - 4 - side : place - 4 - side + 2]
            if len(header) == 2 and header[0] == 0xFF and header[1] & 0xE6 == 0xE2:
                return place - 4 - side
        place = content.find(name, place + 1)
    return -1


def _tag_length(content: Span) -> int:
    """Length of the tags of ID3 at the beginning, 0 if there are none."""
    if content[:3] != b"ID3" or len(content) < 10:
        return 0
    # Four bytes of seven bits each say how long the tags are that follow their 10 bytes of header.
    return 10 + sum(byte << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True))
