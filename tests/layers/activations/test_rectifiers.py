"""ReLU, LeakyReLU, PReLU and ELU give Keras's numbers, on arrays and on rows."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import twin
from tests.support.masks import SMALL_MASKS

MAKES = {
    "relu": lambda L: L.ReLU(),
    "relu6": lambda L: L.ReLU(6),
    "relu_slope": lambda L: L.ReLU(negative_slope=0.3),
    "relu_threshold": lambda L: L.ReLU(threshold=0.5),
    "relu_all": lambda L: L.ReLU(1.0, 0.1, 0.4),
    "relu_max_slope": lambda L: L.ReLU(1.0, 0.1),
    "leaky": lambda L: L.LeakyReLU(),
    "leaky_slope": lambda L: L.LeakyReLU(negative_slope=0.2),
    "elu": lambda L: L.ELU(),
    "elu_alpha": lambda L: L.ELU(0.3),
    "prelu": lambda L: L.PReLU(),
    "prelu_time": lambda L: L.PReLU(shared_axes=1),
    "prelu_both": lambda L: L.PReLU(shared_axes=[1, 2]),
}


@pytest.mark.slow
@pytest.mark.parametrize("mask", ["none", "holes"])
@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_rectifier_equals_keras(make, mask, rng):
    twin.check_eager(make, rng.normal(size=(3, 6, 4)).astype(np.float32), SMALL_MASKS[mask])


@pytest.mark.slow
@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_rectifier_in_a_model_equals_keras(make):
    twin.check_in_model(make, stem="lstm")


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.ReLU(-1.0), "max_value must not be negative"),
        (lambda: layers.ReLU(threshold=-1.0), "threshold must not be negative"),
        (lambda: layers.LeakyReLU(-0.1), "negative_slope must not be negative"),
        (lambda: layers.ThresholdedReLU(-1.0), "ThresholdedReLU: theta must not be negative"),
        (lambda: layers.ThresholdedReLU(None), "ThresholdedReLU: theta must be a number, got None"),
        (lambda: layers.PReLU()(maskseq.Input((None, 2))), "shared_axes must have the axes"),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_alpha_of_keras_2_is_the_slope():
    assert layers.LeakyReLU(alpha=0.4).negative_slope == 0.4


def test_thresholded_relu_passes_what_is_above_theta():
    x = np.float32([-2, 0.5, 1.0, 1.5, np.nan])
    np.testing.assert_array_equal(layers.ThresholdedReLU()(x), [0, 0, 0, 1.5, np.nan])
    np.testing.assert_array_equal(layers.ThresholdedReLU(0)(x[:4]), [0, 0.5, 1, 1.5])


@pytest.mark.parametrize("axes", [None, [1], [2], [1, 2]])
def test_prelu_has_an_alpha_for_each_number_that_does_not_share_one(rng, axes):
    x = rng.normal(size=(3, 6, 4)).astype(np.float32)
    layer = layers.PReLU(shared_axes=axes)
    layer(x)
    shape = [1 if axis in (axes or []) else n for axis, n in ((1, 6), (2, 4))]
    alpha = rng.normal(size=shape).astype(np.float32)
    layer.set_weights([alpha])
    np.testing.assert_allclose(layer(x), np.where(x < 0, alpha * x, x), rtol=1e-6)


@pytest.mark.parametrize("shared", [None, [2]])
def test_prelu_of_one_step_has_the_alphas_of_that_step_in_a_model(shared):
    inputs = maskseq.Input((1,), dtype="int32")
    prelu = layers.PReLU(shared_axes=shared)
    rows = layers.Embedding(4, 2, mask_zero=True)(inputs)
    model = maskseq.Model(inputs, layers.LSTM(3, return_sequences=True)(prelu(rows)))
    plain = maskseq.Model(inputs, prelu(rows))
    table, alpha = np.float32([[-1, 2], [-3, -4], [5, -6], [-7, 8]]), np.float32([[[0.5, 0.25]]])
    alpha = alpha[0] if shared is None else alpha[0][:, :1]
    plain.set_weights([table, alpha])
    x = np.array([[1], [0], [3]], np.int32)
    seen = table[x]
    np.testing.assert_array_equal(plain.predict(x), np.where(seen < 0, alpha * seen, seen))
    answers = model.predict(x)
    for row in range(3):
        np.testing.assert_array_equal(model.predict(x[row : row + 1]), answers[row : row + 1])
