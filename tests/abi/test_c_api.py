"""What the functions of the C API do that Python does not call, or asks for only after a check."""

import ctypes
from itertools import pairwise

import numpy as np
import pytest

from maskseq import _kernels
from tests.abi.c_api import STATUS, call, choices, struct

OK, OUT_OF_RANGE, BAD_OFFSETS = (STATUS[name] for name in ("OK", "OUT_OF_RANGE", "BAD_OFFSETS"))


def test_statuses_never_change():
    assert STATUS == {
        "OK": 0,
        "NO_MEMORY": 1,
        "UNKNOWN_NAME": 2,
        "UNSUPPORTED": 3,
        "OUT_OF_RANGE": 4,
        "BAD_OFFSETS": 5,
        "INTERRUPTED": 6,
    }


# --- pad_rows


def pad_rows(values, offsets, time, pad, before, cut, threads=1, n=None):
    """(status, the padded rows, bad_position)."""
    offsets, bad = np.array(offsets, np.int64), np.full(1, -7, np.int64)
    out = np.full((len(offsets) - 1, time, *values.shape[1:]), 99, values.dtype)
    n = len(values) if n is None else n
    sizes = len(offsets) - 1, time, n, pad.nbytes
    status = call("pad_rows", out, values, pad, offsets, *sizes, before, cut, bad, threads)
    return status, out, int(bad[0])


@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize("cut", [0, 1])
@pytest.mark.parametrize("dtype", ["u1", "f4", "f8"])
def test_pad_rows_pads_and_cuts_the_side_that_is_asked_for(rng, before, cut, dtype):
    lengths = [0, 1, 4, 5, 6, 9, 2]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    values = rng.integers(0, 90, (offsets[-1], 3)).astype(dtype)
    pad = np.array([[7, 8, 9]], dtype)
    for time in (0, 1, 5, 12):
        expected = np.repeat(pad, len(lengths) * time, axis=0).reshape(len(lengths), time, 3)
        for row, (first, end) in zip(expected, pairwise(offsets), strict=True):
            kept = values[first:end]
            kept = (kept[-time:] if cut else kept[:time]) if time else kept[:0]
            start = time - len(kept) if before else 0
            row[start : start + len(kept)] = kept
        for threads in (1, 3):
            status, out, _ = pad_rows(values, offsets, time, pad, before, cut, threads)
            assert status == OK and out.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "offsets, position",
    [([0, 2, 1, 4], 2), ([-1, 2, 3, 4], 0), ([0, 2, 3, 5], 3), ([1, 0, 3, 4], 1)],
)
def test_pad_rows_names_the_first_offset_that_does_not_fit(offsets, position):
    values, pad = np.ones((4, 2), np.float32), np.zeros((1, 2), np.float32)
    status, out, bad = pad_rows(values, offsets, 3, pad, 0, 0)
    assert (status, bad) == (BAD_OFFSETS, position)
    assert (out == 99).all()  # nothing is written


# --- rnn_f32


def run_simple_rnn(x_rows, offsets):
    """(status, bad_position, h) of a simple RNN of one unit over x_rows rows of ones."""
    weight = np.full((1, 1), 0.5, np.float32)
    offsets, bad, rnn = np.array(offsets, np.int64), np.full(1, -7, np.int64), ctypes.c_void_p()
    x, h = np.ones((8, 1), np.float32), np.full((len(offsets) - 1, 1), 99, np.float32)
    tanh, kind = _kernels.ACTIVATIONS.index("tanh"), choices("msq_rnn_kind")["SIMPLE_RNN"]
    packed = ctypes.addressof(rnn), kind, weight, weight, None, 1, 1, tanh, tanh
    assert call("rnn_pack", *packed) == OK
    arrays = {"x": x, "x_rows": x_rows, "offsets": offsets, "batch": len(offsets) - 1, "h": h}
    status = call("rnn_f32", rnn.value, struct("msq_rnn_call", **arrays), bad)
    call("rnn_free", rnn.value)
    return status, int(bad[0]), h[:, 0]


def test_rnn_reads_no_row_beyond_those_there_are():
    status, _, h = run_simple_rnn(4, [0, 1, 4])
    assert status == OK
    first = np.tanh(0.5)
    second = np.tanh(0.5 + 0.5 * first)
    np.testing.assert_allclose(h, [first, np.tanh(0.5 + 0.5 * second)], rtol=1e-6)
    status, bad, h = run_simple_rnn(4, [0, 1, 5])
    assert (status, bad) == (OUT_OF_RANGE, 2) and (h == 99).all()


# --- layout_cells


def test_cells_beyond_those_of_the_mask_are_0():
    """As where another thread has changed the mask since its steps were counted."""
    mask, cells = np.array([0, 1, 0, 1], np.uint8), np.full(6, 99, np.int64)
    call("layout_cells", cells, mask, 5, 4)
    assert cells.tolist() == [1, 3, 0, 0, 0, 99]
