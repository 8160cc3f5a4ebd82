"""A run with a small network that nobody trained, and its export, for the tests of both rooms.

A test module takes the fixtures with `pytest_plugins = ["exported_runs"]`.
"""

import functools
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest
from made_waves import RATE, babble

from emotion_tf import models
from emotion_tf.config import Config
from emotion_tf.dataset import FrontEnd
from emotion_tf.exporting import ExportResult, export
from emotion_tf.layers import LearnedPlaceholder
from emotion_tf.text.dialogue import MARKS
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.training import compile_network, save_model
from emotion_tf.utils.files import write_json

WORDS = ("", "[UNK]", "i", "am", "so", "happy", "sad", "today", "never", "leave", "me")
VOICE = np.array([0.5, -2.0, 1.0, 0.0, 3.0], np.float32)
"""The speaker embedding of everybody."""

SMALL = ("model.filters=6", "model.dense_units=8", "words.embedding_width=10", "words.max_words=9")
VARIANTS = {
    "both": (),
    "audio": (
        "model.modality=audio",
        "features.mean_normalization=true",
        "features.representation=logmel",
        "features.prosody=true",
        "features.trim_db=40",
    ),
    "text": ("model.modality=text",),
    "x-vector": ("model.attention=false", "speaker.embeddings=xvectors.scp"),
    "stand-ins": (
        "model.learned_placeholders=true",
        "model.swem=true",
        "speaker.embeddings=xvectors.scp",
        "features.mean_normalization=true",
        "features.prosody=true",
        "features.trim_db=40",
    ),
    "experts": (
        "model.name=experts",
        "model.learned_placeholders=true",
        "model.swem=true",
        "model.batch_normalization=true",
        "speaker.embeddings=xvectors.scp",
        "features.mean_normalization=true",
        "features.prosody=true",
        "features.trim_db=40",
    ),
    "all_pairs": ("model.pairing=all_pairs", "model.batch_normalization=true", "model.swem=true"),
}


class Exported(NamedTuple):
    """An export and what it came from."""

    folder: Path
    workdir: Path
    config: Config
    speech_model: keras.Model
    result: ExportResult

    @property
    def parity(self) -> dict:
        """The content of `parity.json`."""
        return self.result.as_dict()

    @property
    def voice(self) -> np.ndarray | None:
        """A speaker embedding, if the model takes one."""
        return None if self.config.speaker.embeddings is None else VOICE

    @property
    def voices(self) -> dict[str, np.ndarray]:
        """The same as an input of one utterance."""
        return {} if self.voice is None else {"speaker": self.voice[np.newaxis]}

    def expected(self, waveform: np.ndarray | None, word_ids: list[int]) -> np.ndarray:
        """What the network says before it was ever saved; the word ids were looked up by hand.

        Without a recording, it is the network of features that is asked, on a frame of zeros.
        """
        inputs: dict = dict(self.voices)
        if self.config.model.hears and waveform is None:
            inputs |= {
                "features": np.zeros((1, 1, self.config.features.width)),
                "word_ids": np.array([word_ids], np.int32),
            }
            return models.inner_network(self.speech_model)(inputs, training=False)[0].numpy()
        if self.config.model.hears:
            inputs |= {"waveform": waveform[np.newaxis], "num_samples": np.array([len(waveform)], np.int32)}
        if self.config.model.reads:
            inputs["word_ids"] = np.array([word_ids], np.int32)
        return self.speech_model(inputs, training=False)[0].numpy()


def make_run(workdir: Path, config: Config) -> keras.Model:
    """Leaves in `workdir` what a training would, and returns the speech model."""
    keras.utils.set_random_seed(7)
    frames = FrontEnd(config.features)(babble(2 * RATE))
    words = (*WORDS[:2], *MARKS, *WORDS[2:]) if config.words.context_turns else WORDS
    vocabulary = Vocabulary(words) if config.model.reads else None
    preprocessing = models.Preprocessing(
        frames.mean(axis=0),
        frames.var(axis=0) + 1.0,
        vocabulary,
        speaker_mean=np.ones(len(VOICE)),
        speaker_variance=np.full(len(VOICE), 4.0),
    )
    network = models.build(config, preprocessing)
    for layer in network.layers:
        if isinstance(layer, LearnedPlaceholder):
            layer.placeholder.assign(keras.random.normal(layer.placeholder.shape))
    experts = [models.expert(network, modality) for modality in models.EXPERTS] if network.name == "experts" else []
    for each in experts or [network]:
        sharpen(each, config)
    # Training leaves a compiled network.
    compile_network(network, config.training, steps_per_epoch=1)
    (workdir / "model").mkdir(parents=True, exist_ok=True)
    save_model(workdir / "model", network, config, preprocessing)
    write_json(workdir / "model" / "fold.json", {"fold": 3})
    return models.speech_model(network, config)


def sharpen(network: keras.Model, config: Config) -> None:
    """Scales the last layer so that its answers differ from utterance to utterance, as those of a trained one do."""
    front_end, generator = FrontEnd(config.features), np.random.default_rng(0)
    hidden = keras.Model(network.inputs, network.get_layer("hidden").output)
    states = []
    for share in (0.2, 0.6, 1.0):
        inputs = {
            "features": front_end(share * babble(round(share * 2 * RATE)))[np.newaxis],
            "word_ids": generator.integers(1, len(WORDS), (1, 6)),
            "speaker": share * VOICE[np.newaxis],
        }
        states.append(hidden([inputs[tensor.name] for tensor in network.inputs]).numpy()[0])
    last = [layer for layer in network.layers if layer.weights][-1]
    kernel, _ = last.get_weights()
    logits = states @ kernel
    last.set_weights([kernel / logits.std(), -logits.mean(axis=0) / logits.std()])


@functools.cache
def exported_variant(folder: Path, name: str) -> Exported:
    """The export of a variant, made once."""
    config = Config().override(*SMALL, *VARIANTS[name])
    workdir = folder / "runs" / name
    model = make_run(workdir, config)
    result = export(workdir, folder / "export" / name, threads=())
    return Exported(folder / "export" / name, workdir, config, model, result)


REPEATING = {"x-vector", "stand-ins", "all_pairs"}
"""Variants whose parts other variants have too."""


@pytest.fixture(
    scope="session",
    params=[pytest.param(name, marks=[pytest.mark.repeats] * (name in REPEATING)) for name in VARIANTS],
)
def any_export(request, tmp_path_factory) -> Exported:
    """An export of every variant."""
    return exported_variant(tmp_path_factory.getbasetemp(), request.param)


@pytest.fixture(scope="session")
def both_export(tmp_path_factory) -> Exported:
    """An export of a model that hears and reads."""
    return exported_variant(tmp_path_factory.getbasetemp(), "both")


@pytest.fixture(scope="session", params=["stand-ins", "experts"])
def stand_ins_export(request, tmp_path_factory) -> Exported:
    """An export of a model that can do without a recording or without words."""
    return exported_variant(tmp_path_factory.getbasetemp(), request.param)


@pytest.fixture(scope="session")
def audio_export(tmp_path_factory) -> Exported:
    """An export of a model that hears only."""
    return exported_variant(tmp_path_factory.getbasetemp(), "audio")


@pytest.fixture(scope="session")
def text_export(tmp_path_factory) -> Exported:
    """An export of a model that reads only."""
    return exported_variant(tmp_path_factory.getbasetemp(), "text")
