"""The model from which training goes on: what of it is taken over, and where a new network differs."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emotion_tf import models
from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.bundle import ModelBundle
from emotion_tf.inference.keras_runtime import KerasRuntime
from emotion_tf.inference.loading import keras_file
from emotion_tf.models import Preprocessing
from emotion_tf.recipes import check_taken_over, fine_tuning
from emotion_tf.text.subwords import known_subwords, subword_ids
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.utils.files import file_digest

OUTPUTS = ("probabilities", "logits")
"""The layers with a column for each class."""

HEAD = ("batch_normalization", "hidden", *OUTPUTS)
"""The layers behind the vector of the utterance."""


def fine_tuning_config(init: str | Path, *changes: str) -> Config:
    """The settings of a training that goes on from a model, as `train` takes them if it is given none.

    Args:
        init: The model: a `.keras` file, or the folder of a run or an export.
        *changes: What else differs, as `Config.override` takes it.

    Returns:
        Front end, words and network of the model, and the recipe for few data.

    Raises:
        EmotionTFError: If there is no such model, or a change contradicts it.
    """
    return fine_tuning(ModelBundle.read(keras_file(init)).config, *changes)


@dataclass(frozen=True)
class InitialModel:
    """A model from which training goes on.

    Args:
        name: What it is called in a line for a reader.
        sha256: The sum of its `.keras` file, by which a run knows it again.
        bundle: What it was built with.
        weights: The weights of each layer of its network, by the path of the layer.
        frozen_embeddings: Whether its word embeddings are not trained.
    """

    name: str
    sha256: str
    bundle: ModelBundle
    weights: Mapping[str, Sequence[np.ndarray]]
    frozen_embeddings: bool

    @classmethod
    def load(cls, init: str | Path) -> "InitialModel":
        """Reads a model.

        Args:
            init: A `.keras` file, or the folder of a run or an export.

        Raises:
            EmotionTFError: If there is none, it is damaged, or it was not fitted step by step.
        """
        file = keras_file(init)
        runtime = KerasRuntime(file)
        kind = runtime.bundle.config.model.name
        if models.MODELS[kind].fitting not in ("steps", "experts"):
            raise EmotionTFError(
                f"the model {kind} is fitted at once, and no training goes on from it",
                expected="a network that was trained step by step, such as mscnn",
            )
        layers = dict(_layers(models.inner_network(runtime.model)))
        embeddings = layers.get("embeddings")
        return cls(
            name=Path(init).resolve().name,
            sha256=file_digest(file),
            bundle=runtime.bundle,
            weights={path: layer.get_weights() for path, layer in layers.items() if layer.weights},
            frozen_embeddings=embeddings is not None and not embeddings.trainable,
        )

    def check(self, config: Config) -> None:
        """Refuses settings that contradict the model.

        Raises:
            EmotionTFError: If a setting that is taken over from it has another value.
        """
        check_taken_over(self.bundle.config, config)

    def extend(self, fitted: Preprocessing, config: Config) -> Preprocessing:
        """What was fitted on the training part, with the words of the model in front of the new ones.

        Where the embeddings are not trained, new words would mean nothing, and there are none.
        """
        old, new = self.bundle.vocabulary, fitted.vocabulary
        if old is None or new is None:
            return fitted
        frozen = self.frozen_embeddings or config.training.freeze == "body"
        room = max(0, config.words.vocabulary_size - len(old))
        further = () if frozen else [word for word in new.words if word not in old.ids][:room]
        vocabulary = Vocabulary((*old.words, *further))
        embeddings = self.weights["embeddings"][0] if self.frozen_embeddings else None
        subwords = None if fitted.subwords is None else subword_ids(vocabulary.words, vocabulary.num_special)
        return dataclasses.replace(fitted, vocabulary=vocabulary, embeddings=embeddings, subwords=subwords)

    def give_weights(self, network: keras.Model, fitted: Preprocessing, config: Config) -> str:
        """Sets the weights of a new network to those of the model, and freezes what the settings say.

        A class that both have keeps its column of the last layer, wherever it stands, and a word that both know keeps
        its embedding. Everything else of the last layer and of the vocabulary is as it was drawn.

        Args:
            network: What `emotion_tf.models.build` made of `fitted`.
            fitted: What `extend` gave.
            config: Its settings.

        Returns:
            What was taken over, in a line.

        Raises:
            EmotionTFError: If the model has none of the layers, or one of another shape.
        """
        taken = 0
        for path, layer in _layers(network):
            name = path.rpartition("/")[2]
            if path in self.weights:
                taken += 1
                merged = self._merged(name, self.weights[path], layer.get_weights(), fitted)
                shapes = [[array.shape for array in arrays] for arrays in (layer.get_weights(), merged)]
                if shapes[0] != shapes[1]:
                    raise EmotionTFError(
                        f"the layer {path} of {self.name} has another shape",
                        expected=f"{shapes[0]}",
                        received=f"{shapes[1]}",
                        fix="start from a model that emotion_tf.models built of its settings",
                    )
                layer.set_weights(merged)
            if config.training.freeze == "body" and name not in HEAD:
                layer.trainable = False
        if not taken:
            raise EmotionTFError(
                f"{self.name} has no layer of the network {network.name}", expected="a model of emotion_tf.models"
            )
        return self._said(taken, fitted)

    def _merged(
        self, name: str, old: Sequence[np.ndarray], new: list[np.ndarray], fitted: Preprocessing
    ) -> list[np.ndarray]:
        """The weights of a layer: the old ones, but for new classes and new words."""
        if name in OUTPUTS:
            places = _pairs(fitted.labels, {label: place for place, label in enumerate(self.bundle.labels)})
            # Columns of the kernel become rows. The product of experts has one number, and none a class.
            return [
                _rows(array.T, fresh.T, places).T if array.ndim else array
                for array, fresh in zip(old, new, strict=True)
            ]
        if self.bundle.vocabulary is None or fitted.vocabulary is None:
            return list(old)
        if name == "embeddings":
            return [_rows(old[0], new[0], _pairs(fitted.vocabulary.words, self.bundle.vocabulary.ids))]
        if name == "subwords" and fitted.subwords is not None:
            before = known_subwords(self.bundle.vocabulary.words, self.bundle.vocabulary.num_special)
            after = known_subwords(fitted.vocabulary.words, fitted.vocabulary.num_special)
            places = {number: before[text] for text, number in after.items() if text in before}
            return [_rows(old[0], new[0], places), fitted.subwords]
        return list(old)

    def _said(self, layers: int, fitted: Preprocessing) -> str:
        own = self.bundle.labels
        parts = [f"front end, network and the weights of {layers} layers"]
        shared = [label for label in fitted.labels if label in own]
        if shared != list(fitted.labels):
            parts.append(f"of the classes {', '.join(shared) or 'none'}")
        if self.bundle.vocabulary is not None and fitted.vocabulary is not None:
            known = len(self.bundle.vocabulary)
            parts.append(f"{known} of {len(fitted.vocabulary)} words")
        return f"taken over from {self.name}: {', '.join(parts)}"


def _layers(network: keras.Model, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The layers of a network, also of networks inside it, with their paths."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer, f"{prefix}{layer.name}/")
        elif layer.weights:
            yield f"{prefix}{layer.name}", layer


def _pairs(new: Sequence[str], old: Mapping[str, int]) -> dict[int, int]:
    """The place of each name among the new ones, and its place among the old, for those that are in both."""
    return {place: old[name] for place, name in enumerate(new) if name in old}


def _rows(old: np.ndarray, fresh: np.ndarray, places: Mapping[int, int]) -> np.ndarray:
    """`fresh` with the rows that come from `old`, whose other axes must be the same."""
    if old.shape[1:] != fresh.shape[1:]:
        return old
    rows = fresh.copy()
    rows[list(places)] = old[list(places.values())]
    return rows
