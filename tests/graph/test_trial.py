"""Shapes found by trial calls: the same on small arrays as on those of the sizes that there are."""

import time
import tracemalloc

import numpy as np
import pytest

from maskseq import Model, layers, ops
from maskseq.graph import trial

T, S, F = 300, 200, 70
x, y = layers.Input((T, F)), layers.Input((S, F))
pairs = layers.Input((T, F))
constant = np.ones((T, 1), np.float32)

CALLS = {
    "add": (lambda x, y, p: ops.add(x, p), 0),
    "constant": (lambda x, y, p: ops.multiply(x, constant), 0),
    "row": (lambda x, y, p: ops.add(x, np.ones(F, np.float32)), 0),
    "list": (lambda x, y, p: ops.add(x, [0.5] * F), 0),
    "where": (lambda x, y, p: ops.where(ops.greater(x, 0), x, p), 0),
    "mean": (lambda x, y, p: ops.mean(x, axis=1, keepdims=True), 0),
    "max of all": (lambda x, y, p: ops.max(x, axis=[1, 2]), 0),
    "matmul": (lambda x, y, p: ops.matmul(x, ops.transpose(y, (0, 2, 1))), 0),
    "einsum": (lambda x, y, p: ops.einsum("btf,bsf->bst", x, y), 0),
    "stack": (lambda x, y, p: ops.stack([x, p], axis=1), 0),
    "swapaxes": (lambda x, y, p: ops.swapaxes(x, 1, 2), 0),
    "expand_dims": (lambda x, y, p: ops.expand_dims(x, 2), 0),
    "softmax": (lambda x, y, p: ops.softmax(x), 0),
    "cumsum": (lambda x, y, p: ops.cumsum(x), 0),
    "logsumexp": (lambda x, y, p: ops.logsumexp(x, axis=-1), 0),
    "concatenate": (lambda x, y, p: ops.concatenate([x, y], axis=1), 0),
    "reshape": (lambda x, y, p: ops.reshape(x, (-1, T * F // 10, 10)), 0),
    "slice": (lambda x, y, p: x[:, :100], 0),
    "glu": (lambda x, y, p: ops.glu(x), 0),
    "pad": (lambda x, y, p: ops.pad(x, [[0, 0], [1, 2], [0, 0]]), 0),
    "attention": (lambda x, y, p: layers.Attention()([x, y]), 0),
    "additive": (lambda x, y, p: layers.AdditiveAttention()([x, y]), 0),
    "heads": (lambda x, y, p: layers.MultiHeadAttention(2, 97)(x, y), 0),
    "heads of another width": (
        lambda x, y, p: layers.MultiHeadAttention(2, 5, output_shape=98)(x, y),
        0,
    ),
    "groups": (lambda x, y, p: layers.GroupQueryAttention(4, 4, 2)(x, y), 0),
    "scores": (
        lambda x, y, p: layers.MultiHeadAttention(3, 4)(x, y, return_attention_scores=True),
        1,
    ),
    "list's scores": (lambda x, y, p: layers.Attention()([x, y], return_attention_scores=True), 1),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", CALLS)
def test_shape_of_a_graph_is_that_of_its_result(call):
    """And the same where every size is unknown or small."""
    function, which = CALLS[call]
    made = function(x, y, pairs)
    made = made[which] if isinstance(made, (list, tuple)) else made
    model = Model([x, y, pairs], made)
    arrays = [np.zeros((2, *tensor.shape[1:]), np.float32) for tensor in (x, y, pairs)]
    found = model.predict(arrays)
    batch = () if call in ("cumsum",) else (2,)
    assert found.shape == (*batch, *made.shape[len(batch) :]) or made.shape == (None,)
    assert made.shape[:1] == (None,) and made.dtype == str(found.dtype)


def test_masks_of_long_fixed_time_come_through():
    masked = layers.Masking()(x)
    scores = layers.MultiHeadAttention(2, 4)(masked, y, return_attention_scores=True)[1]
    assert scores.shape == (None, 2, T, S)
    out = layers.Attention()([masked, layers.Masking()(y)])
    assert out.shape == (None, T, F) and out._keras_mask.shape == (None, T)
    mask = layers.Input((T, S), dtype="bool")
    assert layers.MultiHeadAttention(2, 4)(x, y, attention_mask=mask).shape == (None, T, F)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.add(x, y),
        lambda: ops.matmul(x, y),
        lambda: ops.einsum("btf,btf->bt", x, y),
        lambda: ops.multiply(x, np.ones((S, 1))),
    ],
)
def test_errors_name_the_sizes_that_there_are(call):
    with pytest.raises(ValueError, match="300|600") as error:
        call()
    assert "97" not in str(error.value)


def test_long_attention_is_recorded_without_being_computed():
    long = layers.Input((50_000, 64))
    start = time.process_time()
    assert layers.MultiHeadAttention(8, 8)(long, long).shape == (None, 50_000, 64)
    assert ops.einsum("btf,bsf->bts", long, long).shape == (None, 50_000, 50_000)
    assert time.process_time() - start < 2  # 300 GFLOP otherwise


class AnotherTime(layers.MultiHeadAttention):
    """Written by a user: what it does to time is not known."""

    def call(self, query, value):
        return super().call(query, value)[:, :100]


def test_a_call_of_a_users_own_is_tried_as_it_is():
    assert not AnotherTime.any_time and layers.MultiHeadAttention.any_time
    assert AnotherTime(2, 4)(x, x).shape == (None, 100, F)


def test_cells_of_trials_are_told():
    counts = []
    token = trial.meter.set(counts.append)
    try:
        ops.concatenate([x, y], axis=1)
        assert counts == [
            2 * T * F,
            2 * S * F,
            2 * (T + S) * F,
            *(3 * n * F for n in (T, S, T + S)),
        ]
        counts.clear()
        ops.add(x, 1)
        assert counts and max(counts) < 10**5
    finally:
        trial.meter.reset(token)


class Places(layers.Layer):
    """Adds a row of a table to each step."""

    def __init__(self, steps):
        super().__init__()
        self.table = layers.Embedding(steps, 3)

    def call(self, x):
        return x + self.table(ops.arange(ops.shape(x)[1]))


@pytest.mark.parametrize("steps", [20, 5, 2])
def test_a_table_of_positions_may_be_shorter_than_a_trial(steps):
    source = layers.Input((None, 3))
    layer = Places(steps)
    model = Model(source, layer(source))
    assert model.output_shape == (None, None, 3)
    data = np.ones((2, steps, 3), np.float32)
    np.testing.assert_array_equal(model(data), data + layer.table.weights[0].numpy())
    with pytest.raises(IndexError, match=f"must be in 0..{steps - 1}, got {steps}"):
        model(np.ones((2, steps + 1, 3), np.float32))


def test_a_table_given_as_an_array_may_be_shorter_than_a_trial():
    table = np.arange(60, dtype=np.float32).reshape(20, 3)
    source = layers.Input((None, 3))
    shift = layers.Lambda(lambda x: x + table[: x.shape[1]])
    assert Model(source, shift(source)).output_shape == (None, None, 3)


def test_what_fails_at_any_size_says_what_it_was_tried_with():
    def refuse(x):
        raise ValueError(f"{x.shape[1]} steps are not right")

    with pytest.raises(ValueError, match="24 steps are not right") as caught:
        layers.Lambda(refuse)(layers.Input((None, 3)))
    assert any("compute_output_shape" in note for note in caught.value.__notes__)
    with pytest.raises(ValueError, match="7 steps are not right") as caught:
        layers.Lambda(refuse)(layers.Input((7, 3)))
    assert not any("compute_output_shape" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize("heads", [1, 16])
def test_attention_over_unknown_axes_is_tried_on_little(axes, heads):
    source = layers.Input((*[None] * axes, 8))
    tracemalloc.start()
    y = layers.MultiHeadAttention(heads, 4)(source, source)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert y.shape == (*[None] * (axes + 1), 8)
    assert most < 100e6  # 48 steps in each of three axes would make scores of 36 GB a head


def test_unknown_axes_that_have_to_be_long_are_tried_long():
    def halves(x):
        return ops.concatenate(ops.split(x, 8, axis=1), axis=2)

    source = layers.Input((None, None, 3))
    assert layers.Lambda(halves)(source).shape == (None, None, None, 3)


def test_what_memory_does_not_hold_is_tried_on_less():
    def pairs(x):
        if x.shape[1] > 4:
            raise MemoryError
        return ops.matmul(x, ops.transpose(x, (0, 2, 1)))

    assert layers.Lambda(pairs)(layers.Input((None, 3))).shape == (None, None, None)
