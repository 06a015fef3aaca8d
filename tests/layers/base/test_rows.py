"""Rows: what the packed form of a batch promises to stand for."""

import numpy as np

from maskseq import layers
from maskseq.rows import Layout, Rows, align

MASK = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1]], bool)


def test_rows_with_a_pad_row_each_show_it_in_masked_cells():
    layout = Layout.from_mask(MASK)
    values = np.arange(8, dtype=np.float32)[:, None]  # 5 real steps, then 3 pad rows
    padded = Rows(values, layout).to_padded()[..., 0]
    np.testing.assert_array_equal(padded, [[0, 5, 1], [6, 6, 6], [2, 3, 4]])


def test_align_repeats_a_single_pad_row():
    layout = Layout.from_mask(MASK)
    one = Rows(np.arange(6, dtype=np.float32)[:, None], layout)
    each = Rows(np.arange(8, dtype=np.float32)[:, None], layout)
    a, b = align([one, each])
    np.testing.assert_array_equal(a[:, 0], [0, 1, 2, 3, 4, 5, 5, 5])
    total = Rows(a + b, layout).to_padded()
    np.testing.assert_array_equal(total, one.to_padded() + each.to_padded())


def test_align_refuses_rows_that_do_not_fit():
    layout, values = Layout.from_mask(MASK), np.zeros((6, 1), np.float32)
    assert align([Rows(values, layout), Rows(values, layout, carry=True)]) is None
    assert align([Rows(values, layout), Rows(values, Layout.from_mask(MASK[::-1]))]) is None


def test_rows_are_ragged_only_without_a_padded_array_behind_them():
    values = np.ones((5, 2), np.float32)
    assert Rows.from_ragged(values, np.array([0, 2, 5])).is_ragged
    assert not Rows.view(np.ones((3, 3, 2), np.float32), MASK).is_ragged
    assert not Rows.view(np.ones((3, 3, 2), np.float32), None).is_ragged
    assert not Rows(np.ones((6, 2), np.float32), Layout.from_mask(MASK)).is_ragged


def test_a_mask_by_hand_replaces_that_of_rows(rng):
    """Only a mask that is theirs keeps them packed."""
    x = np.where(MASK[..., None], rng.normal(size=(3, 3, 2)), 0).astype(np.float32)
    rows, other = Rows.view(x, MASK), np.roll(MASK, 1, axis=1)
    layer = layers.LSTM(4)
    expected = [np.array(layer(x, mask=mask)) for mask in (MASK, other)]
    for mask, want in zip((MASK.copy(), other), expected, strict=True):
        np.testing.assert_array_equal(layer.apply(rows, mask=mask), want)


SHIFTED = np.roll(MASK, 1, axis=1)  # as many real steps in each sequence, in other cells


def test_layouts_are_equal_if_their_cells_are():
    one = Layout.from_mask(MASK)
    assert one.equals(Layout.from_mask(MASK.copy()))
    assert not one.equals(Layout.from_mask(SHIFTED))
    assert not one.equals(Layout.from_mask(MASK[:2]))
    assert one.has_mask(MASK.copy()) and not one.has_mask(SHIFTED)
    right = Layout.from_offsets(np.array([0, 2, 2, 5]))
    assert right.equals(Layout.from_mask(np.array([[1, 1, 0], [0, 0, 0], [1, 1, 1]], bool)))
    assert not right.equals(one)


def test_rows_of_other_cells_are_added_cell_by_cell(rng):
    x, y = (rng.normal(size=(3, 3, 2)).astype(np.float32) for _ in range(2))
    rows = [Rows.view(x, MASK), Rows.view(y, SHIFTED)]
    expected = np.where(MASK[..., None], x, 0) + np.where(SHIFTED[..., None], y, 0)
    found = layers.Add().apply(rows)
    np.testing.assert_array_equal(np.asarray(found), expected)


def test_a_part_of_a_layout_is_that_of_its_sequences():
    whole = Layout.from_mask(MASK)
    for start, end in ((0, 3), (1, 3), (2, 3), (0, 1), (1, 1)):
        part = whole.part(start, end)
        np.testing.assert_array_equal(part.mask, MASK[start:end])
        assert part.equals(Layout.from_mask(MASK[start:end]))
