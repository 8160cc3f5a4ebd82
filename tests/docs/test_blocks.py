"""Every block of the documentation is valid, and every block that needs nothing special is run."""

import ast
import importlib
import importlib.util
import re
import runpy
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from doc_blocks import PAGES, ROOT, Block, blocks, commands
from made_waves import RATE, babble, noise

from emotion_tf import recipes
from emotion_tf.cli import main
from emotion_tf.cli.parser import parse
from emotion_tf.corpora import manifest
from emotion_tf.exporting import parity

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytest_plugins = ["exported_runs"]

BLOCKS = [block for page in PAGES for block in blocks(page)]
SHELL = [block for block in BLOCKS if block.language == "bash"]
PYTHON = [block for block in BLOCKS if block.language == "python"]
LANGUAGES = {"bash", "csv", "json", "python", "text"}

SCRIPTS = {"train.py": "train", "export.py": "export"}
"""Scripts that are commands under another name."""

CHECKED_ONLY = {"pip"}
"""Programs that a block may call and that are not run."""


def test_pages_are_found():
    assert len(PAGES) > 20 and len(SHELL) > 20 and len(PYTHON) > 5


def test_readme_is_short():
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 180


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_language_is_named(block):
    assert block.language in LANGUAGES


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "csv"], ids=str)
def test_table_is_a_manifest(block, tmp_path):
    path = tmp_path / "corpus.csv"
    path.write_text(block.text, encoding="utf-8")
    assert len(manifest.read(path)) == len(block.text.splitlines()) - 1


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_shell_block_is_valid(block, tmp_path, capsys, monkeypatch):
    soundfile.write(tmp_path / "clip.wav", noise(RATE), RATE)
    found = commands(block, tmp_path)
    assert found
    for words in found:
        check_command(words, capsys, monkeypatch)


def check_command(words: list[str], capsys, monkeypatch) -> None:
    """A command names things that are there, and takes the flags that it is given."""
    program, *arguments = words
    if program == "srun":
        program, arguments = "emotion-tf", arguments[arguments.index("emotion-tf") + 1 :]
    if program == "python":
        script, *arguments = arguments
        if script not in SCRIPTS:
            check_script(ROOT / script, arguments, capsys, monkeypatch)
            return
        program, arguments = "emotion-tf", [SCRIPTS[script], *arguments]
    if program == "emotion-tf":
        assert parse(arguments)
    elif program == "make":
        targets = [argument for argument in arguments if "=" not in argument]
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert targets and all(re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE) for target in targets)
    elif program == "pip":
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = {extra for group in re.findall(r"emotion-tf\[(.*?)\]", " ".join(words)) for extra in group.split(",")}
        assert arguments[0] == "install" and extras <= set(project["optional-dependencies"])
    else:
        assert program in ("curl", "docker", "tensorflow_model_server"), f"nothing checks {program}"


def check_script(script: Path, arguments: list[str], capsys, monkeypatch) -> None:
    """A script's help names the flags that it is given."""
    # As Python does for a script, which may import what lies beside it.
    monkeypatch.syspath_prepend(script.parent)
    script_main = runpy.run_path(str(script))["main"]
    with pytest.raises(SystemExit) as stopped:
        script_main(["--help"])
    assert stopped.value.code == 0
    known = set(re.findall(r"--\w[\w-]*", capsys.readouterr().out))
    assert {word.partition("=")[0] for word in arguments if word.startswith("--")} <= known


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_block_is_valid(block):
    """It compiles, and what it imports is there."""
    tree = ast.parse(block.text, filename=str(block))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and installed(node.module):
            module = importlib.import_module(node.module)
            for name in node.names:
                assert hasattr(module, name.name) or importlib.util.find_spec(f"{node.module}.{name.name}")
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) == "emotion_tf":
            assert hasattr(importlib.import_module("emotion_tf"), node.attr)


def installed(module: str) -> bool:
    return importlib.util.find_spec(module.partition(".")[0]) is not None


# --------------------------------------------------------------------------------------------------------------------
# What follows runs the blocks, page by page, in a folder that holds what they speak of.

TINY = (
    "model.filters=8",
    "model.audio_kernel_sizes=[3]",
    "model.text_kernel_sizes=[3]",
    "model.dense_units=8",
    "augmentation.speeds=[1.0]",
    "augmentation.disturbed_copies=0",
    "features.max_seconds=2",
    "training.epochs=1",
    "training.batch_size=16",
)
"""Settings under which any preset is trained in seconds."""

