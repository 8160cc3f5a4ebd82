"""What the world does to a voice on its way to the microphone and behind it: for stress tests and for training.

Each disturbance takes a wave (samples,) float32, its rate in hertz and a generator of random numbers, and returns
another wave (samples,) float32. Noise and echoes may leave [-1, 1], as floats can; `gain` and `mp3` clip.
"""

import functools
import io
from collections.abc import Callable, Sequence

import numpy as np
import scipy.signal
import soundfile

from emotion_tf.audio.decode import container, decode
from emotion_tf.audio.resample import of_length, resample

Disturbance = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]

SMALLEST_POWER = 1e-30
"""A wave of less power counts as silent."""

NOISE_DB = (20, 10, 5, 0)
"""Signal-to-noise ratios of the stress test."""

BABBLE_VOICES = 6

TELEPHONE_RATE = 8_000
TELEPHONE_BAND_HZ = (300, 3_400)
TELEPHONE_ORDER = 8

AMR_BIT_RATES = (12_200, 4_750)
"""The best mode of AMR-NB and the worst."""

MP3_RATE = 16_000
MP3_LEVEL = 0.94
"""What libsndfile calls 16 kbit/s at `MP3_RATE`; its scale runs from 160 kbit/s at 0 to 8 kbit/s at 1."""

MP3_DELAY = 1_105
"""Samples by which LAME's encoder (576) and the decoder (529) are late, where no header tells the decoder."""


