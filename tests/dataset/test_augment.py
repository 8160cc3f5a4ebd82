import numpy as np
import pytest
import tensorflow as tf

from emotion_tf.config import Config
from emotion_tf.dataset.augment import augment
from emotion_tf.frontend.spectral import level_response

# Static features: six bands, log energy, F0 and voicing; then the deltas of both orders.
CONFIG = Config().override("features.representation=logmel", "features.mel_bands=6", "features.prosody=true")
STATIC = 9
SEEDS = range(40)

RNG = np.random.default_rng(0)
AUDIO = RNG.normal(-40, 20, (30, 3 * STATIC)).astype(np.float32)
WORDS = np.array([5, 1, 2, 7, 3, 9, 4, 2, 0, 0, 0], np.int32)
LABEL = np.array([0, 0, 1, 0], np.float32)
VOCABULARY_SIZE = 12


def changed(config, seed, audio=AUDIO, words=WORDS):
    """Features and words after the augmentation."""
    inputs = {"features": tf.constant(audio), "word_ids": tf.constant(words)}
    new, label = augment(config, VOCABULARY_SIZE)((inputs, tf.constant(LABEL)), tf.constant(seed, tf.int64))
    np.testing.assert_array_equal(label, LABEL)
    assert new.keys() == {"features", "word_ids"}
    assert new["features"].dtype == tf.float32 and new["word_ids"].dtype == tf.int32
    np.testing.assert_array_equal(inputs["features"], audio)
    return new["features"].numpy(), new["word_ids"].numpy()


def is_stretch(hidden):
    """Whether the places where a mask is True stand side by side."""
    places = np.flatnonzero(hidden)
    return not len(places) or places[-1] - places[0] + 1 == len(places)


def test_nothing_changes_with_everything_off():
    for seed in SEEDS[:3]:
        audio, words = changed(CONFIG, seed)
        np.testing.assert_array_equal(audio, AUDIO)
        np.testing.assert_array_equal(words, WORDS)


def test_same_seed_same_change_other_seed_another():
    config = CONFIG.override(
        "augmentation.gain_db=6",
        "augmentation.frequency_masks=2",
        "augmentation.time_masks=2",
        "augmentation.word_dropout=0.5",
    )
    for seed in (0, 2**62):
        first, again, other = changed(config, seed), changed(config, seed), changed(config, seed + 1)
        np.testing.assert_array_equal(first[0], again[0])
        np.testing.assert_array_equal(first[1], again[1])
        assert np.any(first[0] != other[0]) and np.any(first[1] != other[1])


@pytest.mark.parametrize("missing", ["features", "word_ids"])
def test_input_that_the_model_has_not(missing):
    config = CONFIG.override("augmentation.time_masks=1", "augmentation.word_dropout=0.5")
    inputs = {"features": tf.constant(AUDIO), "word_ids": tf.constant(WORDS)}
    del inputs[missing]
    new, _ = augment(config, VOCABULARY_SIZE)((inputs, tf.constant(LABEL)), tf.constant(0, tf.int64))
    assert new.keys() == inputs.keys()


def test_gain_moves_every_frame_as_far_as_level_does():
    config = CONFIG.override("augmentation.gain_db=6")
    response = level_response(CONFIG.features)
    assert response[:STATIC].tolist() == [1, 1, 1, 1, 1, 1, 1, 0, 0] and not response[STATIC:].any()
    gains = []
    for seed in SEEDS:
        difference = changed(config, seed)[0].astype(float) - AUDIO
        gains.append(difference[0, 0])
        np.testing.assert_allclose(difference, np.outer(np.ones(30), gains[-1] * response), atol=1e-4)
    assert -6 <= min(gains) < -3 and 3 < max(gains) <= 6


def test_hidden_bands_take_the_mean_of_the_utterance():
    config = CONFIG.override("augmentation.frequency_masks=1", "augmentation.frequency_mask_share=0.5")
    means = AUDIO.mean(axis=0, dtype=float)
    widths, hidden_ever = [], np.zeros(STATIC, bool)
    for seed in SEEDS:
        audio, _ = changed(config, seed)
        hidden = np.ptp(audio, axis=0) == 0
        static, *deltas = np.split(hidden, 3)
        for order in deltas:
            np.testing.assert_array_equal(order, static)
        assert is_stretch(static)
        np.testing.assert_allclose(audio[0, hidden], means[hidden], rtol=1e-5)
        np.testing.assert_array_equal(audio[:, ~hidden], AUDIO[:, ~hidden])
        widths.append(static.sum())
        hidden_ever |= static
    assert min(widths) == 0 and 4 <= max(widths) <= 5
    assert hidden_ever[:-1].all()


