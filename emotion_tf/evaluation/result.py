"""What a run reaches, as `metrics.json` holds it."""

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from emotion_tf.errors import EmotionTFError
from emotion_tf.utils.files import read_json, write_json

Interval = list[float]
"""The two ends of a 95 % interval."""


@dataclass(frozen=True)
class ClassScores:
    """How well one class is recognised.

    Args:
        precision: Share of right ones among the utterances that were taken for the class; 0 where there are none.
        recall: Share of the utterances of the class that were recognised; 0 where there are none.
        f1: Harmonic mean of the two; 0 where undefined.
        support: Number of utterances of the class.
    """

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class FoldScores:
    """How well the network of one fold does.

    Args:
        fold: Number of the fold, from 0.
        n: Number of utterances.
        wa: Weighted accuracy; NaN without classes.
        ua: Unweighted accuracy; NaN without classes.
        temperature: The number by which the logits of the network were divided, None where it is not known.
    """

    fold: int
    n: int
    wa: float = math.nan
    ua: float = math.nan
    temperature: float | None = None


@dataclass(frozen=True)
class Calibration:
    """How far the probabilities can be believed.

    Args:
        expected_calibration_error: Mean gap between confidence and share of right ones.
        brier_score: Mean over utterances of the sum over classes of squared differences, 0 to 2.
        negative_log_likelihood: In nats an utterance.
    """

    expected_calibration_error: float
    brier_score: float
    negative_log_likelihood: float


@dataclass(frozen=True)
class Threshold:
    """What comes of answering only from some confidence on.

    Args:
        min_confidence: The least confidence.
        coverage: Share of utterances that are answered.
        accuracy: Share of these that are right, None where none is answered.
    """

    min_confidence: float
    coverage: float
    accuracy: float | None


@dataclass(frozen=True)
class Selective:
    """What is gained by answering in part.

    Args:
        area_under_risk_coverage: Mean error rate among the utterances that are answered, the surest first.
        thresholds: Some least confidences.
    """

    area_under_risk_coverage: float
    thresholds: list[Threshold]


NOT_CALIBRATED = Calibration(math.nan, math.nan, math.nan)
NOT_SELECTIVE = Selective(math.nan, [])
"""Of runs that have no classes."""


@dataclass(frozen=True)
class VoteScores:
    """How near the probabilities come to the shares of the raters' votes.

    Args:
        n: Number of utterances that have votes.
        cross_entropy: Mean cross-entropy of the probabilities against the shares, in nats.
        jensen_shannon: Mean Jensen-Shannon divergence between both, in nats; 0 to ln 2.
        rater_entropy: Mean entropy of the shares, in nats: how little the raters agree.
        model_entropy: Mean entropy of the probabilities, in nats: how undecided the network is.
    """

    n: int
    cross_entropy: float
    jensen_shannon: float
    rater_entropy: float
    model_entropy: float


@dataclass(frozen=True)
class RatingScores:
    """How near the predictions of one dimension come to its ratings.

    Args:
        n: Number of utterances that are rated.
        ccc: Concordance correlation coefficient, -1 to 1.
        ccc_ci95: Its 95 % interval over other speakers; None for one speaker.
        pearson: Pearson's correlation coefficient, -1 to 1.
        pearson_ci95: Its 95 % interval over other speakers; None for one speaker.
        mean_absolute_error: In the units of the ratings.
        mean_absolute_error_ci95: Its 95 % interval over other speakers; None for one speaker.
    """

    n: int
    ccc: float
    ccc_ci95: Interval | None
    pearson: float
    pearson_ci95: Interval | None
    mean_absolute_error: float
    mean_absolute_error_ci95: Interval | None


@dataclass(frozen=True)
class DimensionScores:
    """How well one dimension is predicted.

    Args:
        pooled: On the test parts of all folds together; None where nothing is rated.
        folds: By the number of the fold, on its test part; folds in which nothing is rated are missing.
    """

    pooled: RatingScores | None
    folds: dict[str, RatingScores]


@dataclass(frozen=True)
class GroupScores:
    """How well one group of utterances is served.

    Args:
        n: Number of utterances.
        speakers: Number of speakers.
        wa: Weighted accuracy.
        ua: Unweighted accuracy.
        ua_ci95: Its 95 % interval over other speakers of the group; None for one speaker.
        expected_calibration_error: Mean gap between confidence and share of right ones.
        predicted: The share of the utterances for which each class was predicted.
        true: The share of the utterances that are of each class.
    """

    n: int
    speakers: int
    wa: float
    ua: float
    ua_ci95: Interval | None
    expected_calibration_error: float
    predicted: dict[str, float]
    true: dict[str, float]


