"""Models by name, and what each may hear and read."""

import importlib
import re
from pathlib import Path

import pytest
from small_models import fitted_for, small

from emotion_tf import models
from emotion_tf.config import Config, ModelConfig
from emotion_tf.errors import EmotionTFError
from emotion_tf.models import MODELS, build, fitter

NETWORKS = [name for name, kind in MODELS.items() if kind.fitting != "machine"]


def test_every_model_is_a_function_in_a_module_of_its_name():
    for name in NETWORKS:
        module, kind = importlib.import_module(f"emotion_tf.models.{name}"), MODELS[name]
        assert callable(getattr(module, name)) and kind.modalities and kind.description
        assert (kind.fitting == "at_once") == hasattr(module, "fit")
    assert fitter("svm") is importlib.import_module("emotion_tf.models.svm").fit


def test_no_other_module_builds_a_model():
    """What is not in the registry is a part of models, or an experiment that somebody forgot."""
    shared = {"blocks", "preprocessing", "speech", "temperature"}
    folder = Path(models.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == {*NETWORKS, *shared}


@pytest.mark.parametrize("name", NETWORKS)
def test_inputs_are_those_of_the_modality(name):
    for modality in MODELS[name].modalities:
        config = small(f"name={name}", f"modality={modality}", f"learned_placeholders={str(name == 'experts').lower()}")
        network = build(config, fitted_for(config))
        expected = {"audio": ["features"], "text": ["word_ids"], "both": ["features", "word_ids"]}[modality]
        assert network.name == name
        assert sorted(tensor.name for tensor in network.inputs) == expected
        assert network.output.shape == (None, 4)


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (["model.name=lstm"], "setting model.name is out of range; expected mscnn or experts or mdre or "),
        (
            ["model.name=text_cnn"],
            "setting model.modality is out of range; expected text for the model text_cnn, received both",
        ),
        (["model.name=cnn_lstm", "model.modality=text"], "expected audio for the model cnn_lstm, received text"),
        (["model.name=mdre", "model.modality=audio"], "expected both for the model mdre, received audio"),
        (
            ["model.name=mha", "speaker.embeddings=ge2e"],
            "setting speaker.embeddings is out of range; expected null for every model but mscnn and experts, received "
            "ge2e",
        ),
        (
            ["model.name=experts"],
            "setting model.learned_placeholders is out of range; expected true for the model experts, each",
        ),
        (["model.hops=0"], "setting model.hops is out of range; expected more than zero, received 0"),
        (["model.convolution=sparse"], "setting model.convolution does not fit; expected one of standard, separable"),
    ],
)
def test_settings_that_do_not_fit_the_model(assignments, message):
    with pytest.raises(EmotionTFError, match=re.escape(message)):
        Config().override(*assignments)


@pytest.mark.parametrize("name", sorted(MODELS.keys() - NETWORKS))
def test_what_is_no_network_is_not_built(name):
    config = small(f"name={name}", "modality=audio")
    assert MODELS[name].functionals
    for make in (build, models.backbone):
        with pytest.raises(EmotionTFError, match=f"the model {name} is no network"):
            make(config, fitted_for(config))


@pytest.mark.parametrize("name", ["experts", "tfidf"])
def test_what_has_no_vector_has_no_backbone(name):
    config = small(
        f"name={name}",
        f"modality={MODELS[name].modalities[0]}",
        f"learned_placeholders={str(name == 'experts').lower()}",
    )
    with pytest.raises(EmotionTFError, match=f"the model {name} has no one vector of an utterance"):
        models.backbone(config, fitted_for(config))


def test_settings_that_nobody_checked_are_checked_before_building():
    config = Config(model=ModelConfig(name="lstm"))
    with pytest.raises(EmotionTFError, match="setting model.name is out of range"):
        build(config, fitted_for(config))
