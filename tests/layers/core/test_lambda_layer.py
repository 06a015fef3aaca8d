"""Lambda calls a function, with the mask if it asks for it, and has Keras's mask rules."""

import pickle

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import twin
from tests.support.beside_keras import carrying
from tests.support.masks import SMALL_MASKS

CASES = {
    "plain": lambda L: L.Lambda(lambda x: x * 2),
    "same": lambda L: L.Lambda(lambda x: x),
    "arguments": lambda L: L.Lambda(lambda x, by: x * by, arguments={"by": 3}),
    "mask": lambda L: L.Lambda(lambda x: x[:, 1:], mask=lambda x, m: m[:, 1:]),
}


@pytest.mark.slow
@pytest.mark.parametrize("make", CASES.values(), ids=CASES)
def test_lambda_equals_keras(make, rng):
    twin.check_eager(make, rng.normal(size=(3, 6, 2)).astype(np.float32), SMALL_MASKS["right"])


@pytest.mark.slow
@pytest.mark.parametrize("make", CASES.values(), ids=CASES)
def test_lambda_in_a_model_equals_keras(make):
    twin.check_in_model(make)


def test_function_that_names_the_mask_gets_it(rng):
    x = carrying(maskseq, rng.normal(size=(3, 6, 2)), SMALL_MASKS["right"])
    with pytest.warns(UserWarning, match="destroy the mask"):
        y = layers.Lambda(lambda x, mask: x * mask[..., None])(x)
    np.testing.assert_array_equal(y, x * SMALL_MASKS["right"][..., None])


def test_shape_is_found_by_a_trial_call():
    assert layers.Lambda(lambda x: x[:, ::2])(maskseq.Input((6, 2))).shape == (None, 3, 2)


def test_pickle_keeps_a_function_that_has_a_name(rng):
    layer = pickle.loads(pickle.dumps(layers.Lambda(np.negative)))
    np.testing.assert_array_equal(layer(np.ones((1, 2))), [[-1, -1]])


def test_name_of_a_function_is_refused():
    with pytest.raises(TypeError, match="function must be a function"):
        layers.Lambda("os.system")
