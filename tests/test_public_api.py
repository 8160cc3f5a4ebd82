"""What stands at the root: it is typed, it is imported when it is used, and no room hides a function."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import emotion_tf

ROOT = Path(__file__).parent.parent

# What mypy must see, as an editor does.
TYPES = {
    "load": "def (model: str | pathlib.Path | None =, num_threads: int | None =) -> "
    '"emotion_tf.inference.predictor.Predictor"',
    "load_corpus": '-> "emotion_tf.corpora.corpus.Corpus"',
    "train": '-> "emotion_tf.evaluation.result.RunResult"',
    "evaluate": '-> "emotion_tf.evaluation.result.RunResult"',
    "export": '-> "emotion_tf.exporting.result.ExportResult"',
    "preset": '(name: str) -> "emotion_tf.config',
    "presets": 'def () -> "dict[str, emotion_tf.recipes.Preset]"',
    "load('x').predict": '-> "emotion_tf.inference.predictor.Prediction"',
    "preset('strong').model.filters": "int",
    "MultiScaleConv2D": "def (filters: int",
    "StatisticalPooling()": "emotion_tf.layers.statistical_pooling.StatisticalPooling",
    "models.backbone": "preprocessing: emotion_tf.models.preprocessing.Preprocessing",
    "EmotionTFError": "def (problem: str",
}


def test_every_public_name_has_a_type(tmp_path):
    api = pytest.importorskip("mypy.api", reason="SKIPPED FOR WANT OF MYPY: pip install mypy")
    code = tmp_path / "notebook.py"
    code.write_text("import emotion_tf\n" + "".join(f"reveal_type(emotion_tf.{name})\n" for name in TYPES))
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    options = ["--python-version", version, "--follow-imports", "silent", "--cache-dir", str(ROOT / ".mypy_cache")]
    said, errors, _ = api.run([*options, str(code)])
    revealed = [line.split('Revealed type is "', 1)[1] for line in said.splitlines() if "Revealed type is" in line]
    assert len(revealed) == len(TYPES), said + errors
    for (name, expected), found in zip(TYPES.items(), revealed, strict=True):
        assert expected.replace('"', "") in found.replace('"', "").replace("builtins.", ""), (name, found)
        assert "Any" not in expected


def test_name_that_does_not_exist_is_said():
    with pytest.raises(AttributeError, match="module 'emotion_tf' has no attribute 'laod'"):
        emotion_tf.laod  # noqa: B018


def test_names_are_completed():
    assert set(emotion_tf.__all__) <= set(dir(emotion_tf))
    assert set(emotion_tf.__all__) - {"__version__"} == set(emotion_tf._PUBLIC)


def test_no_room_has_the_name_of_a_function():
    functions = {name for name in emotion_tf.__all__ if inspect.isfunction(getattr(emotion_tf, name))}
    assert {"load", "load_corpus", "train", "evaluate", "export", "preset", "presets"} <= functions
    rooms = {path.stem for path in (ROOT / "emotion_tf").iterdir()}
    assert not functions & rooms


def test_functions_stay_functions_once_everything_is_imported():
    code = (
        "import importlib, pkgutil, emotion_tf\n"
        "before = {name: getattr(emotion_tf, name) for name in emotion_tf.__all__}\n"
        "for module in pkgutil.iter_modules(emotion_tf.__path__):\n"
        "    importlib.import_module(f'emotion_tf.{module.name}')\n"
        "assert before == {name: getattr(emotion_tf, name) for name in emotion_tf.__all__}\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
