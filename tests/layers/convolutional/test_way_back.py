"""Gradients of convolutions: no windows are gathered, and no thread or block changes a bit."""

import tracemalloc

import numpy as np
import pytest

from maskseq import layers, runtime
from maskseq.context import changed
from maskseq.tape import Tape, padded


def gradients(layer, x, d):
    """Those of x, kernel and bias, for the gradient d of the layer's answer."""
    tape = Tape(layer.trainable_weights)
    held = tape.watch(x)
    with changed(tape=tape, training=True):
        y = padded(layer.apply(held))
    return [np.asarray(g) for g in tape.gradients(y, d, of=[held, *tape.variables])]


@pytest.mark.parametrize("padding, dilation", [("same", 1), ("causal", 2), ("valid", 1)])
@pytest.mark.parametrize("groups", [1, 3])
def test_gradients_are_those_of_the_definition(padding, dilation, groups, rng):
    x = rng.standard_normal((2, 40, 12)).astype(np.float32)
    layer = layers.Conv1D(9, 4, padding=padding, dilation_rate=dilation, groups=groups)
    d = rng.standard_normal(layer(x).shape).astype(np.float32)
    kernel = layer.kernel.value
    wanted_x, wanted_kernel = np.zeros(x.shape), np.zeros(kernel.shape)
    reach, width, units = 3 * dilation, 12 // groups, 9 // groups
    before = {"same": reach // 2, "causal": reach, "valid": 0}[padding]
    for w in range(d.shape[1]):
        for place in range(4):
            t = w - before + place * dilation
            if not 0 <= t < 40:
                continue
            for g in range(groups):
                of_x, of_y = slice(g * width, (g + 1) * width), slice(g * units, (g + 1) * units)
                own = d[:, w, of_y].astype(np.float64)
                wanted_x[:, t, of_x] += own @ kernel[place, :, of_y].T
                wanted_kernel[place, :, of_y] += x[:, t, of_x].T @ own
    found = gradients(layer, x, d)
    for a, b in zip(found, [wanted_x, wanted_kernel, d.sum((0, 1))], strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5)


def test_bits_are_the_same_for_any_threads(rng):
    x = rng.standard_normal((4, 150, 32)).astype(np.float32)
    layer = layers.Conv1D(48, 3, padding="same")
    d, bits = rng.standard_normal(layer(x).shape).astype(np.float32), set()
    for n in (1, 2, 3, 5):
        with runtime.num_threads(n):
            bits.add(b"".join(g.tobytes() for g in gradients(layer, x, d)))
    assert len(bits) == 1


@pytest.mark.parametrize("kind", [layers.Conv1D, layers.MaskedConv1D])
def test_no_windows_are_gathered(kind, rng):
    """Of a kernel of 31 steps they would be 31 times the inputs."""
    x = rng.standard_normal((2, 500, 16)).astype(np.float32)
    layer = kind(16, 31, padding="same")
    d = rng.standard_normal(layer(x).shape).astype(np.float32)
    gradients(layer, x, d)
    tracemalloc.start()
    gradients(layer, x, d)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * x.nbytes
