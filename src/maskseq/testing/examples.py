"""One example of every layer and of its main forms: what the tests and the docs run over."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .. import layers
from .subject import BATCH, TIME, sequences


@dataclass
class Example:
    """A layer, made by `make`, with arrays to call it on; see check_layer."""

    make: Callable[[], layers.Layer]
    inputs: list[np.ndarray] = field(default_factory=lambda: [sequences()])
    call: Callable[..., Any] | None = None
    skip: tuple[str, ...] = ()


def _ids() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 9, (BATCH, TIME)).astype(np.int32)


def _words() -> np.ndarray:
    return np.char.add("w", _ids().astype(str))


def _texts() -> np.ndarray:
    """Texts of no to four words."""
    return np.array([" ".join(words[:n]) for n, words in enumerate(_words())])


def _grids() -> list[np.ndarray]:
    """Steps of four rows of two features."""
    random = np.random.default_rng(7)
    return [random.standard_normal((BATCH, TIME, 4, 2)).astype(np.float32)]


def _pair() -> list[np.ndarray]:
    return [sequences(), sequences()[:, ::-1].copy()]


def _attend(layer: Any, query: Any, value: Any) -> Any:
    return layer(query, value)


def _flat(size: int) -> list[np.ndarray]:
    return [sequences().reshape(BATCH, -1)[:, :size]]


EXAMPLES: dict[str, Example] = {
    "Activation('softmax')": Example(lambda: layers.Activation("softmax")),
    "ActivityRegularization": Example(lambda: layers.ActivityRegularization(0.1)),
    "Add": Example(lambda: layers.Add(), _pair()),
    "AdditiveAttention": Example(lambda: layers.AdditiveAttention(), _pair()),
    "AlphaDropout": Example(lambda: layers.AlphaDropout(0.5)),
    "Attention": Example(lambda: layers.Attention(), _pair()),
    "AttentionPooling1D": Example(lambda: layers.AttentionPooling1D(3)),
    "Average": Example(lambda: layers.Average(), _pair()),
    "AveragePooling1D": Example(lambda: layers.AveragePooling1D(2)),
    "BatchNormalization": Example(lambda: layers.BatchNormalization()),
    "Bidirectional(LSTM)": Example(lambda: layers.Bidirectional(layers.LSTM(3))),
    "Bidirectional(LSTM(return_sequences=True))": Example(
        lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True))
    ),
    "CRF": Example(lambda: layers.CRF()),
    "CRFDecode": Example(lambda: layers.CRFDecode()),
    "CategoryEncoding": Example(lambda: layers.CategoryEncoding(9), [_ids()]),
    "CategoryEncoding('one_hot')": Example(lambda: layers.CategoryEncoding(9, "one_hot"), [_ids()]),
    "Concatenate": Example(lambda: layers.Concatenate(), _pair()),
    "Concatenate(axis=1)": Example(lambda: layers.Concatenate(axis=1), _pair()),
    "Conv1D": Example(lambda: layers.Conv1D(3, 2)),
    "Conv1DTranspose": Example(lambda: layers.Conv1DTranspose(3, 2, strides=3)),
    "ConvLSTM1D": Example(lambda: layers.ConvLSTM1D(3, 2), _grids()),
    "ConvLSTM1D(return_sequences=True)": Example(
        lambda: layers.ConvLSTM1D(3, 2, padding="same", return_sequences=True), _grids()
    ),
    "Cropping1D": Example(lambda: layers.Cropping1D(1)),
    "Dense": Example(lambda: layers.Dense(3, activation="tanh")),
    "DepthwiseConv1D": Example(lambda: layers.DepthwiseConv1D(2)),
    "Discretization": Example(lambda: layers.Discretization([-1.0, 0.0, 0.5])),
    "Discretization('count')": Example(
        lambda: layers.Discretization([0.0], output_mode="count"), _flat(TIME)
    ),
    "Dot": Example(lambda: layers.Dot(axes=2), _pair()),
    "Dropout": Example(lambda: layers.Dropout(0.5)),
    "ELU": Example(lambda: layers.ELU(0.5)),
    "EinsumDense": Example(lambda: layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d")),
    "Embedding": Example(lambda: layers.Embedding(9, 3), [_ids()]),
    "Embedding(mask_zero=True)": Example(lambda: layers.Embedding(9, 3, mask_zero=True), [_ids()]),
    "Flatten": Example(lambda: layers.Flatten()),
    "GRU": Example(lambda: layers.GRU(3)),
    "GRU(zero_output_for_mask=True)": Example(lambda: layers.GRU(3, zero_output_for_mask=True)),
    "GRU(return_sequences=True)": Example(lambda: layers.GRU(3, return_sequences=True)),
    "GaussianDropout": Example(lambda: layers.GaussianDropout(0.5)),
    "GaussianNoise": Example(lambda: layers.GaussianNoise(0.5)),
    "GlobalAveragePooling1D": Example(lambda: layers.GlobalAveragePooling1D()),
    "GlobalMaxPooling1D": Example(lambda: layers.GlobalMaxPooling1D()),
    "GroupNormalization": Example(lambda: layers.GroupNormalization(2)),
    "GroupQueryAttention": Example(lambda: layers.GroupQueryAttention(3, 4, 2), _pair(), _attend),
    "Hashing": Example(lambda: layers.Hashing(7, mask_value=0), [_ids()]),
    "Hashing, text": Example(lambda: layers.Hashing(7, salt=3, output_mode="one_hot"), [_words()]),
    "IntegerLookup": Example(
        lambda: layers.IntegerLookup(num_oov_indices=2, vocabulary=[3, 1, 7]), [_ids()]
    ),
    "IntegerLookup('tf_idf')": Example(
        lambda: layers.IntegerLookup(
            vocabulary=[3, 1], idf_weights=[0.5, 2.0], output_mode="tf_idf"
        ),
        [_ids()],
    ),
    "Identity": Example(lambda: layers.Identity()),
    "LSTM": Example(lambda: layers.LSTM(3)),
    "LSTM(go_backwards=True, return_sequences=True)": Example(
        lambda: layers.LSTM(3, go_backwards=True, return_sequences=True)
    ),
    "LSTM(return_sequences=True)": Example(lambda: layers.LSTM(3, return_sequences=True)),
    "Lambda": Example(lambda: layers.Lambda(np.negative)),
    "LastStep": Example(lambda: layers.LastStep()),
    "LayerNormalization(axis=[1, 2])": Example(lambda: layers.LayerNormalization(axis=[1, 2])),
    "LayerNormalization": Example(lambda: layers.LayerNormalization()),
    "LeakyReLU": Example(lambda: layers.LeakyReLU()),
    "MaskedConv1D": Example(lambda: layers.MaskedConv1D(3, 2, padding="same")),
    "MaskedConv1D(strides=2)": Example(
        lambda: layers.MaskedConv1D(3, 2, strides=2, padding="causal")
    ),
    "MaskedGlobalMaxPooling1D": Example(lambda: layers.MaskedGlobalMaxPooling1D()),
    "Masking": Example(lambda: layers.Masking()),
    "MaxPooling1D": Example(lambda: layers.MaxPooling1D(2)),
    "Maximum": Example(lambda: layers.Maximum(), _pair()),
    "Minimum": Example(lambda: layers.Minimum(), _pair()),
    "MultiHeadAttention": Example(lambda: layers.MultiHeadAttention(2, 3), _pair(), _attend),
    "Multiply": Example(lambda: layers.Multiply(), _pair()),
    "Normalization": Example(lambda: layers.Normalization()),
    "Normalization(mean=...)": Example(
        lambda: layers.Normalization(mean=0.5, variance=4.0, invert=True)
    ),
    "PReLU(shared_axes=[1])": Example(lambda: layers.PReLU(shared_axes=[1])),
    "Permute": Example(lambda: layers.Permute((2, 1))),
    "RMSNormalization": Example(lambda: layers.RMSNormalization()),
    "RNN(cells)": Example(lambda: layers.RNN([layers.GRUCell(3), layers.LSTMCell(2)])),
    "ReLU": Example(lambda: layers.ReLU(max_value=1.0)),
    "RepeatVector": Example(lambda: layers.RepeatVector(2), _flat(4)),
    "Reshape": Example(lambda: layers.Reshape((-1, 2))),
    "Rescaling": Example(lambda: layers.Rescaling(0.5, offset=[1.0, 2.0, 3.0, 4.0])),
    "ReversibleEmbedding": Example(lambda: layers.ReversibleEmbedding(9, 3), [_ids()]),
    "ReversibleEmbedding(mask_zero=True)": Example(
        lambda: layers.ReversibleEmbedding(9, 3, mask_zero=True), [_ids()]
    ),
    "ReversibleEmbedding, reverse=True": Example(
        lambda: layers.ReversibleEmbedding(9, 4, tie_weights=False, logit_soft_cap=2.0),
        call=lambda layer, x: layer(x, reverse=True),
    ),
    "SeparableConv1D": Example(lambda: layers.SeparableConv1D(3, 2)),
    "SimpleRNN": Example(lambda: layers.SimpleRNN(3)),
    "Softmax": Example(lambda: layers.Softmax(), _flat(TIME)),
    "SpatialDropout1D": Example(lambda: layers.SpatialDropout1D(0.5)),
    "SpectralNormalization(Dense)": Example(
        lambda: layers.SpectralNormalization(layers.Dense(3), power_iterations=2)
    ),
    "SpectralNormalization(Embedding)": Example(
        lambda: layers.SpectralNormalization(layers.Embedding(9, 3, mask_zero=True)), [_ids()]
    ),
    "StringLookup": Example(lambda: layers.StringLookup(vocabulary=["w1", "w4"]), [_words()]),
    "StringLookup(invert=True)": Example(
        lambda: layers.StringLookup(vocabulary=["a", "b"], mask_token="", invert=True),
        [_ids()],
    ),
    "Subtract": Example(lambda: layers.Subtract(), _pair()),
    "TemporalSoftmax": Example(lambda: layers.TemporalSoftmax()),
    "TextVectorization": Example(
        lambda: layers.TextVectorization(vocabulary=["w1", "w4", "w7"]), [_texts()]
    ),
    "TextVectorization('multi_hot')": Example(
        lambda: layers.TextVectorization(output_mode="multi_hot", vocabulary=["w1", "w4"]),
        [_texts()],
    ),
    "TextVectorization(output_sequence_length=4)": Example(
        lambda: layers.TextVectorization(
            output_sequence_length=4, ngrams=2, vocabulary=["w1", "w4 w4"]
        ),
        [_texts()],
    ),
    "ThresholdedReLU": Example(lambda: layers.ThresholdedReLU(0.5)),
    "TimeDistributed(Dense)": Example(lambda: layers.TimeDistributed(layers.Dense(3))),
    "UnitNormalization(axis=1)": Example(lambda: layers.UnitNormalization(axis=1)),
    "UnitNormalization": Example(lambda: layers.UnitNormalization()),
    "UpSampling1D": Example(lambda: layers.UpSampling1D(2)),
    "ZeroPadding1D": Example(lambda: layers.ZeroPadding1D(1)),
}