def test_hidden_frames_are_zero():
    config = CONFIG.override("augmentation.time_masks=1", "augmentation.time_mask_share=0.4")
    lengths, hidden_ever = [], np.zeros(30, bool)
    for seed in SEEDS:
        audio, _ = changed(config, seed)
        hidden = ~audio.any(axis=1)
        assert is_stretch(hidden)
        np.testing.assert_array_equal(audio[~hidden], AUDIO[~hidden])
        lengths.append(hidden.sum())
        hidden_ever |= hidden
    assert min(lengths) <= 1 and 10 <= max(lengths) <= 12
    assert hidden_ever[:-1].all()


def test_two_masks_hide_two_stretches():
    config = CONFIG.override("augmentation.time_masks=2", "augmentation.frequency_masks=2")
    audios = [changed(config, seed)[0] for seed in SEEDS]
    assert any(not is_stretch(~audio.any(axis=1)) for audio in audios)
    assert any(not is_stretch(np.ptp(audio[audio.any(axis=1)], axis=0)[:STATIC] == 0) for audio in audios)


def test_a_single_frame():
    config = CONFIG.override("augmentation.time_masks=2", "augmentation.frequency_masks=2", "augmentation.gain_db=1")
    for seed in SEEDS[:5]:
        audio, _ = changed(config, seed, AUDIO[:1])
        assert audio.shape == (1, 27) and audio.any()


def test_dropped_words_are_unknown_and_padding_stays():
    config = CONFIG.override("augmentation.word_dropout=0.3")
    words = np.array([changed(config, seed)[1] for seed in SEEDS])
    np.testing.assert_array_equal(words[:, WORDS == 0], 0)
    assert np.isin(words, [WORDS, np.ones_like(WORDS)]).all()
    dropped = (words != WORDS)[:, WORDS > 1]
    np.testing.assert_array_equal(words[:, WORDS > 1][dropped], 1)
    # 280 words: the share lies within 0.08 of 0.3 with a chance of 99.7 %.
    assert abs(dropped.mean() - 0.3) < 0.08
    assert dropped.any(axis=0).all()


def misheard(seed, words, settings=()):
    """Words after the augmentation, from a vocabulary so large that no word is drawn that was there before."""
    config = CONFIG.override("augmentation.word_error_rate=0.6", *settings)
    inputs = {"word_ids": tf.constant(words)}
    new, _ = augment(config, 2**31 - 1)((inputs, tf.constant(LABEL)), tf.constant(seed, tf.int64))
    assert new["word_ids"].dtype == tf.int32
    return new["word_ids"].numpy()


def test_misheard_words_make_the_word_error_rate_that_was_drawn():
    """Over many transcripts the rates are spread evenly up to the largest one, and so are the kinds of error."""
    words = np.arange(2, 102, dtype=np.int32)
    lost, added = [], []
    for seed in range(150):
        heard = misheard(seed, words)
        kept = np.isin(heard, words)
        # What remains stays in its order.
        assert (np.diff(heard[kept]) > 0).all()
        lost.append(100 - kept.sum())
        added.append((~kept).sum())
    # A word is replaced, left out and followed by another with a third of the rate each; so two thirds of it are lost
    # and two thirds are added. The rates drawn have the mean 0.3 and the deviation 0.17.
    assert np.mean(lost) == pytest.approx(20, abs=3) and np.mean(added) == pytest.approx(20, abs=3)
    # The quartiles of the rate are 0.15 and 0.45.
    assert np.quantile(lost, [0.25, 0.75]) == pytest.approx([10, 30], abs=5)
    assert np.corrcoef(lost, added)[0, 1] > 0.6
    assert max(lost) < 60


def test_misheard_words_are_drawn_from_the_vocabulary():
    config = CONFIG.override("augmentation.word_error_rate=0.9")
    heard = np.concatenate([changed(config, seed)[1] for seed in SEEDS])
    assert set(heard.tolist()) == set(range(VOCABULARY_SIZE))


