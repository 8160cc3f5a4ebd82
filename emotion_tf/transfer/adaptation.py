"""A model is set to the rooms, microphones and voices of recordings that nobody has labelled."""

import dataclasses
import logging
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from emotion_tf import dataset, models
from emotion_tf.config import AugmentationConfig, Config, SpeakerConfig
from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset.extract import Records
from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.keras_runtime import KerasRuntime
from emotion_tf.inference.loading import keras_file
from emotion_tf.training.preprocessing import frame_moments
from emotion_tf.transfer.recordings import read_recordings
from emotion_tf.utils.files import replacing

logger = logging.getLogger(__name__)

FEW = 20
"""With fewer recordings, their statistics say more of what was said than of the room and the voice."""

Statistics = Literal["frames", "utterances"]


@dataclass(frozen=True)
class Adapted:
    """A model that was adapted.

    Args:
        file: Its `.keras` file.
        recordings: On how many recordings it rests.
        statistics: What was set: the statistics of `frames`, or those of `utterances` too.
        note: The same in a line, which the model carries and its card shows.
    """

    file: Path
    recordings: int
    statistics: Statistics
    note: str


def adapt(
    model: str | Path,
    recordings: str | Path | Sequence[Utterance],
    out: str | Path,
    by_speaker: bool = False,
    statistics: Statistics = "utterances",
    records_dir: str | Path | None = None,
    skip_bad: bool = False,
    columns: Mapping[str, str] | None = None,
) -> tuple[Adapted, ...]:
    """Sets the statistics of a model to those of recordings without labels.

    Between corpora room, microphone and voice shift all features alike. A model scales each feature by mean and
    deviation over the frames of its training part, and those with `model.batch_normalization` scale each number of the
    utterance vector likewise; the recordings' own take their place. So a deviation of one on the recordings means what
    it meant in training. No weight is trained, and no label is looked at.

    Args:
        model: What `emotion_tf.training.train` or `model.save` has left: the folder of a run or an export, or a
            `.keras` file.
        recordings: A folder of recordings, or a manifest; or the utterances themselves. The more speakers and the more
            evenly emotions are spread among them, the better.
        out: The `.keras` file to write; with `by_speaker` a folder that gets one for each speaker, named after it.
        by_speaker: Adapt to each speaker alone. The manifest must name the speakers.
        statistics: `frames` leaves the statistics of the utterance vector as they are. A model without
            `model.batch_normalization`, with speaker embeddings, or that reads where the recordings have no transcript
            has them left in any case.
        records_dir: Where features are kept from call to call; None makes them for this call.
        skip_bad: Leave out, and list, audio that cannot be read, instead of stopping at the first.
        columns: Columns of the manifest that have other names in the table.

    Returns:
        What was written, a file each.

    Raises:
        EmotionTFError: If the model cannot be adapted, there are less than two recordings, or one cannot be read.

    Reference:
        Li et al., "Revisiting Batch Normalization For Practical Domain Adaptation", ICLR 2017 workshop.
    """
    runtime = KerasRuntime(keras_file(model))
    config = runtime.bundle.config
    if not config.model.hears:
        raise EmotionTFError("the model does not hear", expected="a model with audio", received="model.modality=text")
    found = read_recordings(recordings, columns) if isinstance(recordings, str | Path) else tuple(recordings)
    texts = not config.model.reads or all(utterance.text.strip() for utterance in found)
    wanted: Statistics = statistics if texts and config.speaker.embeddings is None else "frames"
    # A label is needed to read records, and not looked at.
    label = next(iter(runtime.bundle.labels), "")
    found = tuple(dataclasses.replace(item, label=label, votes=(), ratings=()) for item in found)
    with ExitStack() as stack:
        place = records_dir or stack.enter_context(tempfile.TemporaryDirectory())
        heard = _only_heard(config, runtime.bundle.labels, read=wanted == "utterances")
        records = dataset.extract(found, heard, place, skip_bad)
        groups = _by_speaker(records.utterances, Path(out)) if by_speaker else {Path(out): records.utterances}
        return tuple(
            _adapt_to(runtime, heard, records, utterances, file, wanted) for file, utterances in groups.items()
        )


