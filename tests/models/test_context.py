"""Models that read earlier turns: what the present turn says stays apart from what was said before."""

import dataclasses

import keras
import numpy as np
import pytest
import references
from checks import check_model, probabilities
from small_models import VOCABULARY, fitted_for, small

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.models import build
from emotion_tf.text.vocabulary import Vocabulary

MARKED = ("", "[UNK]", "xxsame", "xxother", *VOCABULARY[2:18])


def fitted_with_marks(config, embeddings=True):
    return dataclasses.replace(fitted_for(config, embeddings), vocabulary=Vocabulary(MARKED))


@pytest.mark.parametrize(
    "settings",
    [
        ("modality=text", "swem=true"),
        ("modality=both", "swem=true"),
        ("modality=both", "learned_placeholders=true"),
        ("name=experts", "modality=both", "learned_placeholders=true"),
    ],
)
def test_contract(settings):
    config = small(*settings).override("words.context_turns=2")
    check_model(config, fitted_with_marks(config))


def test_forward_pass_equals_the_formulas():
    """The present turn as if it stood alone, and beside it maximum and mean of all that stands behind the mark."""
    config = small("modality=text", "swem=true").override("words.context_turns=2")
    fitted, rng = fitted_with_marks(config), np.random.default_rng(0)
    model = build(config, fitted)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(0, 0.4, weight.shape))
    values = model.get_layer("text_mscnn").get_weights()
    scales = list(zip(values[::2], values[1::2], strict=True))
    transcripts = [([7, 8, 9], [3, 5, 2, 6, 6]), ([7, 8, 9], []), ([4], [2, 19]), ([12, 1, 5, 5], [3, 1])]
    expected = []
    for now, before in transcripts:
        present, earlier = fitted.embeddings[now], fitted.embeddings[before]
        maps = references.multi_scale(present, scales, np.ones(len(now), bool))
        vectors = [
            references.swem(earlier, np.ones(len(before), bool)) if before else np.zeros((2, earlier.shape[1])),
            references.statistics(maps, np.ones(len(now), bool)),
            references.swem(present, np.ones(len(now), bool)),
        ]
        expected.append(references.classify(np.concatenate([vector.ravel() for vector in vectors]), model))
    utterances = [{"word_ids": np.array(now + before, "int32")} for now, before in transcripts]
    assert np.ptp(expected, axis=0).max() > 0.05
    np.testing.assert_allclose(probabilities(model, utterances), expected, rtol=0, atol=1e-5)


def test_vocabulary_without_marks_is_refused():
    config = small("modality=text").override("words.context_turns=1")
    with pytest.raises(EmotionTFError, match="the vocabulary does not have the marks of earlier turns"):
        build(config, fitted_for(config))


def test_models_that_cannot_tell_turns_apart_are_refused():
    with pytest.raises(EmotionTFError, match=r"words\.context_turns.*0 for every model but mscnn and experts"):
        Config().override("model.name=swem", "model.modality=text", "words.context_turns=1").validate()
    Config().override("model.name=cnn", "model.modality=audio", "words.context_turns=1").validate()


def test_without_the_setting_no_layer_is_added():
    config = small("modality=text")
    names = {layer.name for layer in build(config, fitted_for(config)).layers}
    assert not names & {"present_turn", "earlier_turns", "earlier_swem"}
    assert isinstance(keras.saving.get_registered_object("emotion_tf>TurnSelection"), type)
