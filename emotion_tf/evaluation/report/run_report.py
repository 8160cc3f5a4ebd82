"""From the saved predictions of a run to its `metrics.json` and `report.html`."""

import dataclasses
from html import escape
from pathlib import Path

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.groups import MEASURES, group_results, lines
from emotion_tf.evaluation.metrics import metrics
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.report.page import cell, figure, interval, number, page, table, template
from emotion_tf.evaluation.report.plots import (
    confusion_matrix,
    learning_curves,
    rating_curve,
    rating_scatter,
    reliability_diagram,
    risk_coverage_curve,
)
from emotion_tf.evaluation.result import FoldScores, Groups, RunResult
from emotion_tf.evaluation.run import read_run
from emotion_tf.utils.files import read_json, write_text


def evaluate(workdir: str | Path) -> RunResult:
    """Makes `metrics.json` and `report.html` of a run anew from its saved predictions.

    Args:
        workdir: Folder of the run; holds `predictions.csv` and `config.json`.

    Returns:
        The content of `metrics.json`.

    Raises:
        EmotionTFError: If one of the files is missing or is not what a run leaves behind.
    """
    workdir = Path(workdir)
    config = read_run(workdir, "predictions.csv")
    predictions = Predictions.read(workdir / "predictions.csv")
    result = metrics(predictions, config["protocol"], config["notes"])
    result = dataclasses.replace(result, groups=group_results(predictions))
    if predictions.classes:
        result = dataclasses.replace(result, folds=[_with_temperature(workdir, fold) for fold in result.folds])
    result.save(workdir / "metrics.json")
    write_report(workdir)
    return result


def _with_temperature(workdir: Path, fold: FoldScores) -> FoldScores:
    """The scores with the number by which the fold's logits were divided."""
    calibration = workdir / f"fold_{fold.fold}" / "model" / "calibration.json"
    # Tests on other transcripts have no such file.
    if not calibration.exists():
        return fold
    content = read_json(calibration)
    temperature = content.get("temperature") if isinstance(content, dict) else None
    if not isinstance(temperature, float):
        raise EmotionTFError(f"{calibration} is not what training wrote", expected="an object with temperature")
    return dataclasses.replace(fold, temperature=temperature)


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
    result = RunResult.load(workdir / "metrics.json")
    body = template("run.html").substitute(
        classes=_classes(result) if predictions.classes else "",
        dimensions=_dimensions(result),
        groups="\n".join(_groups(name, groups) for name, groups in result.groups.items()),
        figures="\n".join(_figures(workdir, predictions, result)),
    )
    subtitle = (
        f"Corpus {config['corpus']} · protocol {result.protocol} · {number(result.n, 'utterance')} of "
        f"{number(len(set(predictions.speakers)), 'speaker')} · {number(len(result.folds), 'fold')}"
    )
    write_text(workdir / "report.html", page(workdir.resolve().name, subtitle, result.notes, body, config))


def _classes(result: RunResult) -> str:
    """The sections of the classes."""
    return template("classes.html").substitute(
        overall=_overall(result),
        interval="The intervals come from resampling speakers, so they say what to expect of other speakers."
        if result.wa_ci95
        else "There are no intervals, since there is one speaker only.",
        per_class=table(
            ("emotion", "precision", "recall", "F1", "utterances"),
            (
                (emotion, *map(cell, (scores.precision, scores.recall, scores.f1, scores.support)))
                for emotion, scores in result.per_class.items()
            ),
        ),
        folds=table(
            ("fold", "WA", "UA", "utterances", "T"),
            (map(cell, (fold.fold, fold.wa, fold.ua, fold.n, fold.temperature)) for fold in result.folds),
        ),
        thresholds=table(
            ("confidence", "answered", "right of these"),
            (map(cell, (at.min_confidence, at.coverage, at.accuracy)) for at in result.selective.thresholds),
        ),
    )


