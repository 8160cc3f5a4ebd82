"""Our docstrings in the form that mkdocstrings shows well."""

import re
from typing import Any

import griffe


def shown(docstring: str) -> str:
    """Call arguments become a table, and examples become code."""
    text = f"{docstring}\n".replace("\nCall arguments:\n", "\nOther Args: Call arguments\n")
    text = text.replace("\nExample:\n", "\n**Example**\n")
    return re.sub(r"^>>> .*(?:\n.+)*", r"```pycon\n\g<0>\n```", text, flags=re.MULTILINE).rstrip("\n")


class Docstrings(griffe.Extension):
    """Rewrites every docstring before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrites that of one object."""
        if obj.docstring is not None:
            obj.docstring.value = shown(obj.docstring.value)
