"""A real click-through in Chromium, compared with what Python says of the same files."""

import base64
import re

import numpy as np
import pytest
import soundfile
from made_waves import RATE, babble
from other_classes import CLASSES, write_export
from page_in_browser import visit

from emotion_tf import inference
from emotion_tf.audio.reader import read_waveform
from emotion_tf.inference.streaming import Stream
from emotion_tf.webdemo import build

pytest_plugins = ["exported_runs"]

WORDS = "I’m so HAPPY, never leave me!"
TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def pages(packages, tmp_path_factory):
    """Builds the page of an export, once."""
    built = {}

    def page(exported):
        if exported.folder not in built:
            built[exported.folder] = tmp_path_factory.mktemp("pages") / "page"
            build(exported.folder, built[exported.folder])
        return built[exported.folder]

    return page


@pytest.fixture
def both(browser, pages, both_export):
    """The page of a model that hears and reads; at its end nobody has complained or asked anything of others."""
    with visit(browser, pages(both_export)) as opened:
        loaded = len(opened.requests)
        yield opened
        assert opened.complaints == []
        # A recording that is played is a file of the page's own.
        assert [url for url in opened.requests[loaded:] if not url.startswith("blob:")] == []
        assert all(url.startswith(opened.address) for url in opened.requests[:loaded])


@pytest.fixture(scope="module")
def python(both_export):
    return inference.load(both_export.folder)


@pytest.mark.parametrize("number", range(3))
def test_scores_equal_those_of_python(both, python, clips, number):
    both.choose(clips[number])
    both.page.get_by_label("What is said").fill(WORDS)
    expected = python.predict_file(clips[number], WORDS, any_sound=True)
    assert both.analyse() == pytest.approx(expected.probabilities, abs=TOLERANCE)
    assert both.page.locator("#label").inner_text().lower() == expected.label
    assert both.page.locator("#timeline").is_hidden()


def test_words_can_be_left_out(both, python, clips):
    both.choose(clips[0])
    assert both.analyse() == pytest.approx(python.predict_file(clips[0]).probabilities, abs=TOLERANCE)


def test_keyboard_is_enough(both, python, clips):
    keyboard = both.page.keyboard
    # Keys go to the page that has the focus; a new one may not have it yet on a machine that is busy.
    both.page.bring_to_front()
    both.page.wait_for_function("document.hasFocus()")
    keyboard.press("Tab")
    assert both.page.evaluate("document.activeElement.type") == "file"
    with both.page.expect_file_chooser() as chooser:
        keyboard.press("Space")
    chooser.value.set_files(clips[1])
    both.page.locator("#recording").wait_for()
    keyboard.press("Tab")
    assert both.page.evaluate("document.activeElement.textContent") == "Record"
    while both.page.evaluate("document.activeElement.id") != "words":
        keyboard.press("Tab")
    keyboard.type(WORDS)
    keyboard.press("Tab")
    keyboard.press("Enter")
    assert both.scores() == pytest.approx(python.predict_file(clips[1], WORDS).probabilities, abs=TOLERANCE)


def test_file_can_be_dropped(both, python, clips):
    content = base64.b64encode(clips[2].read_bytes()).decode()
    files = both.page.evaluate_handle(
        """content => {
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            const files = new DataTransfer();
            files.items.add(new File([bytes], "dropped.wav"));
            return files;
        }""",
        content,
    )
    both.page.locator("#drop").dispatch_event("drop", {"dataTransfer": files})
    both.page.get_by_text("dropped.wav").wait_for()
    assert both.analyse() == pytest.approx(python.predict_file(clips[2]).probabilities, abs=TOLERANCE)


def test_other_rates_and_channels_are_converted(both, python, tmp_path):
    wave = babble(3 * 48_000)
    soundfile.write(tmp_path / "stereo.flac", np.stack([wave, 0.5 * wave], axis=1), 48_000)
    both.choose(tmp_path / "stereo.flac")
    # Chromium resamples with another filter, so near the highest frequency the waves differ.
    assert both.analyse() == pytest.approx(python.predict_file(tmp_path / "stereo.flac").probabilities, abs=0.02)


