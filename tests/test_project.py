"""What the project says about itself is true: versions, documented commands, the public names."""

import re
import runpy
import shlex
import subprocess
from pathlib import Path

import pytest

import emotion_tf
from emotion_tf.corpora import demo

ROOT = Path(__file__).parent.parent
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


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


def shell_commands() -> list[list[str]]:
    """The words of each command that the documents and the demo of the Makefile tell people to run."""
    lines = re.findall(r"^\t[@-]?(?:\.venv/bin/)(.+)$", MAKEFILE, flags=re.MULTILINE)
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for block in re.findall(r"^```(?:bash|sh|shell|console)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
            lines += block.replace("\\\n", " ").splitlines()
    commands = []
    for line in lines:
        words = shlex.split(line.removeprefix("$ "), comments=True)
        while words and re.match(r"\w+=", words[0]):
            del words[0]
        commands.append(words)
    return commands


COMMANDS = [words for words in shell_commands() if words]
TARGETS = [target for words in COMMANDS if words[0] == "make" for target in words[1:] if "=" not in target]
PROGRAMS = [
    words for words in COMMANDS if words[0] == "emotion-tf" or (words[0] == "python" and words[1].endswith(".py"))
]


@pytest.mark.parametrize("target", sorted(set(TARGETS)))
def test_documented_target_is_in_the_makefile(target):
    assert re.search(rf"^{re.escape(target)}:", MAKEFILE, flags=re.MULTILINE)


@pytest.mark.parametrize("words", PROGRAMS, ids=" ".join)
def test_documented_command_takes_its_flags(words, capsys, monkeypatch):
    if words[0] == "python":
        # As Python does for a script, which may import what lies beside it.
        monkeypatch.syspath_prepend((ROOT / words[1]).parent)
        main, arguments = runpy.run_path(str(ROOT / words[1]))["main"], []
    else:
        from emotion_tf.cli import main

        arguments = words[1:2]
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--help"])
    assert stopped.value.code == 0
    known = set(re.findall(r"--\w[\w-]*", capsys.readouterr().out))
    # What follows a runner are options of Beam.
    own = words[: words.index("--runner") + 1] if "--runner" in words else words
    assert {word.partition("=")[0] for word in own if word.startswith("--")} <= known


def test_demo_predicts_with_the_transcript_of_its_clip():
    clip = re.search(r"^CLIP := runs/demo-corpus/(.+)$", MAKEFILE, flags=re.MULTILINE).group(1)
    text = re.search(r"^TEXT := (.+)$", MAKEFILE, flags=re.MULTILINE).group(1)
    assert text == {line.path: line.text for line in demo.plan()}[clip]
