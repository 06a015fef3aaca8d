"""LSTM and GRU give what PyTorch gives on packed sequences: the same numbers within 1e-5."""

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.slow

import numpy as np  # noqa: E402
from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import maskseq  # noqa: E402
from maskseq import layers  # noqa: E402

FEATURES, UNITS = 5, 4
# PyTorch's gates in Keras's order: LSTM i f g o -> i f c o, GRU r z n -> z r h
GATES = {"LSTM": [0, 1, 2, 3], "GRU": [1, 0, 2]}


def keras_weights(theirs, kind, suffix):
    """(kernel, recurrent_kernel, bias) of one direction of a torch layer."""

    def matrix(name):
        parts = np.split(getattr(theirs, f"{name}_l0{suffix}").detach().numpy(), len(GATES[kind]))
        return np.concatenate([parts[gate] for gate in GATES[kind]]).T

    biases = [matrix("bias_ih"), matrix("bias_hh")]
    bias = sum(biases) if kind == "LSTM" else np.stack(biases)
    return [matrix("weight_ih"), matrix("weight_hh"), bias]


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", GATES)
@settings(max_examples=15, deadline=None)
@given(lengths=st.lists(st.integers(1, 12), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_packed_sequences_equal_torch(kind, bidirectional, lengths, seed):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    sequences = [rng.standard_normal((n, FEATURES)).astype(np.float32) for n in lengths]
    theirs = getattr(torch.nn, kind)(FEATURES, UNITS, batch_first=True, bidirectional=bidirectional)
    packed = torch.nn.utils.rnn.pack_sequence(
        [torch.from_numpy(s) for s in sequences], enforce_sorted=False
    )
    with torch.no_grad():
        outputs, states = theirs(packed)
    expected, _ = torch.nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True)
    last = (states[0] if kind == "LSTM" else states).numpy()

    layer = getattr(layers, kind)(UNITS, return_sequences=True, return_state=True)
    if bidirectional:
        layer = layers.Bidirectional(layer)
    inputs = maskseq.Input((None, FEATURES))
    model = maskseq.Model(inputs, layer(inputs))
    suffixes = ["", "_reverse"] if bidirectional else [""]
    model.set_weights([w for s in suffixes for w in keras_weights(theirs, kind, s)])
    ours, *our_states = model.predict(sequences)
    hidden = our_states[:: len(our_states) // len(suffixes)]

    real = np.arange(max(lengths)) < np.array(lengths)[:, None]
    np.testing.assert_allclose(ours[real], expected.numpy()[real], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(hidden, last, rtol=1e-5, atol=1e-6)
    if bidirectional:  # torch pads with zeros, as Bidirectional does
        np.testing.assert_array_equal(ours[~real], 0)
