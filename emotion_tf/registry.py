"""The models by name, each registered here and nowhere else; and the sizes of the pretrained encoders.

A model `NAME` is the function `NAME` in the module `emotion_tf.models.NAME`. This table says the rest, and imports
neither Keras nor TensorFlow, so that settings are checked and listed without them.
"""

from dataclasses import dataclass
from typing import Literal

Modality = Literal["audio", "text", "both"]


@dataclass(frozen=True)
class ModelKind:
    """What is known of a model before it is built.

    Args:
        description: What it is, in a line.
        modalities: What it may hear and read.
        fitting: `steps` trains it by gradient descent; `at_once` calls `fit` in its module; `experts` trains its
            experts one after the other; `machine` is no network, and `emotion_tf.training.machine` fits it.
        takes_speaker: Whether it can take a speaker embedding.
        placeholders: Whether it can learn what stands in for a missing recording or transcript.
        functionals: The feature set of openSMILE that a machine is fitted on.
        reads_context: Whether it can read the turns before an utterance.
        has_vector: Whether it makes one vector of an utterance, over which other heads can stand.
    """

    description: str
    modalities: tuple[Modality, ...]
    fitting: Literal["steps", "at_once", "experts", "machine"] = "steps"
    takes_speaker: bool = False
    placeholders: Literal["never", "optional", "always"] = "never"
    functionals: str | None = None
    reads_context: bool = False
    has_vector: bool = True


MODELS: dict[str, ModelKind] = {
    "mscnn": ModelKind(
        "MSCNN-SPU-ATT: multi-scale convolutions, statistical pooling, attention of the audio over the words",
        ("audio", "text", "both"),
        takes_speaker=True,
        placeholders="optional",
        reads_context=True,
    ),
    "experts": ModelKind(
        "Three MSCNN, for audio, text and both, that learn apart and answer together",
        ("both",),
        fitting="experts",
        takes_speaker=True,
        placeholders="always",
        reads_context=True,
        has_vector=False,
    ),
    "mdre": ModelKind("MDRE and MDREA: dual recurrent encoders, without and with attention", ("both",)),
    "learning_alignment": ModelKind("Learning Alignment: every word with the frames that belong to it", ("both",)),
    "mha": ModelKind("MHA: multi-hop attention between audio and words", ("both",)),
    "multi_resolution": ModelKind("Multi-resolution convolutions over the words, BiLSTM over the audio", ("both",)),
    "text_cnn": ModelKind("TextCNN: convolutions over the words and their maximum", ("text",)),
    "swem": ModelKind("SWEM: maximum and average of the word embeddings", ("text",)),
    "cnn": ModelKind("One convolution over the audio and one pooling", ("audio",)),
    "cnn_lstm": ModelKind("Convolutions over the spectrogram, then a BiLSTM", ("audio",)),
    "tdnn_lstm": ModelKind("Time-delay layers with LSTMs between them", ("audio",)),
    "svm": ModelKind("Linear support vector machine over the statistics of the features", ("audio",), "at_once"),
    "tfidf": ModelKind(
        "TF-IDF of words and pairs of words, and logistic regression", ("text",), "at_once", has_vector=False
    ),
    "compare_svm": ModelKind(
        "openSMILE's ComParE 2016 functionals, and a support vector machine",
        ("audio",),
        "machine",
        functionals="ComParE_2016",
    ),
    "egemaps_svm": ModelKind(
        "openSMILE's eGeMAPS functionals, and a support vector machine",
        ("audio",),
        "machine",
        functionals="eGeMAPSv02",
    ),
}


@dataclass(frozen=True)
class EncoderSize:
    """What the settings must know of a pretrained encoder; `frontend.encoders.registry` knows the rest.

    Args:
        width: Channels of a layer.
        blocks: Transformer blocks, which is the number of its highest layer.
    """

    width: int
    blocks: int


_BASE, _LARGE = EncoderSize(768, 12), EncoderSize(1024, 24)

ENCODERS: dict[str, EncoderSize] = {
    "whisper-tiny": EncoderSize(384, 4),
    "whisper-tiny.en": EncoderSize(384, 4),
    "whisper-base": EncoderSize(512, 6),
    "whisper-base.en": EncoderSize(512, 6),
    "whisper-small": EncoderSize(768, 12),
    "whisper-small.en": EncoderSize(768, 12),
    "wav2vec2-base-960h": _BASE,
    "wav2vec2-base": _BASE,
    "wav2vec2-xlsr-53": _LARGE,
    "hubert-base": _BASE,
    "hubert-large": _LARGE,
    "wavlm-base-plus": _BASE,
    "wavlm-large": _LARGE,
}
