"""The utterances on which an export is quantised, proved and illustrated."""

import dataclasses
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import cast

import numpy as np

from emotion_tf.audio.reader import read_waveform
from emotion_tf.config import Config
from emotion_tf.corpora import folds
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.speakers import speaker_embeddings
from emotion_tf.evaluation.run import read_run
from emotion_tf.inference.runtime import Runtime
from emotion_tf.text.dialogue import Turn, with_context
from emotion_tf.utils.files import read_json

REPRESENTATIVE = 400
"""Utterances of the training part from which the ranges of an int8 model are taken."""

COMPARED = 200
"""Real utterances on which labels are compared at least, as far as the corpus has them."""

SHOWN = 4
"""Utterances that illustrate an export without a corpus."""

TIMED_SECONDS = 7.5
"""Length of the utterance whose time is taken: what the paper's model hears."""


@dataclass(frozen=True)
class Example:
    """One utterance as a model is asked, and what it should say.

    Args:
        waveform: (N,) float32 at the model's rate, of values that a 16-bit file holds; None if the model does not hear,
            or can do without and shall.
        transcript: The words.
        speaker: (W,) float32 speaker embedding, if the model takes one.
        label: The index of its emotion; None where it has none.
        ratings: Those of the dimensions of the model, NaN where one is missing; empty where there are none.
        id: Its name in the corpus; empty for what code made.
    """

    waveform: np.ndarray | None
    transcript: str
    speaker: np.ndarray | None = None
    label: int | None = None
    ratings: tuple[float, ...] = ()
    id: str = ""


@dataclass(frozen=True)
class Examples:
    """Utterances of a run's corpus by their part in the fold whose network is exported.

    Args:
        train: Some of those that the network was trained on.
        test: All those that it was tested on.
        others: Some that it was not tested on, if the test part is small; labels are compared on them too.
    """

    train: tuple[Example, ...] = ()
    test: tuple[Example, ...] = ()
    others: tuple[Example, ...] = ()


def read_examples(workdir: Path, utterances: Sequence[Utterance], config: Config) -> Examples:
    """Reads what an export needs of the corpus of its run.

    Args:
        workdir: The run's folder.
        utterances: The corpus of the run, with the transcripts that the network shall read.
        config: The settings of the model.

    Raises:
        EmotionTFError: If the run is not one of this corpus, or audio cannot be read.
    """
    run = read_run(workdir, "folds.json", "model/fold.json")
    utterances = folds.kept(workdir / "folds.json", utterances)
    split = folds.split(
        utterances,
        folds.load(workdir / "folds.json", utterances),
        read_json(workdir / "model" / "fold.json")["fold"],
        protocol=run["protocol"],
        dev_splits=config.training.dev_splits,
        seed=config.training.fold_seed,
    )
    return Examples(
        train=_read(_spread(split.train, REPRESENTATIVE), config),
        test=_read(split.test, config),
        others=_read(_spread((*split.dev, *split.train), COMPARED - len(split.test)), config),
    )


def read_examples_of_file(utterances: Sequence[Utterance], config: Config) -> Examples:
    """Reads what an export needs of a corpus where nobody knows which of its utterances the network was trained on.

    Args:
        utterances: The corpus, with the transcripts that the network shall read.
        config: The settings of the model.

    Raises:
        EmotionTFError: If audio cannot be read.
    """
    return Examples(
        train=_read(_spread(utterances, REPRESENTATIVE), config), others=_read(_spread(utterances, COMPARED), config)
    )


