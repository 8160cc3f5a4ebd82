"""Recordings as people have them, read by every reader."""

import logging

import numpy as np
import pytest
import soundfile

from emotion_tf.audio.reader import beginning_of, read_beginning, read_blocks, read_waveform
from emotion_tf.errors import EmotionTFError

RATE = 16_000


@pytest.fixture
def sentence(cases) -> np.ndarray:
    return soundfile.read(cases / "v.wav", dtype="float32")[0]


def heard(path, **settings) -> np.ndarray:
    """The wave of a file, which every reader gives alike."""
    wave = read_waveform(path, RATE, **settings)
    np.testing.assert_array_equal(np.concatenate(list(read_blocks(path, RATE, **settings))), wave)
    np.testing.assert_array_equal(read_beginning(path, RATE, 100.0, **settings), wave)
    return wave


def likeness(wave: np.ndarray, wanted: np.ndarray) -> float:
    """The correlation of two waves of about one length, at the best shift."""
    spectra = np.fft.rfft(wave, 2**17), np.fft.rfft(wanted, 2**17)
    return np.fft.irfft(spectra[0] * spectra[1].conj()).max() / np.sqrt(np.square(wave).sum() * np.square(wanted).sum())


@pytest.mark.parametrize("name", ["i-pipe.wav", "i-pipe.flac", "i-16-too-many.wav", "f-scale.wav", "d-antiphase.wav"])
def test_same_samples(cases, sentence, name):
    np.testing.assert_array_equal(heard(cases / name), sentence)


def test_length_that_espeak_did_not_know(cases):
    assert len(heard(cases / "i-espeak.wav")) == pytest.approx(1.42 * RATE, abs=0.1 * RATE)


@pytest.mark.parametrize("name", ["i-mp3-inside.wav", "j-adts.aac", "h-folder/two.3gp", "h-folder/two.mka"])
def test_same_sound(cases, sentence, name):
    if not name.endswith("wav"):
        pytest.importorskip("av", reason="SKIPPED FOR WANT OF av")
    wave = heard(cases / name)
    assert len(wave) == pytest.approx(len(sentence), abs=0.15 * RATE)
    assert likeness(wave, sentence) > 0.9


def test_amr(cases, sentence, tmp_path):
    av = pytest.importorskip("av", reason="SKIPPED FOR WANT OF av")
    if "amr" not in av.formats_available:
        pytest.skip("this PyAV reads no AMR")
    # A frame of the mode of 4.75 kbit/s, and those of silence.
    (tmp_path / "note.amr").write_bytes(b"#!AMR\n" + (b"\x04" + bytes(12)) * 50)
    assert len(heard(tmp_path / "note.amr")) == pytest.approx(RATE, abs=0.05 * RATE)


@pytest.mark.parametrize("name", ["b-glued.wav", "b-chained.opus", "b-joined.mp3"])
def test_all_of_several_recordings_is_heard_and_said(cases, sentence, name, caplog):
    with caplog.at_level(logging.WARNING):
        wave = heard(cases / name)
    first = len(sentence) if "glued" in name else RATE // 2
    assert len(wave) == pytest.approx(first + len(sentence), abs=0.1 * RATE)
    assert likeness(wave[-len(sentence) :], sentence) > 0.9
    assert likeness(wave[:first], sentence[:first]) > 0.9
    assert {record.getMessage() for record in caplog.records} == {
        f"{cases / name} holds several recordings, one behind the other; all of them are heard"
    }


def test_flac_files_put_one_behind_the_other(sentence, tmp_path):
    for name, rate in (("one", RATE), ("two", RATE), ("three", 8_000)):
        soundfile.write(tmp_path / f"{name}.flac", sentence, rate)
    whole = b"".join((tmp_path / f"{name}.flac").read_bytes() for name in ("one", "two", "three"))
    (tmp_path / "all.flac").write_bytes(whole)
    wave = heard(tmp_path / "all.flac")
    np.testing.assert_array_equal(wave[: 2 * len(sentence)], np.tile(sentence, 2))
    assert len(wave) == 4 * len(sentence)


def test_channels(cases, sentence):
    for channel, wanted in ((1, sentence), (2, sentence[::-1]), ("mean", (sentence + sentence[::-1]) / 2)):
        np.testing.assert_array_equal(heard(cases / "d-two-speakers.wav", channel=channel), wanted)
    for channel in (0, 3):
        with pytest.raises(EmotionTFError, match="no such channel; expected 1 to 2, received"):
            read_waveform(cases / "d-two-speakers.wav", RATE, channel=channel)


def test_channels_that_cancel_are_said(cases, caplog):
    with caplog.at_level(logging.WARNING):
        read_waveform(cases / "d-antiphase.wav", RATE)
    assert caplog.records[0].getMessage().endswith("cancel each other; channel 1 of 2, the loudest, is heard alone")


