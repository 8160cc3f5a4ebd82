"""Temperature scaling: how sure a trained network is, set right on speakers it was not trained on."""

import keras
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from emotion_tf.evaluation.predictions import Predictions

PRIOR_DEVIATION = 0.2
"""Standard deviation of the logarithm of the temperature before the dev part is seen.

The dev part may be the 28 clips of one speaker, and such a speaker says little of others: without a prior the
temperatures of such parts scatter from 0.3 to 1.3 and leave the probabilities worse than they were.
"""

LARGEST_LOG_TEMPERATURE = 3.0


def fit_temperature(predictions: Predictions) -> float:
    """Fits the temperature by which the logits of a network are to be divided.

    It is the likeliest one given the labels, and given that its logarithm has a normal distribution around zero.

    Args:
        predictions: What the network says of utterances that it was not trained on.

    Returns:
        More than one for a network that is too sure of itself, less than one for one that is not sure enough.

    Example:

    >>> sure = [0.97, 0.01, 0.01, 0.01]
    >>> three_right_of_four = Predictions("abcd", [0] * 4, "XXYY", [0, 0, 0, 1], [sure] * 4)
    >>> print(f"{fit_temperature(three_right_of_four):.2f}")
    1.14

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    """
    # Probabilities are as good as logits here, since a softmax does not see what is added to all of them.
    logits = np.log(np.maximum(predictions.probabilities, np.finfo(np.float32).tiny))
    rows = np.arange(len(logits))

    def cost(log_temperature: float) -> float:
        scaled = log_softmax(logits * np.exp(-log_temperature), axis=1)
        return -scaled[rows, predictions.labels].sum() + (log_temperature / PRIOR_DEVIATION) ** 2 / 2

    bounds = (-LARGEST_LOG_TEMPERATURE, LARGEST_LOG_TEMPERATURE)
    return float(np.exp(minimize_scalar(cost, bounds=bounds, method="bounded").x))


def scale_probabilities(network: keras.Model, temperature: float) -> None:
    """Divides the logits of a network by a temperature, for good: no export needs a new op for it.

    Args:
        network: Any model of `emotion_tf.models`; the weights of the last layer that has any are changed.
        temperature: What `fit_temperature` found.
    """
    last = [layer for layer in network.layers if layer.weights][-1]
    last.set_weights([weight / temperature for weight in last.get_weights()])
