"""Layers whose numbers only a live Keras checks elsewhere, against a definition of one line."""

import numpy as np
import pytest

from maskseq import layers

X = np.random.default_rng(1).normal(size=(2, 6, 4)).astype(np.float32)
Y = np.random.default_rng(2).normal(size=(2, 6, 4)).astype(np.float32)
FILTERS = np.random.default_rng(3).normal(size=(3, 4, 1)).astype(np.float32)

CASES = {
    "Average": (layers.Average(), [X, Y], (X + Y) / 2),
    "Subtract": (layers.Subtract(), [X, Y], X - Y),
    "Maximum": (layers.Maximum(), [X, Y], np.where(X > Y, X, Y)),
    "Minimum": (layers.Minimum(), [X, Y], np.where(X < Y, X, Y)),
    "Dot": (layers.Dot(axes=2), [X, Y], np.einsum("bik,bjk->bij", X, Y)),
    "ReLU": (layers.ReLU(max_value=1.0), X, np.clip(X, 0, 1)),
    "LeakyReLU": (layers.LeakyReLU(0.3), X, np.where(X > 0, X, 0.3 * X)),
    "ELU": (layers.ELU(0.5), X, np.where(X > 0, X, 0.5 * np.expm1(X))),
    "RMSNormalization": (
        layers.RMSNormalization(epsilon=0.1),
        X,
        X / np.sqrt(np.square(X).mean(-1, keepdims=True) + 0.1),
    ),
    "UnitNormalization": (
        layers.UnitNormalization(),
        X,
        X / np.sqrt(np.square(X).sum(-1, keepdims=True)),
    ),
    "GlobalMaxPooling1D": (layers.GlobalMaxPooling1D(), X, X.max(1)),
    "DepthwiseConv1D": (
        layers.DepthwiseConv1D(3, depthwise_initializer=lambda *_, **__: FILTERS),
        X,
        sum(X[:, k : k + 4] * FILTERS[k, :, 0] for k in range(3)),
    ),
    "Cropping1D": (layers.Cropping1D((1, 2)), X, X[:, 1:-2]),
    "UpSampling1D": (layers.UpSampling1D(2), X, X[:, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]]),
    "Reshape": (layers.Reshape((3, 8)), X, X.reshape(2, 3, 8)),
    "Permute": (layers.Permute((2, 1)), X, X.swapaxes(1, 2)),
}


@pytest.mark.parametrize("layer, inputs, expected", CASES.values(), ids=CASES)
def test_layer_equals_its_definition(layer, inputs, expected):
    np.testing.assert_allclose(layer(inputs), expected, rtol=1e-5, atol=1e-6)
