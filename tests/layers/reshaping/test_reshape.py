"""Flatten, Reshape, Permute, RepeatVector give Keras's numbers, and lose the mask as it does."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import twin
from tests.support.beside_keras import carrying
from tests.support.masks import SMALL_MASKS

MAKES = {
    "flatten": lambda L: L.Flatten(),
    "flatten_first": lambda L: L.Flatten(data_format="channels_first"),
    "reshape": lambda L: L.Reshape((2, 6)),
    "reshape_same": lambda L: L.Reshape((6, 2)),
    "reshape_rest": lambda L: L.Reshape((-1, 3)),
    "permute": lambda L: L.Permute((2, 1)),
    "permute_same": lambda L: L.Permute((1, 2)),
}


@pytest.mark.slow
@pytest.mark.parametrize("mask", ["none", "right", "holes"])
@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_reshaping_equals_keras(make, mask, rng):
    twin.check_eager(make, rng.normal(size=(3, 6, 2)).astype(np.float32), SMALL_MASKS[mask])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flatten", "reshape", "permute"])
def test_reshaping_in_a_model_equals_keras(name):
    make = MAKES[name] if name != "reshape" else lambda L: L.Reshape((2, 12))
    twin.check_in_model(make, stem="lstm")


@pytest.mark.slow
def test_repeat_vector_equals_keras(rng):
    twin.check_eager(lambda L: L.RepeatVector(4), rng.normal(size=(3, 5)).astype(np.float32), None)


def test_lost_mask_is_told(rng):
    x = carrying(maskseq, rng.normal(size=(3, 6, 2)), SMALL_MASKS["right"])
    with pytest.warns(UserWarning, match="Layer 'flat' .* destroy the mask"):
        layers.Flatten(name="flat")(x)


def test_shape_of_a_symbolic_output():
    x = maskseq.Input((None, 4))
    assert layers.Flatten()(x).shape == (None, None)
    assert layers.Reshape((-1, 2))(x).shape == (None, None, 2)
    assert layers.Permute((2, 1))(x).shape == (None, 4, None)


def test_integers_stay_integers():
    assert layers.Reshape((2, 2))(np.arange(8).reshape(2, 4)).dtype == np.int64


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: layers.Reshape((-1, -1)), "may have one -1"),
        (lambda: layers.Permute((0, 1)), "an order of 1, 2"),
        (lambda: layers.RepeatVector(0), "at least 1, got 0"),
        (lambda: layers.Reshape((5,))(np.ones((2, 4))), r"does not fit \(5,\)"),
    ],
)
def test_wrong_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("target", [(2,), (5, 2), (-1, 5), (4, 3, 2)])
def test_a_shape_of_other_numbers_is_refused_when_the_graph_is_built(target):
    with pytest.raises(ValueError, match=r"a sample of shape \(6, 2\) does not fit"):
        layers.Reshape(target)(maskseq.Input((6, 2)))
