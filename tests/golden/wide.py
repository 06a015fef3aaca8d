"""Layers at sizes beyond one vector and one tile of every instruction set."""

import numpy as np

from maskseq import layers

TIME, FEATURES = 45, 37
LENGTHS = np.array([[45], [0], [17], [44], [1]])
WIDE_MASK = (np.arange(TIME) < LENGTHS) & (np.arange(TIME) % 7 != 3)
ONE = ((len(LENGTHS), TIME, FEATURES),)
TWO = ONE * 2
NORMALIZATION = [
    layers.LayerNormalization,
    layers.RMSNormalization,
    layers.UnitNormalization,
    layers.BatchNormalization,
]
ACTIVATIONS = "gelu mish softplus selu log_softmax sparsemax hard_silu".split()


def _attend(layer, query, value):
    return layer(query, value)


WIDE = {
    "Dense": (lambda: layers.Dense(67, activation="tanh"), ONE, None),
    "LSTM": (lambda: layers.LSTM(35, return_sequences=True), ONE, None),
    "LSTM gelu": (lambda: layers.LSTM(35, activation="gelu", return_sequences=True), ONE, None),
    "GRU": (lambda: layers.GRU(35, return_sequences=True), ONE, None),
    "GRU reset before": (lambda: layers.GRU(35, reset_after=False), ONE, None),
    "SimpleRNN": (lambda: layers.SimpleRNN(35, return_sequences=True), ONE, None),
    "Bidirectional": (lambda: layers.Bidirectional(layers.LSTM(19)), ONE, None),
    "MultiHeadAttention": (lambda: layers.MultiHeadAttention(3, 17), TWO, _attend),
    "GroupQueryAttention": (lambda: layers.GroupQueryAttention(17, 4, 2), TWO, _attend),
    "Attention": (lambda: layers.Attention(), TWO, None),
    "Attention concat": (lambda: layers.Attention(score_mode="concat"), TWO, None),
    "AdditiveAttention": (lambda: layers.AdditiveAttention(), TWO, None),
    "AttentionPooling1D": (lambda: layers.AttentionPooling1D(19), ONE, None),
    "Conv1D": (lambda: layers.Conv1D(33, 5, dilation_rate=2, padding="same"), ONE, None),
    "MaskedConv1D": (lambda: layers.MaskedConv1D(33, 3, padding="causal"), ONE, None),
    "DepthwiseConv1D": (lambda: layers.DepthwiseConv1D(3, activation="gelu"), ONE, None),
    "SeparableConv1D": (lambda: layers.SeparableConv1D(33, 3), ONE, None),
    "EinsumDense": (
        lambda: layers.EinsumDense("btc,cde->btde", (None, 5, 7), bias_axes="de"),
        ONE,
        None,
    ),
    "GroupNormalization": (lambda: layers.GroupNormalization(37), ONE, None),
    "LayerNormalization over time": (lambda: layers.LayerNormalization(axis=[1, 2]), ONE, None),
    "GlobalAveragePooling1D": (lambda: layers.GlobalAveragePooling1D(), ONE, None),
    "MaskedGlobalMaxPooling1D": (lambda: layers.MaskedGlobalMaxPooling1D(), ONE, None),
    "CRFDecode": (
        lambda: layers.CRFDecode(),
        ONE,
        lambda layer, x: layer(x, return_scores=True),
    ),
    "TemporalSoftmax": (lambda: layers.TemporalSoftmax(), ONE, None),
    "Dot": (lambda: layers.Dot(axes=2, normalize=True), TWO, None),
    **{cls.__name__: (cls, ONE, None) for cls in NORMALIZATION},
    **{
        f"Activation {name}": (lambda name=name: layers.Activation(name), ONE, None)
        for name in ACTIVATIONS
    },
}
"""name: (what makes the layer, shapes of its inputs, how it is called)."""
