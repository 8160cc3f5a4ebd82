"""The layers of which the models are built."""

import emotion_tf.frontend.encoders.speech_encoder  # noqa: F401  Keras looks it up by its name when a file is loaded
from emotion_tf.frontend.acoustic_front_end import AcousticFrontEnd
from emotion_tf.frontend.mfcc import MFCC
from emotion_tf.layers.context_attention import ContextAttention
from emotion_tf.layers.frame_averaging import FrameAveraging
from emotion_tf.layers.learned_placeholder import LearnedPlaceholder
from emotion_tf.layers.masked_conv1d import MaskedConv1D
from emotion_tf.layers.modal_attention import ModalAttention
from emotion_tf.layers.model_settings import ModelSettings
from emotion_tf.layers.multi_scale_conv2d import MultiScaleConv2D
from emotion_tf.layers.n_gram_weights import NGramWeights
from emotion_tf.layers.product_of_experts import ProductOfExperts
from emotion_tf.layers.soft_alignment import SoftAlignment
from emotion_tf.layers.sparse_dense import SparseDense
from emotion_tf.layers.spectral_conv2d import SpectralConv2D
from emotion_tf.layers.statistical_pooling import StatisticalPooling
from emotion_tf.layers.subword_embedding import SubwordEmbedding
from emotion_tf.layers.swem_pooling import SWEMPooling
from emotion_tf.layers.turn_selection import TurnSelection

__all__ = [
    "MFCC",
    "AcousticFrontEnd",
    "ContextAttention",
    "FrameAveraging",
    "LearnedPlaceholder",
    "MaskedConv1D",
    "ModalAttention",
    "ModelSettings",
    "MultiScaleConv2D",
    "NGramWeights",
    "ProductOfExperts",
    "SWEMPooling",
    "SoftAlignment",
    "SparseDense",
    "SpectralConv2D",
    "StatisticalPooling",
    "SubwordEmbedding",
    "TurnSelection",
]
