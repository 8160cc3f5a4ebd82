"""The multi-resolution network against its equations."""

import numpy as np
import references
from checks import check_model
from small_models import check_equations, fitted_for, small


def test_contract():
    config = small("name=multi_resolution", "recurrent_units=3")
    check_model(config, fitted_for(config))


def test_forward_pass():
    def vectors(model, frames, embeddings):
        _, heard = references.both_directions(frames, model.get_layer("audio_lstm").get_weights())
        values = model.get_layer("text_cnn").get_weights()
        every_word = np.ones(len(embeddings), bool)
        maps = references.multi_scale(embeddings, list(zip(values[::2], values[1::2], strict=True)), every_word)
        return [heard, references.statistics(maps, every_word)[0]]

    check_equations(small("name=multi_resolution"), vectors)
