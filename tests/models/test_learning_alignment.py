"""Learning Alignment against its equations."""

import numpy as np
import references
from checks import check_model
from small_models import check_equations, fitted_for, small


def test_contract():
    config = small("name=learning_alignment", "recurrent_units=3")
    check_model(config, fitted_for(config))


def test_forward_pass():
    def vectors(model, frames, embeddings):
        spoken, _ = references.both_directions(frames, model.get_layer("audio_lstm").get_weights())
        written, _ = references.both_directions(embeddings, model.get_layer("text_lstm").get_weights())
        frame_kernel, word_kernel, bias = model.get_layer("alignment").get_weights()
        aligned = references.align(written, spoken, frame_kernel, word_kernel, bias)
        joined = np.concatenate([aligned, written], axis=1)
        states, _ = references.both_directions(joined, model.get_layer("joint_lstm").get_weights())
        return [states.max(axis=0) if len(states) else np.zeros(states.shape[1])]

    check_equations(small("name=learning_alignment"), vectors)
