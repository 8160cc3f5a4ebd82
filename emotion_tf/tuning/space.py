"""The settings that a search may change, and between what."""

import json
import re
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from emotion_tf.config import Config, settings
from emotion_tf.errors import EmotionTFError, did_you_mean

_RANGE = re.compile(r"(?P<low>[-+.\deE]+)\.\.(?P<high>[-+.\deE]+)(?P<log>:log)?")

FORMS = "SETTING=LOW..HIGH, SETTING=LOW..HIGH:log or SETTING=[A, B, C]"


@dataclass(frozen=True)
class Dimension:
    """One setting that is searched.

    Args:
        setting: Its name, such as `training.learning_rate`.
        choices: The values among which is chosen, as JSON; none for a range.
        low: The lower end of a range.
        high: The upper end.
        logarithmic: Whether the range is drawn from by its logarithm.
        whole: Whether its numbers are whole.
    """

    setting: str
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    logarithmic: bool = False
    whole: bool = False

    def holds(self, config: Config) -> str | float | None:
        """The value of the settings as a search knows it; None where it is none of this dimension."""
        value: Any = config[self.setting]
        if self.choices:
            text = json.dumps(list(value) if isinstance(value, tuple) else value)
            return text if text in self.choices else None
        return value if isinstance(value, int | float) and self.low <= value <= self.high else None


def read_space(texts: Sequence[str], config: Config) -> tuple[Dimension, ...]:
    """Reads what `--search` says.

    Args:
        texts: Such as `training.learning_rate=1e-4..3e-3:log`, `model.filters=[64, 128]`.
        config: The settings that the search starts from; both ends and all choices must fit them.

    Raises:
        EmotionTFError: If there is no such setting, a text has another form, or a value does not fit.

    Example:

    >>> read_space(["model.dropout=0.2..0.6"], Config())
    (Dimension(setting='model.dropout', choices=(), low=0.2, high=0.6, logarithmic=False, whole=False),)
    """
    found = [_dimension(text) for text in texts]
    names = [dimension.setting for dimension in found]
    for name in names:
        if names.count(name) > 1:
            raise EmotionTFError(f"the setting {name} is searched twice")
    for dimension in found:
        ends = () if dimension.choices else (_number(dimension, dimension.low), _number(dimension, dimension.high))
        for value in (*dimension.choices, *ends):
            config.override(f"{dimension.setting}={value}")
    return tuple(found)


def _dimension(text: str) -> Dimension:
    name, equals, values = text.partition("=")
    if not equals:
        raise EmotionTFError("a search needs values", expected=FORMS, received=repr(text))
    if name not in settings():
        raise EmotionTFError(f"no setting {name}", fix=did_you_mean(name, settings(), "emotion-tf settings lists them"))
    match = _RANGE.fullmatch(values.strip())
    if match is None:
        return Dimension(name, choices=_choices(name, values))
    try:
        low, high = float(match["low"]), float(match["high"])
    except ValueError:
        raise EmotionTFError(f"the range of {name} has no ends", expected=FORMS, received=values) from None
    if not low < high or (match["log"] and low <= 0):
        raise EmotionTFError(f"the range of {name} is empty", expected="LOW below HIGH, and above 0 with :log")
    annotation = settings()[name].annotation
    kinds = {annotation, *typing.get_args(annotation)}
    return Dimension(
        name, low=low, high=high, logarithmic=bool(match["log"]), whole=int in kinds and float not in kinds
    )


def _choices(name: str, values: str) -> tuple[str, ...]:
    try:
        content = json.loads(values)
    except json.JSONDecodeError:
        content = None
    if not isinstance(content, list) or len(content) < 2:
        raise EmotionTFError(f"the values of {name} are none to choose from", expected=FORMS, received=values)
    return tuple(json.dumps(value) for value in content)


def _number(dimension: Dimension, value: float) -> str:
    return str(int(value)) if dimension.whole else repr(value)
