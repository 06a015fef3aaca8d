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


@pytest.mark.parametrize("activation", [None, "gelu", "softmax"])
def test_product_has_the_bits_of_dense(activation, rng):
    x = rng.normal(size=(3, 6, 4)).astype(np.float32)
    dense = layers.Dense(7, activation)
    wanted = dense(x)
    layer = layers.EinsumDense("abc,cd->abd", (None, 7), activation, "d")
    layer(x)
    layer.set_weights(dense.get_weights())
    np.testing.assert_array_equal(layer(x), wanted)


@pytest.mark.parametrize("equation, output_shape, bias_axes, shape", CASES)
def test_product_equals_its_definition(equation, output_shape, bias_axes, shape, rng):
    layer = layers.EinsumDense(equation, output_shape, None, bias_axes)
    x = rng.normal(size=shape).astype(np.float32)
    layer(x)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.weights])
    kernel, *bias = (w.astype(np.float64) for w in layer.get_weights())
    wanted = np.einsum(equation, x.astype(np.float64), kernel) + sum(bias)
    np.testing.assert_allclose(layer(x), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("bias_axes", [None, "d", "e", "de"])
def test_only_real_steps_are_multiplied_and_the_answer_is_that_of_all(bias_axes, rng):
    x = rng.normal(size=(4, 6, 4)).astype(np.float32)
    layer = layers.EinsumDense("abc,cde->abde", (None, 2, 5), "tanh", bias_axes)
    inputs = maskseq.Input((None, 4))
    model = maskseq.Model(inputs, layer(layers.Masking()(inputs)), on_mask_loss="ignore")
    rows = []
    layer._multiplied = lambda x, product: (
        rows.append(len(x)) or type(layer)._multiplied(layer, x, product)
    )
    x[:, 4:] = 0
    y = model.predict(x)
    assert rows == [np.count_nonzero(x.any(-1)) + 1]  # and the pad row
    np.testing.assert_array_equal(y, np.asarray(layer(x)))
    with pytest.raises(ValueError, match="destroy the mask"):
        maskseq.Model(inputs, layer(layers.Masking()(inputs)), on_mask_loss="error").predict(x)


def test_sizes_that_do_not_meet_are_named():
    layer = layers.EinsumDense("abc,cd->abd", (None, 5))
    layer(np.ones((3, 6, 4), np.float32))
    with pytest.raises(ValueError, match=r"inputs must have sizes \(4,\) along axes \(2,\), got"):
        layer(np.ones((3, 6, 3), np.float32))
