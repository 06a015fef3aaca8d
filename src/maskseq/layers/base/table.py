"""The one table of layers: family, file, names, and whether Keras has them.

The lazy imports of `maskseq.layers` and their stub, the configs of layers, the loader of model
files and docs/layers.md are made from it. It imports nothing, so that csrc/stub.py can read it.
"""

IN_KERAS = {
    "activations": {
        "activation": "Activation",
        "rectifiers": "ELU LeakyReLU PReLU ReLU ThresholdedReLU",
        "softmax": "Softmax",
    },
    "attention": {
        "additive_attention": "AdditiveAttention",
        "attention": "Attention",
        "group_query_attention": "GroupedQueryAttention",
        "multi_head_attention": "MultiHeadAttention",
    },
    "convolutional": {
        "conv1d": "Conv1D",
        "conv1d_transpose": "Conv1DTranspose",
        "depthwise_conv1d": "DepthwiseConv1D",
        "separable_conv1d": "SeparableConv1D",
    },
    "core": {
        "dense": "Dense",
        "einsum_dense": "EinsumDense",
        "embedding": "Embedding",
        "identity": "ActivityRegularization Identity",
        "input": "InputLayer",
        "lambda_layer": "Lambda",
        "masking": "Masking",
        "reversible_embedding": "ReversibleEmbedding",
    },
    "merging": {
        "concatenate": "Concatenate",
        "dot": "Dot",
        "merge": "Add Average Maximum Minimum Multiply Subtract",
    },
    "normalization": {
        "batch_normalization": "BatchNormalization",
        "group_normalization": "GroupNormalization",
        "layer_normalization": "LayerNormalization",
        "rms_normalization": "RMSNormalization",
        "spectral_normalization": "SpectralNormalization",
        "unit_normalization": "UnitNormalization",
    },
    "pooling": {
        "global_pooling": "GlobalAveragePooling1D GlobalMaxPooling1D",
        "window_pooling": "AveragePooling1D MaxPooling1D",
    },
    "preprocessing": {
        "category_encoding": "CategoryEncoding",
        "discretization": "Discretization",
        "hashing": "Hashing",
        "integer_lookup": "IntegerLookup",
        "normalization": "Normalization",
        "rescaling": "Rescaling",
        "string_lookup": "StringLookup",
        "text_vectorization": "TextVectorization",
    },
    "regularization": {
        "dropout": "Dropout",
        "noise": "AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D",
    },
    "reshaping": {
        "reshape": "Flatten Permute RepeatVector Reshape",
        "resizing": "Cropping1D UpSampling1D ZeroPadding1D",
    },
    "rnn": {
        "bidirectional": "Bidirectional",
        "conv_lstm1d": "ConvLSTM1D",
        "gru": "GRU GRUCell",
        "lstm": "LSTM LSTMCell",
        "rnn": "RNN",
        "simple_rnn": "SimpleRNN SimpleRNNCell",
        "stacked_rnn_cells": "StackedRNNCells",
        "time_distributed": "TimeDistributed",
    },
}
OURS = {
    "activations": {"temporal_softmax": "TemporalSoftmax"},
    "convolutional": {"masked_conv1d": "MaskedConv1D"},
    "pooling": {
        "attention_pooling1d": "AttentionPooling1D",
        "last_step": "LastStep",
        "masked_global_max_pooling1d": "MaskedGlobalMaxPooling1D",
    },
    "rnn": {"crf": "CRF", "crf_decode": "CRFDecode"},
}
BASES = {"base": {"wrapper": "Wrapper"}}
"""What layers of users are made from, as in Keras; beside `Layer`."""
FUNCTIONS = {
    "core": {"input": "Input"},
    "merging": {
        "concatenate": "concatenate",
        "dot": "dot",
        "merge": "add average maximum minimum multiply subtract",
    },
}
ALIASES = {
    "AvgPool1D": "AveragePooling1D",
    "Convolution1D": "Conv1D",
    "Convolution1DTranspose": "Conv1DTranspose",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GroupQueryAttention": "GroupedQueryAttention",
    "MaxPool1D": "MaxPooling1D",
    "SeparableConvolution1D": "SeparableConv1D",
}
"""Keras's other names of a class."""


def names_in(families: dict[str, dict[str, str]]) -> list[str]:
    """All names of a part of the table."""
    return [x for files in families.values() for names in files.values() for x in names.split()]


FILES = {
    name: f"maskseq.layers.{family}.{file}"
    for part in (IN_KERAS, OURS, BASES, FUNCTIONS)
    for family, files in part.items()
    for file, names in files.items()
    for name in names.split()
}
"""Name of a layer, base or function -> the module that has it."""
FILES |= {alias: FILES[name] for alias, name in ALIASES.items()}
