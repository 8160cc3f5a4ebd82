"""A table of runs as a paper prints it: in Markdown, LaTeX or CSV."""

import csv
import io
from collections.abc import Callable, Sequence
from typing import NamedTuple

from emotion_tf.errors import EmotionTFError
from emotion_tf.evaluation.table import Result, Row, Score

FIGURES = ("WA", "UA", "seeds")
"""The columns of each kind of transcripts."""

LATEX = str.maketrans(
    {
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "±": r"$\pm$",
        "–": "--",
    }
)


def render(rows: Sequence[Row], form: str) -> str:
    """Writes rows as a table.

    Args:
        rows: What `collate` returned.
        form: `markdown`; `latex`, which needs the package booktabs; or `csv`, which has a line for each kind of
            transcripts of each row, and shares in full precision where the other two have per cent.

    Returns:
        The text of a file, the last line ended.

    Raises:
        EmotionTFError: If there is no such form.

    Example:

    >>> score = Score(mean=0.5461, std=0.0562, ci95=(0.5, 0.5908))
    >>> result = Result(wa=score, ua=score, runs=("paper-0", "paper-1"))
    >>> print(render([Row("MSCNN-SPU (audio)", "ravdess", "speaker-kfold:5", {"reference": result})], "markdown"))
    Corpus ravdess. Protocol speaker-kfold:5. ...
    <BLANKLINE>
    | variant | WA (reference) | UA (reference) | seeds (reference) |
    |:---|---:|---:|---:|
    | MSCNN-SPU (audio) | 54.6 ± 5.6 [50.0, 59.1] | 54.6 ± 5.6 [50.0, 59.1] | 2 |
    <BLANKLINE>
    """
    if form not in FORMS:
        raise EmotionTFError("no such form of a table", expected=f"one of {', '.join(FORMS)}", received=repr(form))
    return FORMS[form](rows)


class _Layout(NamedTuple):
    """The words of a table for print, escaped."""

    caption: str
    columns: list[str]
    details: list[str]
    groups: list[str]
    lines: list[list[str]]
    notes: list[str]


def _layout(rows: Sequence[Row], escape: Callable[[str], str], superscript: str) -> _Layout:
    """Lays rows out for print; `superscript` is a format for the marks of notes."""
    groups = sorted({group for row in rows for group in row.results}, key=lambda group: (group != "reference", group))
    details = list(dict.fromkeys(name for row in rows for name in row.details))
    notes = list(dict.fromkeys(note for row in rows for result in row.results.values() for note in result.notes))
    values = {name: {getattr(row, name) for row in rows} for name in ("corpus", "protocol")}
    columns = ["variant", *(name for name in values if len(values[name]) > 1)]
    caption = "".join(
        f"{name.capitalize()} {value}. " for name in values if name not in columns for value in values[name]
    )
    caption += (
        "WA and UA in per cent: mean over folds ± standard deviation over folds [95 % interval over speakers, and over "
        "seeds where there are several, of all folds together]; means are over the seeds. Columns are by whose "
        "transcripts were read."
    )

    def figures(result: Result | None) -> list[str]:
        if result is None:
            return [escape("–")] * len(FIGURES)
        marks = ",".join(str(notes.index(note) + 1) for note in result.notes)
        mark = superscript.format(marks) if marks else ""
        return [escape(_percent(score)) + mark for score in (result.wa, result.ua)] + [str(len(result.runs))]

    return _Layout(
        caption=escape(caption),
        columns=columns,
        details=[escape(name) for name in details],
        groups=[escape(group) for group in groups],
        lines=[
            [escape(getattr(row, column)) for column in columns]
            + [escape(row.details.get(name, "–")) for name in details]
            + [cell for group in groups for cell in figures(row.results.get(group))]
            for row in rows
        ],
        notes=[f"{superscript.format(number)} {escape(note)}" for number, note in enumerate(notes, start=1)],
    )


