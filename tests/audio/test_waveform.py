import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotion_tf.audio import waveform
from emotion_tf.audio.waveform import change_speed, decode, read_blocks, read_waveform
from emotion_tf.errors import EmotionTFError

# Container, encoding and the largest error that storing a sample in it may make.
LOSSLESS = [
    ("WAV", "PCM_U8", 2**-7),
    ("WAV", "PCM_16", 2**-15),
    ("WAV", "PCM_24", 2**-23),
    ("WAV", "PCM_32", 2**-24),
    ("WAV", "FLOAT", 2**-25),
    ("WAV", "DOUBLE", 2**-25),
    ("WAVEX", "PCM_16", 2**-15),
    ("WAVEX", "PCM_24", 2**-23),
    ("FLAC", "PCM_S8", 2**-7),
    ("FLAC", "PCM_16", 2**-15),
    ("FLAC", "PCM_24", 2**-23),
]
LOSSY = [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")]
ENCODINGS = [(container, encoding) for container, encoding, _ in LOSSLESS] + LOSSY


def tones(channels: int, rate: int = 16_000, seconds: float = 0.5) -> np.ndarray:
    """(samples, channels) float64: a tone a channel, 300 Hz, 600 Hz and so on."""
    time = np.arange(round(rate * seconds)) / rate
    return np.stack([0.6 * np.sin(2 * np.pi * 300 * (n + 1) * time) for n in range(channels)], axis=1)


def encode(samples: np.ndarray, container: str = "WAV", encoding: str = "PCM_16", rate: int = 16_000) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=container, subtype=encoding)
    return file.getvalue()


def wav(data: bytes, claim: int | None = None, before: bytes = b"", block_bytes: int = 2, rate: int = 8_000) -> bytes:
    """A 16-bit mono WAV put together by hand, whose header may lie."""
    size = len(data) if claim is None else claim
    body = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, 2 * rate, block_bytes, 16) + before
    body += b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def flac_of_length(frames: int, rate: int) -> bytes:
    """A FLAC file with another rate and number of frames in its header; they stand from byte 18 on."""
    content = bytearray(encode(tones(1), "FLAC"))
    content[18:26] = (rate << 44 | 15 << 36 | frames).to_bytes(8, "big")
    return bytes(content)


@pytest.fixture(params=[True, False], ids=["tensorflow-io", "soundfile"])
def back_end(request, monkeypatch):
    """Every decoding test runs with tensorflow-io, where it loads, and as if it were not there."""
    if not request.param:
        monkeypatch.setattr(waveform, "_tensorflow_io_audio", lambda: None)
    elif waveform._tensorflow_io_audio() is None:
        pytest.skip("tensorflow-io does not load with this TensorFlow")


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


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("container", "encoding"), ENCODINGS)
def test_back_ends_give_identical_samples(container, encoding, channels, monkeypatch):
    if waveform._tensorflow_io_audio() is None:
        pytest.skip("tensorflow-io does not load with this TensorFlow")
    noise = np.random.default_rng(0).uniform(-1, 1, (3000, channels))
    content = encode(noise, container, encoding)
    with_tensorflow_io, _ = decode(content)
    monkeypatch.setattr(waveform, "_tensorflow_io_audio", lambda: None)
    np.testing.assert_array_equal(with_tensorflow_io, decode(content)[0])


@pytest.mark.parametrize("encoding", waveform.TENSORFLOW_IO_ENCODINGS)
def test_tensorflow_io_decodes_what_it_is_said_to(encoding, monkeypatch):
    """Without this, the tests above could all be passed by soundfile alone."""
    if waveform._tensorflow_io_audio() is None:
        pytest.skip("tensorflow-io does not load with this TensorFlow")

    def refuse(*args, **kwargs):
        raise RuntimeError("soundfile read samples")

    monkeypatch.setattr(soundfile.SoundFile, "read", refuse)
    assert decode(encode(tones(1), "WAV", encoding))[0].shape == (8000,)


def test_extreme_integers_stay_within_one(back_end):
    data = struct.pack("<4h", -32768, 32767, 0, 1)
    np.testing.assert_array_equal(decode(wav(data))[0], np.array([-1, 32767 / 32768, 0, 1 / 32768], np.float32))


