"""What a run has left behind, read again."""

from pathlib import Path
from typing import Any

from emotion_tf.errors import EmotionTFError
from emotion_tf.files import read_json

NEEDED = ("corpus", "protocol", "notes", "settings")


def read_run(workdir: str | Path, *results: str) -> dict[str, Any]:
    """Reads the `config.json` of a run, which says what its predictions cannot.

    Args:
        workdir: The run's folder.
        *results: Names of files that must be there beside it.

    Raises:
        EmotionTFError: If the folder is no run's, or lacks a result.
    """
    workdir = Path(workdir)
    for name in ("config.json", *results):
        if not (workdir / name).exists():
            raise EmotionTFError(
                f"{workdir} is no finished run",
                expected=f"a folder with {name}",
                fix="name a folder that training wrote, and train it to its end",
            )
    content = read_json(workdir / "config.json")
    if not isinstance(content, dict) or not set(NEEDED) <= set(content):
        raise EmotionTFError(
            f"{workdir / 'config.json'} is not what a run wrote",
            expected=f"an object with {', '.join(NEEDED)}",
            fix="name a folder that training wrote",
        )
    # Runs of before there were recognisers do not say whose transcripts they read.
    return {"transcripts": "reference", **content}
