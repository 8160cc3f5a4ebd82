"""From the saved predictions of a run to its `metrics.json` and `report.html`."""

import base64
import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from matplotlib.figure import Figure

from emotion_tf.evaluation.metrics import metrics
from emotion_tf.evaluation.plots import confusion_matrix, learning_curves, reliability_diagram, svg
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.run import read_run
from emotion_tf.files import read_json, write_json, write_text

# The policy forbids the page every request, whatever a user's text may have smuggled into it.
PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>$title</title>
<style>
:root { color-scheme: light dark; --text: #1c1e21; --muted: #5c636a; --page: #ffffff; --line: #d8dce0;
  --note: #fff4d6; --edge: #b26a00; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e8ea; --muted: #a3abb3; --page: #16181b; --line: #3a3f45; --note: #3a2d10; --edge: #e69f00; } }
body { max-width: 66rem; margin: 0 auto; padding: 1rem; color: var(--text); background: var(--page);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin-bottom: 0; } h2 { margin: 2rem 0 0.5rem; font-size: 1.2rem; } header p, .remark { color: var(--muted); }
.notes { margin: 1rem 0; padding: 0.75rem 1rem; background: var(--note); border-left: 0.3rem solid var(--edge); }
.notes p { margin: 0.2rem 0; font-weight: 600; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1.5rem 2rem; }
.columns h2 { margin-top: 0.5rem; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; overflow-wrap: normal; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.75rem 0.3rem 0; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child { text-align: left; } thead th { color: var(--muted); font-weight: 400; } tbody th { font-weight: 600; }
figure { margin: 0; } figcaption { color: var(--muted); }
figure img { display: block; width: 100%; max-width: 30rem; background: #ffffff; border-radius: 0.3rem; }
details { margin: 2rem 0; } summary { cursor: pointer; font-weight: 600; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid var(--line); border-radius: 0.3rem; overflow-wrap: normal; }
</style>
</head>
<body>
<header>
<h1>$title</h1>
<p>$subtitle</p>
</header>
<main>
$notes
<section>
<h2>Overall</h2>
$overall
<p class="remark">WA is the share of utterances that are right, UA the mean of the recalls of the emotions. $interval
Calibration error is the mean gap between confidence and share right, Brier score the squared error of the probabilities
(0 to 2), log likelihood is in nats an utterance.</p>
</section>
<div class="columns">
<section>
<h2>Emotions</h2>
$per_class
</section>
<section>
<h2>Folds</h2>
$folds
</section>
</div>
<h2>Figures</h2>
<div class="columns">
$figures
</div>
<details>
<summary>Settings, versions and seeds</summary>
<pre>$config</pre>
</details>
</main>
</body>
</html>
""")


def evaluate(workdir: str | Path) -> dict[str, Any]:
    """Makes `metrics.json` and `report.html` of a run anew from its saved predictions.

    Args:
        workdir: Folder of the run; holds `predictions.csv` and `config.json`.

    Returns:
        What `metrics.json` holds; see `emotion_tf.evaluation.metrics.metrics`.

    Raises:
        EmotionTFError: If one of the files is missing or is not what a run leaves behind.
    """
    workdir = Path(workdir)
    config = read_run(workdir, "predictions.csv")
    result = metrics(Predictions.read(workdir / "predictions.csv"), config["protocol"], config["notes"])
    write_json(workdir / "metrics.json", result)
    write_report(workdir)
    return result


def write_report(workdir: str | Path) -> None:
    """Writes `report.html` of a run: one file that needs no other and no network.

    Args:
        workdir: Folder of the run; holds `predictions.csv`, `metrics.json`, `config.json` and, for the learning curves,
            `fold_*/history.csv`.

    Raises:
        EmotionTFError: If one of the first three is missing or a file is not what a run leaves behind.
    """
    workdir = Path(workdir)
    config = read_run(workdir)
    predictions = Predictions.read(workdir / "predictions.csv")
    result = read_json(workdir / "metrics.json")
    speakers = len(set(predictions.speakers))
    figures = [
        _figure(confusion_matrix(result["confusion"]), "Confusion matrix: which emotion was taken for which"),
        _figure(reliability_diagram(predictions), "Reliability: bars below the diagonal mean too much confidence"),
    ]
    histories = sorted(workdir.glob("fold_*/history.csv"))
    if histories:
        figures.append(_figure(learning_curves(histories), "Learning curves: one line a fold"))
    page = PAGE.substitute(
        title=escape(workdir.resolve().name),
        subtitle=escape(
            f"Corpus {config['corpus']} · protocol {result['protocol']} · {_number(result['n'], 'utterance')} of "
            f"{_number(speakers, 'speaker')} · {_number(len(result['folds']), 'fold')}"
        ),
        notes=_notes(result["notes"]),
        overall=_overall(result),
        interval="The intervals come from resampling speakers, so they say what to expect of other speakers."
        if result["wa_ci95"]
        else "There are no intervals, since there is one speaker only.",
        per_class=_table(
            ("emotion", "precision", "recall", "F1", "utterances"),
            ((emotion, *map(_cell, scores.values())) for emotion, scores in result["per_class"].items()),
        ),
        folds=_table(
            ("fold", "WA", "UA", "utterances"),
            (map(_cell, (fold["fold"], fold["wa"], fold["ua"], fold["n"])) for fold in result["folds"]),
        ),
        figures="\n".join(figures),
        config=escape(json.dumps(config, indent=2, ensure_ascii=False)),
    )
    write_text(workdir / "report.html", page)


def _overall(result: dict[str, Any]) -> str:
    calibration = result["calibration"]
    rows = [
        ("Weighted accuracy, WA", result["wa"], result["wa_ci95"]),
        ("Unweighted accuracy, UA", result["ua"], result["ua_ci95"]),
        ("Macro F1", result["macro_f1"], None),
        ("Expected calibration error", calibration["expected_calibration_error"], None),
        ("Brier score", calibration["brier_score"], None),
        ("Negative log likelihood", calibration["negative_log_likelihood"], None),
    ]
    return _table(
        ("measure", "value", "95 % interval"),
        ((name, _cell(value), " to ".join(map(_cell, interval)) if interval else "") for name, value, interval in rows),
    )


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    return '<aside class="notes">\n' + "\n".join(f"<p>{escape(note)}</p>" for note in notes) + "\n</aside>"


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of escaped text whose first column names the rows."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "\n".join(
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in others) + "</tr>"
        for first, *others in rows
    )
    return f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def _figure(figure: Figure, caption: str) -> str:
    # As an image of its own, since the ids and styles of several inline SVGs would meet in one page.
    source = "data:image/svg+xml;base64," + base64.b64encode(svg(figure)).decode("ascii")
    caption = escape(caption)
    return f'<figure><img src="{source}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'


def _cell(value: float) -> str:
    """Whole numbers as they are, shares to three decimals."""
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
