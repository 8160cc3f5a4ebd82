"""What commands print."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emotion_tf.evaluation import RunResult


def print_result(result: "RunResult", workdir: Path) -> None:
    """The figures of a run in a few lines."""
    for note in result.notes:
        print(f"Note: {note}")
    classes = f": WA {result.wa:.3f}, UA {result.ua:.3f}" if result.has_classes else ""
    print(f"{result.protocol}, {result.n} utterances{classes}")
    for name, scores in (result.dimensions or {}).items():
        if scores.pooled is not None:
            of = scores.pooled
            print(
                f"{name}: CCC {of.ccc:.3f}, Pearson {of.pearson:.3f}, mean absolute error {of.mean_absolute_error:.3g}"
            )
    print(f"report: {workdir / 'report.html'}")


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on a terminal, and elsewhere lines of cells with tabs between them."""
    if not sys.stdout.isatty():
        for cells in rows:
            print(*cells, sep="\t")
        return
    from rich.box import HORIZONTALS
    from rich.console import Console
    from rich.table import Table

    table = Table(box=HORIZONTALS, pad_edge=False)
    for place, name in enumerate(header):
        # Names stay in one piece, texts are wrapped.
        table.add_column(name, no_wrap=place == 0)
    for cells in rows:
        table.add_row(*cells)
    Console(markup=False, highlight=False).print(table)
