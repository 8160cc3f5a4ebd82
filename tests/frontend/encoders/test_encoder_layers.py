"""What each layer of the pretrained encoders owes to Keras, and hand-computed values."""

import keras
import numpy as np
import pytest
from checks import check_layer

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders.architecture import (
    Wav2Vec2Architecture,
    WhisperArchitecture,
    architecture_from_dict,
    architecture_to_dict,
)
from emotion_tf.frontend.encoders.convolutional_positions import ConvolutionalPositions
from emotion_tf.frontend.encoders.encoder_attention import EncoderAttention
from emotion_tf.frontend.encoders.encoder_block import EncoderBlock
from emotion_tf.frontend.encoders.layer_weighted_sum import LayerWeightedSum
from emotion_tf.frontend.encoders.speech_encoder import SpeechEncoder
from emotion_tf.frontend.encoders.wav2vec2_encoder import Wav2Vec2Encoder
from emotion_tf.frontend.encoders.wave_convolutions import WaveConvolutions
from emotion_tf.frontend.encoders.whisper_encoder import WhisperEncoder

RNG = np.random.default_rng(0)
FRAMES = RNG.normal(size=(3, 12, 16)).astype("float32")
MASK = np.arange(12) < np.array([12, 7, 1])[:, np.newaxis]
LONG = RNG.normal(size=(1, 3000, 16)).astype("float32")
MEL = RNG.normal(0, 0.5, size=(2, 21, 80)).astype("float32")


def whisper(**settings):
    return WhisperEncoder(16, 2, total_blocks=2, output_layers=(1, 2), **settings)


@pytest.mark.parametrize(
    ("make", "inputs", "mask", "long_inputs"),
    [
        (lambda **settings: EncoderAttention(16, 2, **settings), FRAMES, MASK, LONG),
        (lambda **settings: EncoderBlock(16, 2, 32, **settings), FRAMES, MASK, LONG),
        (lambda **settings: EncoderBlock(16, 2, 32, norm_first=False, **settings), FRAMES, MASK, LONG),
        (lambda **settings: LayerWeightedSum(4, **settings), FRAMES, None, LONG),
        (lambda **settings: LayerWeightedSum(4, normalize=True, **settings), FRAMES, None, LONG),
        (lambda **settings: ConvolutionalPositions(16, 8, 4, **settings), FRAMES, None, LONG),
        (lambda **settings: whisper(trainable_blocks=1, **settings), MEL, np.arange(21) < [[21], [6]], MEL),
        (
            lambda **settings: Wav2Vec2Encoder(
                16, 2, 32, 2, (0, 2), input_width=16, position_groups=4, trainable_blocks=2, **settings
            ),
            FRAMES,
            MASK,
            LONG[:, :500],
        ),
    ],
    ids=["attention", "block", "norm last", "sum", "normalised sum", "positions", "whisper", "wav2vec2"],
)
def test_contract(make, inputs, mask, long_inputs):
    check_layer(make, inputs, mask, long_inputs=long_inputs)


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def test_attention_equals_numpy():
    layer = EncoderAttention(16, 2)
    layer(FRAMES)
    arrays = [weight.astype("float64") for weight in layer.get_weights()]
    query, key, value, output = zip(arrays[::2], arrays[1::2], strict=True)
    projected = [FRAMES.astype("float64") @ kernel + bias for kernel, bias in (query, key, value)]
    found = layer(FRAMES, mask=MASK).numpy()
    for number, count in enumerate(MASK.sum(axis=1)):
        heads = []
        for begin in (0, 8):
            q, k, v = (channels[number, :count, begin : begin + 8] for channels in projected)
            heads.append(softmax(q @ k.T / np.sqrt(8)) @ v)
        expected = np.concatenate(heads, axis=1) @ output[0] + output[1]
        np.testing.assert_allclose(found[number, :count], expected, rtol=1e-5, atol=1e-5)


def test_masked_keys_that_score_far_higher_take_nothing():
    """Scores of true frames lie 100 below those of frames that do not count."""
    layer = EncoderAttention(16, 2)
    layer.build((None, None, 16))
    layer.query.set_weights([np.zeros((16, 16)), np.full(16, 10.0)])
    layer.key.set_weights([np.eye(16), np.zeros(16)])
    frames = np.full((1, 6, 16), -3.5, "float32") + 0.01 * RNG.normal(size=(1, 6, 16)).astype("float32")
    frames[:, 4:] = 0.0
    mask = np.arange(6)[np.newaxis] < 4
    alone = layer(frames[:, :4], mask=np.ones((1, 4), bool)).numpy()
    np.testing.assert_allclose(layer(frames, mask=mask).numpy()[:, :4], alone, rtol=1e-5, atol=1e-5)


