"""The whole way of an export."""

import dataclasses
import importlib.util
import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from emotion_tf.corpora import choose_labels
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.errors import EmotionTFError
from emotion_tf.exporting.examples import (
    Example,
    Examples,
    illustrations,
    made_examples,
    read_examples,
    read_examples_of_file,
)
from emotion_tf.exporting.golden import write_golden
from emotion_tf.exporting.model_card import model_card
from emotion_tf.exporting.onnx import onnx_is_installed, write_onnx
from emotion_tf.exporting.parity import THREADS, check_parity
from emotion_tf.exporting.result import ExportResult
from emotion_tf.exporting.saved_model import write_saved_model
from emotion_tf.exporting.serving import write_batching_parameters, write_warmup_requests
from emotion_tf.exporting.tflite import VARIANTS, write_tflite
from emotion_tf.inference.bundle import ModelBundle, without_dimensions
from emotion_tf.inference.keras_runtime import KerasRuntime
from emotion_tf.utils.files import read_json, sweep, write_bytes, write_json, write_text
from emotion_tf.utils.locks import locked
from emotion_tf.utils.machine_file import refuse_machine
from emotion_tf.utils.own_folder import check_own_folder, replacing_own_folder

KIND = "export"
"""What `emotion-tf.json` in the folder of an export says."""

logger = logging.getLogger(__name__)


def export(
    source: str | Path, out: str | Path, corpus: Corpus | None = None, threads: Sequence[int] = THREADS
) -> ExportResult:
    """Exports a model, whole or not at all.

    Args:
        source: The folder of a run, or a `.keras` file of a model that `emotion_tf.models` built.
        out: The export's folder: a new one, or an export that is replaced. It gets `saved_model/1/`,
            `batching_parameters.txt`, `tflite/`, `onnx/` where the extra `onnx` is installed, `golden/`, `model.keras`,
            `config.json`, `labels.txt`, `vocabulary.txt` and `tokenizer.json` if the model reads, `MODEL_CARD.md`,
            `parity.json`, `emotion-tf.json`, by which it is known for an export, and `SHA256SUMS`.
        corpus: The corpus of the model, with the transcripts that it shall read. Utterances that it was trained on give
            the ranges of the int8 model, and on the test part of the run the loss of every artefact is measured.
            Without it there is no int8 model. Of a `.keras` file nobody knows on which utterances it was trained: some
            of the corpus give the ranges, and accuracies are not measured.
        threads: Numbers of threads with which time and memory are taken; see `check_parity`.

    Returns:
        What each artefact loses, weighs and costs.

    Raises:
        EmotionTFError: If the run has no model or is not one of this corpus, `out` holds something else, the model does
            not convert, audio cannot be read, or an artefact loses more than its bound.
    """
    source, out = Path(source), Path(out)
    file, run = _keras_file(source)
    check_own_folder(out, KIND)
    runtime = KerasRuntime(file)
    examples = _read_corpus(run, corpus, runtime.bundle)
    with _alone_at(out), replacing_own_folder(out, KIND) as temporary:
        if run is not None:
            shutil.copyfile(file, temporary / "model.keras")
        else:
            runtime.model.save(temporary / "model.keras")  # with the front end, and without an optimizer's state
        _write_artefacts(temporary, runtime, examples)
        shown = illustrations(examples.test, made_examples(runtime), runtime.bundle.config.model.learned_placeholders)
        _write_serving_files(temporary, runtime.bundle, shown)
        logger.info("golden vectors of %d utterances", len(shown))
        write_golden(temporary, runtime.bundle, shown)
        result = check_parity(temporary, examples, threads, [*_notes(run), *runtime.bundle.notes])
        write_json(temporary / "parity.json", result.as_dict())
        name = (run or file.with_suffix("")).resolve().name
        write_text(
            temporary / "MODEL_CARD.md",
            model_card(runtime.bundle, name, run, result, None if corpus is None else corpus.name),
        )
    return ExportResult(**{**vars(result), "folder": out})


def _keras_file(source: Path) -> tuple[Path, Path | None]:
    """The `.keras` file of a source, and the folder of its run if it is one."""
    if source.suffix == ".keras" and source.is_file():
        return source, None
    refuse_machine(source / "model")
    file = source / "model" / "model.keras"
    if not file.is_file():
        raise EmotionTFError(
            f"{source} holds no trained model",
            expected="the folder of a run, with model/model.keras, or a .keras file",
            fix="name the --workdir of a training that has ended",
        )
    return file, source


