"""A layer or model of Keras beside ours: the same weights in both, inputs with masks, answers,

and gradients as Keras's backend takes them. `package` is keras or maskseq.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from maskseq.nest import flatten


def carrying(package: Any, x: np.ndarray, mask: np.ndarray | None) -> Any:
    """`x` as the package's tensor, carrying `mask`."""
    tensor = package.ops.convert_to_tensor(x)
    if mask is not None:
        tensor._keras_mask = package.ops.convert_to_tensor(mask)
    return tensor


def random_weights(theirs: Any, rng: np.random.Generator) -> None:
    """Other weights than the first ones: no bias is 0, no variance is 1."""
    values = [0.5 * rng.standard_normal(w.shape) for w in theirs.weights]
    variance = ["variance" in w.name for w in theirs.weights]
    theirs.set_weights(
        [abs(v) + 0.1 if positive else v for v, positive in zip(values, variance, strict=True)]
    )


def copy_weights(theirs: Any, ours: Any) -> None:
    ours.set_weights([np.asarray(w) for w in theirs.get_weights()])


def compare(theirs: Any, ours: Any, zero_for_nan: bool = False, rtol: float = 1e-5) -> None:
    """Outputs, one or a nest, and their masks are the same."""
    theirs, ours = flatten(theirs), flatten(ours)
    assert len(ours) == len(theirs), f"expected {len(theirs)} outputs, got {len(ours)}"
    for number, (a, b) in enumerate(zip(theirs, ours, strict=True)):
        expected = np.asarray(a)
        if zero_for_nan:
            expected = np.nan_to_num(expected, nan=0.0)
        assert np.shape(b) == expected.shape
        np.testing.assert_allclose(b, expected, rtol=rtol, atol=1e-5, err_msg=f"output {number}")
        assert np.asarray(b).dtype == expected.dtype
        compare_masks(a, b, number)


def compare_masks(theirs: Any, ours: Any, number: int = 0) -> None:
    """The masks that two outputs carry are the same, or both carry none."""
    their_mask, our_mask = (getattr(x, "_keras_mask", None) for x in (theirs, ours))
    if their_mask is None:
        assert our_mask is None, f"output {number} should carry no mask"
    else:
        assert our_mask is not None, f"output {number} should carry a mask"
        np.testing.assert_array_equal(our_mask, np.asarray(their_mask), err_msg=f"mask of {number}")


def keras_on(*backends: str) -> Any:
    """Keras; where it is missing, or runs on another backend, the test is skipped."""
    keras = pytest.importorskip("keras")
    if keras.backend.backend() not in backends:
        pytest.skip(f"Keras does not run on {' or '.join(backends)}")
    return keras


def gradients_of(loss: Callable[[list], Any], values: Sequence[Any]) -> list[np.ndarray]:
    """Those of `loss(values)` by each of `values`, float32: by JAX or PyTorch, far faster."""
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
