"""One setting: its type, its range and what it means, all taken from the dataclass that has it."""

import dataclasses
import inspect
import math
import re
import sys
import textwrap
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from emotion_tf.config.ranges import LARGEST, POSITIVE, Range
from emotion_tf.errors import EmotionTFError, did_you_mean


@dataclass(frozen=True)
class Setting:
    """A setting.

    Args:
        name: Its name, such as `training.epochs`.
        annotation: The annotation of the field, which may hold a `Range` or choices.
        default: Its value if nobody changes it.
        meaning: What the docstring of its section says of it.
    """

    name: str
    annotation: Any
    default: Any
    meaning: str

    @property
    def type(self) -> str:
        """The type in words, such as `list of int or null`."""
        return _type_in_words(self.annotation)

    @property
    def range(self) -> str:
        """What values it may have, in words; "" where the type says all."""
        return _range_in_words(self.annotation)

    def fit(self, value: Any) -> Any:
        """A plain value as the annotation has it: whole numbers serve as floats, lists as tuples.

        Raises:
            EmotionTFError: If it is of another type.
        """
        return _fit(self.annotation, value, self.name)

    def check(self, value: Any) -> None:
        """Refuses a number that is out of range.

        Raises:
            EmotionTFError: If it is.
        """
        _check(self.annotation, value, self.name)


def settings_of(section: str, kind: type) -> list[Setting]:
    """The settings of a section, in the order of its fields.

    Args:
        section: Its name.
        kind: Its dataclass.
    """
    annotations, meanings = typing.get_type_hints(kind, include_extras=True), _meanings(kind)
    return [
        Setting(f"{section}.{field.name}", annotations[field.name], field.default, meanings.get(field.name, ""))
        for field in dataclasses.fields(kind)
    ]


def out_of_range(name: str, expected: str, received: Any, hint: str = "") -> EmotionTFError:
    """The error of a value that a setting may not have."""
    fix = hint or f"change it with --set {name}=VALUE"
    return EmotionTFError(f"setting {name} is out of range", expected=expected, received=str(received), fix=fix)


def _meanings(kind: type) -> dict[str, str]:
    """What the `Args` of a docstring say of each argument."""
    arguments = (inspect.getdoc(kind) or "").partition("\nArgs:\n")[2].partition("\n\n")[0]
    entries = re.findall(r"^(\w+): (.*(?:\n +.*)*)", textwrap.dedent(arguments), flags=re.MULTILINE)
    # What Python calls None is null in TOML, in JSON and on the command line.
    return {name: re.sub(r"\bNone\b", "null", " ".join(text.split())) for name, text in entries}


def _parts(annotation: Any) -> tuple[Any, Range, bool]:
    """The type without its range and without None, the range, and whether None is a value."""
    options = typing.get_args(annotation)
    optional = types.NoneType in options
    if optional:
        # An optional setting has one other type.
        annotation = next(option for option in options if option is not types.NoneType)
    range_ = POSITIVE
    if typing.get_origin(annotation) is Annotated:
        annotation, range_ = typing.get_args(annotation)
    return annotation, range_, optional


def _type_in_words(annotation: Any) -> str:
    kind, _, optional = _parts(annotation)
    origin, options = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        text = type(options[0]).__name__
    elif origin is tuple:
        text = f"list of {_type_in_words(options[0])}"
    elif origin is dict:
        text = f"object of {_type_in_words(options[1])}"
    else:
        text = kind.__name__
    return f"{text} or null" if optional else text


def _range_in_words(annotation: Any) -> str:
    kind, range_, _ = _parts(annotation)
    options = typing.get_args(kind)
    if typing.get_origin(kind) is Literal:
        return ", ".join(map(str, options))
    if typing.get_origin(kind) is tuple:
        inner = _range_in_words(options[0])
        return f"each {inner}" if inner else "" if 0 in range_ else "at least one value"
    return str(range_) if kind in (int, float) else ""


def _fit(annotation: Any, value: Any, name: str) -> Any:
    # The range of a list is that of its length.
    kind, range_, optional = _parts(annotation)
    origin, options = typing.get_origin(kind), typing.get_args(kind)
    hint = ""
    if optional and value is None:
        return None
    if origin is Literal:
        # In Python, True is 1.
        if any(value == option and type(value) is type(option) for option in options):
            return value
        expected = "one of " + ", ".join(map(str, options))
        hint = did_you_mean(str(value), map(str, options))
    elif origin is tuple:
        values = value if isinstance(value, list | tuple) else [value]
        if values or 0 in range_:
            return tuple(_fit(options[0], item, name) for item in values)
        expected = "at least one value"
    elif origin is dict:
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return {key: _fit(options[1], item, f"{name}.{key}") for key, item in value.items()}
        expected = 'an object, such as {"Freude": "happy"}'
    else:
        if kind is float and type(value) is int:
            # An integer beyond all floats is as much as endless, which no setting may be.
            return float(value) if abs(value) <= sys.float_info.max else math.inf
        if type(value) is kind:
            return value
        expected = kind.__name__ + " or null" * optional
    raise EmotionTFError(f"setting {name} does not fit", expected=expected, received=repr(value), fix=hint)


def _check(annotation: Any, value: Any, name: str) -> None:
    kind, range_, _ = _parts(annotation)
    if isinstance(value, tuple):
        for item in value:
            _check(typing.get_args(kind)[0], item, name)
    elif kind in (int, float) and value is not None and value not in range_:
        raise out_of_range(name, f"at most {LARGEST:g}" if value > LARGEST else str(range_), value)
