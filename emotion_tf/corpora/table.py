"""Tables as people have them: delimiter and encoding are found, and columns may have other names."""

import codecs
import csv
import io
import itertools
import json
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import parse_json, read_bounded, read_text_lines
from emotion_tf.utils.paths import RemotePath, as_path

_LOG = logging.getLogger(__name__)

Cell = Any
"""A text; in JSONL, the column `votes` may hold an object."""

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}

SUFFIXES = (".csv", ".tsv", ".txt")
"""Files of text with a delimiter."""

TABLE_SUFFIXES = (*SUFFIXES, ".jsonl")
"""Files that hold a table, by the end of their names."""

MAX_UTF16_BYTES = 2**28
"""Largest table in UTF-16, which is read whole; the largest that Excel can write has about half of that."""

_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Table:
    """A table that was opened.

    Args:
        path: The file.
        columns: Its columns, by the names of this package where they have one.
        rows: Line number and row, column to cell.
        where: File and line of the header, for messages.
        found: Delimiter and columns as the file has them, for messages.
    """

    path: Path | RemotePath
    columns: list[str]
    rows: Iterator[tuple[int, dict[str, Cell]]]
    where: str
    found: str


def open_table(path: Path | RemotePath, known: Collection[str], columns: Mapping[str, str], layout: str) -> Table:
    """Opens a table.

    Args:
        path: A text with commas, semicolons or tabs between cells, in UTF-8 or, as Excel writes it, in UTF-16; or
            JSONL. Cells with such a delimiter in them stand in double quotes. Between tabs, double quotes count as
            characters where every line fits the header by itself and would not fit it, or not by itself, otherwise.
        known: Names of columns that the caller reads.
        columns: What a column is to the caller, and its name in the table where that is another.
        layout: What the table must look like, for messages.

    Raises:
        EmotionTFError: If it is no such file, a column of `columns` is not there, or two have one name.
    """
    suffix = path.suffix.lower()
    if suffix == ".jsonl":
        return _open_jsonl(path, known, columns)
    if suffix not in SUFFIXES:
        raise EmotionTFError(f"{path} is no manifest", expected=layout, received=f"the suffix {path.suffix!r}")
    lines = _lines(path)
    first = next(lines, "")
    number = 1
    if first.strip().lower() in {f"sep={delimiter}" for delimiter in DELIMITERS}:
        # Excel's own line for the delimiter.
        delimiter, first, number = first.strip("\r\n")[4:5], next(lines, ""), 2
    elif suffix == ".tsv":
        delimiter = "\t"
    else:
        delimiter = _delimiter(first, {*known, *columns.values()})
    plain = delimiter == "\t" and _has_plain_quotes(itertools.islice(_lines(path), number - 1, None))
    if plain:
        _LOG.info("%s: double quotes count as characters, since cells in quotes would not fit the table", path)
    cells = _csv_rows(path, itertools.chain([first], lines), delimiter, number, plain)
    _, header = next(cells, (number, []))
    header = [name.strip() for name in header]
    where = f"{path}, line {number}"
    found = f"the columns {', '.join(header)}, divided by {DELIMITERS[delimiter]}s" if any(header) else "an empty file"
    names = _renamed(header, known, columns, where, found)
    return Table(path, names, _fitting_rows(path, cells, names, delimiter), where, found)


def _lines(path: Path | RemotePath) -> Iterator[str]:
    """The lines of a text in UTF-8 or UTF-16."""
    with as_path(path).open("rb") as file:
        start = file.read(2)
    if start not in _BOMS:
        return read_text_lines(path)
    content = read_bounded(path, MAX_UTF16_BYTES)
    try:
        return iter(io.StringIO(content.decode("utf-16"), newline=""))
    except UnicodeDecodeError:
        raise EmotionTFError(f"{path} begins as UTF-16 and is damaged", fix="save the file as UTF-8") from None


def _delimiter(header: str, known: Collection[str]) -> str:
    """The delimiter by which most of the columns are known ones, or, if none is, that which gives most columns."""

    def score(delimiter: str) -> tuple[int, int]:
        cells = [cell.strip().strip('"').strip() for cell in header.split(delimiter)]
        return sum(cell.casefold() in known or cell in known for cell in cells), len(cells)

    return max(DELIMITERS, key=score)


