import sys

import numpy as np
import pytest

from emotion_tf.asr.error_rate import normalize, word_error_rate
from emotion_tf.errors import EmotionTFError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("  I'm\tFINE.\n", "i'm fine"),
        ("I don’t; ‘really’ don't!", "i don't really don't"),
        ("'Tis the dogs' bone, rock 'n' roll", "tis the dogs bone rock n roll"),
        ("well-known… a_b (50%)", "well known a b 50"),
        ("Zoë’s café", "zoë's café"),
        ("''", ""),
    ],
)
def test_normalize(text, expected):
    assert normalize(text) == expected
    assert normalize(expected) == expected


def distance(reference, hypothesis):
    """Fewest substitutions, deletions and insertions between two lists of words."""
    table = np.zeros((len(reference) + 1, len(hypothesis) + 1), int)
    table[:, 0], table[0, :] = np.arange(len(reference) + 1), np.arange(len(hypothesis) + 1)
    for row, said in enumerate(reference, start=1):
        for column, heard in enumerate(hypothesis, start=1):
            table[row, column] = min(
                table[row - 1, column - 1] + (said != heard), table[row - 1, column] + 1, table[row, column - 1] + 1
            )
    return table[-1, -1]


def test_rate_is_the_edit_distance_over_all_words():
    random = np.random.default_rng(0)
    references = [" ".join(random.choice(list("abcd"), size)) for size in range(1, 21)]
    hypotheses = [" ".join(random.choice(list("abcd"), size)) for size in random.integers(0, 21, 20)]
    rate = word_error_rate(references, hypotheses)
    errors = sum(distance(said.split(), heard.split()) for said, heard in zip(references, hypotheses, strict=True))
    assert rate["words"] == sum(range(1, 21))
    assert rate["substitutions"] + rate["deletions"] + rate["insertions"] == errors
    assert rate["wer"] == pytest.approx(errors / rate["words"])


def test_kinds_of_errors():
    assert word_error_rate(["Get out now!", "I miss her.", "Bye."], ["get out", "i kiss her so", "“Bye”"]) == {
        "wer": pytest.approx(3 / 7),
        "substitutions": 1,
        "deletions": 1,
        "insertions": 1,
        "words": 7,
    }


def test_empty_texts():
    """What is understood where nothing is said is inserted, where nothing is understood all is deleted."""
    rate = word_error_rate(["", "...", "a b"], ["x y", "", ""])
    assert rate == {"wer": 2.0, "substitutions": 0, "deletions": 2, "insertions": 2, "words": 2}


@pytest.mark.parametrize(("references", "hypotheses"), [([], []), (["", "?"], ["a", ""])])
def test_no_words_at_all(references, hypotheses):
    with pytest.raises(EmotionTFError, match="no word error rate without words"):
        word_error_rate(references, hypotheses)


def test_unequal_numbers():
    with pytest.raises(EmotionTFError, match="expected 1 hypotheses, as many as references, received 2"):
        word_error_rate(["a"], ["a", "b"])


def test_jiwer_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "jiwer", None)
    with pytest.raises(EmotionTFError, match=r"needs jiwer.* To fix: pip install 'emotion-tf\[asr\]'"):
        word_error_rate(["a"], ["a"])
