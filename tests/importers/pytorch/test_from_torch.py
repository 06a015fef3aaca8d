"""PyTorch's modules become layers that give PyTorch's numbers, in all options."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.importers.pytorch.modules import CASES, FILE, MASK, made

CLASSES = {
    "LSTM": (layers.LSTM, layers.Bidirectional, maskseq.Sequential),
    "GRU": (layers.GRU, layers.Bidirectional, maskseq.Sequential),
    "RNN": (layers.SimpleRNN, layers.Bidirectional, maskseq.Sequential),
    "TransformerEncoder": maskseq.Model,
    "TransformerEncoderLayer": maskseq.Model,
}
MASKED = ("LSTM", "GRU", "RNN", *[kind for kind in CLASSES if kind.startswith("Transformer")])


@pytest.fixture(scope="module")
def saved():
    return maskseq.read_weights(FILE)


def inside(saved, prefix):
    return {k.removeprefix(prefix): x for k, x in saved.items() if k.startswith(prefix)}


def answer_of(layer, kind, inputs):
    if kind.endswith("Cell"):
        states = list(inputs[1:])
        _, new = layer(inputs[0], states if len(states) > 1 else states[0])
        return np.concatenate(new, axis=1) if isinstance(new, list) else new
    if kind == "MultiheadAttention":
        query, key, value = inputs
        return layer(query, value, key, value_mask=MASK)
    return layer(inputs[0], mask=MASK) if kind in MASKED else layer(inputs[0])


def compare(layer, kind, inputs, expected):
    found = np.asarray(answer_of(layer, kind, inputs))
    if kind.startswith("Transformer"):  # what it gives at padding is of no use
        found, expected = found[MASK], expected[MASK]
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("name", CASES)
def test_answers_are_those_of_torch(saved, name):
    kind, _, options = CASES[name]
    layer = maskseq.from_torch(saved, kind, prefix=f"{name}.weights.", **options)
    assert isinstance(layer, CLASSES.get(kind, layers.Layer)) and layer.built
    compare(layer, kind, list(inside(saved, f"{name}.inputs.").values()), saved[f"{name}.answer"])


@pytest.mark.parametrize("name", CASES)
def test_whatever_from_torch_builds_takes_the_weights_again(saved, name):
    kind, _, options = CASES[name]
    prefix = f"{name}.weights."
    layer = maskseq.from_torch(saved, kind, prefix=prefix, **options)
    before = layer.get_weights()
    layer.set_weights([np.zeros_like(w) for w in before])
    if isinstance(layer, maskseq.Sequential):  # several layers of one module
        names = {x.name: f"*_l{i}" for i, x in enumerate(layer.layers)}
        layer.load_torch(saved, prefix=prefix, names=names)
    else:
        layer.load_torch(saved, prefix=prefix)
    for weight, old in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)


@pytest.mark.parametrize("name", CASES)
def test_each_weight_is_needed_and_none_may_be_left(saved, name):
    kind, _, options = CASES[name]
    weights = inside(saved, f"{name}.weights.")
    free = {"num_batches_tracked"}
    for key in weights.keys() - free:
        fewer = {k: x for k, x in weights.items() if k != key}
        if key.endswith(("bias", "bias_ih_l0")) and kind != "BatchNorm1d":
            continue  # a module without it may be what is left
        with pytest.raises(ValueError):
            maskseq.from_torch(fewer, kind, **options)
        wrong = np.zeros((*weights[key].shape, 1), "f4")
        with pytest.raises(ValueError):
            maskseq.from_torch({**weights, key: wrong}, kind, **options)
    with pytest.raises(ValueError, match=r"no layer takes: \['more.weight'\]"):
        maskseq.from_torch({**weights, "more.weight": np.zeros(1)}, kind, **options)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_answers_are_those_of_the_torch_that_is_installed(name):
    torch = pytest.importorskip("torch")
    kind, _, options = CASES[name]
    found = made(torch, CASES[name])
    layer = maskseq.from_torch(found["weights"], kind, **options)
    inputs = [x.numpy() for x in found["inputs"]]
    compare(layer, kind, inputs, found["answer"].numpy())
