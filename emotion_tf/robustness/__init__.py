"""How a run bears what it was not trained on: noise and rooms, wrong words, a missing modality."""

from emotion_tf.robustness.report import evaluate_stress
from emotion_tf.robustness.result import ConditionResult, StressResult
from emotion_tf.robustness.retest import retest
from emotion_tf.robustness.stress import KINDS, stress

__all__ = ["KINDS", "ConditionResult", "StressResult", "evaluate_stress", "retest", "stress"]
