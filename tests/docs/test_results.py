"""The tables of the results pages that benchmarks write."""

import importlib
import re
import runpy

import pytest
from doc_blocks import ROOT

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import read_json

BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def pages(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("pages")


def test_table_of_speed_is_that_of_the_kept_results(pages):
    run = runpy.run_path(str(BENCHMARKS / "run.py"))
    _, _, rest = run["PAGE"].read_text(encoding="utf-8").partition(pages.begin("ratios"))
    shown, end, _ = rest.partition(pages.END)
    assert end and shown == run["table"](read_json(BENCHMARKS / "results.json"))


def test_table_is_replaced_and_nothing_else(pages, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("Before.\n\n<!-- table a -->\n| old |\n<!-- end -->\n\n<!-- table b -->\n| b |\n<!-- end -->\n")
    pages.replace_table(page, "a", pages.first_table("Words.\n\n| new |\n|---|\n\nMore words.\n\n| other |\n"))
    assert page.read_text() == (
        "Before.\n\n<!-- table a -->\n| new |\n|---|\n<!-- end -->\n\n<!-- table b -->\n| b |\n<!-- end -->\n"
    )


@pytest.mark.parametrize(("name", "table"), [("c", "| new |\n"), ("a", "")])
def test_page_without_place_or_table_is_kept(pages, tmp_path, name, table):
    page = tmp_path / "page.md"
    page.write_text("<!-- table a -->\n| old |\n<!-- end -->\n")
    with pytest.raises(EmotionTFError, match=name):
        pages.replace_table(page, name, table)
    assert page.read_text() == "<!-- table a -->\n| old |\n<!-- end -->\n"


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "results").glob("*.md")), ids=lambda path: path.stem)
def test_places_of_tables_are_whole(pages, path):
    text = path.read_text(encoding="utf-8")
    assert len(re.findall(r"<!-- table \w+ -->\n\|", text)) == text.count("<!-- table ") == text.count(pages.END)
