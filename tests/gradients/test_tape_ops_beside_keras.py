"""Gradients of operations beside those of Keras on JAX, at corners too."""

import numpy as np
import pytest

from maskseq import ops
from maskseq.tape import Tape
from tests.gradients.test_tape_ops import differentiable, floats_in, has_slopes, moved
from tests.graph.test_ops import CASES, OPTIONS, PRODUCTS
from tests.support.beside_keras import gradients_of, keras_on

ALL = [(n, a) for n, a in [*CASES.items(), *OPTIONS, *PRODUCTS]]
ALL = [(n, a) for n, a in ALL if differentiable(n) and floats_in(a) and n != "cast"]
ALL = [(n, a) for n, a in ALL if has_slopes(n, a)]
CORNERS = np.array([-3, -1, -0.5, 0, 0.5, 1, 3, 6], np.float32)
HAVE_CORNERS = (
    "relu relu6 leaky_relu elu celu selu hard_sigmoid hard_silu hard_shrink soft_shrink "
    "sparse_plus softsign silu gelu squareplus log_sigmoid"
).split()
"""Not abs: its slope at 0 is 0 as in TensorFlow and PyTorch, while JAX has 1. Nor hard_tanh and
sparse_sigmoid: at -1 and 1 theirs is 0 here, on JAX that of the middle and half of it."""


def is_float(x):
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def filled(structure, values):
    """The structure with the next of `values` in place of each array of floats."""
    if isinstance(structure, (tuple, list)):
        return type(structure)(filled(x, values) for x in structure)
    return next(values) if is_float(structure) else structure


def arrays_in(structure):
    if isinstance(structure, (tuple, list)):
        return [x for part in structure for x in arrays_in(part)]
    return [structure] if is_float(structure) else []


def compare(name, arguments, **tolerance):
    keras = keras_on("jax")
    arrays = arrays_in(arguments)
    tape = Tape()
    held = [tape.watch(x) for x in arrays]
    result = getattr(ops, name)(*filled(arguments, iter(held)))
    parts = result if isinstance(result, list) else [result]
    rng = np.random.default_rng(0)
    ds = [rng.standard_normal(x.shape).astype(np.float32) for x in parts]
    found = tape.gradients(parts, ds, of=held)

    convert = keras.ops.convert_to_tensor

    def loss(arrays):
        theirs = getattr(keras.ops, name)(*filled(arguments, iter(arrays)))
        theirs = theirs if isinstance(theirs, (list, tuple)) else [theirs]
        return sum((y * convert(d)).sum() for d, y in zip(ds, theirs, strict=True))

    for gradient, theirs in zip(found, gradients_of(loss, arrays), strict=True):
        ours = np.zeros_like(theirs) if gradient is None else gradient  # None: nothing reads it
        np.testing.assert_allclose(ours, theirs, **tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("name, arguments", ALL, ids=lambda x: str(x)[:12])
def test_gradient_equals_that_of_keras(name, arguments):
    arguments = arguments if name in ("max", "min", "prod") else moved(arguments)
    compare(name, arguments, rtol=2e-5, atol=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", HAVE_CORNERS)
def test_gradient_at_corners_equals_that_of_keras(name):
    compare(name, (CORNERS,), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_equal_numbers_share_the_gradient_as_in_keras(name):
    compare(name, (CORNERS, CORNERS.copy()), rtol=1e-6)
