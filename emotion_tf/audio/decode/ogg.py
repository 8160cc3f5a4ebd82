"""OGG: whether the last page is there, and where another stream begins that was put behind the first."""

from collections.abc import Iterator

from emotion_tf.audio.decode.span import Span

BEGINS_STREAM, ENDS_STREAM = 2, 4
"""Flags of a page."""


def missing_bytes(content: Span) -> int:
    """How many bytes an OGG file lacks at least; libsndfile passes over that in silence."""
    last, length = 0, 0
    for page in _pages(content):
        last, length = page
    flags = content[last + 5 : last + 6]
    ends_stream = bool(flags) and bool(flags[0] & ENDS_STREAM)
    return max(0 if ends_stream else 1, last + length - len(content))


def end_of_recording(content: Span) -> int:
    """Where another recording begins that was put behind this one; the end of the content if there is none."""
    sound = False
    for place, _ in _pages(content):
        flags = content[place + 5 : place + 6]
        begins = bool(flags) and bool(flags[0] & BEGINS_STREAM)
        # Several streams that belong together, such as picture and sound, begin one after the other.
        if begins and sound:
            return place
        sound = sound or not begins
    return len(content)


def _pages(content: Span) -> Iterator[tuple[int, int]]:
    """Where each page begins, and how long it is by its header; a header that is cut counts as a page of 283 bytes."""
    place = 0
    # Each page begins with 27 bytes, the last of which counts the segments whose lengths follow.
    while (page := content[place : place + 27 + 255])[:4] == b"OggS":
        whole = len(page) >= 27 and len(page) >= 27 + page[26]
        length = 27 + page[26] + sum(page[27 : 27 + page[26]]) if whole else 27 + 256
        yield place, length
        place += length
