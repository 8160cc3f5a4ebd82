"""The temperature of a softmax: what logits are divided by."""

import keras
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from emotion_tf.models.blocks import DIMENSION_SHARES


def likeliest_temperature(
    logits: np.ndarray, classes: np.ndarray, prior_deviation: float = np.inf, largest_logarithm: float = 3.0
) -> float:
    """Finds the temperature by which some logits have to be divided so that the true classes are most likely.

    Args:
        logits: (N, C) logits, or logarithms of probabilities.
        classes: (N,) true class indices.
        prior_deviation: Standard deviation of a normal prior of the logarithm of the temperature, around zero; infinite
            for no prior.
        largest_logarithm: The logarithm is sought from its negative to it. Where no answer is wrong, the temperature
            without a prior would fall for ever.

    Example: three of four answers are right, and each was sure by 97 to 1.

    >>> logits = np.log([[0.97, 0.01, 0.01, 0.01]] * 4)
    >>> print(f"{likeliest_temperature(logits, np.array([0, 0, 0, 1])):.2f}")
    2.08

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    rows = np.arange(len(logits))

    def cost(logarithm: float) -> float:
        scaled = log_softmax(logits * np.exp(-logarithm), axis=1)
        return -scaled[rows, classes].sum() + (logarithm / prior_deviation) ** 2 / 2

    bounds = (-largest_logarithm, largest_logarithm)
    return float(np.exp(minimize_scalar(cost, bounds=bounds, method="bounded").x))


def scale_probabilities(network: keras.Model, temperature: float) -> None:
    """Divides the logits of a network by a temperature, for good: no export needs a new op for it.

    Args:
        network: Any model of `emotion_tf.models`; the weights of the last layer that has any are changed, a head of
            dimensions aside.
        temperature: The temperature.
    """
    last = [layer for layer in network.layers if layer.weights and layer.name != DIMENSION_SHARES][-1]
    last.set_weights([weight / temperature for weight in last.get_weights()])