def _read_corpus(run: Path | None, corpus: Corpus | None, bundle: ModelBundle) -> Examples:
    """What an export needs of a corpus."""
    if corpus is None:
        return Examples()
    chosen = _with_labels(corpus, bundle)
    logger.info("reading utterances of the corpus %s", corpus.name)
    if run is None:
        return read_examples_of_file(chosen.utterances, bundle.config)
    return read_examples(run, chosen.utterances, bundle.config)


def _with_labels(corpus: Corpus, bundle: ModelBundle) -> Corpus:
    """The corpus with the labels and ratings of a model, as far as it has them."""
    wanted = bundle.config.labels.dimensions or ()
    rated = set(wanted) <= set(corpus.dimensions)
    if not rated:
        logger.info("the corpus %s does not rate %s, and no concordance is measured", corpus.name, ", ".join(wanted))
    if not rated and not bundle.labels:
        return corpus
    if not rated:
        return choose_labels(corpus, without_dimensions(bundle).config)[0]
    # The ranges of the model may be those of the training part.
    labels = dataclasses.replace(bundle.config.labels, ranges=None)
    return choose_labels(corpus, dataclasses.replace(bundle.config, labels=labels))[0]


def _write_artefacts(folder: Path, runtime: KerasRuntime, examples: Examples) -> None:
    """Writes the model in all its other forms, and beside it what people and pages want to read of it."""
    bundle = runtime.bundle
    for name, content in bundle.files().items():
        write_bytes(folder / name, content)
    logger.info("SavedModel")
    write_saved_model(runtime.model, bundle, folder / "saved_model" / "1")
    variants: tuple[str, ...] = VARIANTS
    if importlib.util.find_spec("ai_edge_quantizer") is None:
        variants = ("float32",)
        logger.info("only float32 TFLite files: ai-edge-quantizer is missing; pip install 'emotion-tf[quantize]'")
    elif not examples.train:
        logger.info("no int8 TFLite file: its ranges come from the corpus, which was not given")
    representative = [_as_inputs(example, bundle) for example in examples.train]
    write_tflite(runtime.model, bundle, folder / "tflite", variants, representative)
    if not bundle.labels:
        logger.info("no file for MediaPipe, which knows classes alone")
    if bundle.config.model.hears and bundle.config.features.encoder is not None:
        logger.info("no ONNX files: pretrained encoders do not convert")
    elif onnx_is_installed():
        logger.info("ONNX")
        write_onnx(runtime.model, bundle, folder / "onnx")
    else:
        logger.info("no ONNX files: tf2onnx or onnxruntime is missing; pip install 'emotion-tf[onnx]'")


def _write_serving_files(folder: Path, bundle: ModelBundle, shown: Sequence[Example]) -> None:
    """Writes what TensorFlow Serving takes beside the SavedModel."""
    write_batching_parameters(folder / "batching_parameters.txt")
    if not write_warmup_requests(folder / "saved_model" / "1", bundle, shown):
        logger.info("no warm-up requests: tensorflow-serving-api is missing; pip install 'emotion-tf[serving]'")


@contextmanager
def _alone_at(out: Path) -> Iterator[None]:
    """Keeps other exports out of a folder, and clears away what one that was killed left half-written."""

    def refuse() -> None:
        raise EmotionTFError(
            f"another process exports to {out}",
            expected="one at a time",
            fix="wait until it has ended, or name another folder",
        )

    # The folder itself is replaced as a whole, so the lock stands beside it.
    with locked(out.parent / f".{out.name}.lock", refuse):
        sweep(out.parent, out.name)
        yield


def _as_inputs(example: Example, bundle: ModelBundle) -> dict[str, np.ndarray]:
    """An utterance as the TFLite files of free lengths take it."""
    inputs = bundle.word_ids(example.transcript)
    if example.waveform is not None:
        inputs["waveform"] = example.waveform[np.newaxis]
    if example.speaker is not None:
        inputs["speaker"] = example.speaker[np.newaxis]
    return inputs


def _notes(run: Path | None) -> list[str]:
    """What a reader must know beside the figures of the run, if it has any."""
    files = [run / name for name in ("metrics.json", "config.json")] if run else []
    results = [read_json(file) for file in files if file.exists()]
    return next((result["notes"] for result in results if result.get("notes")), [])