@pytest.mark.parametrize("count", [2, 6, 16])
def test_one_channel_with_sound_among_silent_ones_does_not_cancel(count, sentence, tmp_path, caplog):
    samples = np.zeros((len(sentence), count), "float32")
    samples[:, 1] = sentence
    soundfile.write(tmp_path / "one.wav", samples, RATE, subtype="FLOAT")
    np.testing.assert_allclose(heard(tmp_path / "one.wav"), sentence / count, atol=1e-7)
    assert not caplog.records


def test_integers_written_as_floats_are_said(cases, caplog):
    with caplog.at_level(logging.WARNING):
        read_waveform(cases / "f-scale.wav", RATE)
    assert "16-bit integers that were written as floats without scaling" in caplog.text


def test_float_that_is_a_little_too_loud_is_left_as_it_is(sentence, tmp_path):
    soundfile.write(tmp_path / "loud.wav", 7 * sentence / np.abs(sentence).max(), RATE, subtype="FLOAT")
    assert np.abs(heard(tmp_path / "loud.wav")).max() == pytest.approx(7)


def test_silence_at_the_beginning_takes_nothing_from_what_is_heard(cases, sentence, tmp_path):
    beginning = beginning_of(cases / "e-lead.wav", RATE, 7.5)
    assert beginning.seconds == pytest.approx(8 + len(sentence) / RATE)
    assert beginning.start == pytest.approx(7.95, abs=0.02)
    np.testing.assert_array_equal(beginning.waveform[-len(sentence) :], sentence)
    for lead, tail in ((20, 0), (9, 30), (0, 30)):
        wave = np.concatenate([np.zeros(lead * RATE), sentence, np.zeros(tail * RATE)])
        soundfile.write(tmp_path / "late.flac", wave, RATE)
        beginning = beginning_of(tmp_path / "late.flac", RATE, 7.5)
        assert beginning.seconds == pytest.approx(len(wave) / RATE)
        assert beginning.start == pytest.approx(max(0, lead - 0.05), abs=0.02)
        assert likeness(beginning.waveform, sentence) > 0.99


def test_what_fits_is_heard_whole_and_silence_as_it_is(cases):
    for name, seconds in (("e-silence.wav", 2.0), ("e-lead.wav", 60.0)):
        beginning = beginning_of(cases / name, RATE, seconds)
        np.testing.assert_array_equal(beginning.waveform, read_waveform(cases / name, RATE)[: round(seconds * RATE)])
        assert beginning.start == 0 and beginning.seconds == pytest.approx(
            len(read_waveform(cases / name, RATE)) / RATE
        )


@pytest.mark.parametrize("form", ["WAV", "FLAC", "AIFF", "OGG", "MP3"])
def test_stretches_are_those_of_the_file_read_whole(form, tmp_path):
    path = tmp_path / "long"
    soundfile.write(path, np.cumsum(np.random.default_rng(0).uniform(-1e-3, 1e-3, 30 * RATE)), RATE, format=form)
    whole = read_waveform(path, RATE)
    for start, end in ((0.0, 0.5), (3.21, 3.5), (12.3456, 20.0), (29.5, None), (0.0, 30.0), (17.0, len(whole) / RATE)):
        last = len(whole) if end is None else round(end * RATE)
        np.testing.assert_array_equal(read_waveform(path, RATE, start, end), whole[round(start * RATE) : last])


def test_stretch_of_a_long_file_is_sought(tmp_path, monkeypatch):
    decoded, read = 0, soundfile.SoundFile.read

    def count(*arguments, **named):
        nonlocal decoded
        samples = read(*arguments, **named)
        decoded += len(samples)
        return samples

    soundfile.write(tmp_path / "long.flac", np.zeros(600 * RATE), RATE)
    monkeypatch.setattr(soundfile.SoundFile, "read", count)
    assert len(read_waveform(tmp_path / "long.flac", RATE, 590, 591)) == RATE
    assert decoded <= 2**16


def test_git_lfs_pointer(cases):
    for read in (lambda path: read_waveform(path, RATE), lambda path: list(read_blocks(path, RATE))):
        with pytest.raises(EmotionTFError, match=r"is a Git LFS pointer and not the recording itself.*git lfs pull"):
            read(cases / "k-lfs.wav")


@pytest.mark.parametrize("name", ["j-adts.aac", "h-folder/two.3gp"])
def test_line_that_names_the_format_without_pyav(cases, name, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(EmotionTFError, match=r"is (AAC|a video or sound file).*pip install.*or convert it"):
        read_waveform(cases / name, RATE)
