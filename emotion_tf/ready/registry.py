"""The ready models by name, and the one that answers where none is named."""

from dataclasses import dataclass
from pathlib import Path

from emotion_tf.errors import EmotionTFError
from emotion_tf.frontend.encoders.registry import ENCODERS
from emotion_tf.frontend.encoders.weights import EXTRA, availability

FOLDER = Path(__file__).parent

NETWORK = "model.keras"
"""The trained network in the folder of each, from features to probabilities."""


@dataclass(frozen=True)
class ReadyModel:
    """A model that is part of the package.

    Args:
        name: What it is called, and its folder.
        description: What it is, in a line.
        asked: The file in the folder that answers.
        encoder: The pretrained encoder that it hears with, which is not part of the package; None where it is whole.
    """

    name: str
    description: str
    asked: str = NETWORK
    encoder: str | None = None

    @property
    def artefact(self) -> Path:
        """The file that answers."""
        return FOLDER / self.name / self.asked

    @property
    def network(self) -> Path:
        """The trained network as `.keras`, from features to probabilities, for explanations and further training."""
        return FOLDER / self.name / NETWORK

    @property
    def card(self) -> Path:
        """The model card: corpora, licence, figures, limits."""
        return FOLDER / self.name / "MODEL_CARD.md"

    @property
    def complete(self) -> bool:
        """Whether all that it needs is on this machine. Nothing is fetched."""
        return self.encoder is None or bool(availability(ENCODERS[self.encoder]))


READY = {
    model.name: model
    for model in (
        ReadyModel("speech", "Hears with the first blocks of Whisper base.", encoder="whisper-base"),
        ReadyModel("student", "Small, whole, and asked without TensorFlow.", asked="model.tflite"),
    )
}
"""Every ready model, the best first."""


def ready_model(name: str | Path) -> ReadyModel | None:
    """The ready model of a name; None where there is none, or where a file or folder of this name is meant.

    Args:
        name: What a user named as a model.

    Example:

    >>> ready_model("student").encoder is None, ready_model("export/mine") is None
    (True, True)
    """
    return None if Path(name).exists() else READY.get(str(name))


def default_model() -> tuple[ReadyModel, str]:
    """The ready model that answers where none is named, and what to say about the choice.

    Returns:
        The best one whose encoder is on this machine, and a line that says what a better one lacks; "" where nothing
        better is lacking.

    Raises:
        EmotionTFError: If the package has been installed without its models.
    """
    lacking = ""
    for model in READY.values():
        if model.complete and model.artefact.is_file():
            return model, lacking and f"answered by the ready model {model.name}; {lacking}"
        if model.encoder is not None and not lacking:
            lacking = f"a better one needs the encoder {model.encoder}: {EXTRA}"
    raise EmotionTFError(
        "the ready models are missing from this installation", fix="install the package again, or name a model"
    )
