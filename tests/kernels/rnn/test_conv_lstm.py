"""Convolutional LSTMs: right, and with bits that depend on the sequence and the weights alone."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.support import reference
from tests.support.batches import assert_close, same_bits

LENGTHS = [3, 0, 1, 7, 2, 12]
OFFSETS = np.concatenate([[0], np.cumsum(LENGTHS)])
WINDOWS = [  # of a step: rows, count, size, stride, dilation, before
    (6, 6, 3, 1, 1, 1),
    (7, 5, 3, 1, 1, 0),
    (9, 5, 2, 2, 1, 0),
    (5, 5, 4, 1, 2, 3),
    (1, 1, 3, 1, 1, 1),
    (110, 110, 1, 1, 1, 0),
]


def made(rng, window, filters, features=2):
    """x, kernel, recurrent kernel and bias, and the first h and c.

    Weights are small enough that a rounding in a step does not grow in those behind it.
    """
    rows, count, size, *_ = window
    shapes = [
        (sum(LENGTHS), rows, features),
        (size, features, 4 * filters),
        (size, filters, 4 * filters),
        (4 * filters,),
        *[(len(LENGTHS), count, filters)] * 2,
    ]
    x, kernel, recurrent, bias, *states = (
        rng.normal(0, 0.5, shape).astype(np.float32) for shape in shapes
    )
    return x, (kernel, recurrent / np.float32(np.sqrt(size * filters)), bias), states


def convolved(x, kernel, window):
    """x (rows, features) -> (count, columns), in float64."""
    rows, count, size, stride, dilation, before = window
    y = np.zeros((count, kernel.shape[2]))
    for row in range(count):
        for place in range(size):
            step = row * stride + place * dilation - before
            if 0 <= step < rows:
                y[row] += np.float64(x[step]) @ kernel[place]
    return y


def defined(x, weights, states, window, reverse, names=("tanh", "sigmoid")):
    """The outputs and the last h and c, in float64."""
    kernel, recurrent, bias = weights
    activation, gate = (reference.ACTIVATIONS[name] for name in names)
    count, size = window[1:3]
    inner = count, count, size, 1, 1, (size - 1) // 2
    outputs = np.zeros((len(x), count, recurrent.shape[1]))
    h, c = (np.float64(state) for state in states)
    for b, (start, end) in enumerate(zip(OFFSETS[:-1], OFFSETS[1:], strict=True)):
        for t in range(start, end)[:: -1 if reverse else 1]:
            z = convolved(x[t], kernel, window) + convolved(h[b], recurrent, inner) + bias
            i, f, new, o = np.split(z, 4, axis=1)
            c[b] = gate(f) * c[b] + gate(i) * activation(new)
            outputs[t] = h[b] = gate(o) * activation(c[b])
    return outputs, h, c


def run(x, weights, states, window, names=(), **options):
    out = np.full((len(x), *states[0].shape[1:]), np.nan, np.float32)
    packed = _kernels.PackedConvLSTM(*weights, *names)
    places = _kernels.Windows(1, *window)
    return out, *_kernels.conv_lstm(x, packed, places, OFFSETS, states, out=out, **options)


@pytest.mark.parametrize("filters", [1, 5, 8, 16, 21])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("reverse", [False, True])
def test_conv_lstm_equals_its_definition(isa, rng, window, filters, reverse):
    x, weights, states = made(rng, window, filters)
    got = run(x, weights, states, window, reverse=reverse)
    for one, want in zip(got, defined(x, weights, states, window, reverse), strict=True):
        assert_close(one, want)


@pytest.mark.parametrize("names", [("relu", "hard_sigmoid"), ("softsign", "sigmoid")])
def test_conv_lstm_takes_any_activations(isa, rng, names):
    x, weights, states = made(rng, WINDOWS[0], 5)
    got = run(x, weights, states, WINDOWS[0], names)
    want = defined(x, weights, states, WINDOWS[0], False, names)
    for one, other in zip(got, want, strict=True):
        assert_close(one, other)


@pytest.mark.parametrize("filters", [8, 21])
def test_the_same_bits_on_every_isa_and_number_of_threads(rng, filters):
    x, weights, states = made(rng, WINDOWS[0], filters)
    x, states = np.tile(x, (40, 1, 1)), [np.tile(state, (40, 1, 1)) for state in states]
    offsets, bits = np.concatenate([[0], np.cumsum(LENGTHS * 40)]), set()
    for isa in _kernels.ISAS:
        _kernels.set_isa(isa)
        packed = _kernels.PackedConvLSTM(*weights)
        for threads in (1, 2, 3, 5):
            places = _kernels.Windows(1, *WINDOWS[0])
            h, c = _kernels.conv_lstm(x, packed, places, offsets, states, num_threads=threads)
            for state in (h, c):  # 40 times the same sequences
                assert same_bits(state, np.tile(state[: len(LENGTHS)], (40, 1, 1)))
            bits.add(h.tobytes() + c.tobytes())
    assert len(bits) == 1


def test_one_row_and_a_window_of_one_have_the_bits_of_lstm(isa, rng):
    window = (1, 1, 1, 1, 1, 0)
    x, (kernel, recurrent, bias), states = made(rng, window, 9)
    out, h, c = run(x, (kernel, recurrent, bias), states, window)
    packed = _kernels.PackedRNN("lstm", kernel[0], recurrent[0], bias)
    flat, starts = x[:, 0], [state[:, 0] for state in states]
    want, last = _kernels.rnn(flat, packed, OFFSETS, initial_state=starts, return_sequences=True)
    assert same_bits((out[:, 0], h[:, 0], c[:, 0]), (want, *last))


def test_steps_are_read_by_index_and_outputs_go_to_cells(isa, rng):
    x, weights, states = made(rng, WINDOWS[0], 5)
    want = run(x, weights, states, WINDOWS[0])
    index, cells = rng.permutation(len(x)), rng.permutation(len(x))
    table = np.empty_like(x)
    table[index] = x
    out, *last = run(table, weights, states, WINDOWS[0], index=index, cells=cells)
    assert same_bits((out[cells], *last), want)


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"index": np.full(25, 25)}, IndexError, "index must be in .0, 25., got 25 at position 0"),
        ({"cells": np.full(25, -1)}, IndexError, "cells must be in .0, 25., got -1 at position 0"),
        ({"cells": np.arange(25), "out": None}, ValueError, "cells are those of `out`"),
        ({"out": np.zeros((24, 6, 5), np.float32)}, ValueError, "out must have 25 rows or more"),
        ({"out": np.zeros((25, 6, 4), np.float32)}, ValueError, r"out must be float32 \(any, 6, 5"),
        ({"offsets": OFFSETS + 1}, ValueError, "offsets must rise from 0 to at most the 25 rows"),
        ({"offsets": [0, 3, 2, 3, 3, 3, 3]}, ValueError, "never fall, got 2 at position 2"),
        ({"windows": (6, 6, 2, 1, 1, 0)}, ValueError, "windows must be those of one step, of siz"),
        ({"windows": (6, 6, 3, 0, 1, 0)}, ValueError, "sizes of windows must be positive"),
        ({"windows": (5, 6, 3, 1, 1, 1)}, ValueError, r"x must be float32 \(any, 5, 2\)"),
    ],
)
def test_what_does_not_fit_is_refused(rng, options, error, message):
    x, weights, states = made(rng, WINDOWS[0], 5)
    given = {"windows": WINDOWS[0], "offsets": OFFSETS, "out": np.zeros((25, 6, 5), np.float32)}
    given |= options
    windows = _kernels.Windows(1, *given.pop("windows"))
    packed, offsets = _kernels.PackedConvLSTM(*weights), given.pop("offsets")
    with pytest.raises(error, match=message):
        _kernels.conv_lstm(x, packed, windows, offsets, states, **given)


@pytest.mark.parametrize("shape", [(3, 2, 19), (2, 2, 20), (3, 0, 20)])
def test_kernels_that_do_not_fit_are_refused(shape):
    with pytest.raises(ValueError, match="kernel must"):
        _kernels.PackedConvLSTM(np.zeros(shape), np.zeros((3, 5, 20)))
