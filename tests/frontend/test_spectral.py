import dataclasses
from typing import Any

import librosa
import numpy as np
import pytest
import scipy.signal
import soundfile
import tensorflow as tf

from emotion_tf.config import FeatureConfig
from emotion_tf.frontend.spectral import acoustic_features, frame_count, level_response, transforms_by_products

# librosa says so where a wave is shorter than the window.
pytestmark = pytest.mark.filterwarnings("ignore:n_fft=.* is too large")

RNG = np.random.default_rng(0)
RATE = 16_000
MFCC = FeatureConfig()
PROSODY = FeatureConfig(representation="logmel", mel_bands=64, prosody=True, deltas=0)
ALL = FeatureConfig(prosody=True, deltas=2, trim_db=30.0)
CENTRED = FeatureConfig(representation="logmel", prosody=True, deltas=1, trim_db=30.0, mean_normalization=True)
PASSED = dataclasses.replace(ALL, highpass_hz=90.0)

SECOND = np.arange(RATE) / RATE
CLICKS = np.zeros(RATE, "float32")
CLICKS[[0, 1, 5000, 5100, RATE - 1]] = [1, -1, 1, 0.5, -1]
WAVES = {
    "silence": np.zeros(RATE, "float32"),
    "clicks": CLICKS,
    "noise": RNG.normal(0, 0.1, RATE).astype("float32"),
    "clipped noise": np.clip(RNG.normal(0, 3, RATE), -1, 1).astype("float32"),
    "faint noise": RNG.normal(0, 1e-5, RATE).astype("float32"),
    "fade": (RNG.normal(0, 0.3, RATE) * np.exp(-12 * SECOND)).astype("float32"),
    "offset": np.full(RATE, 0.5, "float32"),
    "a single sample": np.array([0.5], "float32"),
    "10 ms": RNG.normal(0, 0.1, 160).astype("float32"),
    "an odd length": RNG.normal(0, 0.1, 4321).astype("float32"),
}


