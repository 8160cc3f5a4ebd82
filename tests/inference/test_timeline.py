"""Windows over recordings and streams: where they lie, what they say, and what is written of them."""

import csv
import json
import math
from itertools import pairwise

import matplotlib.image
import numpy as np
import pytest
import soundfile
from made_waves import RATE, babble, noise

from emotion_tf.audio.reader import read_waveform
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference import Prediction, load
from emotion_tf.inference.streaming import Stream, Window
from emotion_tf.inference.timeline import timeline, wave_peaks, write_timeline
from emotion_tf.inference.timeline_plot import timeline_plot
from emotion_tf.labels import FOUR

pytest_plugins = ["exported_runs"]

RUNTIMES = ["saved_model/1", "tflite/float32.tflite", "model.keras"]
CHUNKS = [1, 999, 5 * RATE]


class Listener:
    """Stands in for a predictor: remembers what it is asked and gives the answers that it was told to."""

    def __init__(self, answers=(), **settings):
        self.config = Config().override(*(f"{name}={value}" for name, value in settings.items()))
        self.heard, self.told, self.answers = [], [], list(answers)

    def predict(self, waveform, transcript, speaker, any_sound):
        self.heard.append(waveform.copy())
        self.told.append((transcript, speaker))
        values = self.answers.pop(0) if self.answers else (0.25, 0.25, 0.25, 0.25)
        return Prediction(FOUR[int(np.argmax(values))], dict(zip(FOUR, values, strict=True)))


def feed(stream, wave, chunk):
    windows = []
    for start in range(0, len(wave), chunk):
        windows += stream.push(wave[start : start + chunk])
    return windows + stream.finish()


# Seconds of sound, of a window and of a hop, and where the windows begin and end.
PLACES = [
    (0.105, 0.04, 0.02, [(0, 0.04), (0.02, 0.06), (0.04, 0.08), (0.06, 0.1), (0.065, 0.105)]),
    (0.1, 0.04, 0.02, [(0, 0.04), (0.02, 0.06), (0.04, 0.08), (0.06, 0.1)]),
    (0.1, 0.03, 0.03, [(0, 0.03), (0.03, 0.06), (0.06, 0.09), (0.07, 0.1)]),
    (0.1, 0.05, 0.0175, [(0, 0.05), (0.0175, 0.0675), (0.035, 0.085), (0.05, 0.1)]),
    (0.04, 0.04, 0.01, [(0, 0.04)]),
    (0.015, 0.04, 0.02, [(0, 0.015)]),
    (1 / RATE, 0.04, 0.02, [(0, 1 / RATE)]),
    (0, 0.04, 0.02, []),
]


@pytest.mark.parametrize("chunk", [1, 7, 100, 3000])
@pytest.mark.parametrize(("seconds", "window", "hop", "places"), PLACES)
def test_windows_lie_where_they_should(seconds, window, hop, places, chunk):
    wave, listener = noise(round(seconds * RATE)), Listener()
    windows = feed(Stream(listener, window_seconds=window, hop_seconds=hop), wave, chunk)
    assert [window.start for window in windows] == pytest.approx([start for start, _ in places])
    assert [window.end for window in windows] == pytest.approx([end for _, end in places])
    for heard, (start, end) in zip(listener.heard, places, strict=True):
        np.testing.assert_array_equal(heard, wave[round(start * RATE) : round(end * RATE)])


def test_windows_come_as_soon_as_they_are_full():
    stream = Stream(Listener(), window_seconds=0.01, hop_seconds=0.005)
    assert [len(stream.push(noise(size))) for size in (159, 1, 79, 1, 80 * 3)] == [0, 1, 0, 1, 3]
    assert stream.finish() == []


