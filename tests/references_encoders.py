"""Small random checkpoints of `transformers`, and what that makes of a recording."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

FAMILIES = {
    "whisper": ("Whisper", {}),
    "wav2vec2": ("Wav2Vec2", {}),
    "wav2vec2, norm first": ("Wav2Vec2", {"norm_first": True}),
    "hubert": ("Hubert", {}),
    "hubert, norm first": ("Hubert", {"norm_first": True}),
    "wavlm": ("WavLM", {}),
    "wavlm, norm first": ("WavLM", {"norm_first": True}),
}
"""Family and form of each small checkpoint."""

BLOCKS = 3
RATE = 16_000


class Reference(NamedTuple):
    """A checkpoint in a folder and the model of `transformers` that wrote it."""

    folder: Path
    model: Any


def transformers() -> Any:
    """The package; a test that asks for it is skipped where it or PyTorch is missing."""
    pytest.importorskip("torch", reason="SKIPPED FOR WANT OF PYTORCH: pip install torch transformers")
    return pytest.importorskip("transformers", reason="SKIPPED FOR WANT OF TRANSFORMERS: pip install transformers")


def make(kind: str, folder: Path) -> Reference:
    """A small random checkpoint."""
    package = transformers()
    import torch

    family, form = FAMILIES[kind]
    torch.manual_seed(0)
    settings = _whisper_settings() if family == "Whisper" else _wave_settings(**form)
    model = getattr(package, f"{family}Model")(getattr(package, f"{family}Config")(**settings)).eval()
    with torch.no_grad():
        # As they are made, biases are zero, scales one and attention nearly even, which would prove little.
        for name, parameter in model.named_parameters():
            if "embed_positions" not in name and "original" not in name:
                spread = 0.3 if parameter.dim() == 1 else 1.5 / np.sqrt(np.prod(parameter.shape[1:]))
                centre = 1.0 if name.endswith(("layer_norm.weight", "gru_rel_pos_const")) else 0.0
                parameter.copy_(centre + spread * torch.randn(parameter.shape))
    model.save_pretrained(folder)
    if family != "Whisper":
        package.Wav2Vec2FeatureExtractor(do_normalize=True).save_pretrained(folder)
    return Reference(folder, model)


def layers_of(reference: Reference, wave: np.ndarray) -> list[np.ndarray]:
    """Every layer (T, D) of one recording, from what enters the first block on, as `transformers` computes it."""
    package = transformers()
    import torch

    if reference.model.config.model_type == "whisper":
        # The encoder insists on 30 s; with its own limit lowered it takes the true frames alone.
        inputs = torch.tensor(log_mel_of(wave).T[np.newaxis].astype("float32"))
        encoder = reference.model.encoder
        with torch.no_grad():
            return [layer[0].numpy() for layer in _whisper_layers(encoder, inputs)]
    extract = package.Wav2Vec2FeatureExtractor.from_pretrained(reference.folder)
    inputs = extract(wave, sampling_rate=RATE, return_tensors="pt").input_values
    with torch.no_grad():
        output = reference.model(inputs, output_hidden_states=True)
    # Some versions record the last layer before its normalisation.
    layers = [*output.hidden_states[:-1], output.last_hidden_state]
    return [layer[0].numpy() for layer in layers]


def _whisper_layers(encoder: Any, inputs: Any) -> list[Any]:
    """All layers for any number of frames, which the encoder's own `forward` refuses: its modules, one by one."""
    import torch

    hidden = torch.nn.functional.gelu(encoder.conv1(inputs))
    hidden = torch.nn.functional.gelu(encoder.conv2(hidden)).permute(0, 2, 1)
    hidden = hidden + encoder.embed_positions.weight[: hidden.shape[1]]
    layers = [hidden]
    for block in encoder.layers:
        hidden = block(hidden, None)
        hidden = hidden[0] if isinstance(hidden, tuple) else hidden
        layers.append(hidden)
    layers[-1] = encoder.layer_norm(layers[-1])
    return layers


def log_mel_of(wave: np.ndarray, bands: int = 80) -> np.ndarray:
    """OpenAI's formula for the spectrogram (T, bands) with librosa in float64, without the 30 s of padding."""
    import librosa

    spectrum = librosa.stft(wave.astype("float64"), n_fft=400, hop_length=160, window="hann", pad_mode="reflect")
    power = np.abs(spectrum[:, :-1]) ** 2
    mel = librosa.filters.mel(sr=RATE, n_fft=400, n_mels=bands) @ power
    decades = np.log10(np.maximum(mel, 1e-10))
    return ((np.maximum(decades, decades.max() - 8.0) + 4.0) / 4.0).T


def _whisper_settings() -> dict[str, Any]:
    sizes = {"d_model": 48, "encoder_layers": BLOCKS, "encoder_attention_heads": 4, "encoder_ffn_dim": 192}
    decoder = {"decoder_layers": 1, "decoder_attention_heads": 4, "decoder_ffn_dim": 48, "vocab_size": 60}
    tokens = dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id"), 1)
    return {**sizes, **decoder, **tokens}


def _wave_settings(norm_first: bool = False) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "hidden_size": 48,
        "num_hidden_layers": BLOCKS,
        "num_attention_heads": 4,
        "intermediate_size": 96,
        "conv_dim": (32,) * 7,
        "num_conv_pos_embeddings": 128,
        "num_conv_pos_embedding_groups": 16,
        "vocab_size": 40,
    }
    if norm_first:
        settings.update(do_stable_layer_norm=True, feat_extract_norm="layer", conv_bias=True)
    return settings