PAGES_TO_RUN = [
    # The README goes from a corpus to an answer; the pages of the guide do so at length.
    pytest.param(page, marks=() if page.name == "README.md" else pytest.mark.repeats)
    for page in PAGES
    if any(not block.note for block in SHELL + PYTHON if block.page == page)
]
SPEAKERS = ("anna", "ben", "cem", "dora", "emil", "fay")
LABELS = ("angry", "happy", "neutral", "sad")


@pytest.fixture(autouse=True)
def tiny_presets(monkeypatch):
    """Every preset in a form that is trained in seconds."""
    for name, preset in recipes.PRESETS.items():
        tiny = recipes.Preset(preset.description, (*preset.settings, *TINY))
        monkeypatch.setitem(recipes.PRESETS, name, tiny)


@pytest.fixture(autouse=True)
def exports_that_are_not_timed(monkeypatch):
    """`tests/exporting` takes the time of every artefact; here it would be half of the time of all blocks."""
    monkeypatch.setattr(parity, "_measure", lambda folder, threads: {})


def make_corpus(folder: Path) -> None:
    """`corpus.csv` and its clips, two utterances of every emotion by every speaker."""
    (folder / "clips").mkdir(parents=True)
    rows = ["id,audio,text,label,speaker"]
    for number, (speaker, label) in enumerate((speaker, label) for speaker in SPEAKERS for label in 2 * LABELS):
        clip = f"clips/{number}.wav"
        soundfile.write(folder / clip, np.roll(babble(RATE), 97 * number), RATE)
        rows.append(f"{number},{clip},I am so {label} today,{label},{speaker}")
    (folder / "corpus.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a corpus, and a run on it."""
    folder = tmp_path_factory.mktemp("trained")
    make_corpus(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        settings = [argument for setting in TINY for argument in ("--set", setting)]
        for name, modality in (("mine", "both"), ("mine-audio", "audio")):
            run = ["--preset", "strong", "--modality", modality, *settings, "--workdir", f"runs/{name}"]
            assert main(["train", "--corpus", "manifest", "--data-dir", "corpus.csv",
                         "--protocol", "speaker-kfold:5", *run]) == 0  # fmt: skip
    return folder


@pytest.fixture
def here(trained, both_export, tmp_path, monkeypatch):
    """A folder that holds what the documentation speaks of, and in which a block is run."""
    folder = tmp_path / "here"
    shutil.copytree(trained, folder)
    for name in ("demo", "mine"):
        shutil.copytree(both_export.folder, folder / "export" / name)
    soundfile.write(folder / "clip.wav", noise(2 * RATE), RATE)
    soundfile.write(folder / "call.flac", babble(10 * RATE), RATE)
    (folder / "recordings").mkdir()
    for number in range(3):
        soundfile.write(folder / "recordings" / f"{number}.wav", noise(RATE), RATE)
    words = ("i", "am", "so", "today", *LABELS)
    vectors = [f"{word} {' '.join(['0.1'] * 300)}" for word in words]
    (folder / "glove.6B.300d.txt").write_text("\n".join(vectors) + "\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    # Processes of ours are started in this folder, too.
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES_TO_RUN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_blocks_of_page_run(page, here):
    """Block after block, as a reader would, who starts Python once."""
    to_run = [block for block in blocks(page) if not block.note]
    remove_what_is_made(to_run, here)
    namespace: dict = {"__name__": "__main__"}
    for block in to_run:
        if block.language == "python":
            exec(compile(block.text, str(block), "exec"), namespace)
        elif block.language == "bash":
            run(block, here)


def remove_what_is_made(to_run: list[Block], folder: Path) -> None:
    """Runs and exports that a page makes itself are not there before."""
    for block in to_run:
        for _, *arguments in commands(block, folder) if block.language == "bash" else ():
            flag = {"train": "--workdir", "distil": "--workdir", "export": "--out"}.get(arguments[0])
            if flag in arguments:
                shutil.rmtree(folder / arguments[arguments.index(flag) + 1], ignore_errors=True)


def run(block: Block, folder: Path) -> None:
    """Runs the commands of a block in this process."""
    for program, *arguments in commands(block, folder):
        if program in CHECKED_ONLY:
            continue
        if program == "python":
            program, arguments = "emotion-tf", [SCRIPTS[arguments[0]], *arguments[1:]]
        assert program == "emotion-tf", f"{block}: say above it why {program} is not run"
        assert main(arguments) == 0, f"{block}: {' '.join(arguments)}"
