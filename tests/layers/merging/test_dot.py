"""Dot gives Keras's numbers, sample by sample with the same bits."""

import numpy as np
import pytest

from maskseq import layers
from tests.support import twin
from tests.support.masks import SMALL_MASKS


@pytest.mark.slow
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize(
    "first, second, axes",
    [
        ((3, 4), (3, 4), 1),
        ((3, 4), (3, 4), -1),
        ((3, 4, 5), (3, 5, 4), (1, 2)),
        ((3, 4, 5), (3, 4, 6), 1),
        ((3, 6, 5), (3, 7, 5), -1),
        ((3, 4), (3, 5, 4), (1, 2)),
        ((3, 5, 4), (3, 4), (2, 1)),
        ((3, 5, 4, 2), (3, 4, 6), (2, 1)),
    ],
)
def test_dot_equals_keras(first, second, axes, normalize, rng):
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in (first, second)]
    twin.check_eager(lambda L: L.Dot(axes=axes, normalize=normalize), arrays, [None, None])


@pytest.mark.slow
def test_dot_ends_the_mask_as_keras(rng):
    arrays = [rng.normal(size=(3, 6, 2)).astype(np.float32) for _ in range(2)]
    twin.check_eager(lambda L: L.Dot(axes=2), arrays, [SMALL_MASKS["right"]] * 2)


def test_dot_of_a_sample_does_not_depend_on_the_others(rng):
    x, y = (rng.normal(size=(9, 17, 5)).astype(np.float32) for _ in range(2))
    layer = layers.Dot(axes=-1, normalize=True)
    np.testing.assert_array_equal(layer([x, y])[4:5], layer([x[4:5], y[4:5]]))


def test_dot_over_the_batch_is_refused():
    with pytest.raises(ValueError, match="not 0"):
        layers.Dot(axes=0)


def test_axes_of_different_sizes_are_named():
    with pytest.raises(ValueError, match="axes 1 must have equal sizes"):
        layers.Dot(axes=1)([np.ones((2, 3)), np.ones((2, 4))])
