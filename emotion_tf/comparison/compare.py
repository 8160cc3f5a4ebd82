"""Many systems under one protocol, in one table."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import keras

from emotion_tf import evaluation
from emotion_tf.comparison.cost import SECONDS, WORDS, Cost, measure
from emotion_tf.comparison.plot import Point, score_against_time
from emotion_tf.config import Config
from emotion_tf.corpora.corpus import Corpus
from emotion_tf.corpora.label_choice import choose_labels, refuse_without_classes
from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.statistics import holm
from emotion_tf.evaluation.table import Result, Row, Score
from emotion_tf.training import train
from emotion_tf.utils.files import records_dir_of, replacing, write_json, write_text
from emotion_tf.utils.paths import RemotePath
from emotion_tf.utils.progress import track

logger = logging.getLogger(__name__)

EXPLANATION = (
    "Parameters are all numbers in the network. Multiply-adds of the network, in millions, and the milliseconds of "
    f"LiteRT, from the wave to the probabilities in float32 on one thread, are for an utterance of {SECONDS:g} s and "
    f"{WORDS} words, a speaker embedding given. s/epoch is the median time of some steps of training times the steps "
    "of an epoch; what is fitted at once has the time of the whole fit in its place. p is that of a paired "
    "randomisation test by speaker of the UA against the reference, which is the preset that was named first, "
    "corrected by Holm's method for the number of rows. All times were taken on one machine, a system after the other."
)


@dataclass(frozen=True)
class SystemResult:
    """What a system reaches and costs.

    Args:
        variant: What it is called in the table.
        presets: The names under which it was trained.
        cost: What it costs.
        wa: Its weighted accuracy.
        ua: Its unweighted accuracy.
        p: The p-value of a paired test of the UA against the reference, corrected by Holm's method; None in the row of
            the reference, and where all utterances are of one speaker.
    """

    variant: str
    presets: list[str]
    cost: Cost
    wa: Score
    ua: Score
    p: float | None


@dataclass(frozen=True)
class SystemComparison:
    """Many systems under one protocol, as `comparison.json` holds them.

    Args:
        corpus: Name of the corpus.
        protocol: The protocol.
        notes: What a reader must know beside the figures.
        rows: The systems by falling UA.
    """

    corpus: str
    protocol: str
    notes: list[str]
    rows: list[SystemResult]


def compare(
    corpus: Corpus,
    presets: Mapping[str, Config],
    protocol: str,
    workdir: str | Path,
    records_dir: str | Path | RemotePath | None = None,
    skip_bad: bool = False,
) -> SystemComparison:
    """Trains and tests systems under one protocol and measures their costs, or goes on where it was stopped.

    Args:
        corpus: The corpus.
        presets: The settings of each system, by name.
        protocol: As for `training.train`.
        workdir: The folder; it gets a run of `training.train` for each name, with its `cost.json`, and
            `comparison.json`, `comparison.md` and, where LiteRT runs any of the systems, `comparison.png`.
        records_dir: Where features are kept from run to run; `records` beside the workdir if None.
        skip_bad: As for `training.train`.

    Returns:
        The content of `comparison.json`.

    Raises:
        EmotionTFError: If there is nothing to compare, or as for `training.train`.
    """
    if not presets:
        raise EmotionTFError("there is nothing to compare", expected="at least one preset")
    for config in presets.values():
        refuse_without_classes(choose_labels(corpus, config)[1], "a comparison of systems")
    workdir = Path(workdir)
    kept = records_dir_of(workdir, records_dir)
    for name, config in track(presets.items(), "systems trained"):
        logger.info("%s:", name)
        train(corpus, config, protocol, workdir / name, kept, skip_bad)
        # Keras keeps every network of the process until it is told to let go.
        keras.utils.clear_session()
    # Costs come after all training, so that they are taken under conditions that are as like as can be.
    for name, config in track(presets.items(), "costs measured"):
        path = workdir / name / "cost.json"
        if not path.exists():
            write_json(path, asdict(measure(workdir / name, corpus, config, kept, skip_bad)))
            keras.utils.clear_session()
    return write_comparison(workdir, list(presets), corpus.transcripts)


def write_comparison(workdir: Path, names: list[str], transcripts: str) -> SystemComparison:
    """Collates finished runs with their costs and writes the three files of `compare`.

    Args:
        workdir: The folder of the runs.
        names: Their names.
        transcripts: Whose transcripts they read.

    Returns:
        The content of `comparison.json`.
    """
    rows = evaluation.collate([workdir / name for name in names])
    rows.sort(key=lambda row: row.results[transcripts].ua.mean, reverse=True)
    results = [row.results[transcripts] for row in rows]
    # Stated beforehand, and not the best on the test parts.
    reference = next(result for result in results if names[0] in result.runs)
    p_values = _against(workdir, results, reference)
    systems = [_system(workdir, *of_row) for of_row in zip(rows, results, p_values, strict=True)]
    notes = dict.fromkeys(note for row in rows for note in row.results[transcripts].notes)
    content = SystemComparison(rows[0].corpus, rows[0].protocol, list(notes), systems)
    write_json(workdir / "comparison.json", asdict(content))
    detailed = [
        replace(row, details=_details(system.cost, system.p)) for row, system in zip(rows, systems, strict=True)
    ]
    text = "\n\n".join([evaluation.render(detailed, "markdown").rstrip(), EXPLANATION, _overlaps(systems)])
    write_text(workdir / "comparison.md", text + "\n")
    points = [
        Point(system.variant, system.cost.litert_milliseconds, system.ua)
        for system in systems
        if system.cost.litert_milliseconds is not None
    ]
    if points:
        with replacing(workdir / "comparison.png") as path:
            score_against_time(points).savefig(path, dpi=200)
    return content


def _against(workdir: Path, results: Sequence[Result], reference: Result) -> list[float | None]:
    """The p-values of all rows against the reference, corrected for their number."""
    tested = [result is not reference and None not in (result.ua.ci95, reference.ua.ci95) for result in results]
    corrected = iter(
        holm(
            [
                evaluation.compare(workdir / reference.runs[0], workdir / result.runs[0]).ua.p
                for result, is_tested in zip(results, tested, strict=True)
                if is_tested
            ]
        )
    )
    return [next(corrected) if is_tested else None for is_tested in tested]


def _system(workdir: Path, row: Row, result: Result, p: float | None) -> SystemResult:
    """What a row of the table says, with its cost."""
    cost = Cost.load(workdir / result.runs[0] / "cost.json")
    return SystemResult(row.variant, list(result.runs), cost, result.wa, result.ua, p)


def _details(cost: Cost, p: float | None) -> dict[str, str]:
    """The cells of a row that say what it costs."""
    milliseconds = cost.litert_milliseconds
    return {
        "parameters": f"{cost.parameters:,}",
        "multiply-adds (M)": f"{cost.multiply_adds / 1e6:.1f}",
        "s/epoch": f"{cost.training.seconds:.1f}" + " (whole fit)" * (cost.training.of == "fit"),
        "LiteRT ms": str(cost.litert_refusal) if milliseconds is None else f"{milliseconds:.1f}",
        "p": "–" if p is None else f"{p:.4f}",
    }


def _overlaps(systems: list[SystemResult]) -> str:
    """Which intervals reach into that of the best."""
    best, *others = systems
    near = [
        other.variant
        for other in others
        if other.ua.ci95 is None or best.ua.ci95 is None or other.ua.ci95[1] >= best.ua.ci95[0]
    ]
    if not near:
        return f"The interval of {best.variant} lies above all others."
    return f"UA intervals that overlap that of the best, {best.variant}: {'; '.join(near)}."
