"""Simulated errors, measured by jiwer."""

import jiwer
import numpy as np
import pytest

from emotion_tf.asr.simulate import misheard
from emotion_tf.errors import EmotionTFError

# No word of the transcript stands in the lexicon, so that each error can be told.
TEXT = " ".join(f"word{number}" for number in range(2000))
LEXICON = ("rain", "wine", "rain")


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.6])
def test_word_error_rate_is_about_what_was_asked_for(rate):
    found = jiwer.process_words(TEXT, misheard(TEXT, rate, np.random.default_rng(0), LEXICON))
    # Five deviations of a share of 2,000 are at most 0.055; neighbours that make up for each other take the rest.
    assert rate - 0.055 - rate**2 / 9 * 2 < found.wer < rate + 0.055
    assert min(found.substitutions, found.deletions, found.insertions) > 0.2 * rate * 2000


def test_each_kind_of_error_makes_a_third():
    heard = misheard(TEXT, 0.3, np.random.default_rng(0), LEXICON).split()
    kept = [word for word in heard if word.startswith("word")]
    lost = 2000 - len(kept)  # replaced or left out
    added = len(heard) - len(kept)  # replacing or added
    assert lost == pytest.approx(400, abs=90) and added == pytest.approx(400, abs=90)
    assert lost + added - 400 == pytest.approx(400, abs=120)
    # The words that remain stay in their order, and the more frequent word of the lexicon is heard more often.
    numbers = [int(word.removeprefix("word")) for word in kept]
    assert numbers == sorted(numbers)
    assert heard.count("rain") == pytest.approx(2 * heard.count("wine"), rel=0.3)


def test_same_seed_same_errors_and_more_of_them_at_a_higher_rate():
    kept = []
    for rate in (0.0, 0.2, 0.4, 1.0):
        heard = misheard(TEXT, rate, np.random.default_rng(5), LEXICON)
        assert heard == misheard(TEXT, rate, np.random.default_rng(5), LEXICON)
        kept.append({word for word in heard.split() if word.startswith("word")})
    assert kept[0] > kept[1] > kept[2] > kept[3]
    assert misheard(TEXT, 0.2, np.random.default_rng(6), LEXICON) != misheard(
        TEXT, 0.2, np.random.default_rng(5), LEXICON
    )


def test_nothing_goes_wrong_at_zero_and_nothing_is_heard_in_silence():
    assert misheard("It's over,  isn't it?", 0.0, np.random.default_rng(0), LEXICON) == "It's over, isn't it?"
    assert misheard("", 1.0, np.random.default_rng(0), LEXICON) == ""


def test_no_lexicon():
    with pytest.raises(EmotionTFError, match="without words; expected a lexicon of at least one word"):
        misheard("so sad", 0.5, np.random.default_rng(0), ())
