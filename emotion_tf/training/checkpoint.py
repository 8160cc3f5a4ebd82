"""One file from which a training that was stopped goes on as if nothing had been."""

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import write_bytes, write_text


class Checkpoint(keras.callbacks.Callback):
    """Keeps all that the epochs to come depend on in one file, and the history of those that were in another.

    Keras' own `BackupAndRestore` does not serve: it forgets the seeds of dropout and the patience of early stopping,
    and what it is writing when the process is killed is lost.

    Args:
        path: The file, an `.npz` that is replaced after every epoch.
        history: A `history.csv`, with a row for every epoch.
        stopping: The early stopping of the same training, which stands before this callback in the list.
        writes: Whether to write; of several processes that train together, one does.

    Attributes:
        next_epoch: Number of the epoch that comes next.
        stopped: Whether early stopping has ended the training.
    """

    def __init__(self, path: Path, history: Path, stopping: keras.callbacks.EarlyStopping, writes: bool = True):
        super().__init__()
        self._path, self._history, self._stopping, self._writes = path, history, stopping, writes
        self._rows: list[dict[str, float]] = []
        self._arrays: dict[str, np.ndarray] = {}
        self.stopped = False
        if path.exists():
            self._read()

    @property
    def next_epoch(self) -> int:
        """Number of the epoch that comes next."""
        return len(self._rows)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Sets network, optimizer and early stopping to where they were."""
        if not self._rows:
            return
        variables = self._variables()
        try:
            for place, variable in enumerate(variables):
                variable.assign(self._arrays[f"variable {place}"])
            self._stopping.wait, self._stopping.best = int(self._arrays["wait"]), float(self._arrays["best"])
            if self._stopping.restore_best_weights:
                names = [f"best weight {place}" for place in range(len(self.model.weights))]
                self._stopping.best_weights = [self._arrays[name] for name in names]
        except (KeyError, ValueError) as error:
            raise self._unusable(error) from None
        self._arrays = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes the history, and then the checkpoint, without which the epoch did not happen."""
        self._rows.append({name: float(value) for name, value in sorted((logs or {}).items())})
        if self._writes:
            self._write_history()
            self._write()

    def _variables(self) -> list[Any]:
        """Weights, seeds and the state of the optimizer."""
        optimizer = self.model.optimizer
        if not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        return [*self.model.variables, *optimizer.variables]

    def _write_history(self) -> None:
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, ["epoch", *self._rows[0]], lineterminator="\n")
        table.writeheader()
        table.writerows({"epoch": epoch, **row} for epoch, row in enumerate(self._rows))
        write_text(self._history, text.getvalue())

    def _write(self) -> None:
        arrays = {f"variable {place}": np.asarray(variable) for place, variable in enumerate(self._variables())}
        for place, weight in enumerate(self._stopping.best_weights or ()):
            arrays[f"best weight {place}"] = weight
        content = io.BytesIO()
        np.savez(
            content,
            rows=json.dumps(self._rows),
            stopped=bool(self.model.stop_training),
            wait=self._stopping.wait,
            best=float(self._stopping.best),
            **arrays,  # type: ignore[arg-type]  # numpy says that all keywords are flags
        )
        write_bytes(self._path, content.getvalue())

    def _read(self) -> None:
        try:
            # Never with pickle, by which a file could execute what it likes.
            with np.load(self._path, allow_pickle=False) as content:
                self._arrays = dict(content)
            self._rows = json.loads(str(self._arrays["rows"]))
            self.stopped = bool(self._arrays["stopped"])
        except (EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise self._unusable(error) from None

    def _unusable(self, error: Exception) -> EmotionTFError:
        return EmotionTFError(
            f"{self._path} is damaged, or is of another network ({error})",
            expected="what an earlier epoch of this training wrote",
            fix="delete it, and the fold is trained from its beginning",
        )
