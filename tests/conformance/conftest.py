"""Comparison with live Keras 3.15 (on JAX) and PyTorch, skipped where they are not installed."""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")
