"""Speech emotion recognition from audio and transcript: MSCNN-SPU-ATT for Keras, TF Serving and TFLite."""

__version__ = "0.1.0"
