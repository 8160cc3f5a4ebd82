import pytest

from emotion_tf.robustness import ConditionResult
from emotion_tf.robustness.plots import error_rate_curve, stress_bars


def result(ua, interval, word_error_rate=None, recognizer=False):
    kind = "sound" if word_error_rate is None else "words"
    return ConditionResult(kind, ua, interval, ua, interval, 0.0, word_error_rate, recognizer)


def test_stress_bars_show_scores_and_intervals():
    results = {
        "clean": result(0.75, [0.7, 0.85]),
        "noise": result(0.5, None),
    }
    (axes,) = stress_bars(results).axes
    assert [bar.get_width() for bar in axes.patches] == [0.75, 0.5]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["clean", "noise"]
    (interval, none) = axes.collections[0].get_segments()
    assert interval[:, 0] == pytest.approx([0.7, 0.85]) and none[:, 0] == pytest.approx([0.5, 0.5])
    # The first condition stands on top.
    assert axes.yaxis_inverted()


def test_error_rate_curve_has_a_line_and_named_points():
    results = {
        "simulated-10": result(0.7, [0.6, 0.8], 0.09),
        "simulated-0": result(0.75, None, 0.0),
        "parrot-1234": result(0.4, [0.3, 0.5], 0.3, recognizer=True),
    }
    (axes,) = error_rate_curve(results).axes
    line, point = axes.lines
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([0.0, 0.09], [0.75, 0.7])
    assert (list(point.get_xdata()), list(point.get_ydata())) == ([0.3], [0.4])
    band, interval = axes.collections
    assert {(0.09, 0.6), (0.09, 0.8), (0.0, 0.75)} <= set(map(tuple, band.get_paths()[0].vertices))
    assert interval.get_segments()[0].tolist() == [[0.3, 0.3], [0.3, 0.5]]
    assert [text.get_text() for text in axes.texts] == ["parrot-1234"]
