"""Gradients of penalties on weights, against differences in float64."""

import numpy as np
import pytest

from maskseq import layers, ops, regularizers
from maskseq.context import changed
from maskseq.tape import Tape, value_of
from maskseq.variable import Variable
from tests.support.definitions.differences import slopes


def cosines(x):
    rows = x / np.sqrt(np.square(x).sum(1, keepdims=True))
    products = np.abs(rows @ rows.T)
    return (products.sum() - np.trace(products)) / 2 / (len(x) * (len(x) - 1) / 2)


CASES = {
    "l1": (regularizers.L1(0.3), lambda x: 0.3 * np.abs(x).sum()),
    "l2": (regularizers.L2(0.3), lambda x: 0.3 * np.square(x).sum()),
    "l1l2": (
        regularizers.L1L2(0.2, 0.3),
        lambda x: 0.2 * np.abs(x).sum() + 0.3 * np.square(x).sum(),
    ),
    "rows": (regularizers.OrthogonalRegularizer(0.5), lambda x: 0.5 * cosines(x)),
    "columns": (
        regularizers.OrthogonalRegularizer(0.5, "columns"),
        lambda x: 0.5 * cosines(x.T),
    ),
    "own": (lambda x: ops.sum(ops.exp(x)) * 0.1, lambda x: 0.1 * np.exp(x).sum()),
    "own, NumPy": (lambda x: 0.1 * np.sum(np.square(x) * x), lambda x: 0.1 * (x**3).sum()),
}


@pytest.mark.parametrize("name", CASES)
def test_gradient_equals_differences(name, rng):
    regularizer, definition = CASES[name]
    x = rng.standard_normal((4, 3)).astype(np.float32)
    weight = Variable(x)
    tape = Tape([weight])
    with changed(tape=tape):
        penalty = regularizer(weight)
    (found,) = tape.gradients(penalty)
    (wanted,) = slopes(definition, [x])
    np.testing.assert_allclose(penalty.value, definition(x.astype(np.float64)), rtol=1e-6)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_a_single_row_has_nothing_to_be_orthogonal_to():
    tape = Tape()
    x = tape.watch(np.array([[1, 2, 3]], np.float32))
    with changed(tape=tape):
        penalty = regularizers.OrthogonalRegularizer(0.5)(x)
    assert value_of(penalty) == 0
    np.testing.assert_array_equal(tape.gradients(penalty, of=[x])[0], [[0, 0, 0]])


def test_a_penalty_of_outputs(rng):
    x = rng.standard_normal((2, 5, 3)).astype(np.float32)
    layer = layers.ActivityRegularization(0.1, 0.2)
    tape = Tape()
    held = tape.watch(x)
    with changed(tape=tape):
        layer.apply(held)
        ((regularizer, outputs),) = tape.penalties
        penalty = regularizer(outputs)
    (found,) = tape.gradients(penalty, of=[held])
    np.testing.assert_allclose(found, 0.1 * np.sign(x) + 0.4 * x, rtol=1e-6)