def made_examples(runtime: Runtime) -> tuple[Example, ...]:
    """Waves and transcripts made by code: first the one whose time is taken, then those at the edges of what is asked.

    For a model with `model.learned_placeholders`, one without a wave and one without words end the series.

    Args:
        runtime: Runs the model; what it was built with says what is made.
    """
    bundle = runtime.bundle
    words = bundle.vocabulary.words[bundle.vocabulary.num_special :] if bundle.vocabulary else ()
    transcripts = [
        " ".join(words[:12]),
        "",
        "Nobody-has-heard THIS, ever!",
        " ".join(words[-1:]),
        " ".join(words[-5:]),
        " ".join([*words[-1:], "unheard"] * bundle.config.words.max_words),
    ]
    turns = bundle.config.words.context_turns
    if turns:
        context = [Turn(" ".join(words[-7:])), Turn("Nobody!", same_speaker=True)] * turns
        transcripts[0] = with_context(transcripts[0], context, turns)
    if not bundle.config.model.hears:
        return tuple(Example(None, transcript) for transcript in transcripts)

    rate = bundle.config.features.sample_rate
    generator = np.random.default_rng(0)
    noise = generator.normal(0, 0.1, round(TIMED_SECONDS * rate))
    tone = 0.3 * np.sin(2 * np.pi * 220 / rate * np.arange(bundle.config.features.max_samples + rate))
    # Its end is not quite silent, since MediaPipe takes zeros at the end for padding.
    silence = np.append(np.zeros(rate), 2.0**-15)
    waves = [noise, noise[:1], noise[: rate // 100], silence, tone[:rate], tone]
    voices: list[np.ndarray | None] = [None] * len(waves)
    if runtime.speaker_width is not None:
        voices = list(generator.normal(size=(len(waves), runtime.speaker_width)).astype(np.float32))
    made = tuple(map(Example, map(_as_16_bit, waves), cycle(transcripts), voices))
    return (*made, *halves(made[-2])) if bundle.config.model.learned_placeholders else made


def halves(example: Example) -> tuple[Example, Example]:
    """An utterance without its recording, whose voice is then nobody's, and without its words."""
    nobody = None if example.speaker is None else np.zeros_like(example.speaker)
    return dataclasses.replace(example, waveform=None, speaker=nobody), dataclasses.replace(example, transcript="")


def illustrations(test: Sequence[Example], made: Sequence[Example], learned_placeholders: bool) -> list[Example]:
    """A few utterances to show: the first of each emotion, or without a corpus the short ones that code made.

    Without classes, they are the first few of the corpus.
    With `learned_placeholders`, one without a recording and one without words are among them.
    """
    shown = list({example.label: example for example in reversed(test)}.values())
    if test and test[0].label is None:
        shown = list(test[:SHOWN])
    if shown and learned_placeholders:
        shown += halves(max(shown, key=lambda example: len(example.transcript)))
    return shown or sorted(made, key=_length)[:SHOWN]


def _length(example: Example) -> int:
    return 0 if example.waveform is None else len(example.waveform)


def _spread(utterances: Sequence[Utterance], count: int) -> list[Utterance]:
    """At most `count` of them, evenly from the first to the last, since a corpus goes by speaker."""
    places = np.linspace(0, len(utterances) - 1, min(max(count, 0), len(utterances)))
    return [utterances[round(place)] for place in places]


def _read(utterances: Sequence[Utterance], config: Config) -> tuple[Example, ...]:
    """Utterances with their sound, as far as the model hears, and voices."""
    with tempfile.TemporaryDirectory() as folder:
        voices = speaker_embeddings(utterances, config, Path(folder)) if utterances else None
    rate, classes = config.features.sample_rate, config.labels.classes or ()
    rated = len(config.labels.dimensions or ())
    return tuple(
        Example(
            _as_16_bit(read_waveform(cast(Path, item.audio), rate, item.start, item.end))
            if config.model.hears
            else None,
            item.transcript(config.words.context_turns) if config.model.reads else "",
            None if voices is None else voices[number],
            classes.index(item.label) if classes else None,
            item.ratings if len(item.ratings) == rated else (),
            item.id,
        )
        for number, item in enumerate(utterances)
    )


def _as_16_bit(waveform: np.ndarray) -> np.ndarray:
    """The wave as a WAV file holds it, so that every signature hears the same samples."""
    return (np.clip(np.round(waveform * 2**15), -(2**15), 2**15 - 1) / 2**15).astype(np.float32)
