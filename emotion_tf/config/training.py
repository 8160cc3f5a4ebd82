"""How the network is trained."""

from dataclasses import dataclass
from typing import Annotated, Literal

from emotion_tf.config.ranges import NotNegative, Range, Seed, Share


@dataclass(frozen=True)
class TrainingConfig:
    """How the network is trained.

    Args:
        epochs: Number of passes over the training part.
        batch_size: Utterances in a step.
        optimizer: `adam`, or `adamw` with decoupled weight decay.
        learning_rate: Largest learning rate.
        schedule: `constant`, or `cosine`, which falls to zero at the last step.
        weight_decay: Decay of `adamw`.
        clip_norm: Gradients are scaled down, all of them together, to this norm.
        label_smoothing: Share of probability spread over all classes.
        verification: Weight of a second loss beside that of the classes, which tells apart whether two utterances of a
            batch have the same emotion; see `emotion_tf.training.losses`.
        dimension_weight: Weight of the concordance loss of `labels.dimensions` beside that of the classes. Without
            classes, it is the only loss, and what is said of classes here counts for nothing.
        class_weights: `balanced` weighs classes by the inverse of their frequency in the training part.
        focal_gamma: Weighs each utterance by (1 - p) to this power, where p is the probability of its class, so that
            those which are hard count more; 0 weighs all alike.
        sampling: `balanced` draws the utterances of an epoch so that it has about as many of each class.
        freeze: What stays as the model has it from which training goes on: `none`, or the `body`, which is all up to
            the vector of the utterance; the layers behind it are trained.
        balance_corpora: Draws the utterances of an epoch so that each of several corpora has about as many.
        keep: The weights that are kept: `best` on the dev part by unweighted accuracy, or without classes by the mean
            concordance of the dimensions, or `last`.
        patience: Epochs without improvement on the dev part after which training stops; None never stops early.
        max_speakers: The training part keeps so many speakers at most, drawn by `fold_seed`; None keeps all.
        max_clips: The training part keeps so many utterances at most, of its classes in turn; None keeps all.
        dev_splits: The dev part is one in this many parts of the training speakers.
        calibration: `temperature` scales the logits of the trained network so that the probabilities fit the dev part;
            which emotion is likeliest does not change.
        dtype_policy: Keras dtype policy.
        seed: Seed of everything random but the folds.
        fold_seed: Seed of the fold assignment.
    """

    epochs: int = 40
    batch_size: int = 64
    optimizer: Literal["adam", "adamw"] = "adam"
    learning_rate: float = 5e-4
    schedule: Literal["constant", "cosine"] = "constant"
    weight_decay: NotNegative = 0.004
    clip_norm: float = 1.0
    label_smoothing: Share = 0.0
    verification: NotNegative = 0.0
    dimension_weight: Annotated[float, Range(above=0)] = 1.0
    class_weights: Literal["none", "balanced"] = "none"
    focal_gamma: NotNegative = 0.0
    sampling: Literal["natural", "balanced"] = "natural"
    freeze: Literal["none", "body"] = "none"
    balance_corpora: bool = False
    keep: Literal["best", "last"] = "best"
    patience: int | None = 10
    max_speakers: int | None = None
    max_clips: int | None = None
    dev_splits: Annotated[int, Range(least=2)] = 8
    calibration: Literal["temperature", "none"] = "temperature"
    dtype_policy: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32"
    seed: Seed = 0
    fold_seed: Seed = 0
