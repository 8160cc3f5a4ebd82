import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from emotion_tf.text.graph_vocabulary import GraphVocabulary
from emotion_tf.text.vocabulary import Vocabulary


@pytest.mark.parametrize("max_words", [20, 128])
def test_graph_encodes_alike(sentences, max_words):
    vocabulary = Vocabulary.build(sentences[::2], max_size=2000, min_count=2)
    texts = ["", "...", *sentences]
    batch = GraphVocabulary(vocabulary).encode(tf.constant(texts), max_words)
    assert batch.dtype == tf.int32
    expected = [vocabulary.encode(text, max_words) for text in texts]
    assert batch.shape == (23_864, max(map(len, expected)))
    for row, ids in zip(batch.numpy(), expected, strict=True):
        np.testing.assert_array_equal(row, np.pad(ids, (0, len(row) - len(ids))))


def test_graph_gives_empty_transcripts_one_place():
    vocabulary = GraphVocabulary(Vocabulary(("", "[UNK]", "i")))
    assert vocabulary.encode(tf.constant(["", "?!"[:0]]), 5).numpy().tolist() == [[0], [0]]
    assert vocabulary.encode(tf.constant([], tf.string), 5).shape == (0, 1)
    assert GraphVocabulary(Vocabulary(("", "[UNK]"))).encode(tf.constant(["i"]), 5).numpy().tolist() == [[1]]


class Reader(tf.Module):
    def __init__(self, vocabulary: Vocabulary):
        super().__init__()
        self.vocabulary = GraphVocabulary(vocabulary)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, texts):
        return {"words": self.vocabulary.encode(texts, max_words=4)}


def test_graph_survives_saving_as_a_module(tmp_path):
    reader = Reader(Vocabulary(("", "[UNK]", "so", "zoë", "'s")))
    tf.saved_model.save(reader, str(tmp_path), signatures=reader.__call__)
    loaded = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    texts = tf.constant(["ZOË’s so so good", ""])
    assert loaded(texts=texts)["words"].numpy().tolist() == [[3, 4, 2, 2], [0, 0, 0, 0]]


def test_graph_survives_saving_in_an_export_archive_with_core_ops_only(tmp_path):
    vocabulary = GraphVocabulary(Vocabulary(("", "[UNK]", "so", "sad")))
    inputs = keras.Input((None,), dtype="int32")
    model = keras.Model(inputs, keras.layers.Embedding(4, 2)(inputs))
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.track(vocabulary)
    archive.add_endpoint(
        "serve", lambda texts: model(vocabulary.encode(texts, 8)), input_signature=[tf.TensorSpec([None], tf.string)]
    )
    archive.write_out(tmp_path, verbose=False)
    texts = tf.constant(["so very SAD", "so"])
    expected = model.get_layer(index=1).get_weights()[0][[[2, 1, 3], [2, 0, 0]]]
    loaded = tf.saved_model.load(str(tmp_path))
    np.testing.assert_allclose(loaded.serve(texts), expected)
    saved = SavedModel.FromString((tmp_path / "saved_model.pb").read_bytes())
    operations = {operation.name for operation in saved.meta_graphs[0].meta_info_def.stripped_op_list.op}
    assert "StaticRegexReplace" in operations
    # The ops of tensorflow-io, tensorflow-text and other packages carry their package's name before this sign.
    assert not [name for name in operations if ">" in name]
