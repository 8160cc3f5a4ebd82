"""Files of the Hugging Face hub, kept in its usual cache."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders.registry import HubSource
from emotion_tf.utils.files import file_digest

INSTALL = "pip install huggingface_hub"

SPARE_BYTES = 2**26
"""What a download leaves free."""


def cached(source: HubSource) -> Path | None:
    """The file in the hub's cache; None where it is not, or where huggingface_hub is not installed.

    Args:
        source: The file and its commit. The network is not asked.
    """
    try:
        import huggingface_hub
    except ImportError:
        return None
    found = huggingface_hub.try_to_load_from_cache(source.repository, source.file.path, revision=source.revision)
    return Path(found) if isinstance(found, str) else None


def fetch(name: str, source: HubSource) -> Path:
    """Fetches a file of the hub into its cache, and compares it with its SHA-256.

    Args:
        name: How errors call the encoder.
        source: The file and its commit.

    Returns:
        The file in the cache.

    Raises:
        EmotionTFError: If huggingface_hub is not installed, there is no network, no space or no such file, or the file
            is not the one that the registry pins, in which case it is not kept.
    """
    try:
        import huggingface_hub
    except ImportError:
        raise EmotionTFError(
            f"the weights of the encoder {name} are not here, and huggingface_hub, which fetches them, is not "
            "installed",
            fix=f"{INSTALL}, or name the path of a checkpoint",
        ) from None
    cache = Path(huggingface_hub.constants.HF_HUB_CACHE)
    _check_space(name, cache, source.file.size)
    try:
        path = Path(huggingface_hub.hf_hub_download(source.repository, source.file.path, revision=source.revision))
    except OSError as error:
        raise _explained(name, source, cache, error) from None
    except ValueError as error:
        raise _not_fetched(name, source, error) from None
    if path.stat().st_size != source.file.size or file_digest(path) != source.file.sha256:
        _discard(path)
        raise EmotionTFError(
            f"what the hub gave for the encoder {name} is not {source.file.path} of {source.repository} as pinned; it "
            "was not kept",
            expected=f"SHA-256 {source.file.sha256}",
            fix="fetch it again, or name the path of a checkpoint",
        )
    return path


def _check_space(name: str, cache: Path, size: int) -> None:
    """Refuses a download that its disk has no room for, before the first byte."""
    existing = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < size + SPARE_BYTES:
        raise _no_space(name, cache, f"{free / 1e6:.0f} MB", size)


def _no_space(name: str, cache: Path, received: str, size: int) -> EmotionTFError:
    return EmotionTFError(
        f"there is no space for the encoder {name} in {cache}",
        expected=f"{size / 1e6:.0f} MB",
        received=received,
        fix="make room, or let the environment variable HF_HOME name another folder",
    )


def _explained(name: str, source: HubSource, cache: Path, error: OSError) -> EmotionTFError:
    """The one line for what went wrong; huggingface_hub's errors are OSErrors all."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _no_space(name, cache, "a full disk", source.file.size)
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return EmotionTFError(
            f"the encoder {name} cannot be kept in {cache} ({error.strerror})",
            fix="let the environment variable HF_HOME name a folder that can be written to",
        )
    return _not_fetched(name, source, error)


def _not_fetched(name: str, source: HubSource, error: Exception) -> EmotionTFError:
    reason = type(error).__name__
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return EmotionTFError(
        f"the weights of the encoder {name} are not here and {source.repository} cannot be reached "
        f"({reason}: {first[:160]})",
        fix="ask again where there is a network, or name the path of a checkpoint",
    )


def _discard(path: Path) -> None:
    """Removes a file from the cache: the link under its commit and what it points to."""
    target: Any = os.path.realpath(path)
    for wrong in {Path(target), path}:
        wrong.unlink(missing_ok=True)
