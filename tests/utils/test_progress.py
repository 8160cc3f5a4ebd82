import io
import logging
import sys

import pytest

from emotion_tf.utils import progress
from emotion_tf.utils.progress import log_to_stderr, track, tracking


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    def attach():
        # In the test itself, since pytest puts a stream of its own there before every phase.
        monkeypatch.setattr(sys, "stderr", Terminal())
        return sys.stderr

    monkeypatch.setenv("TERM", "xterm")
    return attach


def test_off_a_terminal_the_log_gets_a_line_at_every_tenth(caplog):
    caplog.set_level(logging.INFO)
    assert list(track(range(100), "clips")) == list(range(100))
    lines = caplog.messages
    assert len(lines) == 10
    assert lines[0].startswith("clips: 10 of 100, about 0 s left")
    assert lines[-1] == "clips: 100 done in 0 s"


def test_a_step_of_unknown_length_says_when_it_is_done(caplog):
    caplog.set_level(logging.INFO)
    assert list(track(iter("abc"), "letters")) == ["a", "b", "c"]
    assert caplog.messages == ["letters: 3 done in 0 s"]


def test_on_a_terminal_there_are_bars_and_no_lines(terminal, caplog):
    caplog.set_level(logging.INFO)
    screen = terminal()
    with tracking("folds", 2) as advance:
        for letter in track("ab", "[epochs]"):
            assert letter in "ab"
            advance()
            progress._bars._display.refresh()
    assert "folds" in screen.getvalue()
    assert "[epochs]" in screen.getvalue()
    assert "2/2" in screen.getvalue()
    assert not caplog.messages
    assert progress._bars._display is None


def test_a_bar_ends_with_an_error(terminal):
    terminal()
    with pytest.raises(ValueError, match="stop"):
        for _ in track(range(3), "clips"):
            raise ValueError("stop")
    assert progress._bars._display is None


def test_what_is_printed_to_a_file_arrives_there(terminal, monkeypatch):
    terminal()
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    for item in track("ab", "clips"):
        print(item)
    assert sys.stdout.getvalue() == "a\nb\n"


def test_log_lines_go_to_the_standard_error_of_the_moment(capsys):
    package = logging.getLogger("emotion_tf")
    before, level = list(package.handlers), package.level
    try:
        log_to_stderr()
        log_to_stderr()
        logging.getLogger("emotion_tf.training").info("fold 1 of 5")
        assert capsys.readouterr().err == "fold 1 of 5\n"
    finally:
        package.handlers[:] = before
        package.setLevel(level)
