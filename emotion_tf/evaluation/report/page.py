"""The page of a report: one HTML file that needs no other and no network."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from string import Template
from typing import Any

from matplotlib.figure import Figure

from emotion_tf.evaluation.report.plots import svg


def template(name: str) -> Template:
    """A file of the folder `templates`, with its places to fill."""
    return Template((resources.files(__package__) / "templates" / name).read_text(encoding="utf-8"))


def page(title: str, subtitle: str, notes: Sequence[str], body: str, config: Mapping[str, Any]) -> str:
    """Puts a page together.

    Args:
        title: Its heading.
        subtitle: A line below.
        notes: Sentences that nobody shall overlook.
        body: HTML of the sections, such as `table` and `figure` make.
        config: The content of the run's `config.json`.

    Returns:
        The HTML.
    """
    # The policy in the template forbids the page every request, whatever a user's text may have smuggled into it.
    return template("page.html").substitute(
        style=template("style.css").template,
        title=escape(title),
        subtitle=escape(subtitle),
        notes=_notes(notes),
        body=body,
        config=escape(json.dumps(config, indent=2, ensure_ascii=False)),
    )


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of escaped text whose first column names the rows."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in header)
    body = "\n".join(
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(text)}</td>" for text in others) + "</tr>"
        for first, *others in rows
    )
    return f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'


def figure(drawing: Figure, caption: str) -> str:
    """A drawing with its caption, inside the page."""
    # As an image of its own, since the ids and styles of several inline SVGs would meet in one page.
    source = "data:image/svg+xml;base64," + base64.b64encode(svg(drawing)).decode("ascii")
    caption = escape(caption)
    return f'<figure><img src="{source}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'


def cell(value: float | None) -> str:
    """Whole numbers as they are, shares to three decimals, a dash for what there is not."""
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def interval(ends: Sequence[float] | None) -> str:
    """The ends of an interval, if there is one."""
    return " to ".join(map(cell, ends)) if ends else ""


def number(count: int, noun: str) -> str:
    """A number of things, in the singular where there is one."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _notes(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    return '<aside class="notes">\n' + "\n".join(f"<p>{escape(note)}</p>" for note in notes) + "\n</aside>"
