"""TextCNN against its equations."""

import numpy as np
import references
from checks import check_model
from small_models import check_equations, fitted_for, small

SETTINGS = ("name=text_cnn", "modality=text", "text_kernel_sizes=[3, 4, 5]", "dense_units=null")


def test_contract():
    config = small(*SETTINGS)
    check_model(config, fitted_for(config))


def test_forward_pass():
    def vectors(model, _, embeddings):
        values = model.get_layer("text_cnn").get_weights()
        every_word = np.ones(len(embeddings), bool)
        maps = references.multi_scale(embeddings, list(zip(values[::2], values[1::2], strict=True)), every_word)
        return [references.statistics(maps, every_word)[0]]

    check_equations(small(*SETTINGS), vectors)
