"""Temperature scaling: how sure a trained network is, set right on speakers it was not trained on."""

from collections.abc import Iterator

import numpy as np
from scipy.special import log_softmax
from sklearn.model_selection import GroupKFold, KFold

from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.models.temperature import likeliest_temperature

PRIOR_DEVIATION = 0.2
"""Standard deviation of the logarithm of the temperature before the dev part is seen.

The dev part may be the 28 clips of one speaker, and such a speaker says little of others: without a prior the
temperatures of such parts scatter from 0.3 to 1.3 and leave the probabilities worse than they were.
"""

PARTS = 5
"""Parts into which a dev part is divided to judge a temperature, by speaker where there are several."""


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
    """
    return likeliest_temperature(_logits(predictions), predictions.labels, PRIOR_DEVIATION)


def choose_temperature(predictions: Predictions) -> float:
    """The temperature of `fit_temperature` if it is to be trusted, otherwise 1.

    It is, if temperatures that are fitted on the other parts better the log loss of each part of the utterances. And
    one speaker alone can make a network less sure, but not surer: the weights were chosen by the same utterances, so
    that the network is right there more often than elsewhere.

    Args:
        predictions: What the network says of the dev part.
    """
    temperature = fit_temperature(predictions)
    speakers = len(set(predictions.speakers))
    if len(predictions.ids) < 2 or (speakers == 1 and temperature < 1):
        return 1.0
    logits, labels = _logits(predictions), predictions.labels
    before = after = 0.0
    for known, held_out in _parts(predictions):
        fitted = likeliest_temperature(logits[known], labels[known], PRIOR_DEVIATION)
        before += _log_loss(logits[held_out], labels[held_out])
        after += _log_loss(logits[held_out] / fitted, labels[held_out])
    return temperature if after < before else 1.0


def _parts(predictions: Predictions) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places of the utterances on which a temperature is fitted, and of those by which it is judged."""
    places, speakers = np.arange(len(predictions.ids)), len(set(predictions.speakers))
    if speakers > 1:
        yield from GroupKFold(min(PARTS, speakers)).split(places, groups=list(predictions.speakers))
    else:
        yield from KFold(min(PARTS, len(places)), shuffle=True, random_state=0).split(places)


def _logits(predictions: Predictions) -> np.ndarray:
    """Probabilities are as good as logits here, since a softmax does not see what is added to all of them."""
    return np.log(np.maximum(predictions.probabilities, np.finfo(np.float32).tiny))


def _log_loss(logits: np.ndarray, labels: np.ndarray) -> float:
    """The sum of the log losses of some utterances, in nats."""
    return float(-log_softmax(logits, axis=1)[np.arange(len(labels)), labels].sum())
