"""From a trained run to a folder for TensorFlow Serving, phones and browsers.

The proof of parity runs the artefacts through `emotion_tf.inference`: what is proved is what users run.
"""

import importlib.util
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from emotion_tf.corpora.utterance import Utterance
from emotion_tf.errors import EmotionTFError
from emotion_tf.exporting.examples import Example, Examples, illustrations, made_examples, read_examples
from emotion_tf.exporting.golden import write_golden
from emotion_tf.exporting.model_card import model_card
from emotion_tf.exporting.parity import THREADS, check_parity
from emotion_tf.exporting.saved_model import write_saved_model
from emotion_tf.exporting.serving import write_batching_parameters, write_warmup_requests
from emotion_tf.exporting.tflite import VARIANTS, write_tflite
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.inference.runtimes import KerasRuntime
from emotion_tf.utils.files import read_json, sweep, write_json, write_text
from emotion_tf.utils.locks import locked
from emotion_tf.utils.own_folder import check_own_folder, replacing_own_folder

__all__ = ["check_parity", "export", "model_card", "write_saved_model", "write_tflite"]


def export(
    workdir: str | Path,
    out: str | Path,
    utterances: Sequence[Utterance] = (),
    threads: Sequence[int] = THREADS,
    report: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Exports the model of a run, whole or not at all.

    Args:
        workdir: The run's folder.
        out: The export's folder: a new one, or an export that is replaced. It gets `saved_model/1/`,
            `batching_parameters.txt`, `tflite/`, `golden/`, `model.keras`, `config.json`, `labels.txt`,
            `vocabulary.txt` and `tokenizer.json` if the model reads, `MODEL_CARD.md`, `parity.json`,
            `emotion-tf.json`, by which it is known for an export, and `SHA256SUMS`.
        utterances: The corpus of the run, with the transcripts that the model shall read. Its training part gives the
            ranges of the int8 model, and on its test part the loss of every artefact is measured; without it there is
            no int8 model.
        threads: Numbers of threads with which time and memory are taken; see `parity.check_parity`.
        report: Called with lines of what is left out.

    Returns:
        The content of `parity.json`: `notes` on the run, and what `parity.check_parity` gives.

    Raises:
        EmotionTFError: If the run has no model or is not one of this corpus, `out` holds something else, the model does
            not convert, audio cannot be read, or an artefact loses more than its bound.
    """
    workdir, out = Path(workdir), Path(out)
    source = workdir / "model"
    if not (source / "model.keras").is_file():
        raise EmotionTFError(
            f"{workdir} holds no trained model",
            expected="the folder of a run, with model/model.keras",
            fix="name the --workdir of a training that has ended",
        )
    check_own_folder(out, "export")
    bundle = ModelBundle.find(source / "model.keras")
    runtime = KerasRuntime(source / "model.keras", bundle)
    examples = read_examples(workdir, utterances, bundle.config) if utterances else Examples()
    made = made_examples(bundle, runtime.speaker_width)
    shown = illustrations(examples.test, made, bundle.config.model.learned_placeholders)
    with _alone_at(out), replacing_own_folder(out, "export") as temporary:
        for name in ("model.keras", "config.json", "labels.txt", "vocabulary.txt", "tokenizer.json"):
            if (source / name).exists():
                shutil.copyfile(source / name, temporary / name)
        write_saved_model(runtime.model, bundle, temporary / "saved_model" / "1")
        if not write_warmup_requests(temporary / "saved_model" / "1", bundle, shown):
            report("No warm-up requests, since tensorflow-serving-api is missing: pip install 'emotion-tf[serving]'")
        write_batching_parameters(temporary / "batching_parameters.txt")
        if importlib.util.find_spec("ai_edge_quantizer") is None:
            variants: tuple[str, ...] = ("float32",)
            report("Only float32 TFLite files, since ai-edge-quantizer is missing: pip install 'emotion-tf[quantize]'")
        else:
            variants = VARIANTS
            if not utterances:
                report("No int8 TFLite file, since its ranges come from the corpus, which was not given")
        representative = [_as_inputs(example, bundle) for example in examples.train]
        write_tflite(runtime.model, bundle, temporary / "tflite", variants, representative)
        write_golden(temporary, bundle, shown)
        parity = {"notes": _notes(workdir), **check_parity(temporary, examples, threads)}
        write_json(temporary / "parity.json", parity)
        write_text(temporary / "MODEL_CARD.md", model_card(bundle, workdir, parity))
    return parity


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
    inputs = bundle.words(example.transcript)
    if example.waveform is not None:
        inputs["waveform"] = example.waveform[np.newaxis]
    if example.speaker is not None:
        inputs["speaker"] = example.speaker[np.newaxis]
    return inputs


def _notes(workdir: Path) -> list[str]:
    """What a reader must know beside the figures of the run, as far as it has any."""
    results = [read_json(workdir / name) for name in ("metrics.json", "config.json") if (workdir / name).exists()]
    return next((result["notes"] for result in results if result.get("notes")), [])
