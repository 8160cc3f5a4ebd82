"""OGG: whether its last page is there."""

import mmap


def missing_bytes(content: bytes | mmap.mmap) -> int:
    """How many bytes an OGG file lacks at least; libsndfile passes over that in silence."""
    # Each page begins with 27 bytes, the last of which counts the segments whose lengths follow.
    start = content.rfind(b"OggS")
    page = content[start : start + 27 + 255]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return 1
    ends_stream = page[5] & 4
    return max(0 if ends_stream else 1, start + 27 + page[26] + sum(page[27 : 27 + page[26]]) - len(content))
