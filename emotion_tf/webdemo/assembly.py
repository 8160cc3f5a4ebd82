"""From an export to a folder that any web server can serve as it is."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import ModelBundle, check_classes
from emotion_tf.inference.streaming import HOP_SECONDS, SMOOTHING_SECONDS, WINDOW_SECONDS
from emotion_tf.text.tokenizer import tokenizer_rules
from emotion_tf.text.vocabulary import UNKNOWN
from emotion_tf.utils.checksums import check_files
from emotion_tf.utils.files import read_json, write_json
from emotion_tf.utils.own_folder import check_own_folder, replacing_own_folder
from emotion_tf.webdemo.litertjs import litertjs

STATIC = Path(__file__).parent / "static"

MODEL = Path("tflite", "float32-fixed.tflite")
"""What of an export the page runs: browsers want inputs of fixed shapes."""

# Browsers without relaxed SIMD take `compat`. The other builds, of threads among them, are left out: a window takes
# some tens of milliseconds on one thread, and threads need headers that not every web server can be told to send.
LITERTJS_FILES = (
    "core/dist/index.js",
    "core/wasm/litert_wasm_internal.js",
    "core/wasm/litert_wasm_internal.wasm",
    "core/wasm/litert_wasm_compat_internal.js",
    "core/wasm/litert_wasm_compat_internal.wasm",
    "wasm-utils/dist/index.js",
)
"""What the page loads of LiteRT.js."""


def build(export: str | Path, out: str | Path) -> None:
    """Writes the page of an export, whole or not at all. It asks nothing of any other server.

    Args:
        export: The folder of an export.
        out: The page's folder: a new one, or a page that is replaced. It gets the page, LiteRT.js, `model.tflite`,
            `MODEL_CARD.md`, `settings.json`, `vocabulary.txt` if the model reads, `emotion-tf.json`, by which it is
            known for a page, and `SHA256SUMS`.

    Raises:
        EmotionTFError: If `export` is no export or its model takes a speaker embedding, `out` holds something else, or
            LiteRT.js cannot be fetched; or a file of the export is a link, or is not what its SHA256SUMS say.
    """
    export, out = Path(export), Path(out)
    if not (export / MODEL).is_file():
        raise EmotionTFError(
            f"{export} holds no {MODEL}", expected="the folder of an export", fix="export a run with emotion-tf export"
        )
    bundle = ModelBundle.read(export / MODEL)
    check_classes(bundle, "a page")
    if bundle.config.speaker.embeddings is not None:
        raise EmotionTFError(
            "the model takes a speaker embedding, which a browser cannot compute",
            expected="a model of audio, words or both",
            fix="train without --speaker-embeddings",
        )
    copied = [export / name for name in (MODEL, "MODEL_CARD.md", "parity.json")]
    _refuse_links(export, copied)
    check_files(export, copied)
    check_own_folder(out, "page")
    packages = litertjs()
    with replacing_own_folder(out, "page") as temporary:
        shutil.copytree(STATIC, temporary, dirs_exist_ok=True)
        for name in LITERTJS_FILES:
            (temporary / "litertjs" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(packages / name, temporary / "litertjs" / name)
        shutil.copyfile(export / MODEL, temporary / "model.tflite")
        shutil.copyfile(export / "MODEL_CARD.md", temporary / "MODEL_CARD.md")
        if bundle.vocabulary is not None:
            bundle.vocabulary.save(temporary / "vocabulary.txt")
        parity = read_json(export / "parity.json")
        notes = parity.get("notes", []) if isinstance(parity, dict) else []
        write_json(temporary / "settings.json", settings(bundle, notes))


def _refuse_links(export: Path, files: Iterable[Path]) -> None:
    """Refuses files of an export that stand for others, which may lie anywhere and would be published."""
    for file in files:
        for path in [file, *file.parents]:
            if path == export:
                break
            if path.is_symlink():
                raise EmotionTFError(f"{path} is a link", expected="the file itself", fix=f"copy {export} again, whole")


def settings(bundle: ModelBundle, notes: list[str]) -> dict[str, Any]:
    """What the page has to know of the model, the content of `settings.json`.

    Args:
        bundle: What the model was built with.
        notes: What people should know before they trust it.

    Example:

    >>> from emotion_tf.config import Config
    >>> from emotion_tf.labels import FOUR
    >>> found = settings(ModelBundle(Config(), FOUR, None), notes=["The corpus is synthetic."])
    >>> found["sample_rate"], found["max_samples"], found["max_words"]
    (16000, 120000, 128)
    """
    config = bundle.config
    scales = config.labels.scales
    dimensions = {"dimensions": [{"name": name, "low": low, "high": high} for name, (low, high) in scales.items()]}
    return {
        "labels": bundle.labels,
        **(dimensions if scales else {}),
        "notes": notes,
        "hears": config.model.hears,
        "reads": config.model.reads,
        "sample_rate": config.features.sample_rate,
        "max_samples": config.features.max_samples,
        # A model that hears less than a usual window at once gets shorter ones.
        "window_seconds": min(WINDOW_SECONDS, config.features.max_seconds),
        "hop_seconds": min(HOP_SECONDS, config.features.max_seconds),
        "smoothing_seconds": SMOOTHING_SECONDS,
        "max_words": config.words.max_words,
        "unknown_word": UNKNOWN,
        "tokenizer": tokenizer_rules()["steps"],
    }
