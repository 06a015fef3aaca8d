"""Random graphs of layers give what Keras gives: outputs, masks, and the order of weights."""

import pytest

pytest.importorskip("jax")
pytest.importorskip("keras")
pytestmark = pytest.mark.slow

import jax  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import maskseq  # noqa: E402
from tests.conformance.harness import BATCH, FEATURES, MIXED, TIME, VOCABULARY, with_zeros  # noqa: E402
from tests.support.beside_keras import carrying, compare_masks, random_weights  # noqa: E402

# Every layer keeps (batch, time, FEATURES), so that any may follow any.
ONE = {
    "dense": lambda L: L.Dense(4, activation="tanh"),
    "lstm": lambda L: L.LSTM(4, return_sequences=True),
    "lstm zeros": lambda L: L.LSTM(4, return_sequences=True, zero_output_for_mask=True),
    "lstm back": lambda L: L.LSTM(4, return_sequences=True, go_backwards=True),
    "gru": lambda L: L.GRU(4, return_sequences=True),
    "gru before": lambda L: L.GRU(4, return_sequences=True, reset_after=False),
    "rnn": lambda L: L.SimpleRNN(4, return_sequences=True),
    "stack": lambda L: L.RNN([L.GRUCell(4), L.LSTMCell(4)], return_sequences=True),
    "both": lambda L: L.Bidirectional(L.LSTM(2, return_sequences=True)),
    "both sum": lambda L: L.Bidirectional(L.GRU(4, return_sequences=True), merge_mode="sum"),
    "each": lambda L: L.TimeDistributed(L.Dense(4)),
    "dropout": lambda L: L.Dropout(0.5),
    "activation": lambda L: L.Activation("sigmoid"),
    "masking": lambda L: L.Masking(),
    "layer norm": lambda L: L.LayerNormalization(),
    "rms norm": lambda L: L.RMSNormalization(),
    "batch norm": lambda L: L.BatchNormalization(),
    "relu": lambda L: L.LeakyReLU(0.2),
    "conv": lambda L: L.Conv1D(4, 3, padding="same"),
    "causal": lambda L: L.Conv1D(4, 2, padding="causal"),
    "pool": lambda L: L.MaxPooling1D(2, strides=1, padding="same"),
    "identity": lambda L: L.Identity(),
}
TWO = {
    name: lambda L, name=name: getattr(L, name)()
    for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Attention")
}
TWO["AdditiveAttention"] = lambda L: L.AdditiveAttention()
HEADS = {
    "mha": lambda L: L.MultiHeadAttention(2, 3),
    "gqa": lambda L: L.GroupQueryAttention(3, 4, 2),
}
CONCATENATE = {"concat": lambda L: (L.Concatenate(), L.Dense(4))}
LAST = {
    "last": lambda L: L.LSTM(3),
    "last gru": lambda L: L.Bidirectional(L.GRU(3)),
    "average": lambda L: L.GlobalAveragePooling1D(),
    "max": lambda L: L.GlobalMaxPooling1D(),
    "dense": lambda L: L.Dense(2),
    "flatten": lambda L: L.Flatten(),
}


@st.composite
def programs(draw):
    """(steps, outputs, whether the mask of the second input is given by hand).

    A step: (kind, name, numbers of the tensors read); the first two tensors are the inputs.
    With a mask by hand no layer makes one: Keras does not OR it with masks made in the graph.
    """
    steps, made, by_hand = [], 2, draw(st.booleans())
    kinds = st.sampled_from(["one"] * 4 + ["two"] * 2 + ["heads", "concat", "again"])
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(kinds)
        reads = [
            draw(st.integers(0, made - 1)) for _ in range(1 if kind in ("one", "again") else 2)
        ]
        if kind == "again":  # a layer shared with an earlier step
            earlier = [n for n, step in enumerate(steps) if step[0] == "one"]
            if not earlier:
                continue
            steps.append((kind, draw(st.sampled_from(earlier)), reads))
        else:
            table = {"one": ONE, "two": TWO, "heads": HEADS, "concat": CONCATENATE}[kind]
            names = [name for name in table if not (by_hand and name == "masking")]
            steps.append((kind, draw(st.sampled_from(names)), reads))
        made += 1
    last = [(draw(st.sampled_from(list(LAST))), draw(st.integers(0, made - 1))) for _ in range(2)]
    return steps, [*last, ("dense", made - 1)], by_hand


def build(package, program):
    """The model of a program in Keras or in maskseq."""
    L = package.layers
    ids = package.Input((TIME,), dtype="int32")
    x = package.Input((TIME, FEATURES))
    steps, last, by_hand = program
    embedded = L.Embedding(VOCABULARY, FEATURES, mask_zero=not by_hand)(ids)
    tensors = [embedded, x if by_hand else L.Masking()(x)]
    layers = []
    for kind, name, reads in steps:
        inputs = [tensors[number] for number in reads]
        layer = None
        if kind == "again":
            y = layers[name](*inputs)
        elif kind == "concat":
            join, dense = CONCATENATE[name](L)
            y = dense(join(inputs))
        elif kind == "heads":
            y = HEADS[name](L)(*[L.Dense(4)(x) for x in inputs])  # Keras's deletes their masks
        elif kind == "two":
            y = TWO[name](L)(inputs)
        else:
            layer = ONE[name](L)
            y = layer(*inputs)
        layers.append(layer)
        tensors.append(y)
    return package.Model([ids, x], [LAST[name](L)(tensors[number]) for name, number in last])


def arrays(by_hand):
    rng = np.random.default_rng(11)
    ids = rng.integers(1, VOCABULARY, (BATCH, TIME)) * MIXED
    x = rng.standard_normal((BATCH, TIME, FEATURES))
    x = x if by_hand else with_zeros(x, MIXED[::-1])
    return ids.astype(np.int32), x.astype(np.float32)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(program=programs())
def test_random_graph_equals_keras(program):
    by_hand = program[-1]
    ids, x = arrays(by_hand)
    mask = MIXED[::-1] if by_hand else None
    theirs, ours = build(keras, program), build(maskseq, program)
    random_weights(theirs, np.random.default_rng(3))
    ours.set_weights(theirs.get_weights())
    with jax.disable_jit():
        expected = theirs([carrying(keras, ids, None), carrying(keras, x, mask)])
    results = ours([ids, x], mask=[None, mask])
    for number, (a, b) in enumerate(zip(expected, results, strict=True)):
        real = np.isfinite(np.asarray(a))  # Keras's average of nothing is NaN, ours is 0
        np.testing.assert_allclose(np.asarray(b)[real], np.asarray(a)[real], rtol=1e-4, atol=2e-5)
        assert np.isfinite(np.asarray(b)).all()
        compare_masks(a, b, number)
    if not by_hand:
        for b, again in zip(results, ours.predict([ids, x], batch_size=3), strict=True):
            np.testing.assert_array_equal(again, b)
