"""Checkpoints in the format `safetensors`, which Hugging Face's hub holds."""

import json
import struct
from typing import Any

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders.checkpoint import Checkpoint, Entry, PartedFile, checked_shape, truncated
from emotion_tf.utils.files import parse_json

DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64", "I8": "int8", "I32": "int32"}

MAX_HEADER = 2**24
"""Longest list of arrays; that of Whisper's large model has 200 kB."""


def looks_like_safetensors(beginning: bytes) -> bool:
    """Whether a file that begins like this may be in this format.

    >>> looks_like_safetensors(b"\\x10\\0\\0\\0\\0\\0\\0\\0{")
    True
    """
    return len(beginning) > 8 and beginning[8:9] == b"{" and struct.unpack("<Q", beginning[:8])[0] < 2**32


def read_safetensors(file: PartedFile) -> Checkpoint:
    """The arrays of a file, none of which is read yet.

    Args:
        file: The file: the length of a list in JSON, the list, the arrays.

    Raises:
        EmotionTFError: If the file is truncated, or is not in this format.

    Reference:
        https://github.com/huggingface/safetensors, section "Format".
    """
    (length,) = struct.unpack("<Q", file.read(0, 8))
    if length > MAX_HEADER:
        raise EmotionTFError(f"{file} has too long a list of arrays", expected=f"at most {MAX_HEADER} bytes")
    try:
        listed = parse_json(file.read(8, length))
    except json.JSONDecodeError as error:
        raise EmotionTFError(f"{file} is damaged: its list of arrays is not JSON ({error})") from None
    if not isinstance(listed, dict):
        raise EmotionTFError(f"{file} is damaged: its list of arrays is not an object")
    entries = {}
    for name, said in listed.items():
        if name != "__metadata__":
            entry = _entry(f"{file}, array {name},", said, 8 + length, file.size)
            if entry is not None:
                entries[name] = entry
    return Checkpoint(file, entries)


def _entry(name: str, said: Any, start: int, file_size: int) -> Entry | None:
    """An array as the list says it; None for one of a type that no encoder has."""
    if not isinstance(said, dict) or not {"dtype", "shape", "data_offsets"} <= said.keys():
        raise EmotionTFError(f"{name} is not described", expected="dtype, shape and data_offsets")
    if said["dtype"] not in DTYPES:
        return None
    shape = checked_shape(said["shape"] if isinstance(said["shape"], list) else [None], name)
    offsets = said["data_offsets"]
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(offset) is int for offset in offsets):
        raise EmotionTFError(f"{name} stands nowhere", expected="two offsets", received=repr(offsets)[:100])
    entry = Entry(DTYPES[said["dtype"]], shape, start + offsets[0])
    if offsets[0] < 0 or offsets[1] - offsets[0] != entry.size:
        raise EmotionTFError(
            f"{name} contradicts itself", expected=f"{entry.size} bytes", received=f"{offsets[1] - offsets[0]}"
        )
    if start + offsets[1] > file_size:
        raise truncated(name)
    return entry
