"""Models under a tape: shared layers, nested models, several outputs, classes with a call."""

import numpy as np
import pytest

import maskseq
from maskseq import layers, ops
from maskseq.context import changed
from maskseq.rows import Rows
from maskseq.tape import SparseRows, Tape
from maskseq.testing import check_gradients


@pytest.fixture
def x(rng):
    return rng.standard_normal((4, 5, 3)).astype(np.float32)


RAGGED = [np.arange(3 * n, dtype=np.float32).reshape(n, 3) / 9 - 1 for n in (4, 0, 2, 5)]


def test_a_shared_layer_gets_the_sum_of_its_gradients(x):
    inputs = maskseq.Input((None, 3))
    shared = layers.Dense(3, activation="tanh")
    model = maskseq.Model(inputs, layers.Dense(2)(shared(shared(inputs))))
    check_gradients(model, x, inputs=True)
    check_gradients(model, maskseq.Ragged.from_list(RAGGED))


def test_a_layer_shared_by_two_inputs(x):
    a, b = maskseq.Input((None, 3)), maskseq.Input((None, 3))
    shared = layers.Dense(3, activation="tanh")
    model = maskseq.Model([a, b], layers.Multiply()([shared(a), shared(b)]))
    check_gradients(model, [x, x[::-1].copy()], inputs=True)


def test_nested_models(x):
    inner = maskseq.Sequential([layers.Input((None, 3)), layers.Dense(3, "tanh")], name="inner")
    inputs = maskseq.Input((None, 3))
    model = maskseq.Model(inputs, layers.Add()([inner(inputs), inner(inner(inputs))]))
    assert len(check_gradients(model, x)) == 2
    check_gradients(model, maskseq.Ragged.from_list(RAGGED))


def test_nested_models_with_steps_that_a_mask_ends(x):
    """What is inside reads masked cells, and so gets padded rows."""
    inner = maskseq.Sequential(
        [layers.Input((5, 3)), layers.Flatten(), layers.Dense(2)], on_mask_loss="ignore"
    )
    inputs = maskseq.Input((5, 3))
    outputs = inner(layers.Dense(3)(layers.Masking()(inputs)))
    model = maskseq.Model(inputs, outputs, on_mask_loss="ignore")
    x[1, 3:] = x[2, :2] = 0
    check_gradients(model, x)


def test_two_outputs_and_operations(x):
    inputs = maskseq.Input((None, 3))
    hidden = layers.Dense(3, activation="tanh")(inputs)
    first = layers.Dense(2)(hidden)
    second = ops.mean(ops.square(hidden) * 2.0 - hidden[:, ::-1], axis=1)
    model = maskseq.Model(inputs, {"steps": first, "mean": second}, on_mask_loss="ignore")
    assert len(check_gradients(model, x, inputs=True)) == 5


def test_only_the_output_that_is_read_sends_gradients(x):
    inputs = maskseq.Input((None, 3))
    first, second = layers.Dense(2), layers.Dense(2)
    model = maskseq.Model(inputs, [first(inputs), second(inputs)])
    tape = Tape(model.trainable_weights)
    with changed(tape=tape, training=True):
        outputs = model.apply(tape.data(x))
    found = tape.gradients(ops.sum(outputs[1]))
    missing = {id(v) for v, g in zip(model.trainable_weights, found, strict=True) if g is None}
    assert missing == set(map(id, first.weights))


class Subclassed(maskseq.Model):
    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(4, activation="tanh")
        self.scale = layers.Dense(4)
        self.last = layers.Dense(2)

    def call(self, inputs, training=None):
        x = self.hidden(inputs)
        x = x * ops.sigmoid(self.scale(np.ones((1, 1, 2), np.float32)))
        return self.last(np.concatenate([x, inputs], axis=-1))


def test_a_model_with_a_call(x):
    model = Subclassed()
    model(x)
    assert len(check_gradients(model, x)) == 6


def test_frozen_layers_get_and_cost_nothing(x):
    model = maskseq.Sequential(
        [layers.Input((None, 3)), layers.Dense(3), layers.Dense(3), layers.Dense(2)]
    )
    model.layers[0].trainable = False
    tape = Tape(model.trainable_weights)
    with changed(tape=tape, training=True):
        outputs = model.apply(tape.data(x))
    assert len(tape) == 2  # none for the frozen layer
    assert len(tape.gradients(outputs)) == 4


def test_a_frozen_layer_in_the_middle_passes_gradients(x):
    model = maskseq.Sequential(
        [layers.Input((None, 3)), layers.Dense(3), layers.Dense(3), layers.Dense(2)]
    )
    model.layers[1].trainable = False
    assert len(check_gradients(model, x)) == 4


def test_ragged_and_padded_batches_have_the_same_bits():
    """In the gradients of weights, whatever the padding."""
    model = maskseq.Sequential(
        [
            layers.Input((None, 3)),
            layers.Masking(-9.0),
            layers.Dense(3, activation="tanh"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2),
        ]
    )
    model.build((None, None, 3))

    def gradients(x):
        tape = Tape(model.trainable_weights)
        with changed(tape=tape, training=True):
            outputs = model.apply(tape.hold(x))
        return tape.gradients(ops.sum(ops.square(outputs)))

    ragged = maskseq.Ragged.from_list(RAGGED)
    wanted = gradients(Rows.from_ragged(ragged.values, ragged.offsets))
    for time in (5, 9):
        padded = np.full((4, time, 3), -9, np.float32)
        for row, sequence in zip(padded, RAGGED, strict=True):
            row[: len(sequence)] = sequence
        for a, b in zip(wanted, gradients(padded), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_tape_is_walked_back_once(x):
    tape = Tape()
    y = tape.watch(x) * 2
    tape.gradients(y)
    with pytest.raises(RuntimeError, match="walked back already"):
        tape.gradients(y)


def test_a_wrong_shape_is_refused(x):
    tape = Tape()
    value = tape.watch(x)
    y = tape.record(x, [value], lambda d, wanted: [d[0]])
    with pytest.raises(ValueError, match=r"shape \(4, 5, 3\) has shape \(5, 3\)"):
        tape.gradients(y)


def test_activity_regularizers_are_noted(x):
    layer = layers.Dense(2, activity_regularizer="l2")
    model = maskseq.Sequential([layers.Input((None, 3)), layer])
    tape = Tape(model.trainable_weights)
    with changed(tape=tape, training=True):
        outputs = model.apply(tape.data(x))
    assert tape.penalties == [(layer.activity_regularizer, outputs)]


def test_sparse_rows_add_up(rng):
    def sparse(*ids):
        values = rng.standard_normal((len(ids), 2)).astype(np.float32)
        return SparseRows(np.array(ids, np.int64), values, (6, 2))

    parts = [sparse(0, 3), sparse(3, 5), sparse()]
    dense = rng.standard_normal((6, 2)).astype(np.float32)
    table = maskseq.layers.Embedding(6, 2)
    table.build()
    for extra in ([], [dense]):
        tape = Tape(table.weights)
        total = [
            tape.record(np.float32(0), table.weights, lambda d, w, g=g: [g])
            for g in [*parts, *extra]
        ]
        (found,) = tape.gradients(total)
        assert (type(found) is SparseRows) is not bool(extra)
        whole = found.to_dense() if not extra else found
        wanted = sum(part.to_dense() for part in parts) + (dense if extra else 0)
        np.testing.assert_allclose(whole, wanted, rtol=1e-6)
