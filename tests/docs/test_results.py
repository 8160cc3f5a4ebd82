"""The tables of the results pages that benchmarks write."""

import runpy
import sys

from doc_blocks import ROOT

from emotion_tf.utils.files import read_json

BENCHMARKS = ROOT / "benchmarks"


def test_table_of_speed_is_that_of_the_kept_results(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    run = runpy.run_path(str(BENCHMARKS / "run.py"))
    _, _, rest = run["PAGE"].read_text(encoding="utf-8").partition(run["BEGIN"])
    shown, end, _ = rest.partition(run["END"])
    assert end and shown == run["table"](read_json(BENCHMARKS / "results.json"))
