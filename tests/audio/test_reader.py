import shutil
import tracemalloc

import numpy as np
import pytest
import soundfile
from audio_files import ENCODINGS, encode, tones, variable_rate_mp3, video

from emotion_tf.audio.decode import bounds
from emotion_tf.audio.reader import read_blocks, read_waveform
from emotion_tf.audio.resample import change_speed
from emotion_tf.errors import EmotionTFError


def test_stretch_is_cut_to_the_sample(tmp_path):
    path = tmp_path / "ramp.wav"
    ramp = np.arange(8000, dtype=np.int16)
    soundfile.write(path, ramp, 8_000)
    assert (read_waveform(path, 8_000, 0.25, 0.5) * 32768).astype(int).tolist() == list(range(2000, 4000))
    assert (read_waveform(path, 8_000, 0.5) * 32768).astype(int).tolist() == list(range(4000, 8000))
    # 0.10006 seconds are sample 800.48, and 0.10009 are sample 800.72.
    assert (read_waveform(path, 8_000, 0.10006, 0.10031) * 32768).astype(int).tolist() == [800, 801]
    assert (read_waveform(path, 8_000, 0.10009, 0.10031) * 32768).astype(int).tolist() == [801]
    assert len(read_waveform(path, 8_000, 0.0, 1.00005)) == 8000


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (-0.1, None),
        (1.0, None),
        (0.5, 0.5),
        (0.6, 0.5),
        (0.0, 1.1),
        (2.0, 3.0),
        (float("nan"), None),
        (0, float("inf")),
    ],
)
def test_stretch_outside_of_the_file(tmp_path, start, end):
    path = tmp_path / "second.wav"
    soundfile.write(path, tones(1, 8_000, 1.0), 8_000)
    with pytest.raises(EmotionTFError, match=r"second\.wav is not inside the file.*from 0 to 1 seconds"):
        read_waveform(path, 8_000, start, end)


@pytest.mark.parametrize(("start", "end"), [(0.50001, 0.50002), (0.99999, None)])
def test_stretch_without_a_sample(tmp_path, start, end):
    path = tmp_path / "second.wav"
    soundfile.write(path, tones(1, 8_000, 1.0), 8_000)
    with pytest.raises(EmotionTFError, match=r"second\.wav holds no sample; .* received 1e-05 seconds"):
        read_waveform(path, 8_000, start, end)


def test_missing_file_folder_and_no_bytes(tmp_path):
    with pytest.raises(EmotionTFError, match=r"nowhere\.wav does not exist"):
        read_waveform(tmp_path / "nowhere.wav", 16_000)
    with pytest.raises(EmotionTFError, match="is not a file"):
        read_waveform(tmp_path, 16_000)
    (tmp_path / "empty.wav").touch()
    with pytest.raises(EmotionTFError, match=r"empty\.wav is empty"):
        read_waveform(tmp_path / "empty.wav", 16_000)


def test_file_beyond_all_bounds_is_not_read(tmp_path):
    path = tmp_path / "huge.wav"
    with path.open("wb") as file:
        file.truncate(bounds.MAX_BYTES + 1)  # Sparse: it takes no room on the disk.
    with pytest.raises(EmotionTFError, match=r"huge\.wav is too large"):
        read_waveform(path, 16_000)


def test_real_clips_are_the_same_in_every_lossless_format(ravdess_clips, tmp_path):
    for clip in ravdess_clips[:: len(ravdess_clips) // 5]:
        original, rate = soundfile.read(clip, dtype="int16")
        expected = original.astype(np.float32) / 32768
        shutil.copy(clip, tmp_path / "clip.flac")
        soundfile.write(tmp_path / "clip.wav", original, rate)
        for name in ("clip.flac", "clip.wav"):
            np.testing.assert_array_equal(read_waveform(tmp_path / name, rate), expected)


def test_video_is_read_and_resampled(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(video(tones(2, 48_000, 1.0)))
    samples = read_waveform(path, 16_000, start=0.25, end=0.75)
    assert samples.shape == (8_000,)
    spectrum = np.abs(np.fft.rfft(samples))
    assert sorted(np.argsort(spectrum)[-2:] * 2) == [300, 600]


@pytest.fixture
def small_blocks(monkeypatch):
    """Files of a second are read in many blocks, of a length that divides nothing."""
    monkeypatch.setattr(bounds, "BLOCK_FRAMES", 997)


def check_blocks(path, least_blocks=2):
    blocks = list(read_blocks(path, 16_000))
    assert len(blocks) >= least_blocks
    np.testing.assert_array_equal(np.concatenate(blocks), read_waveform(path, 16_000))


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
@pytest.mark.parametrize(("container", "encoding"), ENCODINGS)
def test_blocks_are_the_file_read_at_once(container, encoding, rate, tmp_path, small_blocks):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (rate, 2))
    (tmp_path / "noise").write_bytes(encode(noise, container, encoding, rate))
    check_blocks(tmp_path / "noise", rate // 997)


@pytest.mark.parametrize("rate", [11_025, 22_050, 44_100, 96_000])
@pytest.mark.parametrize("frames", [1, 2, 996, 997, 998, 12_345])
def test_blocks_have_the_length_of_the_file_read_at_once(rate, frames, tmp_path, small_blocks):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, frames)
    soundfile.write(tmp_path / "noise.wav", noise, rate)
    check_blocks(tmp_path / "noise.wav", 1)


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("mov", "pcm_s16le"), ("webm", "libopus")])
def test_blocks_of_a_video(container, codec, tmp_path):
    (tmp_path / "video").write_bytes(video(tones(2, 48_000, 1.01), container, codec))
    check_blocks(tmp_path / "video")


