"""What is measured in a process of its own, whose threads and memory nothing else has touched."""

import os
import subprocess
import sys
from pathlib import Path

from emotion_tf.errors import EmotionTFError


def run_apart(module: str, *arguments: str | Path) -> str:
    """Runs a module of ours in a process of its own.

    Returns:
        What it printed.

    Raises:
        EmotionTFError: If it failed, with its last words.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    if done.returncode:
        raise EmotionTFError(
            f"python -m {module} failed",
            received=(done.stderr.strip().splitlines() or [f"the exit code {done.returncode}"])[-1],
        )
    return done.stdout
