"""Making an encoder from a checkpoint."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders.architecture import FAMILIES, Architecture
from emotion_tf.frontend.encoders.checkpoint import PartedFile
from emotion_tf.frontend.encoders.ctranslate2_file import looks_like_ctranslate2, read_ctranslate2
from emotion_tf.frontend.encoders.hdf5_file import SIGNATURE, read_hdf5
from emotion_tf.frontend.encoders.kerashub_whisper import KerasHubWhisper
from emotion_tf.frontend.encoders.safetensors_file import looks_like_safetensors, read_safetensors
from emotion_tf.frontend.encoders.speech_encoder import SpeechEncoder
from emotion_tf.frontend.encoders.wav2vec2_checkpoint import Wav2Vec2Source, assign_wav2vec2
from emotion_tf.frontend.encoders.weights import Weights, find_weights
from emotion_tf.frontend.encoders.whisper_checkpoint import (
    CTranslate2Whisper,
    HuggingFaceWhisper,
    WhisperSource,
    assign_whisper,
)
from emotion_tf.utils.files import parse_json, read_bounded

MAX_CONFIG = 2**20

READABLE = "model.safetensors, model.bin of CTranslate2, or model.weights.h5 of KerasHub"

PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
"""How PyTorch's own files begin; reading one runs what it says."""


def load_encoder(
    source: str | Path,
    output_layers: Sequence[int] | None = None,
    *,
    sha256: str | None = None,
    download: bool = True,
    **settings: Any,
) -> SpeechEncoder:
    """Makes a pretrained encoder.

    Args:
        source: A name of the registry, such as `whisper-base`, or the path of a checkpoint: `model.safetensors` of
            Hugging Face, `model.bin` of CTranslate2 or `model.weights.h5` of KerasHub's Whisper, or the folder that
            holds one. The `config.json` of Hugging Face is read where it lies beside it.
        output_layers: The layers wanted; None for the three around the middle, which know most of emotion.
        sha256: The SHA-256 that the file at a path shall have.
        download: Whether the hub is asked where nothing is found on this machine.
        **settings: Further arguments of `SpeechEncoder`.

    Returns:
        The encoder with its weights, frozen unless `trainable_blocks` says otherwise.

    Raises:
        EmotionTFError: If the weights are not found, cannot be fetched, are not whole, or are of another architecture.

    Example:

    >>> encoder = load_encoder("whisper-base", (2, 3, 4))  # doctest: +SKIP
    >>> encoder(waveform, num_samples).shape  # doctest: +SKIP
    TensorShape([1, 200, 1536])
    """
    weights = find_weights(source, sha256, download)
    checkpoint = open_checkpoint(weights)
    architecture = checkpoint.architecture
    if weights.architecture is not None:
        architecture = _agreed(weights, architecture)
    encoder = SpeechEncoder(architecture, output_layers or middle_layers(architecture.blocks), **settings)
    encoder.build()
    name = str(checkpoint.checkpoint)
    try:
        if isinstance(checkpoint, Wav2Vec2Source):
            assign_wav2vec2(encoder.waves, encoder.encoder, checkpoint, name)
        else:
            assign_whisper(encoder.encoder, checkpoint, name)
    except EmotionTFError:
        raise
    except ValueError as error:
        # An array that cannot be split or turned as its name says.
        raise EmotionTFError(f"{name} contradicts itself ({error})", fix="fetch it again") from None
    return encoder


def middle_layers(blocks: int) -> tuple[int, ...]:
    """The three layers around the middle of an encoder, which tell emotions apart best.

    >>> middle_layers(6), middle_layers(4), middle_layers(12)
    ((2, 3, 4), (1, 2, 3), (5, 6, 7))
    """
    middle = max(blocks // 2, 1)
    return tuple(layer for layer in range(middle - 1, middle + 2) if layer <= blocks)


def open_checkpoint(weights: Weights) -> WhisperSource | Wav2Vec2Source:
    """Recognises a checkpoint by its content and reads what is in it, but none of the arrays yet.

    Args:
        weights: The files.

    Raises:
        EmotionTFError: If it is in a format that is not read, of another architecture, or truncated.
    """
    file = PartedFile(weights.paths)
    beginning = file.read(0, min(128, file.size))
    if looks_like_safetensors(beginning):
        folder = weights.paths[0].parent
        return _from_safetensors(file, _config(folder / "config.json"), _config(folder / "preprocessor_config.json"))
    if looks_like_ctranslate2(beginning):
        return CTranslate2Whisper(read_ctranslate2(file))
    if beginning.startswith(SIGNATURE):
        return KerasHubWhisper(read_hdf5(file))
    if beginning.startswith(PICKLES):
        raise EmotionTFError(
            f"{file} is a pickle of PyTorch, which can run code when it is read",
            expected=READABLE,
            fix="convert it with save_pretrained of transformers",
        )
    raise EmotionTFError(
        f"{file} is no checkpoint that can be read",
        expected=READABLE,
        received="an empty file" if not beginning else "a file that begins with " + repr(beginning[:8]),
    )


def _from_safetensors(
    file: PartedFile, config: dict[str, Any], preprocessor: dict[str, Any]
) -> HuggingFaceWhisper | Wav2Vec2Source:
    kind = config.get("model_type")
    if kind is not None and kind not in FAMILIES:
        raise EmotionTFError(f"{file} is of another architecture", expected=" or ".join(FAMILIES), received=repr(kind))
    checkpoint = read_safetensors(file)
    waves = kind in FAMILIES[1:] or any("feature_extractor.conv_layers" in name for name in checkpoint.names())
    if waves:
        return Wav2Vec2Source(checkpoint, config, preprocessor)
    return HuggingFaceWhisper(checkpoint, config)


def _config(path: Path) -> dict[str, Any]:
    """The settings beside a checkpoint; none where the file is not there."""
    if not path.is_file():
        return {}
    try:
        content = parse_json(read_bounded(path, MAX_CONFIG))
    except json.JSONDecodeError as error:
        raise EmotionTFError(f"{path} is not valid JSON ({error})", fix="fetch it again") from None
    if not isinstance(content, dict):
        raise EmotionTFError(f"{path} holds no settings", expected="an object", received=repr(content)[:80])
    return content


def _agreed(weights: Weights, found: Architecture) -> Architecture:
    """The registry's architecture, where the checkpoint has the same sizes."""
    known = weights.architecture
    if known is None or (known.family, known.width, known.blocks) != (found.family, found.width, found.blocks):
        raise EmotionTFError(f"{weights.origin} holds another encoder", expected=f"{known}", received=f"{found}")
    return known