def test_blocks_of_an_mp3_that_does_not_say_how_long_it_is(tmp_path, small_blocks):
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 32_000)
    for first, last, refused in [(np.zeros(32_000), noise, False), (noise, np.zeros(32_000), True)]:
        content, first_frame = variable_rate_mp3(np.concatenate([first, last]))
        (tmp_path / "noise.mp3").write_bytes(content[first_frame:])
        if refused:
            with pytest.raises(EmotionTFError, match=r"noise\.mp3 does not say how long it is"):
                list(read_blocks(tmp_path / "noise.mp3", 16_000))
        else:
            check_blocks(tmp_path / "noise.mp3")


def test_blocks_of_real_speech(ravdess_clips, tmp_path):
    clips = [soundfile.read(clip)[0] for clip in ravdess_clips[:8]]
    mono = change_speed(np.concatenate(clips).astype(np.float32), 16_000 / 48_000)
    soundfile.write(tmp_path / "speech.flac", np.stack([mono, mono[::-1]], axis=1), 48_000)
    check_blocks(tmp_path / "speech.flac", 10)


@pytest.mark.parametrize("share", [0.4, 0.9, "all but the last byte"])
@pytest.mark.parametrize(("container", "encoding"), ENCODINGS)
def test_blocks_of_a_file_that_is_cut(container, encoding, share, tmp_path, small_blocks):
    content = encode(np.random.default_rng(0).uniform(-0.5, 0.5, 24_000), container, encoding)
    cut = len(content) - 1 if isinstance(share, str) else int(len(content) * share)
    (tmp_path / "cut").write_bytes(content[:cut])
    with pytest.raises(EmotionTFError) as whole:
        read_waveform(tmp_path / "cut", 16_000)
    with pytest.raises(EmotionTFError) as blocks:
        list(read_blocks(tmp_path / "cut", 16_000))
    assert str(blocks.value) == str(whole.value)


def test_blocks_of_what_cannot_be_read(tmp_path, small_blocks):
    contents = {
        "empty": b"",
        "text": b"no audio, but words" * 20,
        "silent": encode(np.zeros(0)),
        "picture": video(None),
        "cut video": video(tones(1, 48_000, 2.0))[:9000],
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    for name in (*contents, "missing", "."):
        with pytest.raises(EmotionTFError) as whole:
            read_waveform(tmp_path / name, 16_000)
        with pytest.raises(EmotionTFError) as blocks:
            list(read_blocks(tmp_path / name, 16_000))
        assert str(blocks.value) == str(whole.value)


def test_blocks_count_to_the_sample_that_is_no_sound(tmp_path, small_blocks):
    samples = tones(2, 8_000).astype(np.float32)
    samples[1600] = np.nan
    soundfile.write(tmp_path / "broken.wav", samples, 8_000, subtype="FLOAT")
    blocks = read_blocks(tmp_path / "broken.wav", 8_000)
    assert len(next(blocks)) == 997
    with pytest.raises(EmotionTFError, match=r"broken\.wav holds .* as sample 1600, at 0\.200 seconds"):
        next(blocks)


def test_blocks_take_no_more_memory_the_longer_the_file(tmp_path):
    path, peaks = tmp_path / "silence.flac", []
    for minutes in (1, 7):
        soundfile.write(path, np.zeros(60 * minutes * 48_000, np.int16), 48_000)
        tracemalloc.start()
        assert sum(len(block) for block in read_blocks(path, 16_000)) == 60 * minutes * 16_000
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # The first file alone holds 11 MB of samples.
    assert peaks[0] < 3e6
    assert peaks[1] < peaks[0] + 1e5


def test_blocks_know_no_longest_recording(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "MAX_SECONDS", 1)
    monkeypatch.setattr(bounds, "MAX_BYTES", 1000)
    soundfile.write(tmp_path / "long.wav", tones(1, seconds=2.0), 16_000)
    (tmp_path / "long.mp4").write_bytes(video(tones(1, 48_000, 2.0)))
    for name in ("long.wav", "long.mp4"):
        with pytest.raises(EmotionTFError, match="is too l"):
            read_waveform(tmp_path / name, 16_000)
        assert sum(len(block) for block in read_blocks(tmp_path / name, 16_000)) == 32_000
