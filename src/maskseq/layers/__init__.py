"""The layers, under Keras 3's names. A layer's file is imported when it is first asked for."""

from importlib import import_module
from typing import Any

from .base import LAYER_FILES
from .base import Layer as Layer
from .concatenate import Concatenate as Concatenate
from .concatenate import concatenate as concatenate  # now: its file has the same name
from .dot import Dot as Dot
from .dot import dot as dot

_NAMES = {
    "activation": "Activation",
    "additive_attention": "AdditiveAttention",
    "attention": "Attention",
    "attention_pooling1d": "AttentionPooling1D",
    "batch_normalization": "BatchNormalization",
    "bidirectional": "Bidirectional",
    "conv1d": "Conv1D",
    "crf_decode": "CRFDecode",
    "dense": "Dense",
    "depthwise_conv1d": "DepthwiseConv1D",
    "dropout": "Dropout",
    "einsum_dense": "EinsumDense",
    "embedding": "Embedding",
    "global_pooling": "GlobalAveragePooling1D GlobalMaxPooling1D",
    "group_normalization": "GroupNormalization",
    "group_query_attention": "GroupQueryAttention",
    "gru": "GRU GRUCell",
    "identity": "ActivityRegularization Identity",
    "input": "Input",
    "lambda_layer": "Lambda",
    "last_step": "LastStep",
    "layer_normalization": "LayerNormalization",
    "lstm": "LSTM LSTMCell",
    "masked_conv1d": "MaskedConv1D",
    "masked_global_max_pooling1d": "MaskedGlobalMaxPooling1D",
    "masking": "Masking",
    "merging": "Add Average Maximum Minimum Multiply Subtract "
    "add average maximum minimum multiply subtract",
    "multi_head_attention": "MultiHeadAttention",
    "noise": "AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D",
    "pooling": "AveragePooling1D MaxPooling1D",
    "rectifiers": "ELU LeakyReLU PReLU ReLU",
    "recurrent": "RNN",
    "reshaping": "Flatten Permute RepeatVector Reshape",
    "resizing": "Cropping1D UpSampling1D ZeroPadding1D",
    "rms_normalization": "RMSNormalization",
    "separable_conv1d": "SeparableConv1D",
    "simple_rnn": "SimpleRNN SimpleRNNCell",
    "softmax": "Softmax",
    "stacked_rnn_cells": "StackedRNNCells",
    "temporal_softmax": "TemporalSoftmax",
    "time_distributed": "TimeDistributed",
    "unit_normalization": "UnitNormalization",
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
