"""The files beside an artefact without which it cannot be used."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emotion_tf.config import Config
from emotion_tf.errors import EmotionTFError
from emotion_tf.text.tokenizer import check_tokenizer
from emotion_tf.text.vocabulary import Vocabulary
from emotion_tf.utils.checksums import check_files
from emotion_tf.utils.files import read_bounded

REQUIRED = ("config.json", "labels.txt")

LEVELS = 3
"""How many places are searched: the artefact, if it is a folder, the folder in which it lies, and the one above."""


@dataclass(frozen=True)
class ModelBundle:
    """What an artefact was built with.

    Args:
        config: Its settings.
        labels: Names of the emotions, in the order of the probabilities.
        vocabulary: What its word ids mean; None if it does not read.
    """

    config: Config
    labels: tuple[str, ...]
    vocabulary: Vocabulary | None

    @classmethod
    def find(cls, artefact: Path) -> "ModelBundle":
        """Reads `config.json`, `labels.txt` and, if the model reads, `vocabulary.txt` near an artefact.

        Args:
            artefact: A file, or the folder of a SavedModel.

        Raises:
            EmotionTFError: If a file is missing or does not fit, or one of these or of the artefact is not what the
                export's SHA256SUMS says, where there is that.
        """
        artefact = artefact.absolute()
        near = [artefact, *artefact.parents][:LEVELS]
        # The folder of a run also holds a config.json, but of another kind and without labels.
        root = next((folder for folder in near if all((folder / name).is_file() for name in REQUIRED)), None)
        if root is None:
            raise EmotionTFError(
                f"the settings of {artefact} are missing",
                expected=f"{' and '.join(REQUIRED)} in the folder in which it lies or the one above",
                fix="keep an artefact in the folder in which it was exported, or copy these files along with it",
            )
        beside = (root / name for name in (*REQUIRED, "vocabulary.txt"))
        check_files(root, [artefact, *(path for path in beside if path.exists())])
        config = Config.load(root / "config.json")
        labels = tuple(read_bounded(root / "labels.txt").decode("utf-8", errors="replace").splitlines())
        if len(labels) < 2 or len(set(labels)) < len(labels) or not all(labels):
            raise EmotionTFError(
                f"{root / 'labels.txt'} does not fit the model",
                expected="two lines or more, each with another label",
                received=", ".join(map(repr, labels)) or "none",
            )
        check_tokenizer(root)
        vocabulary = Vocabulary.load(root / "vocabulary.txt") if config.model.reads else None
        return cls(config, labels, vocabulary)

    def words(self, transcript: str) -> dict[str, np.ndarray]:
        """The input `word_ids` (1, M) int32 of a transcript; nothing if the model does not read."""
        if self.vocabulary is None:
            return {}
        return {"word_ids": self.vocabulary.encode(transcript, self.config.words.max_words)[np.newaxis]}