def test_misheard_transcripts_end_in_time_and_are_never_without_a_place():
    words = np.arange(2, 12, dtype=np.int32)
    assert max(len(misheard(seed, words, ["words.max_words=10"])) for seed in SEEDS) == 10
    lengths = [len(misheard(seed, words[:1])) for seed in range(60)]
    assert set(lengths) == {1, 2}
    assert any(not misheard(seed, words[:1]).any() for seed in range(60))
    for seed in SEEDS:
        np.testing.assert_array_equal(misheard(seed, np.zeros(1, np.int32)), [0])


def test_same_seed_same_errors():
    for seed in SEEDS[:5]:
        np.testing.assert_array_equal(misheard(seed, WORDS), misheard(seed, WORDS))
    assert len({misheard(seed, WORDS).tobytes() for seed in SEEDS}) > 20


def test_transcript_dropout_leaves_out_whole_transcripts_and_never_the_audio():
    config = CONFIG.override("augmentation.transcript_dropout=0.4")
    left_out = []
    for seed in range(300):
        audio, words = changed(config, seed)
        np.testing.assert_array_equal(audio, AUDIO)
        assert not words.any() or np.array_equal(words, WORDS)
        left_out.append(not words.any())
    # 0.1 is more than three deviations of such a share.
    assert np.mean(left_out) == pytest.approx(0.4, abs=0.1)


def test_transcript_dropout_leaves_a_model_that_only_reads_its_words():
    config = CONFIG.override("augmentation.transcript_dropout=0.9")
    for seed in SEEDS:
        new, _ = augment(config, VOCABULARY_SIZE)(
            ({"word_ids": tf.constant(WORDS)}, tf.constant(LABEL)), tf.constant(seed, tf.int64)
        )
        np.testing.assert_array_equal(new["word_ids"], WORDS)


def left_out(config, seeds, words=WORDS):
    """For each seed what the utterance lost: `audio`, `words`, both, or nothing, the rest of it being whole."""
    lost = []
    for seed in seeds:
        audio, read = changed(config, seed, words=words)
        assert not audio.any() or np.array_equal(audio, AUDIO)
        assert not read.any() or np.array_equal(read, words)
        lost.append("audio" * (not audio.any()) + "words" * (not read.any()))
    return lost


def test_one_modality_or_the_other_is_left_out_and_never_both():
    config = CONFIG.override(
        "model.learned_placeholders=true", "augmentation.audio_dropout=0.2", "augmentation.transcript_dropout=0.5"
    )
    lost = left_out(config, range(400))
    shares = {name: lost.count(name) / len(lost) for name in set(lost)}
    # 0.08 is more than three deviations of such a share.
    assert shares == pytest.approx({"audio": 0.2, "words": 0.5, "": 0.3}, abs=0.08)


def test_audio_alone_may_be_left_out():
    config = CONFIG.override("model.learned_placeholders=true", "augmentation.audio_dropout=0.3")
    lost = left_out(config, range(300))
    assert set(lost) == {"audio", ""} and lost.count("audio") / 300 == pytest.approx(0.3, abs=0.09)


def test_what_has_no_words_keeps_its_audio():
    config = CONFIG.override("model.learned_placeholders=true", "augmentation.audio_dropout=0.9")
    assert set(left_out(config, SEEDS, words=np.zeros(4, np.int32))) == {"words"}


def test_marks_of_earlier_turns_are_neither_dropped_nor_misheard_nor_made():
    words = np.array([7, 4, 9, 2, 5, 1, 3, 6, 8, 0], np.int32)
    config = CONFIG.override("words.context_turns=2", "augmentation.word_dropout=0.9")
    for seed in SEEDS:
        _, found = changed(config, seed, words=words)
        np.testing.assert_array_equal(found[[3, 6, 9]], [2, 3, 0])
        assert set(found[[0, 1, 2, 4, 5, 7, 8]]) <= {1, 4, 5, 6, 7, 8, 9}
    config = CONFIG.override("words.context_turns=2", "augmentation.word_error_rate=0.95")
    for seed in SEEDS:
        _, found = changed(config, seed, words=words)
        assert [word for word in found if word in (2, 3)] == [2, 3]
