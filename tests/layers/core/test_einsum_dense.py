"""EinsumDense gives Keras's numbers and weights for every form of equation."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import twin
from tests.support.masks import SMALL_MASKS

CASES = [
    ("ab,bc->ac", 5, "c", (3, 4)),
    ("abc,cd->abd", (None, 5), "d", (3, 6, 4)),
    ("abc,cd->abd", (6, 5), "bd", (3, 6, 4)),
    ("abc,bd->adc", (5, 4), None, (3, 6, 4)),
    ("...x,xy->...y", 5, "y", (3, 6, 4)),
    ("...x,xy->...y", 5, None, (3, 4)),
    ("ab...,bc->ac...", 5, "c", (3, 6, 4)),
    ("abc,cde->abde", (None, 2, 5), "de", (3, 6, 4)),
    ("abc,bcd->abd", (6, 5), "d", (3, 6, 4)),
]


@pytest.mark.slow
@pytest.mark.parametrize("equation, output_shape, bias_axes, shape", CASES)
def test_einsum_dense_equals_keras(equation, output_shape, bias_axes, shape, rng):
    twin.check_eager(
        lambda L: L.EinsumDense(equation, output_shape, "tanh", bias_axes),
        rng.normal(size=shape).astype(np.float32),
        None,
    )


@pytest.mark.slow
def test_mask_is_lost_as_in_keras(rng):
    x = rng.normal(size=(3, 6, 4)).astype(np.float32)
    twin.check_eager(lambda L: L.EinsumDense("abc,cd->abd", (None, 2)), x, SMALL_MASKS["right"])
    twin.check_in_model(lambda L: L.EinsumDense("...c,cd->...d", 2))


def test_unknown_time_is_fine():
    layer = layers.EinsumDense("abc,cd->abd", (None, 5))
    assert layer(maskseq.Input((None, 4))).shape == (None, None, 5)


def test_bits_of_a_sample_do_not_depend_on_the_others(rng):
    x = rng.normal(size=(9, 6, 4)).astype(np.float32)
    layer = layers.EinsumDense("abc,cd->abd", (None, 7))
    np.testing.assert_array_equal(layer(x)[4:5], layer(x[4:5]))


@pytest.mark.parametrize(
    "equation, output_shape, message",
    [
        ("ab,bc", 5, "equation must be like 'ab,bc->ac'"),
        ("abc,cd->abd", 5, "output_shape must have a size for each"),
        ("abcd,de->abce", (None, None, 5), "inputs must have the axes 'abcd'"),
        ("abc,cd->abd", (7, 5), "axis 'b' is 6 in the inputs, 7 after"),
        ("abc,cde->abd", (None, 5), "nothing gives the size of"),
    ],
)
def test_wrong_equations_are_named(equation, output_shape, message):
    with pytest.raises(ValueError, match=message):
        layers.EinsumDense(equation, output_shape)(np.ones((3, 6, 4), np.float32))
