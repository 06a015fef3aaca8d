"""Dot gives Keras's numbers, sample by sample with the same bits."""

import numpy as np
import pytest

from maskseq import layers
from maskseq.rows import Layout, Rows, Unmasked, settled
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


LAYOUTS = {
    "right": ([3, 1, 7], [5, 2, 2], False),
    "empty sequences": ([0, 4], [3, 0], False),
    "masks of any pattern": ([6, 6], [4, 9], True),
}


def rows_of(lengths, holes, rng, own_pads):
    """Rows whose masked cells show numbers, and the padded array that they stand for."""
    mask = np.arange(max(lengths) + 1) < np.array(lengths)[:, None]
    if holes:
        mask &= rng.random(mask.shape) > 0.4
    layout = Layout.from_mask(mask)
    pads = len(lengths) if own_pads else 1
    values = rng.normal(size=(layout.steps + pads, 5)).astype(np.float32)
    rows = Rows(values, layout)
    return rows, rows.to_padded()


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("unmasked", [False, True])
def test_dot_of_rows_has_the_bits_of_the_padded_arrays(name, normalize, unmasked, rng):
    first, second, holes = LAYOUTS[name]
    (x, x_cells), (y, y_cells) = (
        rows_of(lengths, holes, rng, own) for lengths, own in ((first, False), (second, True))
    )
    layer = layers.Dot(axes=-1, normalize=normalize)
    expected = layer([x_cells, y_cells])
    found = layer.apply([Unmasked(x), y] if unmasked else [x, y])
    assert type(found) is Unmasked
    np.testing.assert_array_equal(settled(found), expected)


def test_dot_over_time_takes_pads_of_all_steps(rng):
    (x, cells), _ = (rows_of([2, 4], False, rng, True) for _ in range(2))
    expected = np.einsum("bti,btj->bij", *[cells.astype(np.float64)] * 2)
    np.testing.assert_allclose(layers.Dot(axes=1)([x, x]), expected, rtol=1e-5, atol=1e-5)


def test_dot_over_the_batch_is_refused():
    with pytest.raises(ValueError, match="not 0"):
        layers.Dot(axes=0)


def test_axes_of_different_sizes_are_named():
    with pytest.raises(ValueError, match="axes 1 must have equal sizes"):
        layers.Dot(axes=1)([np.ones((2, 3)), np.ones((2, 4))])
