"""LiteRT.js, which runs `.tflite` files in browsers: npm fetches it once, and then it is kept."""

import os
import shutil
import subprocess
from pathlib import Path

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import read_json, replacing

NPM = Path(__file__).parent / "npm"
"""What npm shall install; its lock file pins the versions and the SHA-512 of every package."""

PACKAGE = "node_modules/@litertjs/core"


def litertjs() -> Path:
    """Fetches LiteRT.js the first time, into a cache, and finds it there ever after.

    The cache is the folder that the environment variable `EMOTION_TF_CACHE` names, or else `~/.cache/emotion_tf`.

    Returns:
        The folder with the packages `core` and `wasm-utils`.

    Raises:
        EmotionTFError: If npm is missing, or cannot fetch the packages that the lock file pins.
    """
    version = read_json(NPM / "package-lock.json")["packages"][PACKAGE]["version"]
    cache = os.environ.get("EMOTION_TF_CACHE") or Path.home() / ".cache" / "emotion_tf"
    kept = Path(cache) / f"litertjs-{version}"
    if not kept.is_dir():
        with replacing(kept) as temporary:
            shutil.copytree(NPM, temporary)
            _install(temporary, f"install Node.js with npm, or copy {kept} from a machine that has it")
    return kept / Path(PACKAGE).parent


def _install(folder: Path, fix: str) -> None:
    """Lets npm install in `folder` what the lock file there pins."""
    npm = shutil.which("npm")
    if npm is None:
        raise EmotionTFError("npm, which fetches LiteRT.js, is not installed", fix=fix)
    # `ci` installs what the lock file pins or nothing, from the registry of the user's own settings.
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        errors = [line.removeprefix("npm error ") for line in done.stderr.splitlines() if line.startswith("npm error ")]
        reason = "; ".join(errors[:2]) or f"exit status {done.returncode}"
        raise EmotionTFError(f"npm cannot fetch LiteRT.js ({reason})", fix=f"mend npm's network or settings; {fix}")
