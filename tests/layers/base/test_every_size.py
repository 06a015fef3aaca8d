"""Layers at all sizes around vector widths: bits that depend on nothing else, and right numbers.

The numbers are held to plain definitions in float64.
"""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.testing import PROMISES, check_layer
from maskseq.testing.subject import MASK, OTHER_MASK, sequences
from tests.support import reference
from tests.support.masks import randomize

SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 47, 48, 49, 63, 64, 65, 127, 128, 130]
OF_SIZES = (
    "two_masks",
    "poisoned_padding",
    "padding_amount",
    "batch_composition",
    "threads",
    "input_layouts",
)
SKIPPED = [promise for promise in PROMISES if promise not in OF_SIZES]


def attend(layer, query, value):
    return layer(query, value)


MADE = {
    "LSTM": lambda n: layers.LSTM(n, return_sequences=True),
    "GRU": lambda n: layers.GRU(n, return_sequences=True),
    "GRU, reset before": lambda n: layers.GRU(n, reset_after=False),
    "SimpleRNN": lambda n: layers.SimpleRNN(n),
    "Bidirectional": lambda n: layers.Bidirectional(layers.LSTM(n, return_sequences=True)),
    "Dense": lambda n: layers.Dense(n, "softmax"),
    "Conv1D": lambda n: layers.Conv1D(n, 3, padding="same"),
    "MaskedConv1D": lambda n: layers.MaskedConv1D(n, 3, padding="same"),
    "Conv1DTranspose": lambda n: layers.Conv1DTranspose(n, 2),
    "SeparableConv1D": lambda n: layers.SeparableConv1D(n, 2),
    "AttentionPooling1D": lambda n: layers.AttentionPooling1D(n),
    "TimeDistributed": lambda n: layers.TimeDistributed(layers.Dense(n)),
}
"""Of n units; the others have as many as there are features."""
PLAIN = {
    "LayerNormalization": layers.LayerNormalization,
    "RMSNormalization": layers.RMSNormalization,
    "UnitNormalization": layers.UnitNormalization,
    "BatchNormalization": layers.BatchNormalization,
    "GroupNormalization": lambda: layers.GroupNormalization(1),
    "Softmax of steps": layers.TemporalSoftmax,
    "Activation": lambda: layers.Activation("softmax"),
    "sparsemax": lambda: layers.Activation("sparsemax"),
    "GlobalAveragePooling1D": layers.GlobalAveragePooling1D,
    "MaskedGlobalMaxPooling1D": layers.MaskedGlobalMaxPooling1D,
    "GlobalMaxPooling1D": layers.GlobalMaxPooling1D,
    "AveragePooling1D": lambda: layers.AveragePooling1D(2),
    "DepthwiseConv1D": lambda: layers.DepthwiseConv1D(2),
    "PReLU": layers.PReLU,
    "LastStep": layers.LastStep,
    "CRFDecode": layers.CRFDecode,
    "Masking": layers.Masking,
}
PAIRS = {
    "Add": (layers.Add, None),
    "Concatenate": (layers.Concatenate, None),
    "Dot": (lambda: layers.Dot(axes=2, normalize=True), None),
    "Attention": (layers.Attention, None),
    "Attention, concat": (lambda: layers.Attention(score_mode="concat"), None),
    "AdditiveAttention": (layers.AdditiveAttention, None),
    "MultiHeadAttention": (lambda: layers.MultiHeadAttention(2, 3), attend),
    "GroupedQueryAttention": (lambda: layers.GroupedQueryAttention(5, 4, 2), attend),
}


def check(name, features, units):
    x, call = [sequences(features)], None
    if name in MADE:
        layer = MADE[name](units)
    elif name in PLAIN:
        layer = PLAIN[name]()
    else:
        make, call = PAIRS[name]
        layer, x = make(), [x[0], x[0][:, ::-1].copy()]
    try:
        check_layer(layer, x, call, skip=SKIPPED)
    except Exception as error:
        error.add_note(f"{name} of {units} units over {features} features")
        raise


NAMES = [*MADE, *PLAIN, *PAIRS]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_promises_hold_at_widths(name):
    """Of both sizes below, at and above a width, never the same of the two."""
    for features, units in [(1, 3), (8, 17), (33, 15), (15, 65)]:
        check(name, features, units)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", NAMES)
def test_promises_hold_at_every_size(name):
    for i, features in enumerate(SIZES):
        check(name, features, SIZES[(5 * i + 3) % len(SIZES)])


# Against definitions, of float64


def recurrent(kind, **options):
    def make(n):
        return getattr(layers, kind)(n, return_sequences=True, **options)

    own = {"LSTM": "lstm", "SimpleRNN": "simple_rnn"}.get(kind)
    own = own or ("gru" if options.get("reset_after", True) else "gru_reset_before")

    def define(x, weights):
        return reference.masked_rnn(own, x, MASK, weights)[0]

    return make, define


def normalized(x, weights):
    gamma, beta = weights
    middle = x - x.mean(-1, keepdims=True)
    return middle / np.sqrt(np.square(middle).mean(-1, keepdims=True) + 1e-3) * gamma + beta