def _only_heard(config: Config, labels: Sequence[str], read: bool) -> Config:
    """The settings by which the recordings are read: no augmentation, no voices, and transcripts where they count."""
    return dataclasses.replace(
        config,
        model=config.model if read else dataclasses.replace(config.model, modality="audio"),
        augmentation=AugmentationConfig(),
        speaker=SpeakerConfig(),
        labels=dataclasses.replace(config.labels, classes=tuple(labels), votes=False, dimensions=None, ranges=None),
    )


def _by_speaker(utterances: Sequence[Utterance], folder: Path) -> dict[Path, tuple[Utterance, ...]]:
    """The recordings of each speaker, by the file of the model that is made of them."""
    speakers = sorted({utterance.speaker for utterance in utterances})
    if "" in speakers:
        raise EmotionTFError(
            "not every recording has a speaker", expected="a manifest with the column speaker", fix="leave by_speaker"
        )
    strange = [name for name in speakers if Path(name).name != name]
    if strange:
        raise EmotionTFError("a speaker cannot name a file", received=repr(strange[0]))
    return {
        folder / f"{speaker}.keras": tuple(item for item in utterances if item.speaker == speaker)
        for speaker in speakers
    }


def _adapt_to(
    runtime: KerasRuntime,
    heard: Config,
    records: Records,
    utterances: Sequence[Utterance],
    out: Path,
    statistics: Statistics,
) -> Adapted:
    """Writes the model with the statistics of some recordings."""
    if out.suffix != ".keras":
        raise EmotionTFError(f"{out} cannot be written", expected="a name that ends in .keras", received=out.name)
    if len(utterances) < 2:
        raise EmotionTFError("statistics need recordings", expected="two or more", received=f"{len(utterances)}")
    if len(utterances) < FEW:
        logger.warning("%s: %d recordings are few; 20 or more give better statistics", out.name, len(utterances))
    mean, variance = frame_moments(heard, records, utterances)
    network = _with_frame_statistics(models.inner_network(runtime.model), mean, variance)
    done: Statistics = "frames"
    if statistics == "utterances":
        batches = dataset.evaluation_dataset(records, heard, utterances, runtime.bundle.vocabulary)
        done = "utterances" if _set_utterance_statistics(network, batches) else "frames"
    which = "of frames and utterances" if done == "utterances" else "of frames"
    note = f"The statistics {which} are those of {len(utterances)} recordings without labels."
    network = _with_note(network, note)
    with replacing(out) as temporary:
        front_end = runtime.model.get_layer("front_end")
        models.speech_model(network, runtime.bundle.config, front_end).save(temporary)
    return Adapted(out, len(utterances), done, note)


def _with_frame_statistics(network: keras.Model, mean: np.ndarray, variance: np.ndarray) -> keras.Model:
    """The network with another mean and variance (D,) of its features; those of experts inside it, too."""
    given = {"mean": mean.tolist(), "variance": variance.tolist()}
    return _changed(network, lambda layer: given if layer.name == "normalization" else {})


def _with_note(network: keras.Model, note: str) -> keras.Model:
    """The network with one more note among its settings."""
    return _changed(
        network, lambda layer: {"notes": [*layer.notes, note]} if isinstance(layer, models.ModelSettings) else {}
    )


def _changed(network: keras.Model, change: Any) -> keras.Model:
    """A copy with the same weights, where `change` says what differs in the configuration of a layer."""

    def copy(layer: keras.layers.Layer) -> keras.layers.Layer:
        return type(layer).from_config({**layer.get_config(), **change(layer)})

    changed = keras.models.clone_model(network, clone_function=copy, recursive=True)
    changed.set_weights(network.get_weights())
    return changed


def _set_utterance_statistics(network: keras.Model, batches: Any) -> bool:
    """Gives batch normalisation the mean and the variance of the utterance vectors; False where there is none.

    Experts have one each.
    """
    experts = [layer for layer in network.layers if isinstance(layer, keras.Model)]
    done = False
    for part in experts or [network]:
        found = [layer for layer in part.layers if isinstance(layer, keras.layers.BatchNormalization)]
        for layer in found:
            vectors = keras.Model(part.inputs, layer.input)
            vectors.jit_compile = False
            values = vectors.predict(batches, verbose=0).astype(np.float64)
            layer.moving_mean.assign(values.mean(axis=0))
            layer.moving_variance.assign(values.var(axis=0))
            done = True
    return done
