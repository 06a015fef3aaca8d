"""Gradients as Keras's backend takes them: JAX, or, in a tenth of the time, PyTorch."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest


def keras_on(*backends: str) -> Any:
    """Keras; where it is missing, or runs on another backend, the test is skipped."""
    keras = pytest.importorskip("keras")
    if keras.backend.backend() not in backends:
        pytest.skip(f"Keras does not run on {' or '.join(backends)}")
    return keras


def gradients_of(loss: Callable[[list], Any], values: Sequence[Any]) -> list[np.ndarray]:
    """Those of `loss(values)` by each of `values`, arrays of float32."""
    keras = keras_on(*BACKENDS)
    tensors = [keras.ops.convert_to_tensor(x) for x in values]
    return BACKENDS[keras.backend.backend()](loss, tensors)


def by_jax(loss, tensors):
    import jax

    with jax.disable_jit():  # else each call compiles its loop over time anew
        return [np.asarray(x) for x in jax.grad(loss)(tensors)]


def by_torch(loss, tensors):
    import torch

    tensors = [x.detach().requires_grad_() for x in tensors]
    found = torch.autograd.grad(loss(tensors), tensors, allow_unused=True, materialize_grads=True)
    return [x.numpy() for x in found]


BACKENDS = {"jax": by_jax, "torch": by_torch}
