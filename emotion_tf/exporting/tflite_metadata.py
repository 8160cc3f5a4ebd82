"""What a TFLite file says of itself to the tools of Android, ML Kit and MediaPipe.

Two things, which tflite-support would write if it could be installed beside today's TensorFlow: a description in the
flatbuffer, and a ZIP file appended to it with the files that the description names.

Reference:
    https://ai.google.dev/edge/litert/models/metadata and `metadata_schema.fbs` of tflite-support
"""

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils
from flatbuffers import Builder

from emotion_tf.inference.bundle import LABELS_FILE, VOCABULARY_FILE, ModelBundle
from emotion_tf.inference.litert_runtime import DIGEST_LENGTH

# The schema's numbers of what the files mean, and of the content that is audio.
AXIS_LABELS, VOCABULARY, AUDIO = 2, 5, 4

PARSER_VERSION = "1.3.0"
"""The first version of the schema that knows audio."""

LICENSE = "Code: Apache-2.0. The corpus may bind what the model is used for; see MODEL_CARD.md."


def with_metadata(content: bytes, bundle: ModelBundle) -> bytes:
    """A TFLite file with its metadata: a description of model, inputs and outputs, and the files of the bundle.

    The file ends in the SHA-256 of all that comes before it, by which `LiteRTRuntime` knows a damaged one.

    Args:
        content: A TFLite file with the signature `serving_default`.
        bundle: What its model was built with.
    """
    # As an array, since the schema's classes write the weights byte by byte if they are bytes.
    model = flatbuffer_utils.read_model_from_bytearray(np.frombuffer(content, np.uint8))
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(_description(model, bundle), np.uint8)
    entry = schema.MetadataT()
    entry.name, entry.buffer = "TFLITE_METADATA", len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    described = bytes(flatbuffer_utils.convert_object_to_bytearray(model))

    file = io.BytesIO(described)
    with zipfile.ZipFile(file, "a") as archive:
        for name, content in bundle.files().items():
            # Readers on phones want the files uncompressed, and a ZipInfo of its own holds no time of writing.
            archive.writestr(zipfile.ZipInfo(name), content)
        # The comment is what the file ends in; it makes room for the digest.
        archive.comment = bytes(DIGEST_LENGTH)
    whole = file.getvalue()[:-DIGEST_LENGTH]
    return whole + hashlib.sha256(whole).hexdigest().encode()


def _description(model: schema.ModelT, bundle: ModelBundle) -> bytes:
    """The flatbuffer of the description. The numbers of the fields are those of the schema."""
    builder = Builder()
    signature, subgraph = model.signatureDefs[0], model.subgraphs[0]
    rate = bundle.config.features.sample_rate
    texts = {
        "waveform": f"Samples of one utterance, one channel at {rate} Hz, within [-1, 1]",
        "num_samples": "How many samples of waveform count; those behind are ignored",
        "word_ids": f"The transcript as line numbers of {VOCABULARY_FILE}, from 0; 0 pads, 1 is the unknown word",
        "speaker": "Speaker embedding",
        "probabilities": f"Probability of each emotion in {LABELS_FILE}",
        "dimensions": ", ".join(
            f"{name} from {low:g} to {high:g}" for name, (low, high) in bundle.config.labels.scales.items()
        ),
    }

    purpose = f"Tells the emotions {', '.join(bundle.labels)} of an utterance"
    if not bundle.labels:
        purpose = f"Rates {', '.join(bundle.config.labels.scales)} of an utterance"

    def tensors(maps: Sequence[schema.TensorMapT], places: Iterable[int]) -> int:
        """The descriptions of the inputs or the outputs, in the order in which the subgraph has them."""
        names = {item.tensorIndex: item.name.decode() for item in maps}
        return _vector(builder, [tensor(names[place]) for place in places])

    def tensor(name: str) -> int:
        fields = {0: builder.CreateString(name), 1: builder.CreateString(texts[name])}
        if name == "waveform":
            audio = _table(builder, {}, [(Builder.PrependUint32Slot, 0, rate), (Builder.PrependUint32Slot, 1, 1)])
            fields[3] = _table(builder, {1: audio}, [(Builder.PrependUint8Slot, 0, AUDIO)])
        elif name == "word_ids":
            fields[6] = _vector(builder, [file(VOCABULARY_FILE, "The word of each id", VOCABULARY)])
        elif name == "probabilities":
            fields[6] = _vector(builder, [file(LABELS_FILE, "The emotion of each probability", AXIS_LABELS)])
        return _table(builder, fields)

    def file(name: str, text: str, kind: int) -> int:
        fields = {0: builder.CreateString(name), 1: builder.CreateString(text)}
        return _table(builder, fields, [(Builder.PrependInt8Slot, 2, kind)])

    described = {2: tensors(signature.inputs, subgraph.inputs), 3: tensors(signature.outputs, subgraph.outputs)}
    root = {
        0: builder.CreateString("Speech emotion recognition"),
        1: builder.CreateString(purpose),
        2: builder.CreateString("1"),
        3: _vector(builder, [_table(builder, described)]),
        4: builder.CreateString("emotion-tf"),
        5: builder.CreateString(LICENSE),
        7: builder.CreateString(PARSER_VERSION),
    }
    builder.Finish(_table(builder, root), file_identifier=b"M001")
    return bytes(builder.Output())


def _table(
    builder: Builder,
    references: Mapping[int, int],
    numbers: Sequence[tuple[Callable[[Builder, int, int, int], None], int, int]] = (),
) -> int:
    """Writes a table and returns its place.

    Args:
        builder: What it is written to.
        references: By field, the places of strings, vectors and tables written before.
        numbers: What writes a number of its type, the field, and the number.
    """
    builder.StartObject(1 + max([*references, *(field for _, field, _ in numbers)]))
    for field, place in references.items():
        builder.PrependUOffsetTRelativeSlot(field, place, 0)
    for prepend, field, number in numbers:
        prepend(builder, field, number, 0)
    return builder.EndObject()


def _vector(builder: Builder, places: Sequence[int]) -> int:
    """Writes a vector of tables, which were written before, and returns its place."""
    builder.StartVector(4, len(places), 4)
    # A flatbuffer grows from its end to its beginning.
    for place in reversed(places):
        builder.PrependUOffsetTRelative(place)
    return builder.EndVector()
