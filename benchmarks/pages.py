"""Puts a table into a page of docs/results/, between the comments that name it.

emotion-tf table runs/paired-* | python benchmarks/pages.py accuracy paired
python benchmarks/pages.py comparison ravdess runs/compare-ravdess/comparison.md
"""

import argparse
import sys
from collections.abc import Sequence
from itertools import dropwhile, takewhile
from pathlib import Path

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import write_text

RESULTS = Path(__file__).parent.parent / "docs" / "results"

END = "<!-- end -->\n"


def begin(name: str) -> str:
    """The comment above a table."""
    return f"<!-- table {name} -->\n"


def first_table(text: str) -> str:
    """The first Markdown table of a text.

    >>> first_table("A title\\n\\n| a |\\n|---|\\n| 1 |\\n\\nAn explanation.")
    '| a |\\n|---|\\n| 1 |\\n'
    """

    def in_table(line: str) -> bool:
        return line.startswith("|")

    lines = takewhile(in_table, dropwhile(lambda line: not in_table(line), text.splitlines()))
    return "".join(f"{line}\n" for line in lines)


def replace_table(page: Path, name: str, table: str) -> None:
    """Puts a table in the place of the one of that name.

    Raises:
        EmotionTFError: If the page has no such table, or there is none to put there.
    """
    before, found, rest = page.read_text(encoding="utf-8").partition(begin(name))
    _, end, after = rest.partition(END)
    if not (table and found and end):
        raise EmotionTFError(
            f"{page} keeps its table {name!r}", expected="a Markdown table, and its place", received=table or "none"
        )
    write_text(page, f"{before}{found}{table}{end}{after}")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", choices=sorted(path.stem for path in RESULTS.glob("*.md")))
    parser.add_argument("name", help="the name of the table, as the comment above it has it")
    parser.add_argument("file", type=Path, nargs="?", help="what holds the new table; standard input if not given")
    arguments = parser.parse_args(argv)
    text = sys.stdin.read() if arguments.file is None else arguments.file.read_text(encoding="utf-8")
    replace_table(RESULTS / f"{arguments.page}.md", arguments.name, first_table(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
