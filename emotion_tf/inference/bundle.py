"""What an answer needs beside the weights; every artefact carries it inside."""

import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.text.tokenizer import FILE as TOKENIZER_FILE
from emotion_tf.text.tokenizer import check_rules, tokenizer_rules
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.utils.files import MAX_BYTES, format_json, parse_json, read_bounded

CONFIG_FILE, LABELS_FILE, VOCABULARY_FILE = "config.json", "labels.txt", "vocabulary.txt"
"""The files of a bundle: in the ZIP at the end of a `.tflite`, among the assets of a SavedModel, beside an export."""

SETTINGS_LAYER = "emotion_tf>ModelSettings"
"""The registered name of the layer that holds the same in a `.keras` file."""


@dataclass(frozen=True)
class ModelBundle:
    """What a model was built with.

    Args:
        config: Its settings.
        labels: Names of the classes, in the order of the probabilities; none where the model has dimensions alone.
        vocabulary: What its word ids mean; None if it does not read.
        notes: What a reader of its card must know, a sentence each; a `.keras` file alone has them.
    """

    config: Config
    labels: tuple[str, ...]
    vocabulary: Vocabulary | None
    notes: tuple[str, ...] = ()

    @classmethod
    def read(cls, artefact: Path) -> "ModelBundle":
        """Reads what an artefact carries, without TensorFlow.

        Args:
            artefact: A `.keras` or `.tflite` file, or the folder of a SavedModel.

        Raises:
            EmotionTFError: If the artefact carries no such thing, or is damaged.
        """
        try:
            if artefact.is_dir():
                assets = artefact / "assets"
                return cls._from_files(lambda name: read_bounded(assets / name))
            with zipfile.ZipFile(artefact) as archive:
                if artefact.suffix == ".keras":
                    return cls._from_layer(json.loads(_member(archive, "config.json")))
                return cls._from_files(lambda name: _member(archive, name))
        except (OSError, KeyError, TypeError, ValueError, RecursionError, zipfile.BadZipFile) as error:
            reason = str(error) if isinstance(error, EmotionTFError) else "they are missing or damaged"
            raise EmotionTFError(
                f"{artefact} does not say what it was built with ({reason})",
                expected="the settings, labels and vocabulary that every model of this package carries",
                fix="export it again, or build the model with emotion_tf.models",
            ) from None

    @classmethod
    def _from_files(cls, read: Callable[[str], bytes]) -> "ModelBundle":
        config = Config.from_dict(parse_json(read(CONFIG_FILE)))
        labels = _checked_labels(read(LABELS_FILE).decode("utf-8").splitlines(), config)
        if not config.model.reads:
            return cls(config, labels, None)
        check_rules(parse_json(read(TOKENIZER_FILE)), f"its {TOKENIZER_FILE}")
        return cls(config, labels, Vocabulary.parse(read(VOCABULARY_FILE)))

    @classmethod
    def _from_layer(cls, keras_config: Any) -> "ModelBundle":
        """From the `config.json` of a `.keras` file."""
        layer = next(_settings_layers(keras_config), None)
        if layer is None:
            raise EmotionTFError("it has no layer ModelSettings")
        config = Config.from_dict(layer["settings"])
        labels = _checked_labels(layer["labels"], config)
        notes = tuple(str(note) for note in layer.get("notes", ()))
        if not config.model.reads:
            return cls(config, labels, None, notes)
        check_rules(layer["tokenizer"], "its layer ModelSettings")
        return cls(config, labels, Vocabulary(tuple(layer["vocabulary"])), notes)

    def files(self) -> dict[str, bytes]:
        """The files of the bundle by name; `vocabulary.txt` and `tokenizer.json` are among them if the model reads."""
        files = {
            CONFIG_FILE: format_json(self.config.as_dict()).encode(),
            LABELS_FILE: "".join(f"{label}\n" for label in self.labels).encode(),
        }
        if self.vocabulary is not None:
            files[VOCABULARY_FILE] = self.vocabulary.serialize()
            files[TOKENIZER_FILE] = format_json(tokenizer_rules()).encode()
        return files

    def word_ids(self, transcript: str) -> dict[str, np.ndarray]:
        """The input `word_ids` (1, M) int32 of a transcript; nothing if the model does not read."""
        if self.vocabulary is None:
            return {}
        return {"word_ids": self.vocabulary.encode(transcript, self.config.words.max_words)[np.newaxis]}


def without_dimensions(bundle: ModelBundle) -> ModelBundle:
    """The bundle of the same model whose output of dimensions was left out."""
    labels = replace(bundle.config.labels, dimensions=None, ranges=None)
    return replace(bundle, config=replace(bundle.config, labels=labels))


def as_asked(bundle: ModelBundle) -> ModelBundle:
    """The bundle with settings by which another corpus than that of the training can be read.

    Its ratings may be outside the ranges of the model, or missing where the model has classes.
    """
    if bundle.labels:
        return without_dimensions(bundle)
    labels = replace(bundle.config.labels, ranges=None)
    return replace(bundle, config=replace(bundle.config, labels=labels))


def check_classes(bundle: ModelBundle, what: str) -> None:
    """Refuses a model of dimensions alone where a class is needed.

    Args:
        bundle: What the model was built with.
        what: What cannot be done, such as "an explanation".

    Raises:
        EmotionTFError: If the model has no classes.
    """
    if not bundle.labels:
        raise EmotionTFError(
            f"{what} needs classes",
            expected="a model that names emotions",
            received=f"one that rates {', '.join(bundle.config.labels.scales)} alone",
        )


def _checked_labels(labels: Sequence[Any], config: Config) -> tuple[str, ...]:
    """The labels, if they are names that differ; there are none where the model has dimensions alone."""
    if not labels and config.labels.dimensions:
        return ()
    if len(labels) < 2 or len(set(labels)) < len(labels) or not all(isinstance(name, str) and name for name in labels):
        raise EmotionTFError("its labels are no labels", expected="two or more names that differ", received=f"{labels}")
    return tuple(labels)


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """A file of an archive that may have been written by anybody."""
    if archive.getinfo(name).file_size > MAX_BYTES:
        raise EmotionTFError(f"its {name} is too large", expected=f"at most {MAX_BYTES} bytes")
    return archive.read(name)


def _settings_layers(content: Any) -> Iterator[dict[str, Any]]:
    """The configurations of all layers `ModelSettings` in the configuration of a model, however deep they are."""
    if isinstance(content, dict):
        if content.get("registered_name") == SETTINGS_LAYER:
            yield content["config"]
            return
        content = list(content.values())
    if isinstance(content, list):
        for item in content:
            yield from _settings_layers(item)
