"""What TensorFlow Serving takes besides the SavedModel, held against its own messages."""

import dataclasses
import shutil
import sys

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format, wrappers_pb2
from made_waves import RATE, noise

from emotion_tf.exporting.examples import Example
from emotion_tf.exporting.serving import write_batching_parameters, write_warmup_requests
from emotion_tf.inference.bundle import ModelBundle

pytest_plugins = ["exported_runs"]

WORD_IDS = [[4, 6], [0], [2, 3, 1]]
"""Of the transcripts below; looked up by hand in the vocabulary of `exported_runs`."""


def examples(run):
    waves = [noise(RATE), noise(2 * RATE), noise(300)]
    transcripts = ["so sad", "", "I am furious"]
    return [
        Example(wave if run.config.model.hears else None, transcript, run.voice)
        for wave, transcript in zip(waves, transcripts, strict=True)
    ]


def test_warmup_requests_are_answered(any_export, tmp_path):
    """Replayed as the server does, which would not start if one failed."""
    pytest.importorskip("tensorflow_serving.apis", reason="SKIPPED FOR WANT OF tensorflow-serving-api")
    from serving_stand_in import Served
    from tensorflow_serving.apis import prediction_log_pb2

    folder = tmp_path / "1"
    shutil.copytree(any_export.folder / "saved_model" / "1", folder)
    bundle = ModelBundle.read(any_export.folder / "model.keras")
    asked = examples(any_export)
    if any_export.config.model.learned_placeholders:
        asked[2] = dataclasses.replace(asked[2], waveform=None)
    assert write_warmup_requests(folder, bundle, asked)

    served = Served(folder)
    records = tf.data.TFRecordDataset(str(folder / "assets.extra" / "tf_serving_warmup_requests"))
    requests = [
        prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        for record in records.as_numpy_iterator()
    ]
    names = [request.model_spec.signature_name for request in requests]
    signatures = set(served.signatures) - {"__saved_model_init_op"}
    assert sorted(names) == sorted([*signatures] * 2)
    expected = [any_export.expected(item.waveform, ids) for item, ids in zip(asked, WORD_IDS, strict=True)]
    for place, request in enumerate(requests):
        request.model_spec.name = "emotion"
        outputs = served.predict(request).outputs
        assert set(outputs["error"].string_val) == {b""}
        wanted = expected[:1] if place < len(signatures) else expected
        np.testing.assert_allclose(tf.make_ndarray(outputs["probabilities"]), wanted, atol=1e-5)


def test_without_the_package_nothing_is_written(text_export, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis.prediction_log_pb2", None)
    bundle = ModelBundle.read(text_export.folder / "model.keras")
    assert not write_warmup_requests(tmp_path, bundle, examples(text_export))
    assert not list(tmp_path.iterdir())


FIELDS = {
    "max_batch_size": (1, "Int64Value"),
    "batch_timeout_micros": (2, "Int64Value"),
    "max_enqueued_batches": (3, "Int64Value"),
    "num_batch_threads": (4, "Int64Value"),
    "thread_pool_name": (5, "StringValue"),
}
"""Of the message BatchingParameters, which `tensorflow-serving-api` lacks, as the server's sources have them."""


def batching_parameters():
    """An empty BatchingParameters, built from its description."""
    field = descriptor_pb2.FieldDescriptorProto
    message = descriptor_pb2.DescriptorProto(name="BatchingParameters")
    for name, (number, kind) in FIELDS.items():
        message.field.add(
            name=name,
            number=number,
            label=field.LABEL_OPTIONAL,
            type=field.TYPE_MESSAGE,
            type_name=f".google.protobuf.{kind}",
        )
    message.field.add(name="allowed_batch_sizes", number=6, label=field.LABEL_REPEATED, type=field.TYPE_INT64)
    message.field.add(name="pad_variable_length_inputs", number=7, label=field.LABEL_OPTIONAL, type=field.TYPE_BOOL)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(name="batching.proto", package="tensorflow.serving", syntax="proto3")
    file.dependency.append(wrappers_pb2.DESCRIPTOR.name)
    file.message_type.append(message)
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tensorflow.serving.BatchingParameters"))()


def test_batching_parameters_are_read_by_the_server(tmp_path):
    write_batching_parameters(tmp_path / "batching_parameters.txt")
    parameters = text_format.Parse((tmp_path / "batching_parameters.txt").read_text(), batching_parameters())
    assert parameters.pad_variable_length_inputs
    assert parameters.max_batch_size.value == 32
    assert parameters.batch_timeout_micros.value == 2000
    assert parameters.max_enqueued_batches.value == 100
    assert not parameters.HasField("num_batch_threads")


def test_server_padding_does_not_change_answers(any_export):
    """What the server makes of several requests at once: `waveform` is padded with the first number of each."""
    if not any_export.config.model.hears:
        pytest.skip("the model reads only")
    signature = tf.saved_model.load(str(any_export.folder / "saved_model" / "1")).signatures["waveform"]
    waves = [noise(RATE), noise(300)]
    waveform = np.full([2, RATE], waves[1][0], np.float32)
    waveform[0], waveform[1, :300] = waves
    inputs = {"waveform": waveform, "num_samples": np.array([RATE, 300], np.int32)}
    if any_export.config.model.reads:
        inputs["transcript"] = np.array(["so sad"] * 2)
    inputs |= {name: np.repeat(voice, 2, axis=0) for name, voice in any_export.voices.items()}
    answer = signature(**{name: tf.constant(value) for name, value in inputs.items()})
    expected = [any_export.expected(wave, [4, 6]) for wave in waves]
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-5)
