"""From the name of a model to a predictor; what is not needed for its kind is not imported."""

from pathlib import Path

from emotion_tf.errors import EmotionTFError
from emotion_tf.inference.predictor import Predictor
from emotion_tf.inference.runtime import Runtime
from emotion_tf.ready import default_model, ready_model
from emotion_tf.utils.checksums import CHECKSUMS, check_files
from emotion_tf.utils.machine_file import refuse_machine

DEFAULT_MODEL = "emotion"
"""Name under which the commands of the documentation serve an export."""

TIMEOUT_SECONDS = 30.0

LEVELS = 3
"""How many folders are searched for the sums of an export: the artefact, its folder, and the one above."""


def load(model: str | Path | None = None, num_threads: int | None = None) -> Predictor:
    """Loads a model; settings, labels and vocabulary are inside it.

    A `.tflite` file is run by LiteRT, without TensorFlow.

    Args:
        model: A ready model, `speech` or `student`, which are part of the package; None takes the better one of those
            of which all is on this machine. Or one of your own, which goes before a ready one of its name: a `.tflite`
            or `.keras` file; the folder of a run, of which the chosen model is taken; the folder of an export, of which
            the SavedModel is taken; or the folder of a SavedModel, with or without versions, of which the highest is
            taken.
        num_threads: Number of threads with which LiteRT computes one utterance; None leaves it to LiteRT. The threads
            of TensorFlow are those of the process, which `tf.config.threading` sets.

    Returns:
        A predictor, which any number of threads may ask at the same time.

    Raises:
        EmotionTFError: If there is no model, or it is damaged.
    """
    artefact = default_model()[0].artefact if model is None else find_artefact(Path(model))
    _check_sums(artefact)
    return Predictor(open_runtime(artefact, num_threads))


def connect(address: str, model: str = DEFAULT_MODEL, timeout: float = TIMEOUT_SECONDS) -> Predictor:
    """Takes a model that TensorFlow Serving serves, which then hears and reads over the network.

    Args:
        address: `HOST:PORT` or `grpc://HOST:PORT` of the server's gRPC port, which needs `emotion-tf[serving]`, or
            `http://HOST:PORT` of its REST port.
        model: Name under which the model is served.
        timeout: Seconds that an answer may take.

    Raises:
        EmotionTFError: If no such model is served there; see `serving_client.ServerRuntime`.
    """
    from emotion_tf.inference.serving_client import ServerRuntime

    return Predictor(ServerRuntime(address, model, timeout))


def open_runtime(artefact: Path, num_threads: int | None = None) -> Runtime:
    """What runs an artefact: a `.keras` or `.tflite` file, or the folder with a `saved_model.pb`."""
    if artefact.suffix == ".tflite":
        from emotion_tf.inference.litert_runtime import LiteRTRuntime

        return LiteRTRuntime(artefact, num_threads)
    if artefact.is_dir():
        from emotion_tf.inference.saved_model_runtime import SavedModelRuntime

        return SavedModelRuntime(artefact)
    from emotion_tf.inference.keras_runtime import KerasRuntime

    return KerasRuntime(artefact)


def find_artefact(path: Path) -> Path:
    """The file that `path` names or means, or the folder with the `saved_model.pb` that it means."""
    if path.is_file() and path.suffix in (".keras", ".tflite"):
        return path
    ready = ready_model(path)
    if ready is not None:
        return ready.artefact
    for folder in (path / "saved_model", path):
        versions = [inner for inner in folder.glob("*") if inner.name.isdecimal()]
        for candidate in (folder, *sorted(versions, key=lambda inner: int(inner.name), reverse=True)):
            if (candidate / "saved_model.pb").is_file():
                return candidate
    for folder in (path, path / "model"):
        refuse_machine(folder)
    for file in (path / "model.keras", path / "model" / "model.keras"):
        if file.is_file():
            return file
    raise EmotionTFError(
        f"{path} is no model" if path.exists() else f"{path} does not exist",
        expected="a ready model, the folder of an export or of a finished run, a SavedModel, a .tflite or a .keras",
        fix="train or export a run first, or name the file itself",
    )


def keras_file(model: str | Path) -> Path:
    """The `.keras` file of a model: the one form from which training, adapting and distilling can go on.

    Args:
        model: A `.keras` file, the folder of a run or of an export, or a ready model.

    Raises:
        EmotionTFError: If there is none, or it is not the one that the sums of its export know.
    """
    ready = ready_model(model)
    path = Path(model) if ready is None else ready.network
    for folder in (path, path / "model"):
        refuse_machine(folder)
    candidates = (path, path / "model.keras", path / "model" / "model.keras")
    file = next((file for file in candidates if file.suffix == ".keras" and file.is_file()), None)
    if file is None:
        raise EmotionTFError(
            f"{path} holds no .keras file" if path.exists() else f"{path} does not exist",
            expected="a .keras file, or the folder of a finished run or of an export, which have one",
            fix="a .tflite or a SavedModel has no weights that can be trained; name what it was made from",
        )
    _check_sums(file)
    return file


def _check_sums(artefact: Path) -> None:
    """Compares an artefact with the sums of the export in which it lies, if it lies in one."""
    artefact = artefact.absolute()
    for folder in [artefact, *artefact.parents][:LEVELS]:
        if (folder / CHECKSUMS).is_file():
            check_files(folder, [artefact])
            return
