"""`emotion-tf table`: runs side by side."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from emotion_tf.errors import EmotionTFError

HELP = "collate runs into a table, or compare two of them"
EXAMPLE = "runs/*"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of the command."""
    parser.add_argument("workdirs", type=Path, nargs="+", metavar="RUN", help="the folder of a run")
    parser.add_argument(
        "--form",
        default="markdown",
        choices=("markdown", "csv", "latex", "json"),
        help="markdown, if not given; json is for --compare",
    )
    parser.add_argument("--compare", action="store_true", help="test the difference between two runs for significance")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table there")


def run(arguments: argparse.Namespace) -> int:
    """Collates."""
    text = _comparison(arguments) if arguments.compare else _table(arguments)
    if arguments.out is None:
        print(text, end="")
    else:
        from emotion_tf.utils import files

        files.write_text(arguments.out, text)
    return 0


def _table(arguments: argparse.Namespace) -> str:
    if arguments.form == "json":
        raise EmotionTFError("--form json is for --compare", expected="--form markdown, csv or latex")
    # What stands beside the runs, such as the folder of their features, comes along with runs/*.
    runs = [workdir for workdir in arguments.workdirs if (workdir / "config.json").exists()]
    for workdir in arguments.workdirs:
        if workdir not in runs:
            print(f"emotion-tf: {workdir} is passed over, since it has no config.json", file=sys.stderr)
    if not runs:
        raise EmotionTFError("there is no run", expected="folders that training wrote")
    from emotion_tf import evaluation

    return evaluation.render(evaluation.collate(runs), arguments.form)


def _comparison(arguments: argparse.Namespace) -> str:
    if len(arguments.workdirs) != 2:
        raise EmotionTFError("--compare compares two runs", received=f"{len(arguments.workdirs)}")
    from emotion_tf import evaluation

    compared = evaluation.compare(*arguments.workdirs)
    if arguments.form == "json":
        return json.dumps(dataclasses.asdict(compared), indent=2) + "\n"
    header = ["", *compared.runs, "difference", "95 % interval", "p"]
    rows = []
    for name, of in (("WA", compared.wa), ("UA", compared.ua)):
        low, high = of.ci95
        scores = (f"{of.a:.3f}", f"{of.b:.3f}", f"{of.difference:+.3f}")
        rows.append([name, *scores, f"{low:+.3f} to {high:+.3f}", f"{of.p:.4f}"])
    caption = (
        f"Protocol {compared.protocol}: {compared.n} utterances of {compared.speakers} speakers. p is that of a paired "
        "randomisation test by speaker; the interval is a bootstrap over speakers."
    )
    return evaluation.render_cells(header, rows, caption, arguments.form)