def softmaxed(x, _):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def mean_of_real(x, _):
    counts = MASK.sum(1)[:, None]
    return np.where(MASK[..., None], x, 0).sum(1) / np.maximum(counts, 1)


DEFINED = {
    "LSTM": recurrent("LSTM"),
    "GRU": recurrent("GRU"),
    "GRU, reset before": recurrent("GRU", reset_after=False),
    "SimpleRNN": recurrent("SimpleRNN"),
    "Dense": (
        lambda n: layers.Dense(n, "tanh"),
        lambda x, w: np.tanh(x @ w[0] + w[1]),
    ),
    "Conv1D": (
        lambda n: layers.Conv1D(n, 3, padding="same"),
        lambda x, w: reference.conv1d(x, *w, padding="same"),
    ),
    "MaskedConv1D": (
        lambda n: layers.MaskedConv1D(n, 3, padding="same"),
        lambda x, w: reference.masked_conv1d(x, MASK, *w)[0],
    ),
    "Conv1DTranspose": (
        lambda n: layers.Conv1DTranspose(n, 3, strides=2),
        lambda x, w: reference.conv1d_transpose(x, *w, 2),
    ),
    "LayerNormalization": (lambda _: layers.LayerNormalization(), normalized),
    "softmax": (lambda _: layers.Activation("softmax"), softmaxed),
    "GlobalAveragePooling1D": (lambda _: layers.GlobalAveragePooling1D(), mean_of_real),
    "MaskedGlobalMaxPooling1D": (
        lambda _: layers.MaskedGlobalMaxPooling1D(),
        lambda x, _: np.where(MASK.any(1)[:, None], np.where(MASK[..., None], x, -9e9).max(1), 0),
    ),
}

SOME = pytest.param([2, 8, 17, 33], id="some sizes")
ALL = pytest.param(SIZES, id="all sizes", marks=pytest.mark.slow)


def carrying(x, mask):
    tensor = maskseq.convert_to_tensor(x)
    maskseq.set_keras_mask(tensor, mask)
    return tensor


def near(got, want, features):
    """Within what float32 sums of so many terms allow."""
    scale = max(1.0, float(np.abs(want).max(initial=0)))
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-6 * np.sqrt(features + 4) * scale)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sizes", [SOME, ALL])
@pytest.mark.parametrize("name", DEFINED)
def test_numbers_are_those_of_the_definition(name, sizes, rng):
    make, define = DEFINED[name]
    for i, features in enumerate(sizes):
        x = sequences(features)
        layer = make(SIZES[(7 * i + 2) % len(SIZES)])
        layer(x)
        weights = [w / np.float32(np.sqrt(max(w.shape[-2:]))) for w in randomize(layer, rng)]
        layer.set_weights(weights)
        want = define(x.astype(np.float64), [w.astype(np.float64) for w in layer.get_weights()])
        near(np.asarray(layer(carrying(x, MASK))), want, features)


SCORES = {
    "Attention": (layers.Attention, lambda q, k: q @ k),
    "AdditiveAttention": (
        lambda: layers.AdditiveAttention(use_scale=False),
        lambda q, k: np.tanh(q + k).sum(),
    ),
}


@pytest.mark.parametrize("sizes", [SOME, ALL])
@pytest.mark.parametrize("name", SCORES)
def test_attention_of_two_masks_is_that_of_the_definition(name, sizes):
    make, score = SCORES[name]
    real = OTHER_MASK.any(axis=1)  # a query with nothing to attend to: see test_attention.py
    for features in sizes:
        x = sequences(features)[real] / np.sqrt(features)
        y = x[:, ::-1].copy()
        masks = MASK[real], OTHER_MASK[real]
        got = make()([carrying(x, masks[0]), carrying(y, masks[1])])
        want, _ = reference.attend(score, *(z.astype(np.float64) for z in (x, y, y)), *masks)
        near(np.asarray(got), want, features)


HEADS = {
    "MultiHeadAttention": lambda n: layers.MultiHeadAttention(2, n),
    "MultiHeadAttention, gate": lambda n: layers.MultiHeadAttention(2, n, use_gate=True),
    "GroupedQueryAttention": lambda n: layers.GroupedQueryAttention(n, 4, 2),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sizes", [SOME, ALL])
@pytest.mark.parametrize("name", HEADS)
def test_heads_of_two_masks_are_those_of_the_definition(name, sizes, rng):
    real = OTHER_MASK.any(axis=1)
    for i, features in enumerate(sizes):
        x = sequences(features)[real]
        y = x[:, ::-1].copy()
        masks = MASK[real], OTHER_MASK[real]
        layer = HEADS[name](SIZES[(11 * i + 4) % len(SIZES)])
        layer(x, y)
        weights = randomize(layer, rng)
        weights = [w / np.float32(np.sqrt(max(w.shape[0], 4))) for w in weights]
        layer.set_weights(weights)
        got = layer(carrying(x, masks[0]), carrying(y, masks[1]))
        want = reference.heads(x, y, weights, *masks, gate="gate" in name)
        near(np.asarray(got), want, features)
