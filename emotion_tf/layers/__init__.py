"""The layers of which the models are built."""

from emotion_tf.layers.mfcc import MFCC
from emotion_tf.layers.modal_attention import ModalAttention
from emotion_tf.layers.multi_scale_conv2d import MultiScaleConv2D
from emotion_tf.layers.statistical_pooling import StatisticalPooling
from emotion_tf.layers.swem_pooling import SWEMPooling

__all__ = ["MFCC", "ModalAttention", "MultiScaleConv2D", "SWEMPooling", "StatisticalPooling"]
