"""Ready models: networks that this package has trained and carries, each in a folder with its model card.

Their weights are CC BY-NC-SA 4.0, for non-commercial use, as the corpora are that they were trained on. Importing this
package imports no TensorFlow.
"""

from emotion_tf.ready.registry import READY, ReadyModel, default_model, ready_model

__all__ = ["READY", "ReadyModel", "default_model", "ready_model"]