@dataclass(frozen=True)
class Gap:
    """What lies between two groups.

    Args:
        measure: `ua`; `overconfidence`, which is mean confidence less accuracy; or `excess of CLASS`, which is how much
            more often the class is predicted than it is true.
        a: One group.
        b: The other.
        difference: The measure of `a` less that of `b`.
        ci95: The 95 % interval of the difference over speakers; None where a group has one speaker.
        p: Two-sided p-value of exchanging speakers between the groups.
        p_holm: The same, corrected for the number of gaps by Holm's method.
    """

    measure: str
    a: str
    b: str
    difference: float
    ci95: Interval | None
    p: float | None
    p_holm: float | None = None


@dataclass(frozen=True)
class Groups:
    """The groups of one column.

    Args:
        scores: The scores of each group.
        gaps: What lies between each two of them.
    """

    scores: dict[str, GroupScores]
    gaps: list[Gap]


@dataclass(frozen=True)
class RunResult:
    """What a run reaches on the test parts of all folds.

    Where dimensions alone are learned, the figures of classes are NaN, or have nothing in them.

    Args:
        protocol: The protocol by which the folds were made.
        notes: Sentences that a reader must know beside the figures, such as that speakers stand in both train and test.
        n: Number of utterances.
        wa: Weighted accuracy: the share of utterances that are right.
        wa_ci95: Its 95 % interval over other speakers; None for one speaker.
        ua: Unweighted accuracy: the mean of the recalls of the classes that occur.
        ua_ci95: Its 95 % interval over other speakers; None for one speaker.
        macro_f1: Mean F1 of the classes that occur.
        weighted_f1: Mean F1 of the classes, each weighted by its number of utterances.
        per_class: The scores of each class.
        confusion: Numbers of utterances, rows true, columns predicted, in class order.
        folds: The scores of each fold.
        calibration: How far the probabilities can be believed.
        selective: What is gained by answering in part.
        votes: How near the probabilities come to the votes of raters; None where there are none.
        dimensions: How well each dimension is predicted; None where none is.
        groups: Groups of speakers or utterances, such as by sex, by the name of their column.
    """

    protocol: str
    notes: list[str]
    n: int
    wa: float = math.nan
    wa_ci95: Interval | None = None
    ua: float = math.nan
    ua_ci95: Interval | None = None
    macro_f1: float = math.nan
    weighted_f1: float = math.nan
    per_class: dict[str, ClassScores] = field(default_factory=dict)
    confusion: list[list[int]] = field(default_factory=list)
    folds: list[FoldScores] = field(default_factory=list)
    calibration: Calibration = NOT_CALIBRATED
    selective: Selective = NOT_SELECTIVE
    votes: VoteScores | None = None
    dimensions: dict[str, DimensionScores] | None = None
    groups: dict[str, Groups] = field(default_factory=dict)

    @property
    def has_classes(self) -> bool:
        """Whether classes are learned, and not dimensions alone."""
        return not math.isnan(self.ua)

    def save(self, path: str | Path) -> None:
        """Writes the result as JSON, without the figures of what is not learned."""
        content = asdict(self)
        if self.dimensions is None:
            del content["dimensions"]
        if not self.has_classes:
            content = {name: content[name] for name in ("protocol", "notes", "n", "folds", "dimensions", "groups")}
            content["folds"] = [{"fold": fold.fold, "n": fold.n} for fold in self.folds]
        write_json(path, content)

    @classmethod
    def load(cls, path: str | Path) -> "RunResult":
        """Reads what `save` wrote.

        Raises:
            EmotionTFError: If the file is missing or is not such a result.
        """
        content: Any = read_json(path)
        try:
            parts: dict[str, Any] = {
                "folds": [FoldScores(**fold) for fold in content["folds"]],
                "votes": VoteScores(**content["votes"]) if content.get("votes") else None,
                "dimensions": _dimensions(content["dimensions"]) if content.get("dimensions") else None,
                "groups": {
                    name: Groups(
                        {group: GroupScores(**scores) for group, scores in of["scores"].items()},
                        [Gap(**gap) for gap in of["gaps"]],
                    )
                    for name, of in content.get("groups", {}).items()
                },
            }
            if "per_class" in content or not parts["dimensions"]:
                selective = content["selective"]
                parts |= {
                    "per_class": {name: ClassScores(**scores) for name, scores in content["per_class"].items()},
                    "calibration": Calibration(**content["calibration"]),
                    "selective": Selective(
                        **{**selective, "thresholds": [Threshold(**at) for at in selective["thresholds"]]}
                    ),
                }
            return cls(**{**content, **parts})
        except (AttributeError, KeyError, TypeError) as error:
            raise EmotionTFError(
                f"{path} is not what a run wrote", received=repr(error), fix="run emotion-tf evaluate on the run"
            ) from None


def _dimensions(content: dict[str, Any]) -> dict[str, DimensionScores]:
    """The scores of each dimension."""
    return {
        name: DimensionScores(
            RatingScores(**scores["pooled"]) if scores["pooled"] else None,
            {fold: RatingScores(**of_fold) for fold, of_fold in scores["folds"].items()},
        )
        for name, scores in content.items()
    }
