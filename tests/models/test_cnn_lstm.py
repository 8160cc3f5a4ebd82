"""The convolutions with an LSTM against their equations."""

import references
from checks import check_model
from small_models import check_equations, fitted_for, small

SETTINGS = ("name=cnn_lstm", "modality=audio", "dense_units=null")


def test_contract():
    config = small(*SETTINGS)
    check_model(config, fitted_for(config))


def test_forward_pass():
    def vectors(model, frames, _):
        image = frames[..., None]
        values = model.get_layer("audio_cnn").get_weights()
        for kernel, bias in zip(values[::2], values[1::2], strict=True):
            image = references.convolve_and_halve(image, kernel, bias)
        sequence = image.reshape(len(image), -1)
        return [references.both_directions(sequence, model.get_layer("audio_lstm").get_weights())[1]]

    check_equations(small(*SETTINGS), vectors)
