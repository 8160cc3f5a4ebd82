"""From the saved predictions of a run to its `metrics.json` and `report.html`."""

from pathlib import Path
from string import Template
from typing import Any

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.metrics import metrics
from emotion_tf.evaluation.page import cell, figure, interval, number, page, table
from emotion_tf.evaluation.plots import confusion_matrix, learning_curves, reliability_diagram, risk_coverage_curve
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.run import read_run
from emotion_tf.utils.files import read_json, write_json, write_text

BODY = Template("""\
<section>
<h2>Overall</h2>
$overall
<p class="remark">WA is the share of utterances that are right, UA the mean of the recalls of the emotions. $interval
Calibration error is the mean gap between confidence and share right, Brier score the squared error of the probabilities
(0 to 2), log likelihood is in nats an utterance. The last row is the error rate among the utterances that are answered,
the surest first, as the mean over how many are.</p>
</section>
<div class="columns">
<section>
<h2>Emotions</h2>
$per_class
</section>
<section>
<h2>Folds</h2>
$folds
<p class="remark">The logits of a fold's network were divided by T, which was fitted on its dev speakers.</p>
</section>
<section>
<h2>Undecided below a confidence</h2>
$thresholds
</section>
</div>
<h2>Figures</h2>
<div class="columns">
$figures
</div>
""")


def evaluate(workdir: str | Path) -> dict[str, Any]:
    """Makes `metrics.json` and `report.html` of a run anew from its saved predictions.

    Args:
        workdir: Folder of the run; holds `predictions.csv` and `config.json`.

    Returns:
        What `metrics.json` holds: what `emotion_tf.evaluation.metrics.metrics` returns, and in each fold also the
        `temperature` by which its logits were divided, None where it is not known.

    Raises:
        EmotionTFError: If one of the files is missing or is not what a run leaves behind.
    """
    workdir = Path(workdir)
    config = read_run(workdir, "predictions.csv")
    result = metrics(Predictions.read(workdir / "predictions.csv"), config["protocol"], config["notes"])
    for fold in result["folds"]:
        calibration = workdir / f"fold_{fold['fold']}" / "model" / "calibration.json"
        # Runs of before there was any calibration, and tests on other transcripts, have no such file.
        fold["temperature"] = _temperature(calibration) if calibration.exists() else None
    write_json(workdir / "metrics.json", result)
    write_report(workdir)
    return result


def _temperature(calibration: Path) -> float:
    """The number by which a fold's logits were divided."""
    content = read_json(calibration)
    temperature = content.get("temperature") if isinstance(content, dict) else None
    if not isinstance(temperature, float):
        raise EmotionTFError(f"{calibration} is not what training wrote", expected="an object with temperature")
    return temperature


def write_report(workdir: str | Path) -> None:
    """Writes `report.html` of a run: one file that needs no other and no network.

    Args:
        workdir: Folder of the run; holds `predictions.csv`, `metrics.json`, `config.json` and, for the learning curves,
            `fold_*/history.csv`, or those of experts in `fold_*/audio`, `fold_*/text` and `fold_*/both`.

    Raises:
        EmotionTFError: If one of the first three is missing or a file is not what a run leaves behind.
    """
    workdir = Path(workdir)
    config = read_run(workdir)
    predictions = Predictions.read(workdir / "predictions.csv")
    result = read_json(workdir / "metrics.json")
    speakers = len(set(predictions.speakers))
    figures = [
        figure(confusion_matrix(result["confusion"]), "Confusion matrix: which emotion was taken for which"),
        figure(reliability_diagram(predictions), "Reliability: bars below the diagonal mean too much confidence"),
        figure(risk_coverage_curve(predictions), "Risk and coverage: what is gained by answering only where sure"),
    ]
    for expert in ("", "audio", "text", "both"):
        histories = sorted(workdir.glob(f"fold_*/{expert}/history.csv"))
        if histories:
            whose = f" of the expert of {expert}" if expert else ""
            figures.append(figure(learning_curves(histories), f"Learning curves{whose}: one line a fold"))
    body = BODY.substitute(
        overall=_overall(result),
        interval="The intervals come from resampling speakers, so they say what to expect of other speakers."
        if result["wa_ci95"]
        else "There are no intervals, since there is one speaker only.",
        per_class=table(
            ("emotion", "precision", "recall", "F1", "utterances"),
            ((emotion, *map(cell, scores.values())) for emotion, scores in result["per_class"].items()),
        ),
        folds=table(
            ("fold", "WA", "UA", "utterances", "T"),
            (map(cell, (fold[name] for name in ("fold", "wa", "ua", "n", "temperature"))) for fold in result["folds"]),
        ),
        thresholds=table(
            ("confidence", "answered", "right of these"),
            (map(cell, point.values()) for point in result["selective"]["thresholds"]),
        ),
        figures="\n".join(figures),
    )
    subtitle = (
        f"Corpus {config['corpus']} · protocol {result['protocol']} · {number(result['n'], 'utterance')} of "
        f"{number(speakers, 'speaker')} · {number(len(result['folds']), 'fold')}"
    )
    write_text(workdir / "report.html", page(workdir.resolve().name, subtitle, result["notes"], body, config))


def _overall(result: dict[str, Any]) -> str:
    calibration = result["calibration"]
    rows = [
        ("Weighted accuracy, WA", result["wa"], result["wa_ci95"]),
        ("Unweighted accuracy, UA", result["ua"], result["ua_ci95"]),
        ("Macro F1", result["macro_f1"], None),
        ("Expected calibration error", calibration["expected_calibration_error"], None),
        ("Brier score", calibration["brier_score"], None),
        ("Negative log likelihood", calibration["negative_log_likelihood"], None),
        ("Area under risk and coverage", result["selective"]["area_under_risk_coverage"], None),
    ]
    return table(
        ("measure", "value", "95 % interval"), ((name, cell(value), interval(ends)) for name, value, ends in rows)
    )
