"""PyTorch's packed sequences and nested tensors are the sequences that they were made of."""

import numpy as np
import pytest

import maskseq
from maskseq import layers

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.slow
LENGTHS = [2, 1, 4, 2, 3]


def made(sequences, form):
    if form == "packed":
        return torch.nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False)
    return torch.nested.nested_tensor(sequences, layout=getattr(torch, form))


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize("form", ["packed", "jagged", "strided"])
def test_the_order_is_that_before(form, rng):
    numbers = [rng.standard_normal((n, 3)).astype(np.float32) for n in LENGTHS]
    x = made([torch.tensor(a) for a in numbers], form)
    model = maskseq.Sequential([layers.Input((None, 3)), layers.LSTM(4)])
    expected = model.predict(numbers)
    np.testing.assert_array_equal(model.predict(x), expected)
    np.testing.assert_array_equal(model.layers[0](x), expected)
    model.compile("sgd", "mse")
    loss = model.evaluate(x, np.zeros((5, 4)), verbose=0)
    assert loss == model.evaluate(numbers, np.zeros((5, 4)), verbose=0)


def test_sequences_that_were_sorted_stay_so():
    sequences = [torch.tensor(a) for a in ([5, 6, 7], [3, 4], [1])]
    model = maskseq.Sequential([maskseq.Input((None,), dtype="int32"), layers.Embedding(9, 2)])
    x = torch.nn.utils.rnn.pack_sequence(sequences)
    assert x.unsorted_indices is None
    found = model.predict(x, ragged=True)
    assert found.lengths.tolist() == [3, 2, 1]
    table = model.layers[0].embeddings.value
    np.testing.assert_array_equal(found.values, table[[5, 6, 7, 3, 4, 1]])
