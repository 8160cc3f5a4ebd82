"""Pretrained speech encoders as front ends: what they compute, their checkpoints, and where these come from.

Importing this package imports no TensorFlow; its modules `registry` and `weights` do not either.
"""
