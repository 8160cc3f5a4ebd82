import subprocess
import sys
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.report.plots import (
    confusion_matrix,
    learning_curves,
    reliability_diagram,
    risk_coverage_curve,
    svg,
)
from emotion_tf.labels import FOUR

CONFUSION = [[8, 2, 0, 0], [0, 5, 5, 0], [1, 0, 2, 1], [0, 0, 0, 0]]


@pytest.fixture
def histories(tmp_path):
    """Two folds, the second of which stopped early; its last score is missing."""
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("epoch,loss,ua,val_loss,val_ua\n0,1.4,0.3,1.3,0.25\n1,1.2,0.5,1.1,0.5\n2,1.0,0.6,1.2,0.45\n")
    second.write_text("epoch,loss,ua,val_loss,val_ua\n0,1.5,0.2,1.4,0.35\n1,1.1,0.4,1.2,NA\n")
    return [first, second]


def test_confusion_matrix_says_numbers_and_shares():
    (axes,) = confusion_matrix(CONFUSION, FOUR).axes
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert len(cells) == 16
    assert cells[0, 0] == "8\n80%"
    assert cells[1, 0] == "2\n20%"  # Column 1 of row 0: angry taken for happy.
    assert cells[2, 2] == "2\n50%"
    assert cells[3, 3] == "0\n0%"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["angry", "happy", "neutral", "sad"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["angry", "happy", "neutral", "sad"]
    assert "predicted" in axes.get_xlabel()
    assert "true" in axes.get_ylabel()


def test_learning_curves_have_one_line_a_fold(histories):
    figure = learning_curves(histories)
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss (nats)", "UA (0 to 1)"]
    assert figure.axes[-1].get_xlabel() == "epoch"
    lines = [(line.get_label(), line.get_xdata().tolist(), line.get_ydata().tolist()) for line in figure.axes[0].lines]
    assert lines == [
        ("train", [1, 2, 3], [1.4, 1.2, 1.0]),
        ("dev", [1, 2, 3], [1.3, 1.1, 1.2]),
        ("train", [1, 2], [1.5, 1.1]),
        ("dev", [1, 2], [1.4, 1.2]),
    ]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["train", "dev"]
    assert figure.axes[1].lines[3].get_ydata() == pytest.approx([0.35, float("nan")], nan_ok=True)


def test_learning_curves_draw_the_columns_that_exist(tmp_path):
    history = tmp_path / "history.csv"
    history.write_text("epoch,loss,entropy\n0,1.4,0.5\n")
    figure = learning_curves([history])
    assert [axes.get_ylabel() for axes in figure.axes] == ["entropy", "loss (nats)"]
    assert [line.get_marker() for axes in figure.axes for line in axes.lines] == [".", "."]


@pytest.mark.filterwarnings("ignore:genfromtxt")
@pytest.mark.parametrize("text", ["", "loss,ua\n1,2\n", "epoch,loss\n0,1,2\n"])
def test_what_is_no_history_is_refused(text, tmp_path):
    (tmp_path / "history.csv").write_text(text)
    with pytest.raises(EmotionTFError, match=r"history.csv is no training history"):
        learning_curves([tmp_path / "history.csv"])


def test_reliability_diagram_shows_shares_and_numbers(eight):
    """All eight have confidence 0.7, which lies in the bin from 10 / 15 to 11 / 15, and six are right."""
    upper, lower = reliability_diagram(eight).axes
    for axes, height in ((upper, 0.75), (lower, 8)):
        bars = [bar for bar in axes.patches if bar.get_height()]
        assert [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in bars] == [
            (pytest.approx(10 / 15), pytest.approx(1 / 15), height)
        ]
        assert axes.get_ylabel()
    assert lower.get_xlabel()
    _diagonal, points = upper.lines
    assert points.get_xydata().tolist() == [[pytest.approx(0.7), 0.75]]


def test_risk_is_drawn_over_coverage(many):
    (axes,) = risk_coverage_curve(many).axes
    curve, rest = axes.lines
    error_rate = float(np.mean(many.predicted != many.labels))
    assert curve.get_xdata()[[0, -1]].tolist() == [pytest.approx(1 / 300), 1.0]
    assert curve.get_ydata()[-1] == pytest.approx(error_rate)
    assert rest.get_ydata()[0] == pytest.approx(error_rate)
    assert axes.get_xlabel() and axes.get_ylabel()


def test_svg_is_whole_and_always_the_same(many):
    first, second = svg(reliability_diagram(many)), svg(reliability_diagram(many))
    assert first == second
    assert ElementTree.fromstring(first).tag == "{http://www.w3.org/2000/svg}svg"
    assert b"<dc:date>" not in first


def test_global_settings_stay_as_they_were(eight):
    before = dict(matplotlib.rcParams)
    svg(reliability_diagram(eight))
    assert dict(matplotlib.rcParams) == before


def test_pyplot_is_not_imported():
    """It would choose a backend for the user's whole process."""
    code = "import emotion_tf.evaluation.report.plots, sys; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
