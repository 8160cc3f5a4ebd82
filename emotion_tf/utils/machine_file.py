"""The note of a trained model that is no network, and so can neither be loaded nor exported."""

from pathlib import Path

from emotion_tf.errors import EmotionTFError

NAME = "machine.json"
"""Stands in the folder of such a model, where that of a network has `model.keras`."""


def refuse_machine(folder: Path) -> None:
    """Says why a model is no network, if it is none.

    Args:
        folder: The folder of a model.

    Raises:
        EmotionTFError: If it holds such a note.
    """
    if (folder / NAME).is_file():
        raise EmotionTFError(
            f"{folder} holds a support vector machine over openSMILE's functionals, which is no network",
            expected="a model that hears by itself: openSMILE runs neither in TensorFlow nor in TFLite",
            fix="take it as a yardstick in tables, and export another preset, such as strong-audio",
        )
