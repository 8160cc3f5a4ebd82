import numpy as np
import pytest
from audio_files import tones, variable_rate_mp3, without_length

from emotion_tf.audio.decode import decode
from emotion_tf.errors import EmotionTFError


def test_mp3_whose_length_is_guessed_too_long_is_not_taken_for_cut():
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 32_000)
    content = without_length(*variable_rate_mp3(np.concatenate([np.zeros(32_000), noise])), range(80_000, 10**7))
    # Without its header the encoder's delay, at most a few frames of 576 samples, counts as sound.
    assert len(decode(content)[0]) == pytest.approx(64_000, abs=4 * 576)


def test_mp3_whose_length_is_guessed_too_short_does_not_lose_its_end():
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 32_000)
    content = without_length(*variable_rate_mp3(np.concatenate([noise, np.zeros(32_000)])), range(1, 50_000))
    with pytest.raises(EmotionTFError, match="clip does not say how long it is"):
        decode(content, "clip")


def test_mp3_with_tags_is_still_known_to_be_cut():
    content, _ = variable_rate_mp3(tones(1, seconds=2.0))
    tagged = b"ID3\x03\0\0" + bytes([0, 0, 2, 44]) + bytes(300) + content  # 2 · 128 + 44 bytes of tags.
    assert len(decode(tagged)[0]) == 32_000
    with pytest.raises(EmotionTFError, match="clip is cut short; expected 32000 samples"):
        decode(tagged[: len(tagged) * 2 // 3], "clip")
