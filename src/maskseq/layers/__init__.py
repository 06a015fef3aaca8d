"""The layers, under Keras 3's names. A layer's file is imported when it is first asked for."""

from importlib import import_module
from typing import Any

from .base.layer import LAYER_FILES
from .base.layer import Layer as Layer
from .merging.concatenate import Concatenate as Concatenate
from .merging.concatenate import concatenate as concatenate  # now: its file has the same name
from .merging.dot import Dot as Dot
from .merging.dot import dot as dot

_NAMES = {
    "activations.activation": "Activation",
    "attention.additive_attention": "AdditiveAttention",
    "attention.attention": "Attention",
    "pooling.attention_pooling1d": "AttentionPooling1D",
    "normalization.batch_normalization": "BatchNormalization",
    "rnn.bidirectional": "Bidirectional",
    "convolutional.conv1d": "Conv1D Convolution1D",
    "convolutional.conv1d_transpose": "Conv1DTranspose Convolution1DTranspose",
    "rnn.conv_lstm1d": "ConvLSTM1D",
    "rnn.crf_decode": "CRFDecode",
    "core.dense": "Dense",
    "convolutional.depthwise_conv1d": "DepthwiseConv1D",
    "regularization.dropout": "Dropout",
    "core.einsum_dense": "EinsumDense",
    "core.embedding": "Embedding",
    "pooling.global_pooling": "GlobalAveragePooling1D GlobalAvgPool1D GlobalMaxPool1D "
    "GlobalMaxPooling1D",
    "normalization.group_normalization": "GroupNormalization",
    "attention.group_query_attention": "GroupQueryAttention",
    "rnn.gru": "GRU GRUCell",
    "core.identity": "ActivityRegularization Identity",
    "core.input": "Input",
    "core.lambda_layer": "Lambda",
    "pooling.last_step": "LastStep",
    "normalization.layer_normalization": "LayerNormalization",
    "rnn.lstm": "LSTM LSTMCell",
    "convolutional.masked_conv1d": "MaskedConv1D",
    "pooling.masked_global_max_pooling1d": "MaskedGlobalMaxPooling1D",
    "core.masking": "Masking",
    "merging.merge": "Add Average Maximum Minimum Multiply Subtract "
    "add average maximum minimum multiply subtract",
    "attention.multi_head_attention": "MultiHeadAttention",
    "regularization.noise": "AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D",
    "pooling.window_pooling": "AveragePooling1D AvgPool1D MaxPool1D MaxPooling1D",
    "activations.rectifiers": "ELU LeakyReLU PReLU ReLU ThresholdedReLU",
    "preprocessing.category_encoding": "CategoryEncoding",
    "preprocessing.discretization": "Discretization",
    "preprocessing.hashing": "Hashing",
    "preprocessing.integer_lookup": "IntegerLookup",
    "preprocessing.normalization": "Normalization",
    "preprocessing.rescaling": "Rescaling",
    "preprocessing.string_lookup": "StringLookup",
    "preprocessing.text_vectorization": "TextVectorization",
    "rnn.rnn": "RNN",
    "reshaping.reshape": "Flatten Permute RepeatVector Reshape",
    "reshaping.resizing": "Cropping1D UpSampling1D ZeroPadding1D",
    "core.reversible_embedding": "ReversibleEmbedding",
    "normalization.rms_normalization": "RMSNormalization",
    "convolutional.separable_conv1d": "SeparableConv1D SeparableConvolution1D",
    "rnn.simple_rnn": "SimpleRNN SimpleRNNCell",
    "activations.softmax": "Softmax",
    "rnn.stacked_rnn_cells": "StackedRNNCells",
    "activations.temporal_softmax": "TemporalSoftmax",
    "rnn.time_distributed": "TimeDistributed",
    "normalization.spectral_normalization": "SpectralNormalization",
    "normalization.unit_normalization": "UnitNormalization",
}
"""File -> the names in it. `__init__.pyi` says the same to type checkers; a test compares them."""

_FILES = {name: f"{__name__}.{file}" for file, names in _NAMES.items() for name in names.split()}
LAYER_FILES.update(_FILES, GroupedQueryAttention=_FILES["GroupQueryAttention"])  # class names

__all__ = ["Concatenate", "Dot", "Layer", "concatenate", "dot", *_FILES]


def __getattr__(name: str) -> Any:
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_FILES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_FILES})
