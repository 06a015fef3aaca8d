"""Values of a walk that are read no more leave their slots, and nothing else does."""

import weakref

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import maskseq
from maskseq import layers, ops


class Watched(layers.Layer):
    """Adds one, and counts those of its answers that live when it is called."""

    def __init__(self, made, counts):
        super().__init__()
        self.made, self.counts = made, counts

    def call(self, inputs):
        self.counts.append(sum(ref() is not None for ref in self.made))
        y = np.asarray(inputs) + 1
        self.made.append(weakref.ref(y))
        return y


def test_a_walk_holds_the_values_that_are_still_read():
    made, counts = [], []
    x = first = maskseq.Input((3,))
    for _ in range(9):
        x = Watched(made, counts)(x)
    model = maskseq.Model(first, x)
    made.clear(), counts.clear()
    np.testing.assert_array_equal(model.predict_on_batch(np.zeros((2, 3))), np.full((2, 3), 9))
    assert counts == [0, *[1] * 8]


def test_a_value_of_long_ago_is_kept_for_who_reads_it():
    x = maskseq.Input((3,))
    values = [x]
    for _ in range(6):
        values.append(values[-1] * 2.0)
    model = maskseq.Model(x, [values[6] + values[1], values[3] - x, x])
    one = np.ones((1, 3), np.float32)
    answers = model.predict_on_batch(one)
    assert [y[0, 0] for y in answers] == [66, 7, 1]


def test_several_results_of_a_call_leave_others_alone():
    x = maskseq.Input((6,))
    a, b, c = ops.split(x * 2.0, 3, axis=1)
    d, e = ops.split(ops.concatenate([c, b], axis=1), 2, axis=1)
    model = maskseq.Model(x, [a, d - e, x])
    given = np.arange(6, dtype=np.float32)[None]
    answers = model.predict_on_batch(given)
    np.testing.assert_array_equal(answers[0], [[0, 2]])
    np.testing.assert_array_equal(answers[1], [[4, 4]])
    np.testing.assert_array_equal(answers[2], given)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), st.integers(1, 14), st.integers(0, 2**32 - 1))
def test_any_graph_answers_as_by_hand(inputs, calls, seed):
    rng = np.random.default_rng(seed)
    symbols = [maskseq.Input((2,)) for _ in range(inputs)]
    values = [rng.integers(0, 9, (1, 2)).astype(np.float32) for _ in range(inputs)]
    for _ in range(calls):
        i, j = rng.integers(0, len(symbols), 2)
        if rng.integers(2):
            symbols.append(symbols[i] - symbols[j] * 0.5)
            values.append(values[i] - values[j] * np.float32(0.5))
        else:  # two results
            symbols += ops.split(ops.concatenate([symbols[i], symbols[j]], axis=1), 2, axis=1)
            values += [values[i], values[j]]
    wanted = sorted({*rng.integers(0, len(symbols), 3).tolist(), len(symbols) - 1})
    model = maskseq.Model(symbols[:inputs], [symbols[k] for k in wanted])
    answers = model.predict_on_batch(values[:inputs])
    for k, y in zip(wanted, answers, strict=True):
        np.testing.assert_array_equal(np.reshape(y, (1, 2)), values[k])
