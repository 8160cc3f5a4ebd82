"""Every setting of a run, section by section."""

import dataclasses
import difflib
import functools
import json
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emotion_tf.config.augmentation import AugmentationConfig
from emotion_tf.config.checks import checks
from emotion_tf.config.features import FeatureConfig
from emotion_tf.config.labels import LabelConfig
from emotion_tf.config.model import ModelConfig
from emotion_tf.config.setting import Setting, out_of_range, settings_of
from emotion_tf.config.speaker import SpeakerConfig
from emotion_tf.config.training import TrainingConfig
from emotion_tf.config.words import WordConfig
from emotion_tf.errors import EmotionTFError, did_you_mean
from emotion_tf.utils.files import parse_json, read_json, write_json


@dataclass(frozen=True)
class Config:
    """Every setting of a run.

    Example:

    >>> config = Config().override("training.epochs=5", "model.modality=audio")
    >>> config.training.epochs, config.model.modality
    (5, 'audio')
    """

    features: FeatureConfig = field(default_factory=FeatureConfig)
    words: WordConfig = field(default_factory=WordConfig)
    speaker: SpeakerConfig = field(default_factory=SpeakerConfig)
    labels: LabelConfig = field(default_factory=LabelConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def validate(self) -> "Config":
        """Checks the settings, each by itself and against each other, and returns them.

        Raises:
            EmotionTFError: If one is out of its range or two contradict each other.
        """
        for setting in settings().values():
            setting.check(self[setting.name])
        for check in checks(self):
            if not check.holds:
                raise out_of_range(check.setting, check.expected, self[check.setting], check.hint)
        return self

    def __getitem__(self, name: str) -> Any:
        """The value of a setting by its name, such as `training.epochs`."""
        section, _, setting = name.partition(".")
        return getattr(getattr(self, section), setting)

    def override(self, *assignments: str) -> "Config":
        """A copy with some settings replaced.

        Args:
            *assignments: `section.name=value`; the value is read as JSON where it is JSON, else as text.

        Raises:
            EmotionTFError: If there is no such setting or the value does not fit it.
        """
        content = self.as_dict()
        for assignment in assignments:
            path, equals, value = assignment.partition("=")
            path = path.strip()
            if not equals or path not in settings():
                raise EmotionTFError(
                    "no such setting",
                    expected="one of those that `emotion-tf settings` lists, as SECTION.NAME=VALUE",
                    received=repr(assignment),
                    fix="give it a value" if path in settings() else nearest_setting(path),
                )
            section, _, name = path.partition(".")
            try:
                content[section][name] = parse_json(value)
            except json.JSONDecodeError:
                content[section][name] = value
        return Config.from_dict(content)

    def as_dict(self) -> dict[str, Any]:
        """The settings as plain values, section by section."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "Config":
        """The inverse of `as_dict`. What is left out is as by default.

        Raises:
            EmotionTFError: If a section or setting is unknown or a value does not fit its type.
        """
        sections = _sections()
        if not isinstance(content, dict) or not all(isinstance(values, dict) for values in content.values()):
            raise EmotionTFError("these are no settings", expected="an object of sections, each an object of settings")
        for section, values in content.items():
            if section not in sections:
                raise EmotionTFError(
                    "unknown section of settings",
                    expected=", ".join(sections),
                    received=section,
                    fix=did_you_mean(section, sections),
                )
            for name in values:
                if f"{section}.{name}" not in settings():
                    known = [field.name for field in dataclasses.fields(sections[section])]
                    raise EmotionTFError(
                        f"no setting {section}.{name}",
                        expected=f"one of {', '.join(known)}",
                        fix=nearest_setting(f"{section}.{name}"),
                    )
        return cls(
            **{
                section: sections[section](
                    **{name: settings()[f"{section}.{name}"].fit(value) for name, value in values.items()}
                )
                for section, values in content.items()
            }
        ).validate()

    def save(self, path: str | Path) -> None:
        """Writes the settings as JSON."""
        write_json(path, self.as_dict())

    @classmethod
    def load(cls, path: str | Path) -> "Config":
        """Reads what `save` wrote.

        Raises:
            EmotionTFError: If the file is missing or holds no such settings; it names the file.
        """
        content = read_json(path)
        try:
            return cls.from_dict(content)
        except EmotionTFError as error:
            raise EmotionTFError(f"{path}: {error}") from None


def nearest_setting(name: str) -> str:
    """Which setting may have been meant, also where its section was left out or is another."""
    own_names = {known.rpartition(".")[2]: known for known in settings()}
    own = name.rpartition(".")[2]
    if own not in own_names and (hint := did_you_mean(name, settings())):
        return hint
    nearest = difflib.get_close_matches(own, own_names, n=1)
    return f"did you mean {own_names[nearest[0]]!r}?" if nearest else ""


@functools.cache
def settings() -> dict[str, Setting]:
    """Every setting by its name, such as `training.epochs`, in the order of the sections."""
    return {setting.name: setting for section, kind in _sections().items() for setting in settings_of(section, kind)}


@functools.cache
def _sections() -> dict[str, type]:
    """The dataclass of each section."""
    return typing.get_type_hints(Config)