def test_a_sequence_without_a_frame_gives_finite_numbers():
    assert np.isfinite(EncoderAttention(16, 2)(FRAMES, mask=np.zeros((3, 12), bool))).all()


def test_mask_of_whisper_is_every_second_frame():
    encoder = whisper()
    for frames in (1, 2, 3, 20, 21):
        mask = np.arange(24)[np.newaxis] < frames
        out = encoder(np.ones((1, 24, 80), "float32"), mask=mask).numpy()
        counts = encoder.compute_mask(None, keras.ops.convert_to_tensor(mask)).numpy()
        assert counts.sum() == -(-frames // 2) and out.shape == (1, 12, 32)
        np.testing.assert_array_equal(out[0].any(axis=-1), counts[0])


def test_weighted_sum_begins_as_the_mean_and_keeps_zeros():
    frames = FRAMES.copy()
    frames[1] = 0
    found = LayerWeightedSum(4)(frames).numpy()
    np.testing.assert_allclose(found, frames.reshape(3, 12, 4, 4).mean(axis=2), atol=1e-6)
    assert not LayerWeightedSum(4, normalize=True)(frames).numpy()[1].any()


@pytest.mark.parametrize("samples", [1, 399, 400, 401, 719, 720, 16_000, 16_123])
def test_convolutions_count_their_frames(samples):
    layer = WaveConvolutions(4)
    assert layer.receptive_field == 400
    frames = layer(np.ones((1, samples), "float32"), np.array([samples], "int32"))
    assert frames.shape[1] == int(layer.frame_count(samples)) == max((samples - 80) // 320, 1)
    assert layer.compute_output_shape((None, samples), (None,)) == (None, frames.shape[1], 4)


def test_only_the_top_blocks_train():
    encoder = SpeechEncoder(WhisperArchitecture(16, 2, 3), (1, 2), trainable_blocks=1)
    encoder.build()
    top = encoder.encoder.blocks[1]
    assert {id(variable) for variable in encoder.trainable_variables} == {id(variable) for variable in top.weights}
    frozen = SpeechEncoder(WhisperArchitecture(16, 2, 3), (1, 2))
    frozen.build()
    assert not frozen.trainable_variables


def test_adapters_train_in_place_of_their_block_and_change_nothing_at_first():
    frozen = SpeechEncoder(WhisperArchitecture(16, 2, 2), (2,))
    adapted = SpeechEncoder(WhisperArchitecture(16, 2, 2), (2,), trainable_blocks=1, lora_rank=4)
    wave, samples = RNG.normal(0, 0.1, (1, 3200)).astype("float32"), np.array([3200], "int32")
    expected = frozen(wave, samples).numpy()
    adapted.build()
    assert {variable.name for variable in adapted.trainable_variables} == {"lora_kernel_a", "lora_kernel_b"}
    assert len(adapted.trainable_variables) == 4
    by_place = {variable.path.split("/", 1)[-1]: variable for variable in frozen.weights}
    for variable in adapted.weights:
        if not variable.name.startswith("lora"):
            variable.assign(by_place[variable.path.split("/", 1)[-1]])
    np.testing.assert_allclose(adapted(wave, samples).numpy(), expected, atol=1e-5)


@pytest.mark.parametrize(
    "architecture",
    [WhisperArchitecture(384, 6, 4), Wav2Vec2Architecture("wavlm", 768, 12, 3072, 12, position_buckets=320)],
)
def test_architecture_survives_json(architecture):
    import json

    assert architecture_from_dict(json.loads(json.dumps(architecture_to_dict(architecture)))) == architecture


@pytest.mark.parametrize("layers", [(), (3,), (-1,), (2, 1), (1, 1), (1.5,)])
def test_layers_that_are_not_there(layers):
    with pytest.raises(EmotionTFError, match="no such layers; expected ascending numbers from 0 to 2"):
        SpeechEncoder(WhisperArchitecture(16, 2, 2), layers)


def test_other_wrong_settings():
    with pytest.raises(EmotionTFError, match="expected concatenate or weighted_sum, received mean"):
        SpeechEncoder(WhisperArchitecture(16, 2, 2), (1,), merge="mean")
    with pytest.raises(EmotionTFError, match="no such family of encoders"):
        architecture_from_dict({"family": "bert"})
    with pytest.raises(EmotionTFError, match="not the settings of an encoder of the family whisper"):
        architecture_from_dict({"family": "whisper", "colour": 3})
    with pytest.raises(EmotionTFError, match="expected group or layer"):
        WaveConvolutions(norm="batch")
