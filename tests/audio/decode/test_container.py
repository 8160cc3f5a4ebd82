import sys

import numpy as np
import pytest
from audio_files import tones, video

from emotion_tf.audio.decode import bounds, decode
from emotion_tf.errors import EmotionTFError


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("container", "codec", "rate", "picture"),
    [
        ("mp4", "aac", 48_000, True),
        ("mp4", "aac", 22_050, False),
        ("mov", "pcm_s16le", 44_100, True),
        ("matroska", "flac", 16_000, True),
        ("webm", "libopus", 48_000, True),
    ],
)
def test_sound_of_videos_is_the_sound_that_went_in(container, codec, rate, picture, channels):
    # A noise has one lag only at which it is like itself, so that a shift by one sample would show.
    generator = np.random.default_rng(0)
    noise = np.cumsum(generator.uniform(-0.1, 0.1, (rate, channels)), axis=0)
    samples = 0.5 * np.diff(noise, axis=0, prepend=0) + 0.5 * tones(channels, rate, 1.0)
    decoded, decoded_rate = decode(video(samples, container, codec, rate, picture))
    assert decoded_rate == rate
    assert decoded.dtype == np.float32
    # Opus in WebM begins with silence that is cut off by the millisecond.
    assert decoded.shape == (rate,)
    assert np.corrcoef(decoded, samples.mean(axis=1))[0, 1] > 0.98


@pytest.mark.parametrize("share", [0.1, 0.4, 0.6, 0.8])
@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("mov", "pcm_s16le")])
def test_video_that_is_cut(container, codec, share):
    whole = video(tones(1, 48_000, 2.0), container, codec)
    with pytest.raises(EmotionTFError, match="clip (is cut short|cannot be decoded)"):
        decode(whole[: int(len(whole) * share)], "clip")


def test_damaged_videos():
    whole = video(tones(1, 48_000, 2.0), "mov", "pcm_s16le", picture=False)
    start = whole.index(b"mdat") + 4
    with pytest.raises(EmotionTFError, match=r"clip is cut short; expected 96000 samples, .* received 48000\."):
        decode(whole[: start + 2 * 48_000], "clip")
    with pytest.raises(EmotionTFError, match=r"clip cannot be decoded \(.+\); expected a whole .* MP4"):
        decode(b"\x1a\x45\xdf\xa3" + bytes(1000), "clip")
    with pytest.raises(EmotionTFError, match=r"clip has no sound track; expected a whole video file with sound"):
        decode(video(None), "clip")


def test_video_of_an_unknown_codec():
    content = video(tones(1, 48_000), "webm", "libopus")
    assert content.count(b"A_OPUS") == 1
    with pytest.raises(EmotionTFError, match=r"clip cannot be decoded \(nobody knows the codec of its sound\)"):
        decode(content.replace(b"A_OPUS", b"A_NONE"), "clip")


def test_very_long_video(monkeypatch):
    content = video(tones(1, 48_000, 2.0))
    monkeypatch.setattr(bounds, "MAX_SECONDS", 1)
    with pytest.raises(EmotionTFError, match="clip is too long"):
        decode(content, "clip")


def test_video_without_pyav(monkeypatch):
    content = video(tones(1, 48_000))
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(EmotionTFError, match=r"clip is a video .*, and PyAV.* pip install 'emotion-tf\[video\]'"):
        decode(content, "clip")
