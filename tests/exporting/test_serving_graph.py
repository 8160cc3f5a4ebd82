"""WAV files decoded in the graph: against soundfile, and what is said of bad ones."""

import io
import struct

import numpy as np
import pytest
import soundfile
import tensorflow as tf
from made_waves import RATE, noise

from emotion_tf.config import FeatureConfig
from emotion_tf.exporting.serving_graph import decode_wavs

CONFIG = FeatureConfig(max_seconds=2.0)
DECODE = tf.function(lambda audio: decode_wavs(audio, CONFIG), input_signature=[tf.TensorSpec([None], tf.string)])


def sound_file(samples, rate=RATE, subtype="PCM_16", form="WAV"):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    return file.getvalue()


def with_chunk(content, name, body):
    """The file with one more chunk before the others; one of odd size is followed by a zero."""
    return content[:12] + name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2) + content[12:]


MONO = sound_file(noise(1000))
STEREO = sound_file(np.stack([noise(999), noise(999, seed=1)], axis=1))
GOOD = {
    "plain": MONO,
    "two channels": STEREO,
    "five channels": sound_file(np.stack([noise(70, seed) for seed in range(5)], axis=1)),
    "extensible header": sound_file(noise(50), form="WAVEX"),
    "one sample": sound_file(noise(1)),
    "full scale": sound_file(np.array([1.0, -1.0, 1.0])),
    "chunk before": with_chunk(MONO, b"LIST", b"made by hand"),
    "odd chunks before": with_chunk(with_chunk(MONO, b"bext", b"123"), b"iXML", b"<x/> "),
    "empty chunk before": with_chunk(MONO, b"junk", b""),
    "chunk behind": MONO + b"LIST" + struct.pack("<I", 4) + b"INFO",
    "name of a chunk inside another": with_chunk(MONO, b"note", b"datafmt RIFFdata"),
    "length never filled in": MONO[:4] + b"\xff\xff\xff\xff" + MONO[8:40] + b"\xff\xff\xff\xff" + MONO[44:],
    "length of eSpeak NG": MONO[:4] + b"\x24\xf0\xff\x7f" + MONO[8:40] + b"\0\xf0\xff\x7f" + MONO[44:],
    "16 bytes of samples too many": MONO[:40] + struct.pack("<I", 2016) + MONO[44:],
    # A tool that broke off left half a sample, which the header counts.
    "half a frame too many": STEREO[:40] + struct.pack("<I", 4 * 999 - 3) + STEREO[44:],
}

EXPECTED = "; expected the bytes of a 16-bit PCM WAV file at 16000 Hz"
BAD = {
    "empty": (b"", "audio is empty" + EXPECTED),
    "text": (b"no sound at all, but long enough for a header", "audio is not a WAV file" + EXPECTED),
    "one byte": (b"R", "audio is not a WAV file" + EXPECTED),
    "a name alone": (b"RIFF\0\0\0\0WAVE", "audio is not a WAV file" + EXPECTED),
    "header cut": (MONO[:30], "audio is not a WAV file" + EXPECTED),
    "mp3": (sound_file(noise(4000), subtype="MPEG_LAYER_III", form="MP3"), "audio is not a WAV file" + EXPECTED),
    "flac": (sound_file(noise(4000), form="FLAC"), "audio is not a WAV file" + EXPECTED),
    "ogg": (sound_file(noise(4000), subtype="VORBIS", form="OGG"), "audio is not a WAV file" + EXPECTED),
    "24 bit": (
        sound_file(noise(800), subtype="PCM_24"),
        "audio has another encoding" + EXPECTED + ", received encoding 1 with 24 bits",
    ),
    "24 bit, extensible": (
        sound_file(noise(800), subtype="PCM_24", form="WAVEX"),
        "audio has another encoding" + EXPECTED + ", received encoding 1 with 24 bits",
    ),
    "float": (
        sound_file(noise(800), subtype="FLOAT"),
        "audio has another encoding" + EXPECTED + ", received encoding 3 with 32 bits",
    ),
    "float, extensible": (
        sound_file(noise(800), subtype="FLOAT", form="WAVEX"),
        "audio has another encoding" + EXPECTED + ", received encoding 3 with 32 bits",
    ),
    "telephone": (
        sound_file(noise(800), subtype="ULAW"),
        "audio has another encoding" + EXPECTED + ", received encoding 7 with 8 bits",
    ),
    "no channel": (
        MONO[:22] + b"\0\0" + MONO[24:],
        "audio has another encoding" + EXPECTED + ", received encoding 1 with 16 bits",
    ),
    "rate": (sound_file(noise(800), rate=8000), "audio has another rate" + EXPECTED + ", received 8000 Hz"),
    "cut short": (MONO[:300], "audio is cut short" + EXPECTED + ", as long as its header says"),
    "no samples but their header": (MONO[:44], "audio is cut short" + EXPECTED + ", as long as its header says"),
    "no chunk of samples": (MONO[:36], "audio is cut short" + EXPECTED + ", as long as its header says"),
    "no samples": (sound_file(noise(0)), "audio holds no samples" + EXPECTED),
    "headers without end": (
        MONO[:12] + (b"junk" + b"\0" * 4) * 100_000 + MONO[12:],
        "audio is not a WAV file" + EXPECTED,
    ),
}


