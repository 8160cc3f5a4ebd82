"""The figure of a comparison."""

from matplotlib.text import Text

from emotion_tf.comparison.plot import Point, score_against_time
from emotion_tf.evaluation.table import Score


def test_no_name_lies_on_another():
    """Twenty systems that are all but the same."""
    points = [Point(f"system {n}", 10 + 0.001 * n, Score(0.7 + 0.001 * n, 0.01, (0.6, 0.8))) for n in range(20)]
    figure = score_against_time(points)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = [Text.get_window_extent(text) for text in axes.texts]  # without the line to the point
    assert [text.get_text() for text in axes.texts] == [f"system {n}" for n in reversed(range(20))]
    assert not any(box.overlaps(other) for place, box in enumerate(boxes) for other in boxes[:place])
    # All stand beside the axes and within the figure.
    assert all(box.x0 > axes.bbox.x1 and box.x1 < figure.bbox.x1 for box in boxes)


def test_points_stand_where_they_were_measured():
    points = [Point("slow", 20.0, Score(0.8, 0.1, (0.7, 0.85))), Point("fast", 2.0, Score(0.6, None, None))]
    figure = score_against_time([*points, Point("beaten", 30.0, Score(0.5, None, None))])
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    marks = {tuple(line.get_xydata()[0]): line.get_color() for line in axes.lines}
    assert marks.keys() == {(20.0, 0.8), (2.0, 0.6), (30.0, 0.5)}
    assert marks[20.0, 0.8] == marks[2.0, 0.6] != marks[30.0, 0.5]
    assert axes.collections[0].get_segments()[0].tolist() == [[20.0, 0.7], [20.0, 0.85]]
