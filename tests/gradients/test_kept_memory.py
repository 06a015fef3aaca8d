"""What a tape keeps until the way back: some floats a real step, and nothing for masked ones."""

import gc
import tracemalloc

import numpy as np
import pytest

from maskseq import layers
from maskseq.context import changed
from maskseq.rows import Rows
from maskseq.tape import Tape

FEATURES, UNITS = 16, 24
FEW, MANY = 600, 3000  # real steps: what does not grow with them drops out of the difference
GAP = 16  # floats between the kept rows of a recurrent layer

KEPT = {  # floats a real step, the output included; the input belongs to the caller
    "lstm": (lambda: layers.LSTM(UNITS, return_sequences=True), 6 * UNITS + GAP),  # z, c, h
    "last lstm": (lambda: layers.LSTM(UNITS), 6 * UNITS + GAP),
    "both directions": (  # h as columns of the output, not once more; and the last states
        lambda: layers.Bidirectional(layers.LSTM(UNITS, return_sequences=True)),
        2 * (6 * UNITS + GAP) + 4 * UNITS / 30,
    ),
    "gru": (lambda: layers.GRU(UNITS, return_sequences=True), 5 * UNITS + GAP),
    "simple rnn": (lambda: layers.SimpleRNN(UNITS, return_sequences=True), 2 * UNITS + GAP),
    "dense": (lambda: layers.Dense(UNITS), UNITS),
    "dense relu": (lambda: layers.Dense(UNITS, "relu"), 2 * UNITS),
    "layer normalization": (lambda: layers.LayerNormalization(), FEATURES),
    "dropout": (lambda: layers.Dropout(0.5, seed=1), FEATURES + 4),  # two int64: where it draws
    "attention": (  # q, k, v, the heads' output, and the layer's with and without a pad: no scores
        lambda: layers.GroupQueryAttention(8, 3, 3),
        4 * 24 + 2 * FEATURES,
    ),
}


def kept_bytes(make, steps, time):
    """Of a tape after the walk of a layer over sequences of 30 steps, padded to `time`."""
    rng = np.random.default_rng(0)
    values = rng.standard_normal((steps, FEATURES)).astype(np.float32)
    rows = Rows.from_ragged(values, np.arange(0, steps + 1, 30), time)
    layer = make()
    inputs = [rows] * (2 if isinstance(layer, layers.GroupQueryAttention) else 1)
    held = 0
    gc.freeze()  # what other tests left is not looked through again and again
    for _ in range(2):  # the first time it is built and packed
        tape = outputs = None
        gc.collect()
        tracemalloc.start()
        tape = Tape(layer.trainable_weights)
        with changed(training=True, tape=tape):
            outputs = layer.apply(*map(tape.watch, inputs))
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
    assert len(tape) > 0 and outputs is not None
    return held


@pytest.mark.parametrize("name", KEPT)
def test_floats_kept_of_a_real_step(name):
    make, floats = KEPT[name]
    grown = kept_bytes(make, MANY, 30) - kept_bytes(make, FEW, 30)
    assert grown / (MANY - FEW) / 4 == pytest.approx(floats, abs=2)  # lengths, and the like


@pytest.mark.parametrize("name", KEPT)
def test_nothing_is_kept_of_masked_steps(name):
    make, _ = KEPT[name]
    assert abs(kept_bytes(make, FEW, 3000) - kept_bytes(make, FEW, 60)) < 4096
