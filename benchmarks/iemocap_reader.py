"""How long the reader of IEMOCAP takes, on a tree of the full release's layout and counts that is made for it.

python benchmarks/iemocap_reader.py
"""

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from emotion_tf import corpora

TURNS = {
    "ang": 1103,
    "hap": 595,
    "exc": 1041,
    "sad": 1084,
    "neu": 1708,
    "fru": 1849,
    "xxx": 2507,
    "sur": 107,
    "oth": 45,
}
"""Labels of the release and how many turns have each, 10,039 in all."""

DIALOGUES = 30
"""Dialogues of a session."""


def write_tree(root: Path) -> None:
    """Writes evaluation files, transcripts and a sound file of no length for every turn."""
    labels = [label for label, count in TURNS.items() for _ in range(count)]
    for number in range(5 * DIALOGUES):
        session, dialogue = 1 + number % 5, f"Ses{1 + number % 5:02}F_impro{number // 5:02}"
        folder = root / f"Session{session}"
        waves = folder / "sentences" / "wav" / dialogue
        waves.mkdir(parents=True)
        evaluation, transcripts = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""], []
        for turn, label in enumerate(labels[number :: 5 * DIALOGUES]):
            name = f"{dialogue}_{'FM'[turn % 2]}{turn:03}"
            (waves / f"{name}.wav").touch()
            times = f"{turn * 4:.4f} - {turn * 4 + 3:.4f}"
            judgements = [f"C-E{rater}:\tNeutral;\t()\nA-E{rater}:\tval 3; act 2; dom  2;\t()" for rater in (1, 2, 3)]
            evaluation += [f"[{times}]\t{name}\t{label}\t[2.5000, 3.0000, 2.5000]", *judgements, ""]
            transcripts.append(f"{name} [{times.replace(' - ', '-')}]: What is said in turn {turn}.")
        for kind, lines in (("EmoEvaluation", evaluation), ("transcriptions", transcripts)):
            path = folder / "dialog" / kind / f"{dialogue}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(lines) + "\n")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        write_tree(Path(folder))
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            utterances = corpora.load("iemocap", folder).utterances
            seconds.append(time.perf_counter() - start)
        start = time.perf_counter()
        for path in Path(folder).rglob("*.txt"):
            path.read_text()
        plain_seconds = time.perf_counter() - start
    result = {
        "counts": Counter(utterance.label for utterance in utterances),
        "seconds": round(min(seconds), 3),
        "seconds_to_read_the_files": round(plain_seconds, 3),
        "ratio": round(min(seconds) / plain_seconds, 1),
    }
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