def test_smoothing_is_a_decaying_average():
    answers = np.array([[1, 0, 0, 0], [0, 0.6, 0.4, 0], [0, 0, 0.3, 0.7]], float)
    stream = Stream(Listener(answers), window_seconds=4, hop_seconds=2, smoothing_seconds=3)
    windows = feed(stream, noise(round(6.5 * RATE)), RATE)
    # Two seconds pass from the first window to the second, and half a second to the last.
    kept, kept_last = math.exp(-2 / 3), math.exp(-0.5 / 3)
    second = (1 - kept) * answers[1] + kept * answers[0]
    expected = [answers[0], second, (1 - kept_last) * answers[2] + kept_last * second]
    for window, answer, smoothed in zip(windows, answers, expected, strict=True):
        assert tuple(window.probabilities.values()) == tuple(answer)
        assert tuple(window.smoothed) == FOUR
        np.testing.assert_allclose(list(window.smoothed.values()), smoothed, rtol=1e-12)
    # The second window alone says happy, the last one sad.
    assert [window.label for window in windows] == ["angry", "angry", "angry"]


def test_no_smoothing_leaves_each_window_alone():
    answers = [(1.0, 0.0, 0.0, 0.0), (0.0, 0.75, 0.25, 0.0)]
    windows = feed(Stream(Listener(answers), smoothing_seconds=0), noise(6 * RATE), RATE)
    assert [window.label for window in windows] == ["angry", "happy"]
    assert all(window.smoothed == window.probabilities for window in windows)


def test_finished_stream_begins_anew():
    answers = [(1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0)] * 2
    stream = Stream(Listener(answers))
    first = feed(stream, noise(5 * RATE), RATE)
    assert feed(stream, noise(5 * RATE), RATE) == first
    assert len(first) == 2


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """17.3 seconds of stereo at 48 kHz, which the network at 16 kHz hears after mixing and resampling."""
    path = tmp_path_factory.mktemp("recording") / "babble.flac"
    wave = babble(round(17.3 * 48_000))
    soundfile.write(path, np.stack([wave, wave[::-1]], axis=1), 48_000)
    return path


@pytest.mark.parametrize("artefact", RUNTIMES)
def test_file_and_stream_give_identical_numbers(both_export, artefact, recording):
    predictor = load(both_export.folder / artefact)
    windows = list(timeline(predictor, recording, "so sad"))
    wave = read_waveform(recording, RATE)
    for chunk in CHUNKS:
        assert feed(Stream(predictor, "so sad"), wave, chunk) == windows
    assert [window.start for window in windows] == [0, 2, 4, 6, 8, 10, 12, pytest.approx(13.3)]
    answers = np.array([list(window.probabilities.values()) for window in windows])
    # The network answers as before it was saved, and not the same to all windows.
    for window, answer in zip(windows, answers, strict=True):
        heard = wave[round(window.start * RATE) : round(window.end * RATE)]
        np.testing.assert_allclose(answer, both_export.expected(heard, [4, 6]), atol=1e-4)
    assert np.ptp(answers, axis=0).max() > 0.01


def test_real_speech(both_export, ravdess_clips, tmp_path):
    clips = [soundfile.read(clip, dtype="float32")[0] for clip in ravdess_clips[:160:20]]
    wave = np.concatenate(clips)
    soundfile.write(tmp_path / "clips.flac", wave, RATE)
    predictor = load(both_export.folder / "tflite" / "float32.tflite")
    windows = list(timeline(predictor, tmp_path / "clips.flac", window_seconds=3, hop_seconds=1))
    # All files of the corpus have 16 bits, so writing them anew changes nothing.
    assert feed(Stream(predictor, window_seconds=3, hop_seconds=1), wave, 12_345) == windows
    assert len(windows) == math.ceil(len(wave) / RATE - 3) + 1
    for window in windows[::5]:
        start = round(window.start * RATE)
        expected = both_export.expected(wave[start : start + 3 * RATE], [0])
        np.testing.assert_allclose(list(window.probabilities.values()), expected, atol=1e-4)


