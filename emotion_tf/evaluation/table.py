"""Many runs in one table: a row a variant, and in it a result for each kind of transcripts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.run import flat_settings, read_run, runs_of
from emotion_tf.evaluation.seeds import pooled_intervals
from emotion_tf.utils.files import read_json

FAMILIES = {
    "experts": "MSCNN-SPU experts",
    "mdre": "MDRE",
    "learning_alignment": "Learning Alignment",
    "mha": "MHA",
    "multi_resolution": "Multi-resolution CNN + BiLSTM",
    "text_cnn": "TextCNN",
    "swem": "SWEM",
    "cnn": "CNN",
    "cnn_lstm": "CNN-LSTM",
    "tdnn_lstm": "TDNN-LSTM",
    "svm": "SVM",
    "tfidf": "TF-IDF, logistic regression",
    "compare_svm": "ComParE, SVM",
    "egemaps_svm": "eGeMAPS, SVM",
}
"""What papers call a model; others go by their own name."""


@dataclass(frozen=True)
class Score:
    """WA or UA, from 0 to 1; each figure is the mean over the seeds.

    Args:
        mean: Mean over the folds.
        std: Sample standard deviation over the folds; None for one fold.
        ci95: Ends of the 95 % interval over speakers, and over the seeds where there are several, of all folds
            together; None for one speaker.
    """

    mean: float
    std: float | None
    ci95: tuple[float, float] | None


@dataclass(frozen=True)
class Result:
    """What a variant reaches on one kind of transcripts.

    Args:
        wa: Weighted accuracy.
        ua: Unweighted accuracy.
        runs: Names of the folders, one a seed.
        folders: These folders.
        notes: What a reader must know beside the figures, such as that the corpus is synthetic or that speakers leak.
    """

    wa: Score
    ua: Score
    runs: tuple[str, ...]
    notes: tuple[str, ...] = ()
    folders: tuple[Path, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class Row:
    """One variant under one protocol.

    Args:
        variant: Its name, such as `MSCNN-SPU-ATT (both) + SWEM`, and in brackets the name of the row's first folder
            where several rows would have the same.
        corpus: Name of the corpus.
        protocol: The protocol by which the folds were made.
        results: What it reaches, by whose transcripts were read: `reference`, or the name of a recogniser.
        details: Further columns, such as what it costs, by their heads.
    """

    variant: str
    corpus: str
    protocol: str
    results: dict[str, Result]
    details: Mapping[str, str] = field(default_factory=dict)


class _Run(NamedTuple):
    """What the table needs of a finished run."""

    folder: Path
    name: str
    transcripts: str
    seed: int
    design: list[Any]
    content: list[Any]
    settings: dict[str, Any]
    metrics: dict[str, Any]


def collate(workdirs: Iterable[str | Path]) -> list[Row]:
    """Brings runs together that differ in nothing but their seeds and whose transcripts they read.

    Args:
        workdirs: Folders of finished runs, or of the runs of several seeds.

    Returns:
        The rows, in the order in which the first run of each was named. Runs of the same name that differ in other
        settings stand in rows of their own.

    Raises:
        EmotionTFError: If a folder holds no finished run.
    """
    groups: list[list[_Run]] = []
    for folder in (folder for workdir in workdirs for folder in runs_of(workdir)):
        run = _read(folder)
        for group in groups:
            if all(_fit(run, other) for other in group):
                group.append(run)
                break
        else:
            groups.append([run])
    rows = [_row(group) for group in groups]
    namesakes = Counter((row.variant, row.corpus, row.protocol) for row in rows)
    return [
        replace(row, variant=f"{row.variant} [{group[0].name}]")
        if namesakes[row.variant, row.corpus, row.protocol] > 1
        else row
        for row, group in zip(rows, groups, strict=True)
    ]


def _read(workdir: Path) -> _Run:
    config, metrics = read_run(workdir, "metrics.json"), read_json(workdir / "metrics.json")
    if isinstance(metrics, dict) and "wa" not in metrics and metrics.get("dimensions"):
        raise EmotionTFError(
            f"{workdir} has no figures of classes, of which a table is made",
            expected="runs that learn classes",
            received=f"one of {', '.join(metrics['dimensions'])} alone",
        )
    try:
        if "name" not in config["settings"]["model"]:
            raise KeyError("settings.model.name")
        settings = flat_settings(config["settings"])
        # Temperature scaling changes no figure of the table.
        del settings["training.calibration"]
        _variant(settings)
        return _Run(
            folder=workdir,
            name=workdir.resolve().name,
            transcripts=config["transcripts"],
            seed=settings.pop("training.seed"),
            # Only tests without one modality say so.
            design=[*(config[name] for name in ("corpus", "protocol", "folds_digest")), config.get("without")],
            content=[config[name] for name in ("data_digest", "notes")],
            settings=settings,
            metrics={
                "folds": [{name: float(fold[name]) for name in ("wa", "ua")} for fold in metrics["folds"]],
                **{name: _ends(metrics[name]) for name in ("wa_ci95", "ua_ci95")},
            },
        )
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise EmotionTFError(
            f"the config.json or metrics.json of {workdir} is not what a run wrote", received=repr(error)
        ) from None


def _ends(interval: Any) -> list[float] | None:
    """The two ends of an interval, if there is one."""
    if interval is None:
        return None
    low, high = interval
    return [float(low), float(high)]


def _fit(run: _Run, other: _Run) -> bool:
    """Whether two runs may stand in one row: on different transcripts, or with different seeds on the same."""
    if run.transcripts == other.transcripts and (run.seed == other.seed or run.content != other.content):
        return False
    return run.design == other.design and run.settings == other.settings


def _row(runs: Sequence[_Run]) -> Row:
    cells: dict[str, list[_Run]] = {}
    for run in runs:
        cells.setdefault(run.transcripts, []).append(run)
    corpus, protocol, _, without = runs[0].design
    variant = _variant(runs[0].settings) + (f", without {without}" if without else "")
    return Row(variant, corpus, protocol, {name: _result(cell) for name, cell in cells.items()})


def _variant(settings: dict[str, Any]) -> str:
    """What a paper calls a network of these settings."""
    name, modality = settings["model.name"], settings["model.modality"]
    if name != "mscnn":
        details = {
            "mdre": "A" * settings["model.attention"],
            "mha": f"-{settings['model.hops']}",
            "cnn": f", global {settings['model.pooling']}",
        }
        return f"{FAMILIES.get(name, name)}{details.get(name, '')} ({modality})"
    # Settings of what a network lacks say nothing: attention takes both modalities, SWEM takes words.
    attention = "-ATT" if modality == "both" and settings["model.attention"] else ""
    parts = [f"MSCNN-SPU{attention} ({modality})"]
    if settings["model.convolution"] != "standard":
        parts[0] += f", {settings['model.convolution']}"
    if modality != "audio" and settings["model.swem"]:
        parts.append("SWEM")
    if settings["model.learned_placeholders"]:
        parts.append("stand-ins")
    if settings["speaker.embeddings"] is not None:
        parts.append("x-vector")
    return " + ".join(parts)


def _result(runs: Sequence[_Run]) -> Result:
    _, notes = runs[0].content
    wa, ua = _score(runs, "wa"), _score(runs, "ua")
    tables = [run.folder / "predictions.csv" for run in runs]
    if len(runs) > 1 and all(path.exists() for path in tables):
        pooled = pooled_intervals([Predictions.read(path) for path in tables])
        if pooled is not None:
            wa, ua = (replace(score, ci95=ends) for score, ends in zip((wa, ua), pooled, strict=True))
    folders = tuple(run.folder for run in runs)
    return Result(wa, ua, tuple(run.name for run in runs), tuple(notes), folders)


def _score(runs: Sequence[_Run], name: str) -> Score:
    # (seeds, folds)
    folds = np.array([[fold[name] for fold in run.metrics["folds"]] for run in runs])
    intervals = [run.metrics[f"{name}_ci95"] for run in runs]
    return Score(
        mean=float(folds.mean()),
        std=float(folds.std(axis=1, ddof=1).mean()) if folds.shape[1] > 1 else None,
        ci95=tuple(np.mean(intervals, axis=0).tolist()) if None not in intervals else None,
    )
