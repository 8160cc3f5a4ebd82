"""The JavaScript sample for devices gives the golden vectors of an export, in Chromium."""

import contextlib
import shutil
from pathlib import Path

import pytest
from golden_vectors import check_answer, golden
from page_in_browser import served

pytest_plugins = ["exported_runs"]

SAMPLES = Path(__file__).parents[2] / "examples" / "device"

# The samples of the WAV file are read as `golden/README.md` says. Chromium's own decoder is asked by the page.
ASK = """async ({wav, words}) => {
    const { Recognizer } = await import("./recognize.mjs");
    globalThis.recognizer ??= await Recognizer.load("export");
    const bytes = await (await fetch(`export/golden/${wav}`)).arrayBuffer();
    const samples = Float32Array.from(new Int16Array(bytes, 44), (sample) => sample / 32768);
    return recognizer.recognize(samples, words);
}"""
TOKENIZE = """async (texts) => {
    const { tokenize } = await import("./recognize.mjs");
    const { steps } = await (await fetch("export/tokenizer.json")).json();
    return texts.map((text) => tokenize(text, steps));
}"""


@pytest.fixture(scope="module")
def opened(browser, packages, tmp_path_factory):
    """Opens the sample's page beside an export, as the sample's README lays them out."""

    @contextlib.contextmanager
    def visit(export: Path):
        folder = tmp_path_factory.mktemp("sample") / "page"
        shutil.copytree(SAMPLES, folder)
        shutil.copytree(packages, folder / "node_modules" / "@litertjs")
        shutil.copytree(export, folder / "export")
        with served(folder) as address, contextlib.closing(browser.new_context()) as context:
            page = context.new_page()
            page.goto(f"{address}recognize.html")
            page.locator("button:enabled").wait_for()
            yield page

    return visit


@pytest.mark.parametrize("name", ["both_export", "audio_export"])
def test_every_golden_vector(opened, request, name):
    export = request.getfixturevalue(name).folder
    utterances = golden(export)["utterances"]
    assert len(utterances) > 2
    with opened(export) as page:
        for utterance in utterances:
            found = page.evaluate(ASK, {"wav": utterance["wav"], "words": utterance.get("transcript", "")})
            check_answer(export, utterance, found["label"], found["probabilities"])


def test_page_names_what_it_is_given(opened, both_export):
    utterance = golden(both_export.folder)["utterances"][-1]
    with opened(both_export.folder) as page:
        page.get_by_label("Recording").set_input_files(both_export.folder / "golden" / utterance["wav"])
        page.get_by_label("What is said").fill(utterance["transcript"])
        page.get_by_role("button", name="Name the emotion").click()
        page.locator("pre").get_by_text("\t").wait_for()
        label, *lines = page.locator("pre").text_content().splitlines()
    scores = dict(line.split("\t") for line in lines)
    assert list(scores) == golden(both_export.folder)["labels"]
    check_answer(both_export.folder, utterance, label, [float(score) for score in scores.values()])


def test_words_are_split_as_the_golden_transcripts_are(opened, both_export):
    transcripts = golden(both_export.folder)["transcripts"]
    with opened(both_export.folder) as page:
        found = page.evaluate(TOKENIZE, [each["transcript"] for each in transcripts])
    assert found == [each["words"] for each in transcripts]
