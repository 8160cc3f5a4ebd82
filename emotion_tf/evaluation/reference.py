"""The rows of a table against one of them that was stated beforehand."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.predictions import Predictions
from emotion_tf.evaluation.run import runs_of
from emotion_tf.evaluation.significance import Comparison, paired_test_of_seeds
from emotion_tf.evaluation.statistics import holm
from emotion_tf.evaluation.table import Result, Row


def against(rows: Sequence[Row], reference: str | Path, margin: float | None = None) -> list[Row]:
    """Compares each row with the row of one run, and adds columns that say what comes of it.

    P-values are those of `paired_test_of_seeds`, corrected for the number of rows by Holm's method. Rows of other
    corpora, protocols or utterances are not compared.

    Args:
        rows: What `collate` returned.
        reference: The folder of a run, or of the runs of several seeds, that is in one of the rows.
        margin: A difference of UA, from 0 to 1, below which a row counts as like the reference; None asks nothing.

    Returns:
        The rows with the columns `UA less reference` and `p (Holm)`, and with a margin `alike within ... points`.

    Raises:
        EmotionTFError: If no row holds the reference.
    """
    wanted = {folder.resolve() for folder in runs_of(reference)}
    stated = [
        (row, name)
        for row in rows
        for name, result in row.results.items()
        if wanted & {folder.resolve() for folder in result.folders}
    ]
    if not stated:
        raise EmotionTFError(
            f"the reference {reference} is in no row", expected="one of the runs of the table", fix="name it among them"
        )
    chosen, transcripts = stated[0]
    of_reference = _predictions(chosen.results[transcripts])
    found: dict[int, Comparison] = {}
    for place, row in enumerate(rows):
        result = row.results.get(transcripts) or next(iter(row.results.values()))
        if row is chosen or (row.corpus, row.protocol) != (chosen.corpus, chosen.protocol):
            continue
        try:
            found[place] = paired_test_of_seeds(_predictions(result), of_reference, margin)
        except EmotionTFError:
            continue  # Other classes or utterances, of which the cell then says nothing.
    corrected = dict(zip(found, holm([one.ua.p for one in found.values()]), strict=True))
    alike = dict(zip(found, holm([one.ua.p_alike or 0.0 for one in found.values()]), strict=True))
    return [
        replace(
            row,
            details={
                **row.details,
                **_cells(row is chosen, found.get(place), corrected.get(place), alike.get(place), margin),
            },
        )
        for place, row in enumerate(rows)
    ]


def _cells(
    is_reference: bool, found: Comparison | None, p: float | None, p_alike: float | None, margin: float | None
) -> dict[str, str]:
    """The cells of a row that say how it compares."""
    heads = ["UA less reference", "p (Holm)"]
    if margin is not None:
        heads.append(f"alike within {100 * margin:g} points")
    if is_reference:
        return dict.fromkeys(heads, "reference")
    if found is None or p is None or p_alike is None:
        return dict.fromkeys(heads, "–")
    low, high = (100 * end for end in found.ua.ci95)
    texts = [f"{100 * found.ua.difference:+.1f} [{low:+.1f}, {high:+.1f}]", f"{p:.4f}"]
    if margin is not None:
        texts.append(f"{'yes' if p_alike < 0.05 else 'not shown'} (p {p_alike:.4f})")
    return dict(zip(heads, texts, strict=True))


def _predictions(result: Result) -> list[Predictions]:
    return [Predictions.read(folder / "predictions.csv") for folder in result.folders]
