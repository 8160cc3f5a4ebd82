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
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="RUN",
        help="the run with which all rows are compared; p-values are corrected by Holm's method for the number of rows",
    )
    parser.add_argument(
        "--equivalence",
        type=float,
        metavar="POINTS",
        help="with --reference or --compare: test for being alike within so many points of UA",
    )
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
    from emotion_tf.evaluation.run import runs_of

    runs = [workdir for workdir in arguments.workdirs if (runs_of(workdir)[0] / "config.json").exists()]
    for workdir in arguments.workdirs:
        if workdir not in runs:
            print(f"emotion-tf: {workdir} is passed over, since it has no config.json", file=sys.stderr)
    if not runs:
        raise EmotionTFError("there is no run", expected="folders that training wrote")
    from emotion_tf import evaluation

    rows = evaluation.collate(runs)
    if arguments.reference is not None:
        rows = evaluation.against(rows, arguments.reference, _margin(arguments))
    elif arguments.equivalence is not None:
        raise EmotionTFError("--equivalence compares with a reference", fix="name it with --reference")
    return evaluation.render(rows, arguments.form)


def _margin(arguments: argparse.Namespace) -> float | None:
    """The margin from 0 to 1."""
    if arguments.equivalence is not None and not 0 < arguments.equivalence < 100:
        raise EmotionTFError(
            "--equivalence is out of range",
            expected="points of UA, from 0 to 100",
            received=f"{arguments.equivalence:g}",
        )
    return None if arguments.equivalence is None else arguments.equivalence / 100


def _comparison(arguments: argparse.Namespace) -> str:
    if len(arguments.workdirs) != 2:
        raise EmotionTFError("--compare compares two runs", received=f"{len(arguments.workdirs)}")
    from emotion_tf import evaluation

    margin = _margin(arguments)
    compared = evaluation.compare(arguments.workdirs[0], arguments.workdirs[1], margin)
    if arguments.form == "json":
        return json.dumps(dataclasses.asdict(compared), indent=2) + "\n"
    header = ["", *compared.runs, "difference", "95 % interval", "p"]
    if margin is not None:
        header.append(f"p of being alike within {100 * margin:g} points")
    rows = []
    for name, of in (("WA", compared.wa), ("UA", compared.ua)):
        low, high = of.ci95
        scores = (f"{of.a:.3f}", f"{of.b:.3f}", f"{of.difference:+.3f}")
        alike = [] if of.p_alike is None else [f"{of.p_alike:.4f}"]
        rows.append([name, *scores, f"{low:+.3f} to {high:+.3f}", f"{of.p:.4f}", *alike])
    caption = (
        f"Protocol {compared.protocol}: {compared.n} utterances of {compared.speakers} speakers. p is that of a paired "
        "randomisation test by speaker; the interval is a bootstrap over speakers"
        + (", and over the seeds of each." if max(compared.seeds) > 1 else ".")
    )
    return evaluation.render_cells(header, rows, caption, arguments.form)
