"""What the functions of the C API do that Python does not call, or asks for only after a check."""

import ctypes
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import maskseq
from maskseq import _kernels

INCLUDE = Path(maskseq.get_include())
OK, OUT_OF_RANGE, BAD_OFFSETS = 0, 4, 5
INT, INT64, POINTER = ctypes.c_int, ctypes.c_int64, ctypes.c_void_p


def function(name, *types):
    """A function of the table that other modules get, by its name without "msq_"."""
    names = re.findall(r"\(\*(\w+)\)\(", (INCLUDE / "maskseq_api.h").read_text())
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = POINTER, [ctypes.py_object, ctypes.c_char_p]
    table = get(_kernels._C_API, b"maskseq._kernels._C_API")
    head = 2 * 4 + ctypes.sizeof(ctypes.c_size_t) + 8  # versions, size, features
    place = table + head + names.index(name) * ctypes.sizeof(POINTER)
    return ctypes.CFUNCTYPE(INT, *types)(POINTER.from_address(place).value)


def test_statuses_are_those_of_the_header():
    text = (INCLUDE / "maskseq.h").read_text()
    found = dict(re.findall(r"MSQ_(OK|OUT_OF_RANGE|BAD_OFFSETS) = (\d+)", text))
    assert found == {"OK": str(OK), "OUT_OF_RANGE": "4", "BAD_OFFSETS": "5"}


# --- pad_rows


def pad_rows(values, offsets, time, pad, before, cut, threads=1, n=None):
    """(status, the padded rows, bad_position)."""
    types = [POINTER] * 4 + [INT64] * 4 + [INT] * 2 + [POINTER, INT]
    offsets, bad = np.array(offsets, np.int64), np.full(1, -7, np.int64)
    out = np.full((len(offsets) - 1, time, *values.shape[1:]), 99, values.dtype)
    status = function("pad_rows", *types)(
        *(x.ctypes.data for x in (out, values, pad, offsets)),
        *(len(offsets) - 1, time, len(values) if n is None else n, pad.nbytes),
        *(before, cut, bad.ctypes.data, threads),
    )
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


class RnnCall(ctypes.Structure):
    """msq_rnn_call."""

    _fields_ = [
        *[("size", ctypes.c_size_t), ("x", POINTER), ("index", POINTER), ("x_rows", INT64)],
        *[("offsets", POINTER), ("batch", INT64), ("initial_h", POINTER), ("initial_c", POINTER)],
        *[("h", POINTER), ("c", POINTER), ("sequences", POINTER), ("sequence_stride", INT64)],
        *[("reverse", INT), ("num_threads", INT)],
    ]


def run_simple_rnn(x_rows, offsets):
    """(status, bad_position, h) of a simple RNN of one unit over x_rows rows of ones."""
    weights = np.full((1, 1), 0.5, np.float32)
    offsets, bad, rnn = np.array(offsets, np.int64), np.full(1, -7, np.int64), POINTER()
    x, h = np.ones((8, 1), np.float32), np.full((len(offsets) - 1, 1), 99, np.float32)
    pack = function("rnn_pack", POINTER, INT, *[POINTER] * 3, INT64, INT64, INT, INT)
    kinds = re.findall(r"MSQ_(\w+)", re.search(r"enum msq_rnn_kind \{(.*?)\}", header(), re.S)[1])
    tanh = _kernels.ACTIVATIONS.index("tanh")
    weight = weights.ctypes.data
    kind = kinds.index("SIMPLE_RNN")
    status = pack(ctypes.byref(rnn), kind, weight, weight, None, 1, 1, tanh, tanh)
    assert status == OK
    call = RnnCall(
        size=ctypes.sizeof(RnnCall), x=x.ctypes.data, x_rows=x_rows, batch=len(offsets) - 1
    )
    call.offsets, call.h = offsets.ctypes.data, h.ctypes.data
    run = function("rnn_f32", POINTER, POINTER, POINTER)
    status = run(rnn, ctypes.byref(call), bad.ctypes.data)
    function("rnn_free", POINTER)(rnn)
    return status, int(bad[0]), h[:, 0]


def header():
    return (INCLUDE / "maskseq.h").read_text()


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
    function("layout_cells", POINTER, POINTER, INT64, INT64)(
        cells.ctypes.data, mask.ctypes.data, 5, 4
    )
    assert cells.tolist() == [1, 3, 0, 0, 0, 99]
