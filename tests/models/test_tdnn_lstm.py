"""The time-delay layers with LSTMs against their equations."""

import numpy as np
import references
from checks import check_model
from small_models import check_equations, fitted_for, small

SETTINGS = ("name=tdnn_lstm", "modality=audio", "dense_units=null")


def test_contract():
    config = small(*SETTINGS)
    check_model(config, fitted_for(config))


def test_forward_pass():
    def delayed(states, apart, kernel, bias):
        """ReLU of the products with the frames before, at and after each, so far apart."""
        around = np.pad(states, [(apart, apart), (0, 0)])
        taps = [around[tap * apart :][: len(states)] @ kernel[tap] for tap in range(3)]
        return np.maximum(sum(taps) + bias, 0)

    def vectors(model, frames, _):
        states = frames
        for number, apart in ((1, 1), (2, 3)):
            states = delayed(states, apart, *model.get_layer(f"tdnn_{number}").get_weights())
            states = references.lstm(states, *model.get_layer(f"lstm_{number}").get_weights())[1:]
        return [states.mean(axis=0)]

    check_equations(small(*SETTINGS), vectors)