def add_noise(waveform: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """Adds noise at a signal-to-noise ratio that holds exactly over the wave.

    Args:
        waveform: (samples,) float32.
        noise: (samples,), of any level.
        snr_db: Power of the wave over power of the noise, in decibels. A silent wave stays silent.

    Returns:
        (samples,) float32.

    Example:

    >>> wave = np.ones(4, np.float32)
    >>> add_noise(wave, np.array([3.0, -3.0, 3.0, -3.0]), snr_db=20.0)
    array([1.1, 0.9, 1.1, 0.9], dtype=float32)
    """
    level = np.sqrt(_power(waveform)) * 10 ** (-snr_db / 20)
    return (waveform + level * _unit(noise)).astype(np.float32)


def white_noise(waveform: np.ndarray, rate: int, generator: np.random.Generator, snr_db: float) -> np.ndarray:
    """Adds Gaussian noise with the same power at every frequency; `snr_db` as for `add_noise`."""
    return add_noise(waveform, generator.standard_normal(len(waveform)), snr_db)


def pink_noise(waveform: np.ndarray, rate: int, generator: np.random.Generator, snr_db: float) -> np.ndarray:
    """Adds Gaussian noise with the same power in every octave; `snr_db` as for `add_noise`."""
    spectrum = np.fft.rfft(generator.standard_normal(len(waveform)))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0.0
    return add_noise(waveform, np.fft.irfft(spectrum, len(waveform)), snr_db)


def babble(
    waveform: np.ndarray, rate: int, generator: np.random.Generator, snr_db: float, voices: Sequence[np.ndarray]
) -> np.ndarray:
    """Adds voices that speak at once and equally loud: six, or as many as there are.

    Args:
        waveform: (samples,) float32.
        rate: Rate of the wave and of the voices, in hertz.
        generator: Chooses the voices, and where each begins.
        snr_db: As for `add_noise`.
        voices: Utterances (samples,) of other people, one or more, each repeated as long as the wave lasts.

    Returns:
        (samples,) float32.
    """
    chosen = generator.choice(len(voices), min(BABBLE_VOICES, len(voices)), replace=False)
    noise = np.zeros(len(waveform))
    for voice in (voices[index] for index in chosen):
        noise += np.resize(np.roll(_unit(voice), generator.integers(len(voice))), len(waveform))
    return add_noise(waveform, noise, snr_db)


def reverberation(waveform: np.ndarray, rate: int, generator: np.random.Generator, rt60_seconds: float) -> np.ndarray:
    """Speaks in a room: the sound itself, and as much power again as an echo of noise that dies away exponentially.

    Args:
        waveform: (samples,) float32.
        rate: Its rate, in hertz.
        generator: Makes the echo.
        rt60_seconds: Time in which the echo falls by 60 dB.

    Returns:
        (samples,) float32 with the power of the wave; the echo after its end is cut off.

    Reference:
        Moorer, "About This Reverberation Business", Computer Music Journal 3(2), 1979.
    """
    echo = generator.standard_normal(max(1, round(rt60_seconds * rate)))
    echo *= 10 ** (-3 * np.arange(len(echo)) / len(echo))
    response = echo / np.sqrt(np.square(echo).sum())
    response[0] += 1.0
    heard = scipy.signal.fftconvolve(waveform, response)[: len(waveform)]
    return (np.sqrt(_power(waveform)) * _unit(heard)).astype(np.float32)


def telephone(waveform: np.ndarray, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Speaks through a telephone: sampled at 8 kHz, of which 300 to 3,400 Hz come through."""
    line = resample(waveform, rate, TELEPHONE_RATE)
    band = scipy.signal.butter(TELEPHONE_ORDER, TELEPHONE_BAND_HZ, "bandpass", fs=TELEPHONE_RATE, output="sos")
    heard = resample(scipy.signal.sosfilt(band, line), TELEPHONE_RATE, rate)
    return of_length(heard, len(waveform)).astype(np.float32)


def mp3(waveform: np.ndarray, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Stores the wave as MP3 of 16 kbit/s at 16 kHz and reads it again; what lies outside [-1, 1] is clipped."""
    file = io.BytesIO()
    stored = resample(waveform, rate, MP3_RATE)
    soundfile.write(file, stored, MP3_RATE, format="MP3", bitrate_mode="CONSTANT", compression_level=MP3_LEVEL)
    file.seek(0)
    heard = soundfile.read(file, dtype="float32")[0][MP3_DELAY:]
    heard = of_length(heard, len(stored))
    heard = resample(heard, MP3_RATE, rate)
    return of_length(heard, len(waveform))


def gain(waveform: np.ndarray, rate: int, generator: np.random.Generator, gain_db: float) -> np.ndarray:
    """Turns the recording level up or down; what then lies outside [-1, 1] is clipped."""
    return np.clip(waveform * np.float32(10 ** (gain_db / 20)), -1.0, 1.0)


def offset(waveform: np.ndarray, rate: int, generator: np.random.Generator, level: float) -> np.ndarray:
    """Adds direct current, as cheap sound cards do; `level` is a share of full scale."""
    return waveform + np.float32(level)


def hum(waveform: np.ndarray, rate: int, generator: np.random.Generator, level_db: float, hertz: float) -> np.ndarray:
    """Adds the hum of the mains, at a level over full scale and a random phase."""
    phase = generator.uniform(0, 2 * np.pi)
    tone = np.sin(2 * np.pi * hertz / rate * np.arange(len(waveform)) + phase)
    return (waveform + 10 ** (level_db / 20) * np.sqrt(2) * tone).astype(np.float32)


def click(waveform: np.ndarray, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Begins with two samples of full scale, as where a recorder is switched on."""
    heard = waveform.copy()
    heard[:2] = 1.0
    return heard


def clipping(waveform: np.ndarray, rate: int, generator: np.random.Generator, share: float) -> np.ndarray:
    """Cuts off the loudest samples, as a microphone that is driven too hard; `share` of all samples lie beyond."""
    limit = np.quantile(np.abs(waveform), 1 - share)
    return np.clip(waveform, -limit, limit).astype(np.float32)


def surround(waveform: np.ndarray, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Stores the voice as the centre of six channels, of which the others are silent, and takes their mean."""
    return waveform / np.float32(6)


def coded(
    waveform: np.ndarray, rate: int, generator: np.random.Generator, form: str, encoding: str, stored_rate: int
) -> np.ndarray:
    """Stores the wave by a codec of libsndfile at its usual rate, and reads it again; what lies beyond ±1 is clipped.

    Args:
        waveform: (samples,) float32.
        rate: Its rate, in hertz.
        generator: Not asked.
        form: What libsndfile calls the format.
        encoding: What it calls the codec.
        stored_rate: The rate at which the codec works, in hertz.

    Returns:
        (samples,) float32. A shift of less than 20 ms stays.
    """
    file = io.BytesIO()
    samples = np.clip(resample(waveform, rate, stored_rate), -1, 1)
    soundfile.write(file, samples, stored_rate, encoding, format=form)
    file.seek(0)
    heard = soundfile.read(file, dtype="float32")[0]
    return of_length(resample(heard, stored_rate, rate), len(waveform))


def amr(waveform: np.ndarray, rate: int, generator: np.random.Generator, bit_rate: int) -> np.ndarray:
    """Sends the wave through a mobile phone by AMR-NB at 8 kHz, of which FFmpeg's encoder comes with PyAV.

    Args:
        waveform: (samples,) float32; what lies beyond ±1 is clipped.
        rate: Its rate, in hertz.
        generator: Not asked.
        bit_rate: Bits a second, such as 12,200 where the network is good and 4,750 where it is not.

    Returns:
        (samples,) float32. A shift of less than 20 ms stays.
    """
    stored = container.write_amr(resample(waveform, rate, container.AMR_RATE), bit_rate)
    heard = decode(stored)[0]
    return of_length(resample(heard, container.AMR_RATE, rate), len(waveform))


def silence(waveform: np.ndarray, rate: int, generator: np.random.Generator, seconds: float) -> np.ndarray:
    """Puts digital silence before and after the wave, which becomes that much longer at both ends."""
    return np.pad(waveform, round(seconds * rate))


def conditions(voices: Sequence[np.ndarray]) -> dict[str, Disturbance]:
    """The disturbances of the stress test by name, in the order in which they are shown.

    Args:
        voices: What `babble` takes.

    Example:

    >>> list(conditions([]))[:4]
    ['clean', 'white-noise-20db', 'white-noise-10db', 'white-noise-5db']
    """
    noises: dict[str, Callable[..., np.ndarray]] = {
        "white-noise": white_noise,
        "pink-noise": pink_noise,
        "babble": functools.partial(babble, voices=voices),
    }
    return {
        "clean": lambda waveform, rate, generator: waveform,
        **{
            f"{name}-{snr_db}db": functools.partial(noise, snr_db=snr_db)
            for name, noise in noises.items()
            for snr_db in NOISE_DB
        },
        "reverberation-0.3s": functools.partial(reverberation, rt60_seconds=0.3),
        "reverberation-0.8s": functools.partial(reverberation, rt60_seconds=0.8),
        "telephone": telephone,
        "mp3-16kbit": mp3,
        "opus": functools.partial(coded, form="OGG", encoding="OPUS", stored_rate=16_000),
        "gsm": functools.partial(coded, form="WAV", encoding="GSM610", stored_rate=8_000),
        **{
            f"amr-{bit_rate}": functools.partial(amr, bit_rate=bit_rate)
            for bit_rate in AMR_BIT_RATES
            if container.can_write_amr()
        },
        "offset-0.01": functools.partial(offset, level=0.01),
        "offset-0.1": functools.partial(offset, level=0.1),
        "hum-50hz": functools.partial(hum, level_db=-40, hertz=50),
        "hum-60hz": functools.partial(hum, level_db=-40, hertz=60),
        "click": click,
        "clipping-0.05": functools.partial(clipping, share=0.05),
        "surround": surround,
        "gain-40db": functools.partial(gain, gain_db=-40),
        "gain+12db": functools.partial(gain, gain_db=12),
        "gain-12db": functools.partial(gain, gain_db=-12),
        "silence-0.5s": functools.partial(silence, seconds=0.5),
        "silence-1s": functools.partial(silence, seconds=1.0),
    }


def disturb(waveform: np.ndarray, rate: int, generator: np.random.Generator) -> np.ndarray:
    """Disturbs a wave at random, for training.

    White or pink noise at 5 to 20 dB, reverberation of 0.2 to 1 second, or a telephone, each as often as the others.
    The rest of `conditions`, babble and MP3 among it, is left for the stress test alone.

    Args:
        waveform: (samples,) float32.
        rate: Its rate, in hertz.
        generator: Chooses what happens, and how strongly.

    Returns:
        (samples,) float32.
    """
    choices: tuple[Disturbance, ...] = (
        functools.partial(white_noise, snr_db=generator.uniform(5, 20)),
        functools.partial(pink_noise, snr_db=generator.uniform(5, 20)),
        functools.partial(reverberation, rt60_seconds=generator.uniform(0.2, 1.0)),
        telephone,
    )
    return choices[generator.integers(len(choices))](waveform, rate, generator)


def _unit(waveform: np.ndarray) -> np.ndarray:
    """The wave at a power of one; a silent wave stays silent."""
    return waveform / np.sqrt(max(_power(waveform), SMALLEST_POWER))


def _power(waveform: np.ndarray) -> float:
    """Mean of the squares."""
    return float(np.mean(np.square(waveform, dtype=np.float64)))
