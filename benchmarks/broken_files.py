"""Predicts a thousand files, every second of which is broken, and counts right answers and clear lines.

python benchmarks/broken_files.py --model export/ravdess runs `emotion-tf predict --skip_bad` on 500 broken files of the
kinds in `tests/broken_files.py` among 500 good ones, and once on the good ones alone. An answer is right if it is the
same, byte for byte, as that of the file alone.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
MAIN = "import sys; from emotion_tf.cli import main; sys.exit(main())"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="an export of a model that hears")
    parser.add_argument("--files", type=int, default=500, help="broken ones, and as many good ones")
    arguments = parser.parse_args(argv)
    sys.path.insert(0, str(ROOT / "tests"))
    from broken_files import PLACES, content, write_broken, write_good

    with tempfile.TemporaryDirectory() as folder:
        broken, good = write_broken(Path(folder), arguments.files), write_good(Path(folder), arguments.files)
        mixed = [path for pair in zip(broken, good, strict=True) for path in pair]
        alone = predict(arguments.model, good)
        done = predict(arguments.model, mixed, "--skip_bad")
    answers = dict(line.split("\t", 1) for line in alone.stdout.splitlines())
    received = dict(line.split("\t", 1) for line in done.stdout.splitlines())
    lines = [line for line in done.stderr.splitlines() if line.startswith("emotion-tf: ")]
    figures = {
        "good": len(good),
        "right": sum(received.get(name) == answer for name, answer in answers.items()),
        "broken": len(broken),
        "kinds": len(content(0)) + len(PLACES),
        "clear_lines": sum(line.startswith(f"emotion-tf: {path} ") for line, path in zip(lines, broken, strict=False)),
        "other_lines": len(done.stderr.splitlines()) - len(lines),
        "exit_code": done.returncode,
    }
    print(json.dumps(figures, indent=2))
    wanted = {**figures, "right": len(good), "clear_lines": len(broken), "other_lines": 0, "exit_code": 1}
    return 0 if figures == wanted and len(answers) == len(good) else 1


def predict(model: Path, files: Sequence[Path], *flags: str) -> subprocess.CompletedProcess[str]:
    """What the command says."""
    command = [sys.executable, "-c", MAIN, "predict", *map(str, files), "--model", str(model), *flags]
    return subprocess.run(command, capture_output=True, text=True)


if __name__ == "__main__":
    sys.exit(main())