def test_words_and_voice_are_those_of_every_window(tmp_path):
    soundfile.write(tmp_path / "noise.wav", noise(6 * RATE), RATE)
    listener, voice = Listener(), np.ones(5)
    list(timeline(listener, tmp_path / "noise.wav", "so sad", voice))
    assert [transcript for transcript, _ in listener.told] == ["so sad"] * 2
    assert all(speaker is voice for _, speaker in listener.told)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window_seconds": 7.6}, r"window is out of range; expected from 6.25e-05 to 7.5 seconds, received 7.6"),
        ({"window_seconds": 1e-5}, "window is out of range"),
        ({"window_seconds": math.nan}, "window is out of range"),
        ({"hop_seconds": 4.5}, r"hop is out of range; expected from 6.25e-05 to 4 seconds, received 4.5"),
        ({"hop_seconds": 0}, "hop is out of range"),
        ({"hop_seconds": -1}, "hop is out of range"),
        ({"smoothing_seconds": -1}, "smoothing is out of range; expected 0 seconds or more, received -1"),
        ({"smoothing_seconds": math.inf}, "smoothing is out of range"),
    ],
)
def test_times_out_of_range(settings, message):
    with pytest.raises(EmotionTFError, match=message):
        Stream(Listener(), **settings)


def test_model_that_reads_only_has_no_timeline():
    with pytest.raises(EmotionTFError, match=r"reads only, .* To fix: take one that hears"):
        Stream(Listener(**{"model.modality": "text"}))


@pytest.mark.parametrize(
    ("samples", "received"),
    [
        (np.zeros(100, np.int16), r"shape \(100,\) of int16"),
        (np.zeros((100, 1), np.float32), r"shape \(100, 1\) of float32"),
    ],
)
def test_samples_of_another_kind(samples, received):
    with pytest.raises(EmotionTFError, match=f"expected a row of floating-point numbers, received the {received}"):
        Stream(Listener()).push(samples)


def scores(*values):
    return dict(zip(FOUR, values, strict=True))


WINDOWS = [
    Window(0.0, 4.0, "happy", scores(0.1, 0.6, 0.2, 0.1), scores(0.1, 0.6, 0.2, 0.1)),
    Window(2.0, 6.0, "happy", scores(0.5, 0.25, 0.125, 0.125), scores(0.25, 0.5, 0.125, 0.125)),
    Window(2.5, 6.5, "sad", scores(0.0, 0.0, 0.0, 1.0), scores(0.125, 0.25, 0.0, 0.625)),
]


@pytest.fixture
def tone(tmp_path):
    """6.5 seconds at 48 kHz, half of them loud."""
    path = tmp_path / "tone.wav"
    samples = 0.1 * np.sin(2 * np.pi * 300 * np.arange(round(6.5 * 48_000)) / 48_000)
    samples[: 3 * 48_000] *= 5
    soundfile.write(path, samples, 48_000)
    return path


def test_table(tmp_path, tone):
    write_timeline(tmp_path / "deep" / "t.csv", iter(WINDOWS), tone)
    rows = list(csv.reader((tmp_path / "deep" / "t.csv").open(encoding="utf-8")))
    assert rows[0] == ["start", "end", "label", *FOUR, *(f"smoothed_{name}" for name in FOUR), "reason"]
    assert rows[2] == ["2.0", "6.0", "happy", "0.5", "0.25", "0.125", "0.125", "0.25", "0.5", "0.125", "0.125", ""]
    assert len(rows) == 4


def test_json(tmp_path, tone):
    write_timeline(tmp_path / "t.json", WINDOWS, tone)
    written = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert written["audio"] == str(tone)
    assert [Window(**window) for window in written["windows"]] == WINDOWS


def test_plot_is_written(tmp_path, tone):
    write_timeline(tmp_path / "t.png", WINDOWS, tone)
    height, width, _ = matplotlib.image.imread(tmp_path / "t.png").shape
    assert (width, height) == (1500, 900)


def test_plot_shows_the_wave_and_each_emotion():
    wave, *panels = timeline_plot(WINDOWS, np.array([0.1, 0.5])).axes
    peaks, edges, baseline = wave.patches[0].get_data()
    assert (peaks.tolist(), edges.tolist(), baseline.tolist()) == ([0.1, 0.5], [0, 3.25, 6.5], [-0.1, -0.5])
    assert wave.get_xlim() == (0, 6.5)
    assert [axes.get_ylabel() for axes in panels] == list(FOUR)
    assert panels[-1].get_xlabel() == "time (seconds)"
    # The middles of the windows are 2, 4 and 4.5 seconds, and the values change halfway between.
    for axes, name, likeliest in zip(panels, FOUR, ([0, 0, 0], [0.6, 0.5, 0], [0, 0, 0], [0, 0, 0.625]), strict=True):
        pale, dark = (patch.get_data() for patch in axes.patches)
        assert pale.values.tolist() == [window.smoothed[name] for window in WINDOWS]
        assert pale.edges.tolist() == [0, 3, 4.25, 6.5]
        assert dark.values.tolist() == likeliest