def test_long_recording_has_the_timeline_of_python(both, python, tmp_path):
    wave = np.concatenate([babble(7 * RATE), 0.1 * babble(round(4.7 * RATE))])
    soundfile.write(tmp_path / "long.wav", wave, RATE, subtype="PCM_16")
    both.choose(tmp_path / "long.wav")
    both.page.get_by_label("What is said").fill(WORDS)
    heard = both.analyse()
    assert heard == pytest.approx(python.predict_file(tmp_path / "long.wav", WORDS).probabilities, abs=TOLERANCE)

    stream = Stream(python, WORDS, any_sound=True)
    windows = stream.push(read_waveform(tmp_path / "long.wav", RATE)) + stream.finish()
    both.page.locator("#timeline").wait_for()
    rows = both.page.locator("#table tbody tr").all()
    assert len(rows) == len(windows) > 3
    for row, window in zip(rows, windows, strict=True):
        assert row.locator("td").nth(2).text_content() == window.label
        shown = [float(score.get_attribute("value")) for score in row.locator("data").all()]
        assert shown == pytest.approx(list(window.smoothed.values()), abs=TOLERANCE)
    assert both.page.locator("#lines polyline").count() == 4
    assert both.page.locator("#strip span").count() == len(windows)


def test_microphone_is_heard(both):
    both.page.get_by_role("button", name="Record").click()
    stop = both.page.get_by_role("button", name="Stop recording")
    stop.wait_for()
    both.page.wait_for_timeout(1000)
    stop.click()
    both.page.get_by_text("Your recording").wait_for()
    assert sum(both.analyse().values()) == pytest.approx(1)
    seconds = float(re.search(r"([\d.]+) s$", both.page.locator("#name").inner_text()).group(1))
    assert seconds > 0.5


def test_what_is_no_audio_is_said_and_the_next_file_is_taken(both, python, clips):
    both.choose({"name": "letter.txt", "mimeType": "text/plain", "buffer": b"Dear Sir or Madam"})
    both.page.get_by_role("alert").get_by_text("no audio that this browser can decode").wait_for()
    assert both.page.get_by_role("button", name="Name the emotion").is_disabled()
    both.choose(clips[0])
    assert both.analyse() == pytest.approx(python.predict_file(clips[0]).probabilities, abs=TOLERANCE)
    assert both.page.locator("#error").text_content() == ""


def test_what_is_too_short_is_said(both, tmp_path):
    soundfile.write(tmp_path / "click.wav", babble(800), RATE)
    both.choose(tmp_path / "click.wav")
    both.page.get_by_role("alert").get_by_text("lasts 0.05 s, and 0.1 s is the least").wait_for()


def test_model_that_only_hears_asks_for_no_words(browser, pages, audio_export, clips):
    with visit(browser, pages(audio_export)) as opened:
        assert opened.page.get_by_label("What is said").is_hidden()
        opened.choose(clips[0])
        expected = inference.load(audio_export.folder).predict_file(clips[0])
        assert opened.analyse() == pytest.approx(expected.probabilities, abs=TOLERANCE)


@pytest.mark.parametrize("count", CLASSES)
def test_other_classes_and_dimensions(browser, packages, clips, tmp_path, count):
    export = write_export(tmp_path / "export", count)
    build(export, tmp_path / "page")
    expected = inference.load(export / "model.keras").predict_file(clips[0], any_sound=True)
    with visit(browser, tmp_path / "page") as opened:
        opened.choose(clips[0])
        assert opened.analyse() == pytest.approx(expected.probabilities | expected.dimensions, abs=TOLERANCE)
        assert opened.page.locator("#label").text_content() == expected.label
        legend = opened.page.locator("#legend li").all_text_contents()
        assert legend == [*expected.probabilities, *["arousal, 1 to 7"] * len(expected.dimensions)]
        assert opened.complaints == []


def test_model_that_only_reads_asks_for_no_audio(browser, pages, text_export):
    with visit(browser, pages(text_export)) as opened:
        assert opened.page.get_by_role("button", name="Record").is_hidden()
        opened.page.get_by_role("button", name="Name the emotion").click()
        opened.page.get_by_role("alert").get_by_text("type what is said").wait_for()
        opened.page.get_by_label("What is said").fill(WORDS)
        expected = inference.load(text_export.folder).predict(transcript=WORDS)
        assert opened.analyse() == pytest.approx(expected.probabilities, abs=TOLERANCE)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda model: model.unlink(), "model.tflite is missing"),
        (lambda model: model.write_bytes(model.read_bytes()[:1000]), "cannot run model.tflite"),
    ],
    ids=["missing", "truncated"],
)
def test_model_that_cannot_be_loaded_is_said(browser, both_export, packages, tmp_path, damage, said):
    build(both_export.folder, tmp_path / "page")
    damage(tmp_path / "page" / "model.tflite")
    with visit(browser, tmp_path / "page") as opened:
        opened.page.get_by_role("alert").get_by_text(said).wait_for()
        assert opened.page.get_by_role("button", name="Name the emotion").is_disabled()
