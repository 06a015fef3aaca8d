"""Gradients of layers against differences of their float64 definitions, to seven digits."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.context import changed
from maskseq.tape import Tape, padded
from tests.support import reference
from tests.support.definitions.differences import slopes

MASK = np.array([[1, 1, 1, 1, 1, 0, 0], [0, 1, 1, 0, 1, 0, 1], [0] * 7], bool)
OPTIONS = [(stride, padding, 1) for stride in (1, 2) for padding in ("valid", "same", "causal")]
OPTIONS += [(1, "same", 2), (1, "causal", 2)]


def check(layer, x, definition, mask=None):
    """definition(x, *weights), in float64, is what the layer gives."""
    tensor = maskseq.convert_to_tensor(x)
    if mask is not None:
        tensor._keras_mask = mask
    inputs = maskseq.Input(x.shape[1:])
    model = maskseq.Model(inputs, layer(inputs), on_mask_loss="ignore")
    tape = Tape(model.trainable_weights)
    held = tape.watch(tensor)
    with changed(tape=tape, training=True):
        outputs = padded(model.apply(held))
    d = np.random.default_rng(2).standard_normal(outputs.shape).astype(np.float32)
    found = tape.gradients(outputs, d, of=[held, *tape.variables])
    arguments = [x, *(v.value for v in tape.variables)]
    wanted = slopes(lambda *values: (definition(*values) * d).sum(), arguments)
    for gradient, slope in zip(found, wanted, strict=True):
        np.testing.assert_allclose(gradient, slope, rtol=2e-6, atol=2e-6 * abs(slope).max())


@pytest.fixture
def x(rng):
    return rng.standard_normal((3, 7, 4)).astype(np.float32)


@pytest.mark.parametrize("stride, padding, dilation", OPTIONS)
def test_conv1d(stride, padding, dilation, x):
    layer = layers.Conv1D(
        6, 3, stride, padding, dilation_rate=dilation, groups=2, activation="tanh"
    )
    check(
        layer,
        x,
        lambda x, kernel, bias: np.tanh(
            reference.conv1d(x, kernel, bias, stride, padding, dilation, groups=2)
        ),
    )


def test_conv1d_of_channels_first(x):
    layer = layers.Conv1D(2, 3, data_format="channels_first")
    check(
        layer,
        x,
        lambda x, *weights: reference.conv1d(x.swapaxes(1, 2), *weights).swapaxes(1, 2),
    )


@pytest.mark.parametrize("stride, padding, dilation", OPTIONS)
def test_masked_conv1d(stride, padding, dilation, x):
    layer = layers.MaskedConv1D(2, 3, stride, padding, dilation_rate=dilation)
    check(
        layer,
        x,
        lambda x, *weights: reference.masked_conv1d(x, MASK, *weights, stride, padding, dilation)[
            0
        ],
        MASK,
    )


@pytest.mark.parametrize("stride, padding", [(1, "valid"), (2, "valid"), (2, "same")])
def test_conv1d_transpose(stride, padding, x):
    layer = layers.Conv1DTranspose(2, 3, stride, padding)
    check(layer, x, lambda x, *w: reference.conv1d_transpose(x, *w, stride, padding))


@pytest.mark.parametrize("stride, padding", [(1, "valid"), (2, "same"), (3, "valid")])
@pytest.mark.parametrize("name", ["Average", "Max"])
def test_pooling(name, stride, padding, x):
    layer = getattr(layers, f"{name}Pooling1D")(2, stride, padding)
    function = np.mean if name == "Average" else np.max
    check(layer, x, lambda x: reference.pool1d(x, 2, stride, padding, function))


def over_steps(function):
    def pool(x):
        found = np.zeros((len(x), *x.shape[2:]))
        for b, mask in enumerate(MASK):
            if mask.any():
                found[b] = function(x[b, mask])
        return found

    return pool


@pytest.mark.parametrize(
    "name, function",
    [
        ("GlobalAveragePooling1D", lambda steps: steps.mean(0)),
        ("MaskedGlobalMaxPooling1D", lambda steps: steps.max(0)),
        ("LastStep", lambda steps: steps[-1]),
    ],
)
def test_pooling_over_the_real_steps(name, function, x):
    check(getattr(layers, name)(), x, over_steps(function), MASK)


def test_equal_maxima_share_the_gradient():
    x = np.array([[[1.0], [2.0], [2.0], [0.0]]], np.float32)
    for name in ("GlobalMaxPooling1D", "MaskedGlobalMaxPooling1D"):
        tape = Tape()
        held = tape.watch(x)
        with changed(tape=tape):
            outputs = getattr(layers, name)().apply(held)
        (found,) = tape.gradients(outputs, of=[held])
        np.testing.assert_array_equal(np.ravel(found), [0, 0.5, 0.5, 0])


@pytest.mark.parametrize("carry", [False, True])
def test_padded_rows_send_back_what_all_their_cells_get(carry, rng):
    """Each row of Rows gets the sum over the cells that show it, pad rows the rest."""
    from maskseq.rows import Layout, Rows

    for pads in (1, len(MASK)):
        if carry and pads > 1:
            continue
        count = int(MASK.sum())
        values = rng.standard_normal((count + pads, 2)).astype(np.float32)
        tape = Tape()
        held = tape.watch(Rows(values, Layout.from_mask(MASK), carry))
        y = padded(held)
        d = rng.standard_normal(y.shape).astype(np.float32)
        (found,) = tape.gradients(y, d, of=[held])
        wanted = np.zeros(values.shape)
        row = 0
        for b, mask in enumerate(MASK):
            shown = count + (b if pads > 1 else 0)
            for t, real in enumerate(mask):
                if real:
                    shown = row if carry else shown
                    wanted[row] += d[b, t]
                    row += 1
                else:
                    wanted[shown] += d[b, t]
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)
