"""The SWEM classifier against its equations."""

import numpy as np
import references
from checks import check_model
from small_models import check_equations, fitted_for, small


def test_contract():
    config = small("name=swem", "modality=text")
    check_model(config, fitted_for(config))


def test_forward_pass():
    def vectors(_, __, embeddings):
        return [references.swem(embeddings, np.ones(len(embeddings), bool))]

    check_equations(small("name=swem", "modality=text"), vectors)
