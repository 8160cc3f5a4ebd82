"""What the project says about itself is true: versions, documented commands, the public names."""

import ast
import io
import os
import re
import shlex
import subprocess
import tokenize
from pathlib import Path

import pytest

import emotion_tf
from emotion_tf.cli.parser import parse
from emotion_tf.corpora import demo

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

NO_CODE = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("CITATION.cff", r"^version: (.+)$"),
        ("CHANGELOG.md", r"^## \[(.+?)\]"),
    ],
)
def test_newest_version_named_is_the_package_s(file, pattern):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert re.search(pattern, text, flags=re.MULTILINE).group(1) == emotion_tf.__version__


@pytest.mark.parametrize("name", getattr(emotion_tf, "__all__", []))
def test_public_name_is_there_and_documented(name):
    assert getattr(emotion_tf, name).__doc__


def test_no_file_names_a_place_on_one_machine():
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    home = re.compile(rb"(?<![\w.)}])/(?:home|root|Users|work|workspace)/\w")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert not [path for path in files if path.is_file() and home.search(path.read_bytes())]


DEMO = [shlex.split(line) for line in re.findall(r"^\t[@-]?\.venv/bin/(?:python )?(.+)$", MAKEFILE, flags=re.MULTILINE)]
"""The words of each command that the Makefile runs in the environment."""

COMMANDS = {"emotion-tf": [], "train.py": ["train"], "export.py": ["export"]}
"""Program -> what stands before its arguments on the command line."""


@pytest.mark.parametrize("words", [words for words in DEMO if words[0] in COMMANDS], ids=" ".join)
def test_command_of_the_makefile_takes_its_flags(words):
    assert parse([*COMMANDS[words[0]], *words[1:]])


def test_demo_predicts_with_the_transcript_of_its_clip():
    clip = re.search(r"^CLIP := runs/demo-corpus/(.+)$", MAKEFILE, flags=re.MULTILINE).group(1)
    text = re.search(r"^TEXT := (.+)$", MAKEFILE, flags=re.MULTILINE).group(1)
    assert text == {line.path: line.text for line in demo.plan()}[clip]


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="for runs of several processes")
def test_tests_that_share_what_is_slow_share_a_process(request):
    """pytest-xdist 3.8 passes over the groups in silence beside pytest 9.2, and each process makes all anew."""
    assert request.node.nodeid.endswith(f"@{request.node.path}")


def test_no_function_is_over_60_lines_of_code():
    """Docstrings, comments and blank lines are no code."""
    for path in sorted((ROOT / "emotion_tf").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        kept = {
            line
            for token in tokenize.generate_tokens(io.StringIO(source).readline)
            if token.type not in NO_CODE
            for line in range(token.start[0], token.end[0] + 1)
        }
        functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
        for function in functions:
            body = function.body[1:] if ast.get_docstring(function) is not None else function.body
            lines = {*range(function.lineno, function.body[0].lineno)}
            lines.update(line for node in body for line in range(node.lineno, node.end_lineno + 1))
            assert len(lines & kept) <= 60, f"{path.name}: {function.name}"
