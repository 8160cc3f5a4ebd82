"""The single-layer CNN against its equations."""

import numpy as np
import pytest
import references
from checks import check_model
from small_models import check_equations, fitted_for, small


@pytest.mark.parametrize(("pooling", "row"), [("max", 0), ("average", 1)])
def test_contract_and_forward_pass(pooling, row):
    def vectors(model, frames, _):
        every_frame = np.ones(len(frames), bool)
        maps = references.multi_scale(frames, [tuple(model.get_layer("audio_cnn").get_weights())], every_frame)
        return [references.statistics(maps, every_frame)[row]]

    config = small("name=cnn", "modality=audio", "audio_kernel_sizes=[7]", f"pooling={pooling}")
    check_model(config, fitted_for(config))
    check_equations(config, vectors)
