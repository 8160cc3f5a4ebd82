"""What a server decodes and checks in the graph: what is wrong is an error of its own row, not of the whole batch."""

import tensorflow as tf

from emotion_tf.config import FeatureConfig

Check = tuple[tf.Tensor, str | tf.Tensor]
"""Where a check holds (B,) bool, and its message: a text, or (B,) strings. Scalars serve as well."""

FULL_SCALE = 2.0**15

MAX_CHUNKS = 64
"""Chunks before the samples beyond which the search ends, so that a file made of headers alone costs nothing."""

PCM, EXTENSIBLE = 1, 0xFFFE
"""Codes of the encoding. The extensible header holds the true one further behind."""


def first_failure(*checks: Check) -> tf.Tensor:
    """The message of the first check that fails, row by row.

    Args:
        *checks: The checks, at least one.

    Returns:
        (B,) strings, "" where all checks hold.

    Example:

    >>> numbers = tf.constant([1.0, -2.0, float("nan")])
    >>> first_failure((tf.math.is_finite(numbers), "not finite"), (numbers > 0, "not positive")).numpy().tolist()
    [b'', b'not positive', b'not finite']
    """
    errors = tf.zeros_like(checks[0][0], tf.string)
    for holds, message in reversed(checks):
        errors = tf.where(holds, errors, message)
    return errors


def decode_wavs(audio: tf.Tensor, config: FeatureConfig) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Decodes 16-bit PCM WAV files in core TensorFlow ops.

    `tf.audio.decode_wav` would end the whole call at the first bad file.

    Args:
        audio: (B,) strings, the bytes of the files. Other chunks may stand between header and samples.
        config: Holds the rate that is expected, and the time after which waves are cut.

    Returns:
        The means of the channels (B, N) float32 within [-1, 1], padded with zeros; their lengths (B,) int32; and what
        is wrong (B,) strings, "" where nothing is. A bad file has no samples.

    Example:

    >>> content = tf.audio.encode_wav([[0.5], [-0.25]], sample_rate=16_000)
    >>> waveform, num_samples, error = decode_wavs(tf.stack([content, "noise"]), FeatureConfig())
    >>> waveform.numpy(), num_samples.numpy()
    (array([[ 0.5 , -0.25],
           [ 0.  ,  0.  ]], dtype=float32), array([2, 0], dtype=int32))
    >>> print(error[1].numpy().decode())
    audio is not a WAV file; expected the bytes of a 16-bit PCM WAV file at 16000 Hz
    """
    signature = (tf.RaggedTensorSpec([None], tf.float32, ragged_rank=0), tf.TensorSpec([], tf.string))
    waves, errors = tf.map_fn(lambda content: _decode(content, config), audio, fn_output_signature=signature)
    return waves.to_tensor(), tf.cast(waves.row_lengths(), tf.int32), errors


def _decode(content: tf.Tensor, config: FeatureConfig) -> tuple[tf.Tensor, tf.Tensor]:
    """The wave (N,) float32 of one file, and what is wrong with it."""
    length = tf.cast(tf.strings.length(content), tf.int64)
    # What a short file lacks reads as zeros, which no check below takes for a right value.
    content = tf.strings.join([content, b"\0" * 64])
    header = _find(b"fmt ", content, length)
    data = _find(b"data", content, length)
    encoding, channels = _number(content, header + 8, 2), _number(content, header + 10, 2)
    encoding = tf.where(encoding == EXTENSIBLE, _number(content, header + 32, 2), encoding)
    rate, bits = _number(content, header + 12, 4), _number(content, header + 22, 2)
    size = _samples_bytes(content, data, length)

    expected = f"expected the bytes of a 16-bit PCM WAV file at {config.sample_rate} Hz"
    received = tf.strings.format(f"{expected}, received encoding {{}} with {{}} bits", (encoding, bits))
    is_wav = (_text(content, 0) == b"RIFF") & (_text(content, 8) == b"WAVE") & (header + 24 <= length)
    error = first_failure(
        (length > 0, f"audio is empty; {expected}"),
        (is_wav, f"audio is not a WAV file; {expected}"),
        (
            (encoding == PCM) & (bits == 16) & (channels > 0),
            tf.strings.join(["audio has another encoding; ", received]),
        ),
        (rate == config.sample_rate, tf.strings.format(f"audio has another rate; {expected}, received {{}} Hz", rate)),
        (data + 8 + size <= length, f"audio is cut short; {expected}, as long as its header says"),
        (size >= 2 * channels, f"audio holds no samples; {expected}"),
    )
    # Nothing is read of a bad file, since what its header says may lie outside of it.
    channels = tf.where(error == "", channels, 1)
    frames = tf.where(error == "", tf.minimum(size // (2 * channels), config.max_samples), 0)
    samples = tf.io.decode_raw(tf.strings.substr(content, data + 8, 2 * channels * frames), tf.int16)
    return tf.reduce_mean(tf.reshape(tf.cast(samples, tf.float32) / FULL_SCALE, [frames, channels]), axis=1), error


def _samples_bytes(content: tf.Tensor, data: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """How many bytes of samples the chunk at `data` holds, by its header, or by the end where that cannot be right.

    A writer to a pipe does not know the length, and leaves 0, the largest number or one near 2³¹. Others count too many
    bytes of samples within a file that as a whole is as long as it says.
    """
    claimed, there = _number(content, data + 4, 4), tf.maximum(length - data - 8, 0)
    unknown = (claimed == 0) | (claimed == 2**32 - 1) | ((claimed >= 2**31 - 2**16) & (length < claimed // 2))
    whole = _number(content, 4, 4) + 8 == length
    return tf.where((data + 8 <= length) & (unknown | whole) & ((claimed > there) | (claimed == 0)), there, claimed)


def _find(name: bytes, content: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Where a chunk begins: its name, its size in 4 bytes, its content; `length`, the end, if there is none."""
    position = tf.while_loop(
        lambda position: (position < length) & (_text(content, position) != name),
        # Chunks begin at even places.
        lambda position: [tf.minimum(position + 8 + (_number(content, position + 4, 4) + 1) // 2 * 2, length)],
        [tf.minimum(tf.constant(12, tf.int64), length)],
        maximum_iterations=MAX_CHUNKS,
    )[0]
    return tf.where(_text(content, position) == name, position, length)


def _text(content: tf.Tensor, position: tf.Tensor | int) -> tf.Tensor:
    """Four bytes."""
    return tf.strings.substr(content, position, 4)


def _number(content: tf.Tensor, position: tf.Tensor, width: int) -> tf.Tensor:
    """An unsigned integer of `width` bytes, the lowest first, as int64."""
    field = tf.strings.join([tf.strings.substr(content, position, width), b"\0" * (8 - width)])
    return tf.io.decode_raw(field, tf.int64)[0]