def batch_of(waves: list[np.ndarray], behind: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Waves of different lengths in one array, with `behind` in every sample behind an end, and their lengths."""
    lengths = np.array([len(wave) for wave in waves], "int32")
    batch = np.full((len(waves), lengths.max() + 1000), behind, "float32")
    for row, wave in zip(batch, waves, strict=True):
        row[: len(wave)] = wave
    return batch, lengths


def features_of(wave: np.ndarray, config: FeatureConfig) -> np.ndarray:
    """Features (T, width) of one wave."""
    features, _ = acoustic_features(wave[np.newaxis].astype("float32"), np.array([len(wave)], "int32"), config)
    return features[0].numpy()


def prosody_of(wave: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """F0 in hertz and voicing of the frames that lie wholly inside the wave."""
    features = features_of(wave, PROSODY)[4:-4]
    return PROSODY.pitch_min_hz * 2 ** features[:, -2], features[:, -1]


def bands_by_librosa(wave: np.ndarray, rate: int = RATE, **settings: Any) -> np.ndarray:
    """Log-mel bands (mel_bands, T)."""
    settings = {"n_fft": 512, "hop_length": 160, "win_length": 400, "n_mels": 40, **settings}
    power = librosa.feature.melspectrogram(y=wave, sr=rate, window="hamming", **settings)
    return librosa.power_to_db(power, top_db=None)


def mfcc_by_librosa(wave: np.ndarray) -> np.ndarray:
    """MFCC, deltas and delta-deltas (T, 96)."""
    static = librosa.feature.mfcc(S=bands_by_librosa(wave), n_mfcc=32)
    deltas = [librosa.feature.delta(static, order=order, mode="nearest") for order in (1, 2)]
    return np.concatenate([static, *deltas]).T


@pytest.mark.parametrize("wave", WAVES.values(), ids=WAVES)
def test_mfcc_equals_librosa(wave):
    found, expected = features_of(wave, MFCC), mfcc_by_librosa(wave)
    assert found.dtype == np.float32 and found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-3


def test_mfcc_equals_librosa_on_speech(ravdess_clips):
    for clip in ravdess_clips[:: len(ravdess_clips) // 24]:
        wave, rate = soundfile.read(clip, dtype="float32")
        assert rate == RATE
        found, expected = features_of(wave, MFCC), mfcc_by_librosa(wave)
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() < 1e-3, clip.name


@pytest.mark.parametrize(
    ("config", "settings"),
    [
        (FeatureConfig(representation="logmel", deltas=0), {}),
        (FeatureConfig(representation="logmel", deltas=0, mel_bands=64), {"n_mels": 64}),
        (FeatureConfig(representation="logmel", deltas=0, mel_min_hz=80, mel_max_hz=7600), {"fmin": 80, "fmax": 7600}),
        (
            FeatureConfig(representation="logmel", deltas=0, sample_rate=22_050, window_seconds=0.04),
            {"rate": 22_050, "n_fft": 1024, "win_length": 882, "hop_length": 220},
        ),
        (
            FeatureConfig(representation="logmel", deltas=0, sample_rate=8000, hop_seconds=0.0125),
            {"rate": 8000, "n_fft": 256, "win_length": 200, "hop_length": 100},
        ),
    ],
)
def test_log_mel_bands_equal_librosa(config, settings):
    wave = WAVES["fade"]
    assert np.abs(features_of(wave, config) - bands_by_librosa(wave, **settings).T).max() < 1e-3


def test_one_order_of_deltas():
    config = FeatureConfig(deltas=1)
    np.testing.assert_allclose(features_of(WAVES["noise"], config), mfcc_by_librosa(WAVES["noise"])[:, :64], atol=1e-3)


def test_log_energy_is_the_mean_power_of_the_spectrum():
    for name in ("silence", "fade", "a single sample"):
        spectrum = librosa.stft(WAVES[name], n_fft=512, hop_length=160, win_length=400, window="hamming")
        expected = librosa.power_to_db(np.mean(np.abs(spectrum) ** 2, axis=0), top_db=None)
        np.testing.assert_allclose(features_of(WAVES[name], PROSODY)[:, 64], expected, atol=1e-3)


def test_prosody_follows_the_bands_and_gets_deltas():
    config = FeatureConfig(prosody=True, deltas=2)
    features = features_of(WAVES["noise"], config)
    assert features.shape == (101, 3 * 35)
    np.testing.assert_array_equal(features[:, :32], features_of(WAVES["noise"], MFCC)[:, :32])
    static = features[:, :35].T
    for order in (1, 2):
        expected = librosa.feature.delta(static, order=order, mode="nearest").T
        np.testing.assert_allclose(features[:, 35 * order : 35 * (order + 1)], expected, atol=1e-3)


@pytest.mark.parametrize("behind", [0.0, 0.9, np.nan])
@pytest.mark.parametrize(
    "config", [MFCC, PROSODY, ALL, CENTRED, PASSED], ids=["mfcc", "prosody", "all", "centred", "high-passed"]
)
def test_batch_of_mixed_lengths_equals_one_by_one(config, behind):
    waves = list(WAVES.values())
    features, mask = acoustic_features(*batch_of(waves, behind), config)
    assert features.shape[1] == mask.shape[1] == 1 + (RATE + 1000) // 160
    for row, row_mask, wave in zip(features.numpy(), mask.numpy(), waves, strict=True):
        alone, alone_mask = acoustic_features(wave[np.newaxis], np.array([len(wave)], "int32"), config)
        length = alone.shape[1]
        np.testing.assert_array_equal(row_mask[:length], alone_mask[0])
        np.testing.assert_allclose(row[:length], alone[0], atol=1e-3)
        assert not np.any(row[~row_mask]) and not np.any(row_mask[length:])
        # Masking takes frames of zeros for padding, so no true frame may be one.
        assert np.any(row[row_mask], axis=1).all()


def test_deltas_at_the_end_do_not_see_padding():
    (features,), _ = acoustic_features(*batch_of([WAVES["an odd length"]], behind=0.9), MFCC)
    expected = mfcc_by_librosa(WAVES["an odd length"])[-5:, 32:]
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(features[23:28, 32:], expected, atol=1e-3)


def test_open_shapes_in_a_graph_change_nothing():
    signature = [tf.TensorSpec((None, None)), tf.TensorSpec((None,), tf.int32)]
    # Without autograph, which spends seconds on rewriting librosa.
    graph = tf.function(
        lambda waveform, num_samples: acoustic_features(waveform, num_samples, ALL), signature, autograph=False
    )
    batch, lengths = batch_of([WAVES["fade"], WAVES["10 ms"]])
    for found, expected in zip(graph(batch, lengths), acoustic_features(batch, lengths, ALL), strict=True):
        np.testing.assert_allclose(tf.cast(found, tf.float32), tf.cast(expected, tf.float32), atol=1e-3)


@pytest.mark.parametrize("samples", [1, 159, 160, 161, 400, 512, RATE, 7 * RATE + 7])
def test_frame_count_equals_librosa(samples):
    wave = np.zeros(samples, "float32")
    expected = librosa.stft(wave, n_fft=512, hop_length=160, win_length=400).shape[1]
    assert int(frame_count(tf.constant(samples), MFCC)) == expected
    assert features_of(wave, MFCC).shape[0] == expected


def test_what_lies_beyond_max_seconds_is_cut():
    config = FeatureConfig(max_seconds=0.5)
    wave, rest = WAVES["noise"], WAVES["clipped noise"]
    features, mask = acoustic_features(
        np.stack([wave, np.concatenate([wave[:8000], rest[8000:]])]), np.array([RATE, 8000], "int32"), config
    )
    assert features.shape == (2, 50, 96) and np.all(mask)
    np.testing.assert_array_equal(features[0], features[1])
    np.testing.assert_allclose(features[0, :, :32], mfcc_by_librosa(wave[:8000])[:50, :32], atol=1e-3)
    assert int(frame_count(tf.constant(10 * RATE), MFCC)) == 750


@pytest.mark.parametrize(
    "config", [MFCC, PROSODY, FeatureConfig(prosody=True), CENTRED], ids=["mfcc", "prosody", "both", "centred"]
)
@pytest.mark.parametrize("gain_db", [6.0, -12.0])
def test_level_response_is_what_a_gain_does(config, gain_db):
    wave = WAVES["noise"]
    response = level_response(config)
    assert response.shape == (config.width,)
    difference = features_of(wave * 10 ** (gain_db / 20), config) - features_of(wave, config)
    np.testing.assert_allclose(difference, np.tile(gain_db * response, (len(difference), 1)), atol=2e-3)


def test_trim_keeps_the_stretch_from_first_to_last_loud_frame():
    rng = np.random.default_rng(1)
    # Speech-like bursts between pauses of various depths, and edges that fade.
    waves = []
    for length in (3000, 9000, RATE, RATE):
        levels = rng.choice([1e-5, 1e-3, 0.01, 0.03, 0.1, 0.3], size=length // 500 + 1)
        waves.append((rng.normal(size=length) * np.repeat(levels, 500)[:length]).astype("float32"))
    for trim_db in (10.0, 20.0, 40.0):
        _, mask = acoustic_features(*batch_of(waves), FeatureConfig(trim_db=trim_db))
        cut = 0
        for row, wave in zip(mask.numpy(), waves, strict=True):
            spectrum = librosa.stft(wave, n_fft=512, hop_length=160, win_length=400, window="hamming")
            energy = librosa.power_to_db(np.mean(np.abs(spectrum) ** 2, axis=0), top_db=None)
            first, last = 0, len(energy) - 1
            while energy[first] < energy.max() - trim_db:
                first += 1
            while energy[last] < energy.max() - trim_db:
                last -= 1
            np.testing.assert_array_equal(np.flatnonzero(row), np.arange(first, last + 1))
            cut += len(energy) - (last + 1 - first)
        assert cut > 0


def test_trim_leaves_silence_whole_and_changes_no_feature_that_stays():
    config = FeatureConfig(trim_db=20.0)
    _, mask = acoustic_features(*batch_of([WAVES["silence"]]), config)
    assert np.sum(mask) == 101
    wave = np.concatenate([np.zeros(4000, "float32"), WAVES["fade"]])
    trimmed = features_of(wave, config)
    kept = np.any(trimmed, axis=1)
    assert 10 < kept.sum() < 100 and not kept[0]
    np.testing.assert_array_equal(trimmed[kept], features_of(wave, MFCC)[kept])


@pytest.mark.parametrize("config", [MFCC, ALL, CENTRED, dataclasses.replace(CENTRED, trim_db=40.0), PASSED])
def test_no_frame_counts_where_there_is_no_recording(config):
    wave = WAVES["fade"]
    batch, lengths = np.stack([wave, wave, 0 * wave, 0 * wave]), np.array([len(wave), 0, 0, len(wave)], "int32")
    batch[2] = np.nan
    for silence_is_absence, present in ((False, [0, 3]), (True, [0])):
        features, mask = acoustic_features(batch, lengths, config, silence_is_absence)
        assert np.flatnonzero(np.any(mask, axis=1)).tolist() == present
        assert np.isfinite(features).all() and not np.any(features[1:3])
        np.testing.assert_allclose(features[0], features_of(wave, config), atol=1e-3)
        assert np.any(features[3]) == (not silence_is_absence)


def test_silence_with_something_behind_it_is_silence():
    wave = WAVES["noise"].copy()
    wave[:800] = 0
    for heard, expected in ((800, 0), (801, 1 + 801 // 160)):
        _, mask = acoustic_features(wave[np.newaxis], np.array([heard], "int32"), MFCC, True)
        assert np.sum(mask) == expected


def test_mean_normalization_takes_the_mean_over_the_frames_that_are_kept():
    plain, mask = acoustic_features(*batch_of([WAVES["fade"]]), dataclasses.replace(CENTRED, mean_normalization=False))
    centred, centred_mask = acoustic_features(*batch_of([WAVES["fade"]]), CENTRED)
    np.testing.assert_array_equal(mask, centred_mask)
    kept = np.flatnonzero(mask[0])
    assert 10 < len(kept) < 100
    expected = plain[0].numpy().astype(np.float64)
    expected[kept, :40] -= sum(expected[frame, :40] for frame in kept) / len(kept)
    np.testing.assert_allclose(centred[0], expected, atol=1e-4)


TONES = [80.0, 93.0, 110.0, 120.0, 135.0, 150.0, 180.0, 220.0, 260.0, 300.0, 350.0, 400.0, 450.0]
SLOPES = {"flat": 0.0, "falling": 1.0, "steep": 2.0}


def harmonic_tone(f0: float, slope: float) -> np.ndarray:
    """One second of all harmonics up to 7.5 kHz; amplitudes fall with the number of the harmonic to this power."""
    harmonics = np.arange(1, int(7500 / f0) + 1)
    phases = 2 * np.pi * f0 * np.outer(harmonics, SECOND) + harmonics[:, None] ** 2
    tone = harmonics**-slope @ np.cos(phases)
    return 0.3 * tone / np.abs(tone).max()


def vowel(f0: float) -> np.ndarray:
    """One second of band-limited glottal pulses through the three formants of an open vowel."""
    wave = np.sum(np.cos(2 * np.pi * f0 * np.outer(np.arange(1, int(7500 / f0) + 1), SECOND)), axis=0)
    for formant_hz, bandwidth_hz in ((700, 80), (1200, 90), (2600, 120)):
        radius = np.exp(-np.pi * bandwidth_hz / RATE)
        wave = scipy.signal.lfilter([1], [1, -2 * radius * np.cos(2 * np.pi * formant_hz / RATE), radius**2], wave)
    return 0.3 * wave / np.abs(wave).max()


@pytest.mark.parametrize("f0", TONES)
@pytest.mark.parametrize("kind", [*SLOPES, "vowel"])
def test_pitch_of_tones(f0, kind):
    wave = vowel(f0) if kind == "vowel" else harmonic_tone(f0, SLOPES[kind])
    pitch, voicing = prosody_of(wave)
    # A quarter of a semitone, which is one step of the grid of lags.
    assert np.abs(12 * np.log2(pitch / f0)).max() < 0.25
    assert voicing.min() > 0.9


def test_pitch_of_a_tone_in_noise():
    wave = harmonic_tone(150, SLOPES["falling"]) + np.random.default_rng(1).normal(0, 0.02, RATE)
    pitch, voicing = prosody_of(wave)
    assert np.abs(12 * np.log2(pitch / 150)).max() < 1
    assert voicing.min() > 0.6


def test_pitch_follows_a_glide():
    f0 = 120 * 2**SECOND
    phase = 2 * np.pi * np.cumsum(f0) / RATE
    pitch, _ = prosody_of(sum(np.cos(number * phase) / number for number in range(1, 15)) * 0.2)
    expected = f0[::160][4 : 4 + len(pitch)]
    assert np.abs(12 * np.log2(pitch / expected)).max() < 1


def test_white_noise_and_silence_are_voiceless():
    for name in ("noise", "clipped noise", "faint noise"):
        _, voicing = prosody_of(WAVES[name])
        assert np.median(voicing) < 0.3, name
        assert voicing.max() < 0.5, name
    pitch, voicing = prosody_of(WAVES["silence"])
    assert np.isfinite(pitch).all() and np.abs(voicing).max() < 1e-6


def test_pitch_does_not_depend_on_level():
    loud, quiet = (prosody_of(level * vowel(180)) for level in (1.0, 0.01))
    np.testing.assert_allclose(loud, quiet, rtol=1e-3)


def test_pitch_agrees_with_pyin_on_speech(ravdess_clips):
    near = []
    for clip in ravdess_clips[7 :: len(ravdess_clips) // 6]:
        wave, _ = soundfile.read(clip, dtype="float32")
        expected, _, _ = librosa.pyin(
            wave, fmin=PROSODY.pitch_min_hz, fmax=PROSODY.pitch_max_hz, sr=RATE, frame_length=1024, hop_length=160
        )
        found = PROSODY.pitch_min_hz * 2 ** features_of(wave, PROSODY)[:, -2]
        voiced = ~np.isnan(expected)
        near.append(np.abs(12 * np.log2(found[voiced] / expected[voiced])) < 1)
    assert np.mean(np.concatenate(near)) > 0.7
    assert min(map(np.mean, near)) > 0.5


@pytest.mark.parametrize("config", [PASSED, dataclasses.replace(CENTRED, highpass_hz=90.0)])
def test_offset_hum_and_clicks_change_no_feature(config):
    wave = WAVES["fade"]
    clicks = wave.copy()
    clicks[[0, 1, -1]] = [1, 1, -1]
    for disturbed in (wave + 0.1, wave - 0.3, wave + 0.01 * np.sin(2 * np.pi * 50 * SECOND + 1), clicks):
        np.testing.assert_allclose(features_of(disturbed, config), features_of(wave, config), atol=0.1)


def batch_features(waves, config, by_products):
    batch, lengths = batch_of(waves)
    if not by_products:
        return acoustic_features(batch, lengths, config)[0].numpy()
    with transforms_by_products():
        return acoustic_features(batch, lengths, config)[0].numpy()


@pytest.mark.parametrize(
    "config", [MFCC, PROSODY, ALL, CENTRED, PASSED], ids=["mfcc", "prosody", "all", "centred", "high-passed"]
)
def test_features_by_products_are_those_of_the_fft(config):
    waves = list(WAVES.values())
    found, expected = (batch_features(waves, config, by_products) for by_products in (True, False))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("wave", WAVES.values(), ids=WAVES)
def test_mfcc_by_products_equals_librosa(wave):
    assert np.abs(batch_features([wave], MFCC, True)[0][: 1 + len(wave) // 160] - mfcc_by_librosa(wave)).max() < 1e-3


def test_log_mel_bands_by_products_equal_librosa_on_speech(ravdess_clips):
    config = FeatureConfig(representation="logmel", deltas=0, mel_bands=64)
    for clip in ravdess_clips[:: len(ravdess_clips) // 24]:
        wave, _ = soundfile.read(clip, dtype="float32")
        expected = bands_by_librosa(wave, n_mels=64).T
        assert np.abs(batch_features([wave], config, True)[0][: len(expected)] - expected).max() < 1e-3, clip.name


def test_products_trace_nothing_complex():
    def ops(by_products):
        def features(waveform):
            return acoustic_features(waveform, tf.shape(waveform)[1:], ALL)

        spec = tf.TensorSpec([1, None], tf.float32)
        if by_products:
            with transforms_by_products():
                graph = tf.function(features).get_concrete_function(spec).graph
        else:
            graph = tf.function(features).get_concrete_function(spec).graph
        return {operation.type for operation in graph.get_operations()}

    assert {"RFFT", "Real", "Imag"} <= ops(by_products=False)
    assert not {"RFFT", "Real", "Imag", "ComplexAbs"} & ops(by_products=True)