def test_chunks_before_and_bytes_after_the_samples_are_passed_over(back_end):
    data = struct.pack("<4h", 100, 200, 300, 400)
    odd_chunk = b"LIST" + struct.pack("<I", 5) + b"INFOx\0"
    expected = np.array([100, 200, 300, 400], np.float32) / 32768
    np.testing.assert_array_equal(decode(wav(data, before=odd_chunk))[0], expected)
    np.testing.assert_array_equal(decode(wav(data) + b"\0\0\0")[0], expected)


def test_header_that_contradicts_itself_never_reaches_tensorflow_io(monkeypatch):
    """A frame of 25 bytes that holds one sample of 2 crashed tensorflow-io 0.37 and the process with it."""

    def fail():
        raise AssertionError("handed to tensorflow-io")

    monkeypatch.setattr(waveform, "_tensorflow_io_audio", fail)
    with pytest.raises(AssertionError, match="handed to tensorflow-io"):
        decode(wav(bytes(200)))
    assert len(decode(wav(bytes(200), block_bytes=25))[0]) == 100


def test_newer_tensorflow_decodes_with_soundfile_in_silence(tmp_path):
    """Stands in for tensorflow-io under another TensorFlow: it warns as it is imported, and its ops do not load."""
    package = tmp_path / "tensorflow_io"
    (package / "python").mkdir(parents=True)
    (package / "__init__.py").write_text(
        "import warnings\nwarnings.warn('unable to load libtensorflow_io_plugins.so')\nfrom . import audio, python\n"
    )
    (package / "audio.py").write_text("")
    (package / "python" / "__init__.py").write_text("from . import ops\n")
    (package / "python" / "ops.py").write_text(
        "class Lazy:\n    def __getattr__(self, name):\n        raise NotImplementedError('unable to open file')\n"
        "core_ops = Lazy()\n"
    )
    (tmp_path / "tone.wav").write_bytes(encode(tones(1)))
    code = "from emotion_tf.audio.waveform import read_waveform; print(len(read_waveform('tone.wav', 16000)))"
    root = Path(waveform.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": f"{tmp_path}:{root}", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "8000\n"
    assert "unable" not in done.stderr


@pytest.mark.parametrize("rate", [8_000, 11_025, 44_100, 48_000])
def test_reading_resamples(tmp_path, rate):
    path = tmp_path / "tone.wav"
    soundfile.write(path, tones(1, rate, 1.0), rate, subtype="FLOAT")
    samples = read_waveform(path, 16_000)
    assert samples.shape == (16_000,)
    assert samples.dtype == np.float32
    # The tone as it is at 16 kHz, away from the ends, where resampling hears silence around the file.
    np.testing.assert_allclose(samples[400:-400], tones(1, 16_000, 1.0)[400:-400, 0], atol=1e-3)


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
        file.truncate(waveform.MAX_BYTES + 1)  # Sparse: it takes no room on the disk.
    with pytest.raises(EmotionTFError, match=r"huge\.wav is too large"):
        read_waveform(path, 16_000)


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


@pytest.mark.parametrize("claim", [402, 2**31 - 2, 2**32 - 2, 2**32 - 1])
def test_wav_that_claims_more_than_it_has(claim, back_end):
    with pytest.raises(EmotionTFError, match=rf"clip is cut short; expected at least {44 + claim} bytes, received 444"):
        decode(wav(bytes(400), claim), "clip")


def variable_rate_mp3(samples: np.ndarray) -> tuple[bytes, int]:
    """An MP3 at 16 kHz and the length of its first frame, which holds the header that tells its length."""
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", 16_000, 1, format="MP3", bitrate_mode="VARIABLE") as writer:
        writer.write(samples)
    content = file.getvalue()
    # Bit rates of MPEG-2 layer III in kbit/s; a frame holds 576 samples.
    rates = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
    return content, 72 * rates[content[2] >> 4] * 1000 // 16_000 + (content[2] >> 1 & 1)


def without_length(content: bytes, first_frame: int, guess: range) -> bytes:
    """The MP3 without its header of Xing, for which libsndfile guesses a length from the first bit rate."""
    assert b"Xing" in content[:first_frame]
    with soundfile.SoundFile(io.BytesIO(content[first_frame:])) as file:
        assert file.frames in guess
    return content[first_frame:]


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


def test_real_clips_are_the_same_in_every_lossless_format(ravdess_clips, tmp_path):
    for clip in ravdess_clips[:: len(ravdess_clips) // 5]:
        original, rate = soundfile.read(clip, dtype="int16")
        expected = original.astype(np.float32) / 32768
        shutil.copy(clip, tmp_path / "clip.flac")
        soundfile.write(tmp_path / "clip.wav", original, rate)
        for name in ("clip.flac", "clip.wav"):
            np.testing.assert_array_equal(read_waveform(tmp_path / name, rate), expected)


def video(
    samples: np.ndarray | None, container: str = "mp4", codec: str = "aac", rate: int = 48_000, picture: bool = True
) -> bytes:
    """A video file that PyAV writes: half a second of grey, with `samples` (samples, channels) as its sound."""
    av = pytest.importorskip("av", reason="SKIPPED FOR WANT OF av")
    # The index of an MP4 comes first, as on the web, so that a file that is cut still opens; this needs a file on disk.
    options = {"movflags": "faststart"} if container in ("mp4", "mov") else {}
    with (
        tempfile.NamedTemporaryFile() as file,
        av.open(file.name, "w", format=container, options=options) as output,
    ):
        frames = []
        if picture:
            stream = output.add_stream("vp8" if container == "webm" else "mpeg4", rate=10)
            stream.width = stream.height = 32
            stream.pix_fmt = "yuv420p"
            for index in range(5):
                frame = av.VideoFrame.from_ndarray(np.full((48, 32), 128, np.uint8), format="yuv420p")
                frame.pts, frame.time_base = index, Fraction(1, 10)
                frames.append((stream, frame))
            frames.append((stream, None))
        if samples is not None:
            layout = {1: "mono", 2: "stereo"}[samples.shape[1]]
            stream = output.add_stream(codec, rate=rate, layout=layout)
            planes = np.ascontiguousarray(samples.T, np.float32)
            frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout=layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
            frames += [(stream, frame), (stream, None)]
        for stream, frame in frames:
            output.mux(stream.encode(frame))
        output.close()
        return Path(file.name).read_bytes()


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


def test_video_is_read_and_resampled(tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(video(tones(2, 48_000, 1.0)))
    samples = read_waveform(path, 16_000, start=0.25, end=0.75)
    assert samples.shape == (8_000,)
    spectrum = np.abs(np.fft.rfft(samples))
    assert sorted(np.argsort(spectrum)[-2:] * 2) == [300, 600]


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
    monkeypatch.setattr(waveform, "MAX_SECONDS", 1)
    with pytest.raises(EmotionTFError, match="clip is too long"):
        decode(content, "clip")


def test_video_without_pyav(monkeypatch):
    content = video(tones(1, 48_000))
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(EmotionTFError, match=r"clip is a video, and PyAV.* pip install 'emotion-tf\[video\]'"):
        decode(content, "clip")


@pytest.fixture
def small_blocks(monkeypatch):
    """Files of a second are read in many blocks, of a length that divides nothing."""
    monkeypatch.setattr(waveform, "BLOCK_FRAMES", 997)


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
    monkeypatch.setattr(waveform, "MAX_SECONDS", 1)
    monkeypatch.setattr(waveform, "MAX_BYTES", 1000)
    soundfile.write(tmp_path / "long.wav", tones(1, seconds=2.0), 16_000)
    (tmp_path / "long.mp4").write_bytes(video(tones(1, 48_000, 2.0)))
    for name in ("long.wav", "long.mp4"):
        with pytest.raises(EmotionTFError, match="is too l"):
            read_waveform(tmp_path / name, 16_000)
        assert sum(len(block) for block in read_blocks(tmp_path / name, 16_000)) == 32_000


@pytest.mark.parametrize("factor", [0.9, 1.1, 2.0])
def test_change_speed_moves_length_and_pitch(factor):
    tone = tones(1, 16_000, 1.0)[:, 0].astype(np.float32)
    changed = change_speed(tone, factor)
    assert changed.dtype == np.float32
    assert len(changed) == pytest.approx(16_000 / factor, abs=1)
    spectrum = np.abs(np.fft.rfft(changed * np.hanning(len(changed))))
    assert np.argmax(spectrum) * 16_000 / len(changed) == pytest.approx(300 * factor, abs=1)
    assert np.abs(changed[1000:-1000]).max() == pytest.approx(0.6, abs=0.01)
