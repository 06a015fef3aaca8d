"""Every number of rows in a tile, and every width of its last block: bits do not depend on it."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.kernels.low.test_low import case, on_every_way, packed_rnn
from tests.support.batches import KINDS, random_weights
from tests.support.definitions import low

PRECISIONS = ("float32", "bfloat16", "int8")
ROWS = 29


def slow(*values):
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


def packed_dense(w, bias, precision):
    if precision == "float32":
        return _kernels.PackedDense(w, bias)
    codes = low.int8_columns(w) if precision == "int8" else (low.bfloat16(w), None)
    return _kernels.PackedDense(codes, bias)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("units", [1, 8, 9, 16, 24, 32, 40, 48, 64, 100])
@pytest.mark.parametrize("depth", [3, *slow(1, 20)])
def test_a_row_of_a_product_has_the_same_bits_among_any_others(rng, precision, units, depth):
    x, w, bias = case(rng, ROWS, depth, units)

    def answers():
        packed = packed_dense(w, bias, precision)
        whole = _kernels.dense(x, packed)
        for rows in range(1, ROWS):
            np.testing.assert_array_equal(_kernels.dense(x[:rows], packed), whole[:rows])
            np.testing.assert_array_equal(_kernels.dense(x[-rows:], packed), whole[-rows:])

    on_every_way(answers)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("units", [1, 8, 9, 16, 24, 40, 64])
@pytest.mark.parametrize("features", [6, *slow(1, 17)])
def test_a_sequence_has_the_same_bits_among_any_number(rng, kind, units, features, precision):
    x = rng.normal(0, 1, (ROWS * 3, features)).astype(np.float32)
    weights = random_weights(rng, kind, features, units)
    table = rng.normal(0, 1, (700, features)).astype(np.float32)
    index = rng.integers(
        0, 700, ROWS * 3
    )  # most of the table is not read: rows are, where they lie

    def answers():
        if precision == "float32":
            packed = _kernels.PackedRNN(kind, *weights)
        else:
            packed = packed_rnn(kind, weights, precision)
        offsets = np.arange(0, ROWS * 3 + 1, 3)
        whole, _ = _kernels.rnn(x, packed, offsets, return_sequences=True)
        looked, _ = _kernels.rnn(table, packed, offsets, index=index, return_sequences=True)
        for count in range(1, ROWS):
            some = offsets[: count + 1]
            got, _ = _kernels.rnn(x[: count * 3], packed, some, return_sequences=True)
            np.testing.assert_array_equal(got, whole[: count * 3])
            got, last = _kernels.rnn(table, packed, some, index=index[: count * 3])
            np.testing.assert_array_equal(last[0], looked[2 : count * 3 : 3])

    on_every_way(answers)