def _has_plain_quotes(lines: Iterable[str]) -> bool:
    """Whether double quotes are characters like any other in a table of tabs, of which these are all lines.

    They are where every line has as many tabs as the header, and cells in quotes would join lines, hide tabs or be
    wrong. A table that does quote its cells so has lines that do not fit by themselves, or rows that are lines.
    """
    tabs: list[int] = []

    def counted() -> Iterator[str]:
        for line in lines:
            if line.strip("\r\n"):
                tabs.append(line.count("\t"))
            yield line

    rest, fitting = counted(), 0
    try:
        for cells in csv.reader(rest, strict=True, delimiter="\t"):
            fitting += len(cells) == tabs[0] + 1 if cells else 0
    except csv.Error:
        fitting = -1
    for _ in rest:
        pass  # to the end, where an error came before
    return len(set(tabs)) == 1 and fitting != len(tabs)


def _csv_rows(
    path: Path | RemotePath, lines: Iterable[str], delimiter: str, number: int, plain: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells; lines without any are left out. In a `plain` table no cell stands in quotes."""
    table = csv.reader(lines, strict=True, delimiter=delimiter, quoting=csv.QUOTE_NONE if plain else csv.QUOTE_MINIMAL)
    try:
        for cells in table:
            if cells:
                yield table.line_num + number - 1, cells
    except csv.Error as error:
        raise EmotionTFError(
            f"{path}, line {table.line_num + number - 1} is not valid text of {DELIMITERS[delimiter]}-separated cells "
            f"({error})"
        ) from None


def _fitting_rows(
    path: Path | RemotePath, rows: Iterator[tuple[int, list[str]]], names: list[str], delimiter: str
) -> Iterator[tuple[int, dict[str, Cell]]]:
    for line, cells in rows:
        if len(cells) != len(names):
            raise EmotionTFError(
                f"{path}, line {line}: the row does not fit the header",
                expected=f"{len(names)} cells divided by {DELIMITERS[delimiter]}s",
                received=str(len(cells)),
                fix=f"put cells that hold a {DELIMITERS[delimiter]} in double quotes",
            )
        yield line, dict(zip(names, cells, strict=True))


def _renamed(
    header: list[str], known: Collection[str], columns: Mapping[str, str], where: str, found: str
) -> list[str]:
    """The header by the names of this package."""
    wanted = {theirs: ours for ours, theirs in columns.items()}
    absent = [theirs for theirs in wanted if theirs not in header]
    if absent:
        raise EmotionTFError(f"{where}: there is no column {', '.join(absent)}", received=found)
    names = []
    for name in header:
        # A column that was named takes the place of one that has the name already.
        own = name.casefold() if name.casefold() in known else name
        names.append(wanted.get(name) or (f"({own})" if own in columns else own))
    repeated = sorted(name for name, times in Counter(names).items() if times > 1 and name)
    if repeated:
        raise EmotionTFError(f"{where}: repeated column {', '.join(repeated)}", received=found)
    return names


def _open_jsonl(path: Path | RemotePath, known: Collection[str], columns: Mapping[str, str]) -> Table:
    rows = _jsonl_rows(path, known, columns)
    first = next(rows, None)
    if first is None:
        return Table(path, [], iter(()), f"{path}, line 1", "an empty file")
    line, row = first
    return Table(
        path, list(row), itertools.chain([first], rows), f"{path}, line {line}", f"the columns {', '.join(row)}"
    )


def _jsonl_rows(
    path: Path | RemotePath, known: Collection[str], columns: Mapping[str, str]
) -> Iterator[tuple[int, dict[str, Cell]]]:
    """Line number and row, whose values are made text; null stands for an empty cell."""
    names: list[str] | None = None
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            row = parse_json(line)
        except json.JSONDecodeError as error:
            raise EmotionTFError(f"{where} is not valid JSON ({error})", expected="one object a line") from None
        if not isinstance(row, dict):
            raise EmotionTFError(f"{where} is not a row", expected="a JSON object", received=line.strip()[:40])
        found = f"the columns {', '.join(row) or 'none'}"
        present = {ours: theirs for ours, theirs in columns.items() if theirs in row or names is None}
        own = _renamed(list(row), known, present, where, found)
        names = names or own
        yield (
            number,
            {column: _jsonl_cell(column, value, where) for column, value in zip(own, row.values(), strict=True)},
        )


def _jsonl_cell(column: str, value: Any, where: str) -> Cell:
    if column == "votes" and isinstance(value, dict):
        return value
    if isinstance(value, bool | list | dict):
        raise EmotionTFError(
            f"{where}: wrong {column}", expected="a string, a number or null", received=json.dumps(value)[:40]
        )
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as error:
            # JSON can name half of a character, which no file that we write could hold.
            received = ascii(value[error.start])
            raise EmotionTFError(f"{where}: wrong {column}", expected="whole characters", received=received) from None
    return "" if value is None else str(value)
