"""The acoustic front end."""

import math
from dataclasses import dataclass
from typing import Literal

from emotion_tf.config.ranges import Count, NotNegative
from emotion_tf.registry import ENCODERS


@dataclass(frozen=True)
class FeatureConfig:
    """The acoustic front end, the same from training to phone.

    Frames are centred as librosa does with `center=True, pad_mode="constant"`: frame t at sample t · hop, the wave
    counting as zero outside itself.

    Args:
        encoder: A pretrained encoder takes the place of the acoustic front end: one of those that
            `emotion_tf.frontend.encoders` knows by name, such as `whisper-base`. It is frozen, hears 16,000 Hz and
            gives 50 frames a second, so that `hop_seconds` is 0.02. The settings of spectrum, prosody and trimming do
            not count then. None is the acoustic front end.
        encoder_layers: The layers of the encoder that are heard, side by side; 0 is what enters the first block.
        sample_rate: Rate that the front end hears, in hertz. Audio of another rate is resampled before.
        highpass_hz: Takes what is no voice out of the wave before anything else: an offset, hum below two thirds of
            this frequency, and clicks in the first and last 5 ms. 90 does so for hum of 50 and 60 Hz. None leaves the
            wave as it is.
        window_seconds: Length of the Hamming window.
        hop_seconds: Distance between frames.
        mel_bands: Number of mel bands (Slaney scale, area-normalised).
        mel_min_hz: Lower edge of the lowest band.
        mel_max_hz: Upper edge of the highest band; None means half the sample rate.
        representation: `mfcc` takes the cosine transform of the log-mel bands, `logmel` leaves the bands as they are.
        mfcc_coefficients: Number of static coefficients when `representation` is `mfcc`.
        mean_normalization: Subtracts from each band or coefficient its mean over the utterance.
        prosody: Appends log energy, log F0 and voicing to the static features.
        deltas: 2 appends deltas and delta-deltas, 1 deltas alone, 0 neither.
        pitch_min_hz: Lowest F0 looked for.
        pitch_max_hz: Highest F0 looked for.
        trim_db: Frames at the start and end that lie this many decibels below the loudest count as padding;
            None keeps every frame.
        max_seconds: Longer utterances are cut after this time.
    """

    encoder: str | None = None
    encoder_layers: tuple[Count, ...] = (2, 3, 4)
    sample_rate: int = 16_000
    highpass_hz: float | None = None
    window_seconds: float = 0.025
    hop_seconds: float = 0.010
    mel_bands: int = 40
    mel_min_hz: NotNegative = 0.0
    mel_max_hz: float | None = None
    representation: Literal["mfcc", "logmel"] = "mfcc"
    mfcc_coefficients: int = 32
    mean_normalization: bool = False
    prosody: bool = False
    deltas: Literal[0, 1, 2] = 2
    pitch_min_hz: float = 60.0
    pitch_max_hz: float = 500.0
    trim_db: float | None = None
    max_seconds: float = 7.5

    @property
    def window_length(self) -> int:
        """Length of the window in samples."""
        return round(self.window_seconds * self.sample_rate)

    @property
    def hop_length(self) -> int:
        """Distance between frames in samples."""
        return round(self.hop_seconds * self.sample_rate)

    @property
    def fft_length(self) -> int:
        """Length of the Fourier transform: the power of two that holds the window, since TFLite has no other."""
        return 2 ** math.ceil(math.log2(self.window_length))

    @property
    def spectral_width(self) -> int:
        """Number of bands or coefficients a frame, which come first among the features."""
        return self.mfcc_coefficients if self.representation == "mfcc" else self.mel_bands

    @property
    def static_width(self) -> int:
        """Number of static features a frame."""
        return self.spectral_width + (3 if self.prosody else 0)

    @property
    def width(self) -> int:
        """Number of features a frame: static ones and their deltas, or the channels of the encoder's layers."""
        if self.encoder is not None:
            return len(self.encoder_layers) * ENCODERS[self.encoder].width
        return (1 + self.deltas) * self.static_width

    @property
    def max_samples(self) -> int:
        """Samples of the longest utterance."""
        return round(self.max_seconds * self.sample_rate)

    @property
    def max_frames(self) -> int:
        """Frames of the longest utterance."""
        return self.max_samples // self.hop_length
