"""Embedding: rows of the table, and with mask_zero the mask ids != 0."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.context import changed
from maskseq.rows import Rows

IDS = np.array([[3, 0, 1], [0, 0, 0], [2, 2, 4]])
TABLE = np.arange(15, dtype=np.float32).reshape(5, 3) + 1


def make(mask_zero=True):
    return layers.Embedding(5, 3, mask_zero=mask_zero, weights=[TABLE])


@pytest.mark.parametrize("ids", [IDS, IDS[0], IDS[:, :, None], np.array(3)])
def test_embedding_looks_up_ids_of_any_rank(ids):
    y = make()(ids)
    np.testing.assert_array_equal(y, TABLE[ids])
    np.testing.assert_array_equal(y._keras_mask, ids != 0)


def test_embedding_cuts_floats_and_masks_what_is_not_zero():
    y = make()(np.array([[0.5, 1.9, 0.0, -0.5]]))
    np.testing.assert_array_equal(y[0], TABLE[[0, 1, 0, 0]])
    np.testing.assert_array_equal(y._keras_mask, [[True, True, False, True]])


def test_embedding_without_mask_zero_makes_none():
    layer = make(mask_zero=False)
    assert not hasattr(layer(IDS), "_keras_mask")
    assert layer.compute_mask(IDS) is None and layer.mask_role == "drops"


def test_embedding_replaces_a_mask_that_the_ids_carry():
    ids = maskseq.convert_to_tensor(IDS)
    maskseq.set_keras_mask(ids, np.ones(IDS.shape, bool))
    np.testing.assert_array_equal(make()(ids)._keras_mask, IDS != 0)


def test_embedding_in_a_model_keeps_one_row_for_every_masked_step():
    with changed(padded_output=False):
        rows = make().apply(IDS)
    assert type(rows) is Rows and len(rows.values) == (IDS != 0).sum() + 1
    np.testing.assert_array_equal(rows.to_padded(), TABLE[IDS])


@pytest.mark.filterwarnings("ignore:.*destroy the mask")
@pytest.mark.parametrize("mask_zero", [True, False])
def test_embedding_takes_ragged_ids_zeros_inside_included(mask_zero):
    layer = make(mask_zero)
    sequences = [[3, 0, 1], [], [2], [0, 4]]
    y = layer.apply(Rows.from_ragged(*_packed(sequences)))
    y = y.to_tensor() if type(y) is Rows else y
    padded = np.array([[3, 0, 1], [0, 0, 0], [2, 0, 0], [0, 4, 0]])
    np.testing.assert_array_equal(y, TABLE[padded])
    if mask_zero:
        np.testing.assert_array_equal(y._keras_mask, padded != 0)


def _packed(sequences):
    offsets = np.cumsum([0, *map(len, sequences)])
    return np.array([i for s in sequences for i in s]), offsets


def test_embedding_config_makes_it_anew():
    config = make().get_config()
    again = layers.Embedding.from_config(config)
    assert again.get_config() == config and again.mask_zero and again.supports_masking


@pytest.mark.parametrize("dtype", ["i1", "i2", ">i4", "i8", "u2", "f4", "f8"])
@pytest.mark.parametrize("wrong", [-1, len(TABLE), 127])
def test_ids_of_every_dtype_are_checked(dtype, wrong):
    ids = np.array([[1, 2, 0], [2, 1, 1]]).astype(dtype)
    np.testing.assert_array_equal(make()(ids), TABLE[ids.astype(int)])
    ids[1, 1] = np.array(wrong).astype(dtype)
    with pytest.raises(IndexError, match=r"got \S+ at \[1, 1\]"):
        make()(ids)