def test_length_left_at_zero():
    """libsndfile takes such a file for one without samples."""
    waveform, num_samples, error = DECODE(tf.constant([MONO[:40] + bytes(4) + MONO[44:]]))
    assert error.numpy().tolist() == [b""] and num_samples.numpy().tolist() == [1000]
    np.testing.assert_array_equal(waveform[0], noise(1000))


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_decodes_as_soundfile(content):
    channels, _ = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    waveform, num_samples, error = DECODE(tf.constant([content]))
    assert error.numpy().tolist() == [b""]
    assert num_samples.numpy().tolist() == [len(channels)]
    np.testing.assert_allclose(waveform[0], channels.mean(axis=1), atol=1e-7)


def test_bad_files_are_errors_of_their_rows():
    contents = [content for bad, _ in BAD.values() for content in (MONO, bad)]
    waveform, num_samples, error = DECODE(tf.constant(contents))
    assert [text.decode() for text in error.numpy()[1::2]] == [text for _, text in BAD.values()]
    assert set(error.numpy()[::2]) == {b""}
    assert num_samples.numpy().tolist() == [1000, 0] * len(BAD)
    np.testing.assert_array_equal(waveform[1::2], np.zeros((len(BAD), 1000)))
    np.testing.assert_array_equal(waveform[::2], np.tile(noise(1000), (len(BAD), 1)))


def test_what_is_not_heard_is_not_decoded():
    waveform, num_samples, _ = DECODE(tf.constant([sound_file(noise(3 * RATE)), MONO]))
    assert num_samples.numpy().tolist() == [2 * RATE, 1000]
    np.testing.assert_array_equal(waveform[0], noise(3 * RATE)[: 2 * RATE])


def test_no_file_at_all():
    waveform, num_samples, error = DECODE(tf.constant([], tf.string))
    assert (waveform.shape[0], num_samples.shape[0], error.shape[0]) == (0, 0, 0)


def test_no_bytes_whatsoever_raise():
    """Headers of random damage: an exception would be the failure of everybody's request."""
    generator = np.random.default_rng(0)
    damaged = []
    for _ in range(500):
        content = np.frombuffer(STEREO, np.uint8)[:200].copy()
        places = generator.integers(0, 60, generator.integers(1, 6))
        content[places] = generator.integers(0, 256, len(places))
        damaged.append(content[: generator.integers(0, 200)].tobytes())
    waveform, num_samples, error = DECODE(tf.constant(damaged))
    assert np.isfinite(waveform).all()
    np.testing.assert_array_equal(num_samples.numpy() == 0, error.numpy() != b"")
