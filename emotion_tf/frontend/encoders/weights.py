"""Finding the weights of an encoder: at a path, in a package, or on the Hugging Face hub."""

from dataclasses import dataclass
from pathlib import Path

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders.architecture import Architecture
from emotion_tf.frontend.encoders.hub import cached, fetch
from emotion_tf.frontend.encoders.packages import find_in_packages
from emotion_tf.frontend.encoders.registry import EncoderInfo, WeightFile, encoder_info
from emotion_tf.utils.files import file_digest

NAMES = ("model.safetensors", "model.bin", "model.weights.h5")
"""The checkpoint in a folder: as Hugging Face, CTranslate2 and KerasHub call it."""

EXTRA = "pip install 'emotion-tf[encoder]'"


@dataclass(frozen=True)
class Weights:
    """Weights that were found.

    Args:
        paths: The parts of the checkpoint, in their order.
        origin: Where they come from, in words.
        architecture: What the registry knows of it; None for a path, whose files have to tell.
    """

    paths: tuple[Path, ...]
    origin: str
    architecture: Architecture | None = None


def find_weights(source: str | Path, sha256: str | None = None, download: bool = True) -> Weights:
    """Finds the weights of an encoder, in this order: a path, a package, the hub's cache, the hub.

    What the registry pins is compared with its SHA-256 before it is read, every time. A path is believed as it is,
    unless its SHA-256 is given too.

    Args:
        source: A name of the registry, or the path of a checkpoint or of the folder that holds one. A path that
            exists goes before a name.
        sha256: The SHA-256 that the file at a path shall have.
        download: Whether the hub is asked where nothing is found on this machine.

    Returns:
        The files.

    Raises:
        EmotionTFError: If there are none, they are not the files that they should be, or they cannot be fetched.
    """
    path = Path(source)
    if path.exists() or path.suffix in (".safetensors", ".bin", ".h5") or len(path.parts) > 1:
        found = _at_path(path)
        if sha256 is not None:
            check_digest(found, sha256)
        return Weights((found,), f"the file {found}")
    info = encoder_info(str(source))
    weights = _installed(info)
    if weights is None and download and info.hub is not None:
        weights = Weights((fetch(info.name, info.hub),), _origin(info), info.architecture)
    if weights is None:
        raise missing(info)
    return weights


def availability(info: EncoderInfo) -> str:
    """Where the weights of an encoder are on this machine, in words; empty where they are not.

    Nothing is fetched and no digest computed.
    """
    if info.package is not None and find_in_packages(info.package) is not None:
        return _package_origin(info)
    if info.hub is not None and cached(info.hub) is not None:
        return _origin(info)
    return ""


def missing(info: EncoderInfo) -> EmotionTFError:
    """The error that says how to get an encoder whose weights are not there."""
    if info.package is not None:
        fix = EXTRA
    elif info.hub is not None:
        fix = f"pip install huggingface_hub and ask again where there is a network, or name the path of {info.title}"
    else:
        fix = (
            f"convert {info.title}, which is published as a pickle, to model.safetensors with save_pretrained of "
            "transformers, and name the path of that"
        )
    return EmotionTFError(f"the weights of the encoder {info.name} are not here", fix=fix)


def check_digest(path: Path, sha256: str) -> None:
    """Compares a file with its SHA-256.

    Raises:
        EmotionTFError: If it is another.
    """
    found = file_digest(path)
    if found != sha256.lower():
        raise EmotionTFError(
            f"{path} is not the file that it should be: it is truncated, altered or of another version",
            expected=f"SHA-256 {sha256}",
            received=found,
            fix="remove it and fetch it again",
        )


def _installed(info: EncoderInfo) -> Weights | None:
    """What packages or the hub's cache hold, compared with their SHA-256; None where they hold nothing."""
    if info.package is not None:
        paths = find_in_packages(info.package)
        if paths is not None:
            for path, (_, file) in zip(paths, info.package.files, strict=True):
                check_file(path, file)
            return Weights(paths, _package_origin(info), info.architecture)
    if info.hub is not None:
        kept = cached(info.hub)
        if kept is not None:
            check_file(kept, info.hub.file)
            return Weights((kept,), _origin(info), info.architecture)
    return None


def check_file(path: Path, file: WeightFile) -> None:
    """Compares a file with what the registry says of it.

    Raises:
        EmotionTFError: If it is another.
    """
    size = path.stat().st_size
    if size != file.size:
        raise EmotionTFError(
            f"{path} is truncated or another file",
            expected=f"{file.size} bytes",
            received=f"{size}",
            fix="remove it and fetch it again",
        )
    check_digest(path, file.sha256)


def _at_path(path: Path) -> Path:
    """The checkpoint at a path, which may be the folder that holds it."""
    if not path.exists():
        raise EmotionTFError(f"there is no checkpoint {path}", expected="a file or a folder", fix="check the path")
    if path.is_file():
        return path
    for name in NAMES:
        if (path / name).is_file():
            return path / name
    raise EmotionTFError(f"the folder {path} holds no checkpoint", expected=" or ".join(NAMES))


def _origin(info: EncoderInfo) -> str:
    """Where the hub holds it, in words."""
    return "" if info.hub is None else f"{info.hub.repository} at {info.hub.revision[:12]}"


def _package_origin(info: EncoderInfo) -> str:
    """The packages that carry it, in words."""
    files = () if info.package is None else info.package.files
    return "the package " + " and ".join(distribution for distribution, _ in files)