@pytest.mark.parametrize(
    ("seconds", "unit", "ticks"),
    [
        (1.0, "seconds", ["0", "0.1", "0.2"]),
        (10.0, "seconds", ["0", "1", "2"]),
        (95.0, "minutes:seconds", ["0:00", "0:10", "0:20"]),
        (1800.0, "minutes:seconds", ["0:00", "5:00", "10:00"]),
        (3600.0, "hours:minutes", ["0:00", "0:05", "0:10"]),
        (36_000.0, "hours:minutes", ["0:00", "1:00", "2:00"]),
    ],
)
def test_time_axis_is_readable_for_any_length(seconds, unit, ticks):
    windows = [Window(0.0, seconds, "sad", scores(0.0, 0.0, 0.0, 1.0), scores(0.0, 0.0, 0.0, 1.0))]
    axes = timeline_plot(windows, np.ones(10)).axes[-1]
    assert axes.get_xlabel() == f"time ({unit})"
    places = [place for place in axes.get_xticks() if 0 <= place <= seconds]
    assert axes.xaxis.get_major_formatter().format_ticks(places)[:3] == ticks
    assert len(places) <= 13


def test_outline_of_a_wave_in_pieces():
    wave = noise(123_456)
    pieces = np.split(wave, [1, 50, 7000, 7000, 100_001])
    peaks = wave_peaks(pieces, len(wave))
    # Each of the thousand stretches has 123 or 124 samples.
    edges = [math.ceil(column * 123.456) for column in range(1001)]
    expected = [np.abs(wave[first:last]).max() for first, last in pairwise(edges)]
    np.testing.assert_array_equal(peaks, expected)


def test_other_suffix_is_refused_before_anything_is_heard(tmp_path, tone):
    def windows():
        raise AssertionError("the recording was heard")
        yield

    with pytest.raises(
        EmotionTFError, match=r"t\.txt names no kind of file .* \.csv or \.json or \.png, received '\.txt'"
    ):
        write_timeline(tmp_path / "t.txt", windows(), tone)


@pytest.mark.parametrize("suffix", [".csv", ".json", ".png"])
def test_damage_inside_the_recording_leaves_what_was_written_before(suffix, tmp_path):
    """The file breaks off after some windows."""
    soundfile.write(tmp_path / "whole.flac", noise(20 * RATE), RATE)
    content = (tmp_path / "whole.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(content[: len(content) // 2])
    out, listener = tmp_path / f"t{suffix}", Listener()
    out.write_text("from before")
    with pytest.raises(EmotionTFError, match=r"cut\.flac (is cut short|cannot be decoded)"):
        write_timeline(out, timeline(listener, tmp_path / "cut.flac"), tmp_path / "cut.flac")
    assert out.read_text() == "from before"
    assert len(listener.heard) >= 2


def test_shortest_recording_can_be_drawn(tmp_path):
    soundfile.write(tmp_path / "click.wav", noise(1), RATE)
    write_timeline(tmp_path / "t.png", timeline(Listener(), tmp_path / "click.wav"), tmp_path / "click.wav")
    assert (tmp_path / "t.png").stat().st_size > 1000


def test_recording_without_samples(tmp_path):
    soundfile.write(tmp_path / "nothing.wav", noise(0), RATE)
    with pytest.raises(EmotionTFError, match=r"nothing\.wav holds no samples"):
        list(timeline(Listener(), tmp_path / "nothing.wav"))


def test_more_classes_than_colours():
    scores = {f"class {number}": 1 / 12 for number in range(12)}
    windows = [Window(0.0, 1.0, "class 3", scores, scores), Window(0.5, 1.5, "class 11", scores, scores)]
    _, *panels = timeline_plot(windows, np.ones(10)).axes
    assert [axes.get_ylabel() for axes in panels] == list(scores)
