"""What recurrent layers refuse, and how they say it."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.support.batches import KINDS, random_weights


def call(x=(4, 3), offsets=(0, 4), **arguments):
    packed = _kernels.PackedRNN("lstm", np.ones((3, 8)), np.ones((2, 8)), np.ones(8))
    return _kernels.rnn(np.ones(x), packed, np.array(offsets, np.int64), **arguments)


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"x": (4, 2)}, ValueError, r"x must be float32 \(any, 3\), got float32 \(4, 2\)"),
        (
            {"offsets": (1, 4)},
            ValueError,
            "offsets must start at 0 and never fall, got 1 at position 0",
        ),
        (
            {"offsets": (0, 3, 2)},
            ValueError,
            "offsets must start .* never fall, got 2 at position 2",
        ),
        (
            {"offsets": (0, 5)},
            ValueError,
            "offsets must rise from 0 to at most the 4 rows of x, got 5",
        ),
        ({"offsets": ()}, ValueError, "offsets must be int64"),
        ({"index": [0, 1, 4, 9]}, IndexError, r"index must be in \[0, 4\), got 4 at position 2"),
        ({"index": [0, -1, 0, 0]}, IndexError, r"index must be in \[0, 4\), got -1 at position 1"),
        ({"index": [0, 1]}, ValueError, r"index must be int64 \(4,\), got int64 \(2,\)"),
        (
            {"initial_state": [np.ones((1, 2))]},
            ValueError,
            "initial_state must have 2 arrays, got 1",
        ),
        (
            {"initial_state": [np.ones((1, 2)), np.ones((1, 3))]},
            ValueError,
            r"initial_state\[1\] must be float32 \(1, 2\), got float32 \(1, 3\)",
        ),
        (
            {"out": np.ones((3, 2), "f4")},
            ValueError,
            r"out must be float32 \(4 or more, 2\), got f",
        ),
        ({"out": np.ones((4, 2))}, ValueError, r"out must be float32 \(4 or more, 2\), got d"),
        (
            {"out": np.ones((2, 4), "f4").T},
            ValueError,
            "out must be aligned, with the values of a row",
        ),
        ({"out": [[1.0, 1.0]] * 4}, TypeError, "out must be a writable float32 array"),
        (
            {"out": np.ones((5, 2), "f4"), "cells": [0, 1, 5, 9]},
            IndexError,
            r"cells must be in \[0, 5\), got 5 at position 2",
        ),
        (
            {"out": np.ones((5, 2), "f4"), "cells": [0, 1, 2, -1], "index": [0, 1, 2, 3]},
            IndexError,
            r"cells must be in \[0, 5\), got -1 at position 3",
        ),
        (
            {"out": np.ones((5, 2), "f4"), "cells": [0, 1]},
            ValueError,
            r"cells must be int64 \(4,\), got int64 \(2,\)",
        ),
        ({"cells": [0, 1, 2, 3]}, ValueError, "cells are those of `out`, got none"),
    ],
)
def test_rnn_names_the_bad_argument(arguments, error, message):
    with pytest.raises(error, match=message):
        call(**arguments)


def test_out_must_not_overlap_the_input():
    packed = _kernels.PackedRNN("simple_rnn", np.ones((3, 3)), np.ones((3, 3)))
    x = np.ones((4, 3), np.float32)
    with pytest.raises(ValueError, match="out must not overlap x or initial_state"):
        _kernels.rnn(x, packed, [0, 4], out=x)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (1, 2, 3, 3)])
def test_rnn_without_offsets_names_the_bad_shape(rng, shape):
    packed = _kernels.PackedRNN("gru", *random_weights(rng, "gru", 3, 5))
    with pytest.raises(ValueError, match=r"x must be float32 \(any, any, 3\), got float32 \("):
        _kernels.rnn(np.zeros(shape, np.float32), packed)


@pytest.mark.parametrize("argument", ["index", "out", "cells"])
def test_rnn_without_offsets_takes_nothing_that_needs_them(rng, argument):
    packed = _kernels.PackedRNN("gru", *random_weights(rng, "gru", 3, 5))
    with pytest.raises(ValueError, match="index, out and cells need offsets, got none"):
        _kernels.rnn(np.zeros((1, 2, 3), np.float32), packed, **{argument: np.zeros(2)})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [0, 1, 2])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("by", [-1, 1])
def test_weights_of_any_wrong_shape_are_refused(kind, wrong, axis, by):
    shapes = [list(w.shape) for w in random_weights(np.random.default_rng(0), kind, 3, 4)]
    axis = min(axis, len(shapes[wrong]) - 1)
    shapes[wrong][axis] += by
    if (wrong, axis) == (0, 0):
        pytest.skip("any number of features is right")
    with pytest.raises(ValueError, match="kernel must be float32|bias must be float32"):
        _kernels.PackedRNN(kind, *map(np.ones, shapes))


def test_packed_rnn_names_the_known_kinds():
    with pytest.raises(ValueError, match="kind must be one of lstm, gru, .*, got 'GRU'"):
        _kernels.PackedRNN("GRU", np.ones((1, 3)), np.ones((1, 3)))


@pytest.mark.parametrize("order", "<>=")
def test_arrays_whose_byte_order_is_written_out_are_read_as_others(order):
    """NumPy keeps dtype("<f4") apart from "=f4" in their buffers, though they are equal."""
    rng = np.random.default_rng(0)
    packed = _kernels.PackedRNN("lstm", rng.random((3, 8)), rng.random((2, 8)), rng.random(8))
    arguments = [rng.random((4, 3), np.float32), np.array([0, 1, 4]), np.array([3, 1, 0, 2])]
    states = [rng.random((2, 2), np.float32) for _ in range(2)]
    x, offsets, index = (a.astype(a.dtype.newbyteorder(order)) for a in arguments)
    given = [a.astype(a.dtype.newbyteorder(order)) for a in states]
    plain, places = {"initial_state": states}, {"initial_state": given}
    plain["index"], places["index"] = arguments[2], index
    wanted = _kernels.rnn(arguments[0], packed, arguments[1], **plain)
    found = _kernels.rnn(x, packed, offsets, **places)
    np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_array_equal(found[1], wanted[1])
