"""Two small systems, the machine that is fitted at once among them, compared on hums."""

import json
from dataclasses import asdict

import pytest
from made_corpus import make_corpus

from emotion_tf import evaluation
from emotion_tf.comparison import compare
from emotion_tf.comparison.compare import write_comparison
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import read_json, write_json

pytestmark = pytest.mark.slow

SMALL = Config().override(
    "features.mel_bands=8",
    "features.mfcc_coefficients=5",
    "features.deltas=1",
    "words.min_count=1",
    "words.embedding_width=6",
    "model.audio_kernel_sizes=[3]",
    "model.text_kernel_sizes=[2]",
    "model.filters=4",
    "model.dense_units=8",
    "training.epochs=1",
    "training.batch_size=8",
    "training.dev_splits=4",
)
PRESETS = {
    "text": SMALL.override("model.name=text_cnn", "model.modality=text"),
    "machine": SMALL.override("model.name=svm", "model.modality=audio"),
}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The folder, and what a call returned and then another one, with the times of all files after each."""
    folder = tmp_path_factory.mktemp("compared")
    corpus = make_corpus(folder / "corpus", speakers=4)
    workdir = folder / "comparison"
    outcomes = []
    for _ in range(2):
        content = compare(corpus, PRESETS, "speaker-kfold:2", workdir)
        kept = {path: path.stat().st_mtime_ns for path in workdir.glob("*/**/*") if path.is_file()}
        outcomes.append((content, kept))
    return workdir, outcomes


def test_what_is_finished_is_neither_trained_nor_measured_again(compared):
    _, ((first, before), (second, after)) = compared
    assert first == second
    lasting = [path for path in before if path.name in ("cost.json", "model.keras") or "fold" in path.parent.name]
    assert len(lasting) > 10
    assert not [path for path in lasting if before[path] != after[path] and path.parent.name != "model"]


def test_rows_say_what_the_runs_say(compared):
    workdir, ((content, _), _) = compared
    assert json.loads(json.dumps(asdict(content))) == json.loads((workdir / "comparison.json").read_text())
    assert (content.corpus, content.protocol) == ("made", "speaker-kfold:2")
    rows = {row.presets[0]: row for row in content.rows}
    assert {name: row.variant for name, row in rows.items()} == {"text": "TextCNN (text)", "machine": "SVM (audio)"}
    for name, row in rows.items():
        metrics = read_json(workdir / name / "metrics.json")
        assert row.ua.mean == pytest.approx(sum(fold["ua"] for fold in metrics["folds"]) / 2)
        assert row.wa.ci95 == pytest.approx(metrics["wa_ci95"])
    means = [row.ua.mean for row in content.rows]
    assert means == sorted(means, reverse=True)
    # The first that was named is the reference, whichever is better.
    expected = evaluation.compare(workdir / "text", workdir / "machine").ua.p
    assert {name: row.p for name, row in rows.items()} == {"text": None, "machine": expected}


def test_costs(compared):
    """Of 12 words every embedding has 6 numbers; 4 kernels over 2 words; 4 maxima and 4 emotions, with biases."""
    workdir, _ = compared
    cost = read_json(workdir / "text" / "cost.json")
    assert cost["utterance"] == {"seconds": 4.0, "frames": 400, "words": 12}
    # The hidden layer of 8 units lies between the maxima and the emotions.
    assert cost["multiply_adds"] == 12 * 2 * 6 * 4 + 4 * 8 + 8 * 4
    vocabulary = len((workdir / "text" / "fold_0" / "model" / "vocabulary.txt").read_text().splitlines())
    assert cost["parameters"] == vocabulary * 6 + (2 * 6 * 4 + 4) + (4 * 8 + 8) + (8 * 4 + 4)
    assert cost["training"]["of"] == "epoch" and cost["training"]["seconds"] > 0
    assert cost["litert_milliseconds"] > 0 and cost["litert_refusal"] is None
    machine = read_json(workdir / "machine" / "cost.json")
    assert machine["training"]["of"] == "fit"
    assert machine["multiply_adds"] == 3 * 10 * 4


def test_files(compared):
    workdir, ((content, _), _) = compared
    text = (workdir / "comparison.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    heads, first, second = ([cell.strip() for cell in line.strip("|").split(" | ")] for line in lines)
    assert heads[1:6] == ["parameters", "multiply-adds (M)", "s/epoch", "LiteRT ms", "p"]
    assert [first[0], second[0]] == [row.variant for row in content.rows]
    assert "SVM (audio)" in text and "(whole fit)" in text
    assert (workdir / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_refusal_stands_in_the_cell_and_not_in_the_plot(compared):
    workdir, _ = compared
    path = workdir / "machine" / "cost.json"
    measured = read_json(path)
    try:
        write_json(path, {**measured, "litert_milliseconds": None, "litert_refusal": "no such op"})
        write_comparison(workdir, list(PRESETS), "reference")
        (line,) = [line for line in (workdir / "comparison.md").read_text().splitlines() if line.startswith("| SVM")]
        assert "| no such op |" in line
    finally:
        write_json(path, measured)


def test_intervals_that_overlap_are_named(compared):
    workdir, _ = compared
    (content, _) = compared[1][1]
    best, other = content.rows
    overlaps = other.ua.ci95[1] >= best.ua.ci95[0]
    text = (workdir / "comparison.md").read_text()
    assert (f"overlap that of the best, {best.variant}: {other.variant}." in text) == overlaps
    assert (f"The interval of {best.variant} lies above all others." in text) != overlaps


def test_nothing_to_compare(tmp_path):
    with pytest.raises(EmotionTFError, match="nothing to compare; expected at least one preset"):
        compare(make_corpus(tmp_path / "corpus", speakers=1), {}, "speaker-kfold:2", tmp_path / "comparison")