def _figures(workdir: Path, predictions: Predictions, result: RunResult) -> list[str]:
    """The HTML of all drawings of a run."""
    figures = []
    if predictions.classes:
        confusions = confusion_matrix(result.confusion, predictions.classes)
        figures += [
            figure(confusions, "Confusion matrix: which emotion was taken for which"),
            figure(reliability_diagram(predictions), "Reliability: bars below the diagonal mean too much confidence"),
            figure(risk_coverage_curve(predictions), "Risk and coverage: what is gained by answering only where sure"),
        ]
    if predictions.dimensions:
        figures.append(figure(rating_scatter(predictions), "Ratings and estimates: on the dotted line both are equal"))
        figures.append(figure(rating_curve(predictions), "Mean rating of utterances with like estimates, in tenths"))
    for expert in ("", "audio", "text", "both"):
        histories = sorted(workdir.glob(f"fold_*/{expert}/history.csv"))
        if histories:
            whose = f" of the expert of {expert}" if expert else ""
            figures.append(figure(learning_curves(histories), f"Learning curves{whose}: one line a fold"))
    return figures


def _dimensions(result: RunResult) -> str:
    """The section of the dimensions; nothing without them."""
    if not result.dimensions:
        return ""
    rows = []
    for name, scores in result.dimensions.items():
        of_all = [("all", scores.pooled)] if scores.pooled else []
        for fold, of in [*of_all, *scores.folds.items()]:
            ends = (of.ccc_ci95, of.pearson_ci95, of.mean_absolute_error_ci95)
            figures = zip((of.ccc, of.pearson, of.mean_absolute_error), ends, strict=True)
            rows.append([name, fold, *(text for value, at in figures for text in (cell(value), interval(at))), of.n])
    header = ("dimension", "fold", "CCC", "95 %", "Pearson", "95 %", "mean absolute error", "95 %", "ratings")
    return template("dimensions.html").substitute(table=table(header, (map(str, row) for row in rows)))


def _groups(name: str, groups: Groups) -> str:
    """The section of one column of groups."""
    classes = list(next(iter(groups.scores.values())).predicted)
    scores = table(
        (
            *(name, "utterances", "speakers", "UA", "95 % interval", "WA", "calibration error"),
            *(f"{emotion}, predicted (true)" for emotion in classes),
        ),
        (
            (
                group,
                *map(cell, (of.n, of.speakers, of.ua)),
                interval(of.ua_ci95),
                *map(cell, (of.wa, of.expected_calibration_error)),
                *(f"{of.predicted[emotion]:.3f} ({of.true[emotion]:.3f})" for emotion in classes),
            )
            for group, of in groups.scores.items()
        ),
    )
    gaps = table(
        ("gap", "between", "difference", "95 % interval", "p", "p (Holm)"),
        (
            (
                MEASURES.get(gap.measure, gap.measure),
                f"{gap.a} and {gap.b}",
                f"{gap.difference:+.3f}",
                interval(gap.ci95),
                cell(gap.p),
                cell(gap.p_holm),
            )
            for gap in groups.gaps
        ),
    )
    beyond = lines(name, groups) or [f"{name}: no gap is beyond chance"]
    return template("groups.html").substitute(
        title=escape(f"Groups by {name}"),
        lines="\n".join(f"<p>{escape(line)}.</p>" for line in beyond),
        scores=scores,
        gaps=gaps,
    )


def _overall(result: RunResult) -> str:
    """The table of the measures of the whole run."""
    calibration = result.calibration
    rows = [
        ("Weighted accuracy, WA", result.wa, result.wa_ci95),
        ("Unweighted accuracy, UA", result.ua, result.ua_ci95),
        ("Macro F1", result.macro_f1, None),
        ("Weighted F1", result.weighted_f1, None),
        ("Expected calibration error", calibration.expected_calibration_error, None),
        ("Brier score", calibration.brier_score, None),
        ("Negative log likelihood", calibration.negative_log_likelihood, None),
        ("Area under risk and coverage", result.selective.area_under_risk_coverage, None),
    ]
    if result.votes is not None:
        rows += [
            (f"Cross-entropy against the votes of {result.votes.n} utterances", result.votes.cross_entropy, None),
            ("Jensen-Shannon divergence from the votes", result.votes.jensen_shannon, None),
            ("Entropy of the raters", result.votes.rater_entropy, None),
            ("Entropy of the model", result.votes.model_entropy, None),
        ]
    return table(
        ("measure", "value", "95 % interval"), ((name, cell(value), interval(ends)) for name, value, ends in rows)
    )
