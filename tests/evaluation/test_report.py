import base64
import json
from dataclasses import asdict, replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation import RunResult, evaluate
from emotion_tf.evaluation.metrics import metrics
from emotion_tf.evaluation.report import write_report

SVG = "data:image/svg+xml;base64,"

NASTY = '<script src="https://example.org/a.js">alert("$title & more")</script>'


class Page(HTMLParser):
    """Collects the tags with their attributes, and the text of cells, notes and captions."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        if data.strip():
            self.texts.append(data)

    def images(self) -> list[bytes]:
        sources = [attributes["src"] for tag, attributes in self.tags if tag == "img"]
        return [
            base64.b64decode(source.removeprefix("data:image/svg+xml;base64,"), validate=True) for source in sources
        ]


@pytest.fixture
def workdir(eight, tmp_path):
    """What training leaves behind, as far as the evaluation reads it."""
    folder = tmp_path / "first run"
    eight.write(folder / "predictions.csv")
    config = {
        "protocol": "speaker-kfold:2",
        "corpus": "demo",
        "synthetic": True,
        "notes": ["Synthetic corpus: machines speak.", "Speakers stand in both train and test."],
        "settings": {"model": {"filters": 128}},
        "versions": {"keras": "3.15.1"},
        "folds_digest": "0123",
    }
    (folder / "config.json").write_text(json.dumps(config))
    for fold in range(2):
        (folder / f"fold_{fold}").mkdir()
        (folder / f"fold_{fold}" / "history.csv").write_text("epoch,loss,val_loss\n0,1.4,1.3\n1,1.2,1.3\n")
    # The first fold is of before networks were calibrated.
    (folder / "fold_1" / "model").mkdir()
    (folder / "fold_1" / "model" / "calibration.json").write_text('{"temperature": 1.25}')
    return folder


def change_config(workdir, **changes):
    path = workdir / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_evaluate_writes_what_it_returns(workdir, eight):
    found = evaluate(workdir)
    assert RunResult.load(workdir / "metrics.json") == found
    assert json.loads((workdir / "metrics.json").read_text()) == {
        name: value for name, value in asdict(found).items() if name != "dimensions"
    }
    expected = metrics(
        eight, "speaker-kfold:2", ["Synthetic corpus: machines speak.", "Speakers stand in both train and test."]
    )
    folds = [
        replace(fold, temperature=temperature) for fold, temperature in zip(expected.folds, (None, 1.25), strict=True)
    ]
    assert found == replace(expected, folds=folds)


def test_report_says_what_the_run_reached(workdir):
    evaluate(workdir)
    texts = Page((workdir / "report.html").read_text()).texts
    assert "first run" in texts
    assert "Corpus demo · protocol speaker-kfold:2 · 8 utterances of 3 speakers · 2 folds" in texts
    assert "Synthetic corpus: machines speak." in texts
    assert "Speakers stand in both train and test." in texts
    after = {text: texts[place + 1 : place + 5] for place, text in enumerate(texts)}
    assert after["Weighted accuracy, WA"][0] == "0.750"
    assert after["Unweighted accuracy, UA"][0] == "0.792"
    # X is right in 2 of 3, Y in 3 of 3, Z in 1 of 2: the worst resample draws Z alone, the best Y alone.
    assert after["Weighted accuracy, WA"][1] == "0.500 to 1.000"
    assert after["Brier score"][0] == "0.420"
    assert after["neutral"] == ["1.000", "0.667", "0.800", "3"]
    assert after["0"] == ["0.667", "0.750", "3", "–"]
    assert after["1"] == ["0.800", "0.889", "5", "1.250"]
    # Confidence is 0.7 throughout, and 6 of 8 are right; so any first answers are wrong in a quarter of the cases.
    assert after["0.700"][:2] == ["1.000", "0.750"] and after["0.800"][:2] == ["0.000", "–"]
    assert after["Area under risk and coverage"][0] == "0.250"
    assert any('"filters": 128' in text for text in texts)


def test_report_needs_no_other_file(workdir):
    evaluate(workdir)
    page = Page((workdir / "report.html").read_text())
    images = page.images()
    assert len(images) == 4
    for image in images:
        assert ElementTree.fromstring(image).tag == "{http://www.w3.org/2000/svg}svg"
    assert all(attributes["alt"] for tag, attributes in page.tags if tag == "img")
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed"}
    assert not [value for _, attributes in page.tags for name, value in attributes.items() if name == "href"]


def test_users_text_is_escaped(workdir):
    change_config(workdir, corpus=NASTY, protocol=NASTY, notes=[NASTY], settings={NASTY: NASTY})
    evaluate(workdir)
    page = Page((workdir / "report.html").read_text())
    assert "script" not in {tag for tag, _ in page.tags}
    assert NASTY in page.texts


def test_same_run_gives_the_same_bytes(workdir):
    evaluate(workdir)
    first = (workdir / "report.html").read_bytes()
    write_report(workdir)
    assert (workdir / "report.html").read_bytes() == first


def test_without_histories_there_are_no_curves(workdir):
    for history in workdir.glob("fold_*/history.csv"):
        history.unlink()
    evaluate(workdir)
    assert len(Page((workdir / "report.html").read_text()).images()) == 3


def test_one_speaker_has_no_interval_and_no_notes_no_box(workdir, make):
    make("ah", "aa", "XX", "01").write(workdir / "predictions.csv")
    change_config(workdir, notes=[])
    evaluate(workdir)
    page = Page((workdir / "report.html").read_text())
    assert any("one speaker only" in text for text in page.texts)
    assert not any(" to " in text for text in page.texts[page.texts.index("Weighted accuracy, WA") :][:2])
    assert "aside" not in {tag for tag, _ in page.tags}


@pytest.mark.parametrize("name", ["predictions.csv", "config.json"])
def test_missing_file_leaves_the_last_report(name, workdir):
    evaluate(workdir)
    before = {file: (workdir / file).read_bytes() for file in ("metrics.json", "report.html")}
    (workdir / name).unlink()
    with pytest.raises(EmotionTFError, match=f"no finished run; expected a folder with {name}"):
        evaluate(workdir)
    assert {file: (workdir / file).read_bytes() for file in before} == before


@pytest.mark.parametrize("content", ["[]", '{"protocol": "random:2", "notes": []}'])
def test_config_of_something_else(content, workdir):
    (workdir / "config.json").write_text(content)
    with pytest.raises(EmotionTFError, match=r"config.json is not what a run wrote; expected .*corpus"):
        evaluate(workdir)
    assert not (workdir / "report.html").exists()
