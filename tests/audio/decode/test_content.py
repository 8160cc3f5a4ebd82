import os

import numpy as np
import pytest
import soundfile
from audio_files import ENCODINGS, LOSSLESS, LOSSY, encode, flac_of_length, tones

from emotion_tf.audio.decode import decode
from emotion_tf.audio.reader import read_blocks, read_waveform
from emotion_tf.errors import EmotionTFError


@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize(("container", "encoding", "tolerance"), LOSSLESS)
def test_lossless_formats_give_back_what_was_written(container, encoding, tolerance, channels, back_end):
    samples = tones(channels)
    decoded, rate = decode(encode(samples, container, encoding, rate=22_050))
    assert rate == 22_050
    assert decoded.dtype == np.float32
    np.testing.assert_allclose(decoded, samples.mean(axis=1), rtol=0, atol=tolerance + 1e-7)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("container", "encoding"), LOSSY)
def test_lossy_formats_give_back_the_same_sound(container, encoding, channels, back_end):
    samples = tones(channels, rate=24_000, seconds=1.0)
    decoded, rate = decode(encode(samples, container, encoding, rate=24_000))
    assert rate == 24_000
    assert decoded.shape == (24_000,)
    wanted = samples.mean(axis=1)
    correlation = np.corrcoef(decoded, wanted)[0, 1]
    assert correlation > 0.99
    assert decoded.std() == pytest.approx(wanted.std(), rel=0.05)


def test_decoders_say_nothing_themselves(tmp_path, capfd):
    """libmpg123 writes remarks to the standard error, and soundfile tracebacks of what its streams raise."""
    garbage = np.random.default_rng(0).bytes(3000)
    backwards = bytearray(encode(tones(1), "AIFF"))
    backwards[38:42] = b"\xff\xff\xff\xf0"  # The name of the chunk with the sound, for which libsndfile then searches.
    for content in (b"\xff\xfb\x90\x64" + garbage, b"ID3" + garbage, bytes(backwards)):
        (tmp_path / "a").write_bytes(content)
        for read in (lambda content=content: decode(content), lambda: list(read_blocks(tmp_path / "a", 16_000))):
            with pytest.raises(EmotionTFError):
                read()
    os.write(2, b"standard error")
    assert capfd.readouterr().err == "standard error"


@pytest.mark.parametrize("content", [b"no audio, but words" * 20, b"RIFF", b"fLaC", b"OggS" + bytes(40), bytes(1000)])
def test_content_that_is_no_audio(content):
    with pytest.raises(EmotionTFError, match=r"clip cannot be decoded \([^<]*\); expected a whole"):
        decode(content, "clip")


@pytest.mark.parametrize(("container", "encoding"), [("WAV", "PCM_16"), ("WAV", "FLOAT"), ("OGG", "VORBIS")])
def test_header_without_samples(container, encoding):
    with pytest.raises(EmotionTFError, match="clip holds no samples"):
        decode(encode(np.zeros(0), container, encoding), "clip")


@pytest.mark.parametrize("share", [0.4, 0.9, "all but the last byte"])
@pytest.mark.parametrize(("container", "encoding"), ENCODINGS)
def test_every_format_notices_when_it_is_cut(container, encoding, share, back_end):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 24_000)
    content = encode(noise, container, encoding)
    cut = len(content) - 1 if isinstance(share, str) else int(len(content) * share)
    with pytest.raises(EmotionTFError, match="clip (is cut short|cannot be decoded)"):
        decode(content[:cut], "clip")


@pytest.mark.parametrize(
    ("frames", "rate"),
    [(2**36 - 1, 16_000), (16_000 * 21_601, 16_000), (1_000 * 21_601, 1_000)],
    ids=["samples", "hours", "rate"],
)
def test_absurd_length_is_refused_before_it_is_allocated(frames, rate, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("samples were read")

    monkeypatch.setattr(soundfile.SoundFile, "read", refuse)
    with pytest.raises(EmotionTFError, match="clip is too long; expected at most 6 hours"):
        decode(flac_of_length(frames, rate), "clip")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_samples_that_are_no_sound(tmp_path, value):
    samples = tones(2, 8_000).astype(np.float32)
    samples[[1600, 2000]] = value, -value
    samples[1600, 1] *= 0.5
    path = tmp_path / "broken.wav"
    soundfile.write(path, samples, 8_000, subtype="FLOAT")
    with pytest.raises(EmotionTFError, match=r"broken\.wav holds .* as sample 1600, at 0\.200 seconds"):
        read_waveform(path, 8_000)
