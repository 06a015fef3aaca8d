"""Gradients of recurrent layers beside those of Keras on JAX and of PyTorch's packed LSTM."""

import numpy as np
import pytest

from maskseq import layers
from maskseq.context import changed
from maskseq.nest import flatten
from maskseq.tape import Tape, value_of
from tests.support.beside_keras import gradients_of, keras_on

pytestmark = pytest.mark.slow

MASKS = {
    "right": np.arange(7) < np.array([[7], [4], [1], [6]]),
    "holes": np.array(
        [[1, 0, 1, 1, 0, 1, 1], [0, 1, 0, 0, 1, 0, 0], [1] * 7, [0, 0, 0, 0, 0, 1, 1]], bool
    ),
}
CASES = {
    "lstm": lambda k, **o: k.LSTM(6, **o),
    "lstm relu": lambda k, **o: k.LSTM(6, activation="relu", recurrent_activation="tanh", **o),
    "gru": lambda k, **o: k.GRU(6, **o),
    "gru reset before": lambda k, **o: k.GRU(6, reset_after=False, **o),
    "simple": lambda k, **o: k.SimpleRNN(6, **o),
    "backwards": lambda k, **o: k.LSTM(6, go_backwards=True, **o),
    "zeros": lambda k, **o: k.GRU(6, zero_output_for_mask=True, **o),
    "both": lambda k, **o: k.Bidirectional(k.LSTM(6, **o)),
    "both, summed": lambda k, **o: k.Bidirectional(k.GRU(6, **o), merge_mode="sum"),
    "stack": lambda k, **o: k.RNN([k.LSTMCell(6), k.GRUCell(5)], **o),
}


def ours(layer, x, mask, d):
    """Gradients of (x, *weights)."""
    tape = Tape(layer.trainable_variables)
    given = tape.watch(x)
    with changed(tape=tape):
        outputs = flatten(layer(given, mask=mask))
    found = tape.gradients(outputs, d, of=[given, *layer.trainable_variables])
    return [np.asarray(value_of(y)) for y in outputs], found


def close(got, want):
    assert np.linalg.norm(got - want) <= 1e-5 * np.linalg.norm(want) + 1e-7


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("mask", "sequences"), [("right", False), ("holes", True)])
def test_gradients_are_those_of_keras(rng, case, mask, sequences):
    keras = keras_on("jax", "torch")
    x = rng.normal(size=(4, 7, 5)).astype(np.float32)
    theirs = CASES[case](keras.layers, return_sequences=sequences)
    theirs.build(x.shape)
    mine = CASES[case](layers, return_sequences=sequences)
    mine(x)
    weights = [rng.normal(0, 0.5, w.shape).astype(np.float32) for w in mine.get_weights()]
    mine.set_weights(weights)
    rest = [v.value for v in theirs.non_trainable_variables]
    tensor = keras.ops.convert_to_tensor

    def output(x, weights):
        return theirs.stateless_call(weights, rest, x, mask=tensor(MASKS[mask]))[0]

    y = keras.ops.convert_to_numpy(output(tensor(x), list(map(tensor, weights))))
    d = rng.normal(size=y.shape).astype(np.float32)
    wanted = gradients_of(
        lambda given: (output(given[0], given[1:]) * tensor(d)).sum(), [x, *weights]
    )
    outputs, found = ours(mine, x, MASKS[mask], [d])
    close(outputs[0], y)
    for got, want in zip(found, wanted, strict=True):
        close(got, want)


@pytest.mark.parametrize("units", [1, 7, 16, 33, 128])
def test_gradients_are_those_of_a_packed_lstm(rng, units):
    torch = pytest.importorskip("torch")
    lengths = [9, 6, 6, 1]
    mask = np.arange(9) < np.array(lengths)[:, None]
    x = rng.normal(size=(4, 9, 5)).astype(np.float32)
    mine = layers.LSTM(units, return_sequences=True, return_state=True)
    mine(x)
    d = [rng.normal(size=(4, 9, units)).astype(np.float32)]
    d += [rng.normal(size=(4, units)).astype(np.float32) for _ in range(2)]
    d[0][~mask] = 0
    _, found = ours(mine, x, mask, d)
    kernel, recurrent_kernel, bias = mine.get_weights()
    theirs = torch.nn.LSTM(5, units, batch_first=True)
    with torch.no_grad():
        for parameter, value in zip(
            theirs.parameters(),
            (kernel.T, recurrent_kernel.T, bias, np.zeros_like(bias)),
            strict=True,
        ):
            parameter.copy_(torch.tensor(value))
    given = torch.tensor(x, requires_grad=True)
    packed = torch.nn.utils.rnn.pack_padded_sequence(given, lengths, batch_first=True)
    y, (h, c) = theirs(packed)
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, batch_first=True)
    made = (y, h[0], c[0])
    sum((a * torch.tensor(b)).sum() for a, b in zip(made, d, strict=True)).backward()
    want = [given.grad, *[p.grad.T for p in theirs.parameters()][:3]]
    for got, grad in zip(found, want, strict=True):
        close(got, grad.numpy())
