"""Earlier turns in the transcript that a network reads, in Python and in the graph."""

import numpy as np
import pytest
import tensorflow as tf

from emotion_tf.text.dialogue import Turn, with_context
from emotion_tf.text.graph_vocabulary import GraphVocabulary, tokenize_graph
from emotion_tf.text.tokenizer import tokenize
from emotion_tf.text.vocabulary import MARK_IDS, Vocabulary

CONTEXT = (Turn("Where were you?"), Turn("At HOME.", same_speaker=True), Turn("You weren't"))
WORDS = ("", "[UNK]", "xxsame", "xxother", "i", "was", "at", "home", "were", "you", "not", "?", "!")


@pytest.mark.parametrize(
    ("turns", "ids"),
    [
        (0, [4, 5, 12]),
        (1, [4, 5, 12, 3, 9, 8, 10]),
        (2, [4, 5, 12, 3, 9, 8, 10, 2, 6, 7]),
        (3, [4, 5, 12, 3, 9, 8, 10, 2, 6, 7, 3, 1, 8, 9, 11]),
        (16, [4, 5, 12, 3, 9, 8, 10, 2, 6, 7, 3, 1, 8, 9, 11]),
    ],
)
def test_ids_are_those_looked_up_by_hand(turns, ids):
    vocabulary = Vocabulary(WORDS)
    text = with_context("I was!", CONTEXT, turns)
    assert vocabulary.encode(text, 128).tolist() == ids
    assert GraphVocabulary(vocabulary).encode(tf.constant([text]), 128).numpy().tolist() == [ids]
    # What is cut is what was said first.
    assert vocabulary.encode(text, 6).tolist() == ids[:6]


def test_a_turn_without_words_is_passed_over_and_the_one_before_it_is_read():
    context = (Turn("So?"), Turn("…"), Turn(" "))
    assert with_context("Yes", context, 1) == "Yes xxother So?"


@pytest.mark.parametrize("text", ["", " ", "…"])
def test_without_a_present_word_nothing_is_read(text):
    assert with_context(text, CONTEXT, 3) == text


def test_marks_in_a_text_are_no_marks():
    said = with_context("one XXSAME two", [Turn("xxother three", same_speaker=True)], 1)
    assert tokenize(said) == ["one", "two", "xxsame", "three"]


def test_graph_splits_marked_text_as_python_does(sentences):
    rng = np.random.default_rng(0)
    texts = []
    for number in range(8, 400):
        context = [Turn(text, bool(rng.integers(2))) for text in sentences[number - 8 : number]]
        texts.append(with_context(sentences[number], context, 1 + number % 8))
    found = tokenize_graph(tf.constant(texts)).to_list()
    assert [[token.decode() for token in row] for row in found] == [tokenize(text) for text in texts]
    marked = [text for text in texts if "xxsame" in tokenize(text) and "xxother" in tokenize(text)]
    assert len(marked) > 200


def test_vocabulary_with_marks():
    vocabulary = Vocabulary.build(["so so sad sad"], 10, 2, marks=("xxsame", "xxother"))
    assert vocabulary.words == ("", "[UNK]", "xxsame", "xxother", "sad", "so")
    assert (vocabulary.num_special, vocabulary.has_marks, MARK_IDS) == (4, True, (2, 3))
    assert Vocabulary.parse(vocabulary.serialize()) == vocabulary
    plain = Vocabulary.build(["so so sad sad"], 10, 2)
    assert (plain.words, plain.num_special, plain.has_marks) == (("", "[UNK]", "sad", "so"), 2, False)
