"""Gradients beside PyTorch's in float64: attention, normalization, convolution, tables, losses.

test_recurrent_peers.py has the recurrent layers.
"""

import numpy as np
import pytest

import maskseq
from maskseq import layers, losses
from maskseq.context import changed
from maskseq.tape import Tape, value_of
from maskseq.tape.sums import SparseRows
from maskseq.tensor import convert_to_tensor

torch = pytest.importorskip("torch")
F = torch.nn.functional
pytestmark = pytest.mark.slow

MASKS = {
    "full": np.ones((4, 7), bool),
    "right": np.arange(7) < np.array([[7], [4], [1], [6]]),
    "holes": np.array(
        [[1, 0, 1, 1, 0, 1, 1], [0, 1, 0, 0, 1, 0, 0], [1] * 7, [0, 0, 0, 0, 0, 1, 1]], bool
    ),
}
ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": torch.relu,
    "gelu": F.gelu,
    "silu": F.silu,
    "elu": F.elu,
    "selu": F.selu,
    "softplus": F.softplus,
    "mish": F.mish,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": lambda x: torch.softmax(x, -1),
    "log_softmax": lambda x: torch.log_softmax(x, -1),
}


def numbers(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def leaves(arrays):
    """float64 tensors whose gradients are wanted."""
    return [torch.tensor(np.asarray(x), dtype=torch.float64, requires_grad=True) for x in arrays]


def made(rng, layer, *inputs):
    """A layer with random weights, and these as leaves."""
    layer(*inputs)
    for weight in layer.weights:
        weight.assign(rng.normal(0, 0.6, weight.shape))
    return layer, leaves(layer.get_weights())


def masked(x, mask):
    tensor = convert_to_tensor(x.copy())
    tensor._keras_mask = mask
    return tensor


def ours(layer, call, inputs, d):
    """The output of `call(layer, *inputs)`, and gradients of (*inputs, *weights)."""
    tape = Tape(layer.trainable_variables)
    given = [tape.watch(x) for x in inputs]
    with changed(tape=tape, on_mask_loss="ignore"):
        y = call(layer, *given)
    found = tape.gradients(y, d, of=[*given, *layer.trainable_variables])
    return np.asarray(value_of(y)), found


def close(found, wanted):
    """Each to 1e-5; one that is nothing beside the others, as a key's bias has, to 1e-6 of them."""
    wanted = [w.numpy() for w in wanted]
    whole = max(np.linalg.norm(w) for w in wanted)
    for got, want in zip(found, wanted, strict=True):
        got = got.to_dense() if isinstance(got, SparseRows) else np.asarray(value_of(got))
        assert got.shape == want.shape
        assert np.linalg.norm(got - want) <= 1e-5 * np.linalg.norm(want) + 1e-6 * whole


def compare(layer, call, inputs, d, x, weights, y):
    """y: PyTorch's output, of the leaves x and weights; weights may be fewer axes apart."""
    output, found = ours(layer, call, inputs, d)
    real = np.abs(d).sum(axis=-1) > 0  # what no gradient comes from need not be the same
    np.testing.assert_allclose(output[real], y.detach().numpy()[real], rtol=1e-5, atol=1e-6)
    (y * torch.tensor(d)).sum().backward()
    close(found, [leaf.grad for leaf in (*x, *weights)])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_dense(rng, name):
    x, d = numbers(rng, 4, 7, 5), numbers(rng, 4, 7, 6)
    layer, (kernel, bias) = made(rng, layers.Dense(6, activation=name), x)
    (given,) = leaves([x])
    y = ACTIVATIONS[name](given @ kernel + bias)
    compare(layer, lambda f, x: f(x), [x], d, [given], [kernel, bias], y)


@pytest.mark.parametrize("mask_zero", [False, True])
def test_embedding(rng, mask_zero):
    """PyTorch's padding_idx is the row that a mask leaves out."""
    ids, d = rng.integers(0, 9, (4, 7)), numbers(rng, 4, 7, 5)
    d = np.where((ids != 0)[..., None] | (not mask_zero), d, 0).astype(np.float32)
    layer, (table,) = made(rng, layers.Embedding(9, 5, mask_zero=mask_zero), ids)
    y = F.embedding(torch.tensor(ids), table, padding_idx=0 if mask_zero else None)
    tape = Tape(layer.trainable_variables)
    with changed(tape=tape):
        found = tape.gradients(layer(ids), d, of=layer.trainable_variables)
    (y * torch.tensor(d)).sum().backward()
    close(found, [table.grad])


@pytest.mark.parametrize("rms", [False, True])
def test_normalization(rng, rms):
    x, d = 3 * numbers(rng, 4, 7, 33), numbers(rng, 4, 7, 33)
    make = layers.RMSNormalization if rms else layers.LayerNormalization
    layer, weights = made(rng, make(epsilon=1e-3), x)
    (given,) = leaves([x])
    if rms:
        y = F.rms_norm(given, (33,), weights[0], eps=1e-3)
    else:
        y = F.layer_norm(given, (33,), *weights, eps=1e-3)
    compare(layer, lambda f, x: f(x), [x], d, [given], weights, y)


@pytest.mark.parametrize(
    "options",
    [
        {"padding": "same"},
        {"padding": "valid", "strides": 2},
        {"padding": "causal", "dilation_rate": 2},
        {"padding": "valid", "groups": 2},
    ],
    ids=str,
)
def test_convolution(rng, options):
    x = numbers(rng, 4, 9, 6)
    layer, (kernel, bias) = made(rng, layers.Conv1D(8, 3, **options), x)
    dilation = options.get("dilation_rate", 1)
    before = {"same": dilation, "valid": 0, "causal": 2 * dilation}[options["padding"]]
    after = before if options["padding"] == "same" else 0
    (given,) = leaves([x])
    y = F.conv1d(
        F.pad(given.transpose(1, 2), (before, after)),
        kernel.permute(2, 1, 0),
        bias,
        stride=options.get("strides", 1),
        dilation=dilation,
        groups=options.get("groups", 1),
    ).transpose(1, 2)
    d = numbers(rng, *y.shape)
    compare(layer, lambda f, x: f(x), [x], d, [given], [kernel, bias], y)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", MASKS)
def test_attention(rng, mask, causal):
    """A query that sees no key passes no gradient here; PyTorch has NaN there. It gets none."""
    keys = MASKS[mask]
    q, k, v = (numbers(rng, 4, 7, 5) for _ in range(3))
    seen = np.broadcast_to(keys[:, None], (4, 7, 7))
    seen = seen & np.tril(np.ones((7, 7), bool)) if causal else seen
    d = np.where(seen.any(-1)[..., None], numbers(rng, 4, 7, 5), 0).astype(np.float32)
    layer = layers.Attention()
    given = leaves([q, v, k])
    visible = torch.tensor(seen | ~seen.any(-1, keepdims=True))
    y = F.scaled_dot_product_attention(given[0], given[2], given[1], visible, scale=1.0)

    def call(f, q, v, k):
        return f([q, v, k], mask=[None, keys], use_causal_mask=causal)

    compare(layer, call, [q, v, k], d, given, [], y)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("heads", [1, 3])
def test_multi_head_attention_with_a_key_padding_mask(rng, mask, heads):
    features, size = 6, 6 // heads
    x, m = numbers(rng, 4, 7, features), MASKS[mask]
    d = np.where(m[..., None], numbers(rng, 4, 7, features), 0).astype(np.float32)
    layer, weights = made(rng, layers.MultiHeadAttention(heads, size), x, x)
    theirs = torch.nn.MultiheadAttention(features, heads, batch_first=True, dtype=torch.float64)
    load_heads(theirs, layer.get_weights())
    (given,) = leaves([x])
    y, _ = theirs(given, given, given, key_padding_mask=torch.tensor(~m), need_weights=False)
    output, found = ours(layer, lambda f, x: f(x, x), [masked(x, m)], d)
    np.testing.assert_allclose(output[m], y.detach().numpy()[m], rtol=1e-5, atol=1e-6)
    (y * torch.tensor(d)).sum().backward()
    close(found, [given.grad, *head_gradients(theirs, layer)])


def load_heads(theirs, weights):
    """The weights of a MultiHeadAttention in PyTorch's layout: rows are outputs."""
    q, q_bias, k, k_bias, v, v_bias, out, bias = weights
    features = len(q)
    with torch.no_grad():
        parts = [np.reshape(w, (features, -1)).T for w in (q, k, v)]
        theirs.in_proj_weight.copy_(torch.tensor(np.concatenate(parts)))
        biases = [b.reshape(-1) for b in (q_bias, k_bias, v_bias)]
        theirs.in_proj_bias.copy_(torch.tensor(np.concatenate(biases)))
        theirs.out_proj.weight.copy_(torch.tensor(out.reshape(-1, out.shape[-1]).T))
        theirs.out_proj.bias.copy_(torch.tensor(bias))


def head_gradients(theirs, layer):
    """PyTorch's gradients in the order and shapes of our weights."""
    kernels, biases = theirs.in_proj_weight.grad.chunk(3), theirs.in_proj_bias.grad.chunk(3)
    found = [g for pair in zip(kernels, biases, strict=True) for g in pair]
    found += [theirs.out_proj.weight.grad, theirs.out_proj.bias.grad]
    shapes = [w.shape for w in layer.trainable_variables]
    return [g.T.reshape(s) for g, s in zip(found, shapes, strict=True)]


WIDTH, HEADS, HIDDEN = 8, 2, 12


class Block:
    """An encoder block of our layers, and PyTorch's with the same weights."""

    def __init__(self, rng, norm_first):
        self.heads = layers.MultiHeadAttention(HEADS, WIDTH // HEADS)
        self.norms = [layers.LayerNormalization(epsilon=1e-5) for _ in range(2)]
        self.dense = [layers.Dense(HIDDEN, "gelu"), layers.Dense(WIDTH)]
        x = maskseq.Input((None, WIDTH))
        self.model = maskseq.Model(x, self.output(layers.Masking()(x), norm_first))
        self.model.set_weights([rng.normal(0, 0.5, w.shape) for w in self.model.get_weights()])
        self.theirs = theirs = torch.nn.TransformerEncoderLayer(
            *(WIDTH, HEADS, HIDDEN, 0.0, "gelu"),
            norm_first=norm_first,
            batch_first=True,
            dtype=torch.float64,
        )
        self.pairs = [(theirs.norm1, self.norms[0]), (theirs.norm2, self.norms[1])]
        self.pairs += [(theirs.linear1, self.dense[0]), (theirs.linear2, self.dense[1])]
        load_heads(theirs.self_attn, self.heads.get_weights())
        with torch.no_grad():
            for module, layer in self.pairs:
                for parameter, value in zip(module.parameters(), layer.get_weights(), strict=True):
                    parameter.copy_(torch.tensor(value.T))

    def output(self, x, norm_first):
        if norm_first:
            y = self.norms[0](x)
            y = layers.Add()([x, self.heads(y, y)])
            return layers.Add()([y, self.dense[1](self.dense[0](self.norms[1](y)))])
        y = self.norms[0](layers.Add()([x, self.heads(x, x)]))
        return self.norms[1](layers.Add()([y, self.dense[1](self.dense[0](y))]))

    def gradients(self):
        """PyTorch's, in the order of the model's weights."""
        found = zip(
            self.heads.trainable_variables,
            head_gradients(self.theirs.self_attn, self.heads),
            strict=True,
        )
        of = {id(v): g for v, g in found}
        for module, layer in self.pairs:
            parameters = zip(layer.trainable_variables, module.parameters(), strict=True)
            of |= {id(v): p.grad.T if p.ndim == 2 else p.grad for v, p in parameters}
        return [of[id(v)] for v in self.model.trainable_weights]


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("mask", MASKS)
def test_an_encoder_block(rng, mask, norm_first):
    """nn.TransformerEncoderLayer with src_key_padding_mask, and a crossentropy of real steps."""
    m, labels, block = MASKS[mask], rng.integers(0, WIDTH, (4, 7)), Block(rng, norm_first)
    x = np.where(m[..., None], numbers(rng, 4, 7, WIDTH), 0).astype(np.float32)
    output = block.theirs(torch.tensor(x, dtype=torch.float64), None, torch.tensor(~m))
    real = torch.tensor(np.where(m, labels, -100))
    wanted = F.cross_entropy(output.transpose(1, 2), real, ignore_index=-100)
    wanted.backward()
    tape = Tape(block.model.trainable_weights)
    with changed(tape=tape, on_mask_loss="ignore"):
        y = block.model(tape.data(x))  # attention takes the mask away: weights stand for it
        mean = losses.SparseCategoricalCrossentropy(True, reduction="mean_with_sample_weight")
        loss = mean(labels, y, m)
    np.testing.assert_allclose(value_of(loss), wanted.item(), rtol=1e-5)
    close(tape.gradients(loss), block.gradients())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("mask", MASKS)
def test_softmax_and_crossentropy(rng, mask, smoothing):
    m, logits, labels = MASKS[mask], 3 * numbers(rng, 4, 7, 6), rng.integers(0, 6, (4, 7))
    weights = np.linspace(0.5, 2, 6)
    (given,) = leaves([logits])
    theirs = F.cross_entropy(
        given.transpose(1, 2),
        torch.tensor(np.where(m, labels, -100)),
        ignore_index=-100,
        label_smoothing=smoothing,
        weight=torch.tensor(weights) if not smoothing else None,
        reduction="sum",
    )
    theirs.backward()
    tape = Tape()
    x = tape.watch(masked(np.where(m[..., None], logits, np.float32(np.nan)), m))
    if smoothing:
        loss = losses.CategoricalCrossentropy(True, label_smoothing=smoothing, reduction="sum")
        value, _ = loss.measured(np.eye(6)[labels], x)
    else:
        loss = losses.SparseCategoricalCrossentropy(True, reduction="sum")
        value, _ = loss.measured(labels, x, class_weight=dict(enumerate(weights)))
    np.testing.assert_allclose(value_of(value), theirs.item(), rtol=1e-5)
    close(tape.gradients(value, of=[x]), [given.grad])


@pytest.mark.parametrize("mask", MASKS)
def test_binary_crossentropy(rng, mask):
    m, logits, labels = MASKS[mask], 3 * numbers(rng, 4, 7, 2), rng.random((4, 7, 2))
    (given,) = leaves([logits])
    theirs = F.binary_cross_entropy_with_logits(
        given[torch.tensor(m)], torch.tensor(labels[m].astype(np.float32), dtype=torch.float64)
    )
    theirs.backward()
    tape = Tape()
    x = tape.watch(masked(logits, m))
    value = losses.BinaryCrossentropy(from_logits=True)(labels.astype(np.float32), x)
    np.testing.assert_allclose(value_of(value), theirs.item(), rtol=1e-5)
    close(tape.gradients(value, of=[x]), [given.grad])


@pytest.mark.parametrize("mask", ["full", "right"])
def test_ctc(rng, mask):
    m, logits = MASKS[mask], 2 * numbers(rng, 4, 7, 6)
    labels = np.array([[1, 2, 2], [3, 5, 0], [4, 0, 0], [1, 1, 5]])
    (given,) = leaves([logits])
    theirs = F.ctc_loss(
        torch.log_softmax(given, -1).transpose(0, 1),
        torch.tensor(labels),
        torch.tensor(m.sum(1)),
        torch.tensor((labels != 0).sum(1)),
        reduction="none",
    )
    theirs.mean().backward()
    tape = Tape()
    x = tape.watch(masked(np.where(m[..., None], logits, np.float32(np.nan)), m))
    value = losses.CTC()(labels, x)
    np.testing.assert_allclose(value_of(value), theirs.mean().item(), rtol=1e-5)
    close(tape.gradients(value, of=[x]), [given.grad])


@pytest.mark.parametrize("both", [False, True])
def test_a_packed_gru(rng, both):
    lengths = [9, 6, 6, 1]
    m, x = np.arange(9) < np.array(lengths)[:, None], numbers(rng, 4, 9, 5)
    layer = layers.GRU(6, return_sequences=True)
    layer = layers.Bidirectional(layer) if both else layer
    layer, _ = made(rng, layer, x)
    theirs = torch.nn.GRU(5, 6, batch_first=True, bidirectional=both, dtype=torch.float64)
    parameters = list(theirs.parameters())
    ordered = [
        w for k in range(0, len(layer.weights), 3) for w in of_torch(layer.get_weights()[k:])
    ]
    with torch.no_grad():
        for parameter, value in zip(parameters, ordered, strict=True):
            parameter.copy_(torch.tensor(value))
    (given,) = leaves([x])
    packed = torch.nn.utils.rnn.pack_padded_sequence(given, lengths, batch_first=True)
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(theirs(packed)[0], batch_first=True)
    d = np.where(m[..., None], numbers(rng, *y.shape), 0).astype(np.float32)
    output, found = ours(layer, lambda f, x: f(x, mask=m), [x], d)
    np.testing.assert_allclose(output[m], y.detach().numpy()[m], rtol=1e-5, atol=1e-6)
    (y * torch.tensor(d)).sum().backward()
    mine = [w for k in range(1, len(found), 3) for w in of_torch(found[k:])]
    close([found[0], *mine], [given.grad, *(p.grad for p in parameters)])


def of_torch(weights):
    """Kernel, recurrent kernel and biases of a GRU, z r h, as PyTorch's four arrays, r z n."""
    kernel, recurrent, bias = (np.asarray(value_of(w)) for w in weights[:3])
    arrays = [kernel.T, recurrent.T, *bias]
    return [np.concatenate([np.split(a, 3)[i] for i in (1, 0, 2)]) for a in arrays]
