"""MHA against its equations."""

import pytest
import references
from checks import check_model
from small_models import check_equations, fitted_for, small


def test_contract():
    config = small("name=mha", "hops=3", "recurrent_units=3", "dense_units=null")
    check_model(config, fitted_for(config))


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_forward_pass(hops):
    def vectors(model, frames, embeddings):
        spoken, heard = references.both_directions(frames, model.get_layer("audio_lstm").get_weights())
        written, _ = references.both_directions(embeddings, model.get_layer("text_lstm").get_weights())
        first = references.attend(heard, written)
        second = references.attend(first, spoken)
        third = references.attend(second, written)
        return {1: [heard, first], 2: [first, second], 3: [second, third]}[hops]

    check_equations(small("name=mha", f"hops={hops}", "dense_units=null"), vectors)