def _percent(score: Score) -> str:
    text = f"{100 * score.mean:.1f}"
    if score.std is not None:
        text += f" ± {100 * score.std:.1f}"
    if score.ci95 is not None:
        text += " [{:.1f}, {:.1f}]".format(*(100 * end for end in score.ci95))
    return text


def _markdown(rows: Sequence[Row]) -> str:
    table = _layout(rows, lambda text: text.replace("|", r"\|"), "<sup>{}</sup>")
    figures = [f"{figure} ({group})" for group in table.groups for figure in FIGURES]
    header = [*table.columns, *table.details, *figures]
    rule = [":---"] * len(table.columns) + ["---:"] * len([*table.details, *figures])
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *table.lines)]
    lines.insert(1, "|" + "|".join(rule) + "|")
    # Notes are paragraphs, since Markdown would run lines together.
    return "\n\n".join([table.caption, "\n".join(lines), *table.notes]) + "\n"


def _latex(rows: Sequence[Row]) -> str:
    table = _layout(rows, lambda text: text.translate(LATEX), r"\textsuperscript{{{}}}")
    width, before = len(FIGURES), len([*table.columns, *table.details])
    starts = [before + 1 + width * place for place in range(len(table.groups))]
    heads = [""] * before + [rf"\multicolumn{{{width}}}{{c}}{{{group}}}" for group in table.groups]
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{table.caption}}}",
        rf"\begin{{tabular}}{{{'l' * len(table.columns)}{'r' * (len(table.details) + width * len(table.groups))}}}",
        r"\toprule",
        " & ".join(heads) + r" \\",
        " ".join(rf"\cmidrule(lr){{{start}-{start + width - 1}}}" for start in starts),
        " & ".join([*table.columns, *table.details, *FIGURES * len(table.groups)]) + r" \\",
        r"\midrule",
        *(" & ".join(line) + r" \\" for line in table.lines),
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par {note}" for note in table.notes),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _csv(rows: Sequence[Row]) -> str:
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    details = list(dict.fromkeys(name for row in rows for name in row.details))
    figures = [f"{name}_{figure}" for name in ("wa", "ua") for figure in ("mean", "std", "ci95_low", "ci95_high")]
    table.writerow(["variant", "corpus", "protocol", *details, "transcripts", "seeds", *figures, "runs", "notes"])
    for row in rows:
        for transcripts, result in row.results.items():
            scores = [(score.mean, score.std, *(score.ci95 or (None, None))) for score in (result.wa, result.ua)]
            table.writerow(
                [row.variant, row.corpus, row.protocol, *(row.details.get(name) for name in details)]
                + [transcripts, len(result.runs)]
                + [figure for score in scores for figure in score]
                + ["; ".join(result.runs), "; ".join(result.notes)]
            )
    return text.getvalue()


FORMS: dict[str, Callable[[Sequence[Row]], str]] = {"markdown": _markdown, "csv": _csv, "latex": _latex}


def render_cells(header: Sequence[str], rows: Sequence[Sequence[str]], caption: str, form: str) -> str:
    """Writes a small table of any cells, the first column of which names the rows.

    Args:
        header: The names of the columns.
        rows: The cells.
        caption: A sentence above; CSV has none.
        form: As for `render`.

    Returns:
        The text of a file, the last line ended.

    Example:

    >>> print(render_cells(["", "a"], [["UA", "0.5"]], "Two runs.", "markdown"))
    Two runs.
    <BLANKLINE>
    |  | a |
    |:---|---:|
    | UA | 0.5 |
    <BLANKLINE>
    """
    if form == "csv":
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows([header, *rows])
        return text.getvalue()
    if form == "latex":
        lines = [" & ".join(cell.translate(LATEX) for cell in cells) + r" \\" for cells in (header, *rows)]
        table = [r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
        columns = "l" + "r" * (len(header) - 1)
        return "\n".join([rf"\begin{{tabular}}{{{columns}}}", *table, r"\end{tabular}", ""])
    lines = ["| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |" for cells in (header, *rows)]
    lines.insert(1, "|:---|" + "---:|" * (len(header) - 1))
    return "\n".join([caption, "", *lines, ""])
