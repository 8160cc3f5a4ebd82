"""The page of a report: one HTML file that needs no other and no network."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from string import Template
from typing import Any

from matplotlib.figure import Figure

from emotion_tf.evaluation.plots import svg

# The policy forbids the page every request, whatever a user's text may have smuggled into it.
PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>$title</title>
<style>
:root { color-scheme: light dark; --text: #1c1e21; --muted: #5c636a; --page: #ffffff; --line: #d8dce0;
  --note: #fff4d6; --edge: #b26a00; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e8ea; --muted: #a3abb3; --page: #16181b; --line: #3a3f45; --note: #3a2d10; --edge: #e69f00; } }
body { max-width: 66rem; margin: 0 auto; padding: 1rem; color: var(--text); background: var(--page);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { margin-bottom: 0; } h2 { margin: 2rem 0 0.5rem; font-size: 1.2rem; } header p, .remark { color: var(--muted); }
.notes { margin: 1rem 0; padding: 0.75rem 1rem; background: var(--note); border-left: 0.3rem solid var(--edge); }
.notes p { margin: 0.2rem 0; font-weight: 600; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1.5rem 2rem; }
.columns h2 { margin-top: 0.5rem; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; overflow-wrap: normal; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.75rem 0.3rem 0; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child { text-align: left; } thead th { color: var(--muted); font-weight: 400; } tbody th { font-weight: 600; }
figure { margin: 0; } figcaption { color: var(--muted); }
figure img { display: block; width: 100%; max-width: 30rem; background: #ffffff; border-radius: 0.3rem; }
details { margin: 2rem 0; } summary { cursor: pointer; font-weight: 600; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid var(--line); border-radius: 0.3rem; overflow-wrap: normal; }
</style>
</head>
<body>
<header>
<h1>$title</h1>
<p>$subtitle</p>
</header>
<main>
$notes
$body
<details>
<summary>Settings, versions and seeds</summary>
<pre>$config</pre>
</details>
</main>
</body>
</html>
""")


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
    return PAGE.substitute(
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
