"""MDRE and MDREA against their equations."""

import numpy as np
import pytest
import references
from checks import check_model
from small_models import check_equations, fitted_for, small


@pytest.mark.parametrize("attention", ["false", "true"], ids=["MDRE", "MDREA"])
def test_contract(attention):
    config = small("name=mdre", f"attention={attention}", "dense_units=null")
    check_model(config, fitted_for(config))


def heard(model, frames):
    state = references.gru(frames, *model.get_layer("audio_gru").get_weights())[-1]
    return np.tanh(references.dense(state, *model.get_layer("audio_vector").get_weights()))


def test_forward_pass_of_mdre():
    def vectors(model, frames, embeddings):
        state = references.gru(embeddings, *model.get_layer("text_gru").get_weights())[-1]
        read = np.tanh(references.dense(state, *model.get_layer("text_vector").get_weights()))
        return [heard(model, frames), read]

    check_equations(small("name=mdre", "attention=false", "dense_units=null"), vectors)


def test_forward_pass_of_mdrea():
    def vectors(model, frames, embeddings):
        context = heard(model, frames)
        states = references.gru(embeddings, *model.get_layer("text_gru").get_weights())[1:]
        return [context, references.attend(context, states)]

    check_equations(small("name=mdre", "attention=true"), vectors)
