"""One example of every layer and of its main forms: what the tests and the docs run over."""

import numpy as np

from .. import layers
from .example import (
    BOTH,
    TABLE,
    THREE,
    TWO,
    UNITS,
    WINDOWS,
    Example,
    attend,
    cells,
    directions,
    flat,
    grids,
    ids,
    pair,
    texts,
    words,
    wrapped,
)
from .subject import TIME

EXAMPLES: dict[str, Example] = {
    "Activation('softmax')": Example(
        lambda: layers.Activation("softmax"),
        options={"activation": ("relu", "softmax", "log_softmax", "sparsemax", "tanh")},
    ),
    "ActivityRegularization": Example(
        lambda: layers.ActivityRegularization(0.1),
        options={"l1": (0.0, 0.1), "l2": (0.0, 0.1), "activity_regularizer": (None,)},
    ),
    "Add": Example(lambda: layers.Add(), pair()),
    "AdditiveAttention": Example(lambda: layers.AdditiveAttention(), pair()),
    "AlphaDropout": Example(
        lambda: layers.AlphaDropout(0.5), options={"noise_shape": (None, (None, 1, 4))}
    ),
    "Attention": Example(
        lambda: layers.Attention(), pair(), options={"score_mode": ("dot", "concat")}
    ),
    "AttentionPooling1D": Example(
        lambda: layers.AttentionPooling1D(3),
        options={"units": (None, 3), "activation": ("tanh", "relu")},
    ),
    "Average": Example(lambda: layers.Average(), pair()),
    "AveragePooling1D": Example(lambda: layers.AveragePooling1D(2), options=WINDOWS),
    "BatchNormalization": Example(lambda: layers.BatchNormalization(), options={"axis": (-1, 1)}),
    "Bidirectional(LSTM)": Example(
        lambda: layers.Bidirectional(layers.LSTM(3)),
        options={
            "layer": directions(),
            "merge_mode": ("concat", "sum", "mul", "ave", None),
            "backward_layer": (None,),
        },
    ),
    "Bidirectional(LSTM(return_sequences=True))": Example(
        lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True))
    ),
    "CRF": Example(lambda: layers.CRF(), options={"use_boundaries": BOTH}),
    "CRFDecode": Example(lambda: layers.CRFDecode(), options={"use_boundaries": BOTH}),
    "CategoryEncoding": Example(
        lambda: layers.CategoryEncoding(9),
        [ids()],
        options={"num_tokens": (9, 12), "output_mode": ("multi_hot", "one_hot", "count")},
    ),
    "CategoryEncoding('one_hot')": Example(lambda: layers.CategoryEncoding(9, "one_hot"), [ids()]),
    "Concatenate": Example(lambda: layers.Concatenate(), pair(), options={"axis": (-1, 1, 2)}),
    "Concatenate(axis=1)": Example(lambda: layers.Concatenate(axis=1), pair()),
    "Conv1D": Example(lambda: layers.Conv1D(3, 2), options=THREE),
    "Conv1DTranspose": Example(
        lambda: layers.Conv1DTranspose(3, 2, strides=3), options=TWO | {"output_padding": (None,)}
    ),
    "ConvLSTM1D": Example(
        lambda: layers.ConvLSTM1D(3, 2),
        grids(),
        options=TWO | {"kernel_size": (1, 2), "activation": ("tanh", "relu")},
    ),
    "ConvLSTM1D(return_sequences=True)": Example(
        lambda: layers.ConvLSTM1D(3, 2, padding="same", return_sequences=True), grids()
    ),
    "Cropping1D": Example(lambda: layers.Cropping1D(1), options={"cropping": (1, (2, 1), (0, 0))}),
    "Dense": Example(
        lambda: layers.Dense(3, activation="tanh"),
        options=UNITS | {"activation": (None, "relu", "softmax", "gelu", "elu", "tanh")},
    ),
    "DepthwiseConv1D": Example(lambda: layers.DepthwiseConv1D(2), options=TWO),
    "Discretization": Example(
        lambda: layers.Discretization([-1.0, 0.0, 0.5]),
        options={
            "bin_boundaries": ([0.0], [-1.0, 0.0, 0.5]),
            "num_bins": (None,),
            "output_mode": ("int", "one_hot", "multi_hot", "count"),
        },
    ),
    "Discretization('count')": Example(
        lambda: layers.Discretization([0.0], output_mode="count"), flat(TIME)
    ),
    "Dot": Example(
        lambda: layers.Dot(axes=2), pair(), options={"axes": (1, 2, (2, 2)), "normalize": BOTH}
    ),
    "Dropout": Example(lambda: layers.Dropout(0.5), options={"noise_shape": (None, (None, 1, 4))}),
    "ELU": Example(lambda: layers.ELU(0.5), options={"alpha": (0.0, 1.0, 2.0)}),
    "EinsumDense": Example(
        lambda: layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d"),
        options={
            "equation": ("abc,cd->abd",),
            "output_shape": ((None, 3), (6, 3)),
            "bias_axes": (None, "d"),
        },
    ),
    "Embedding": Example(lambda: layers.Embedding(9, 3), [ids()], options=TABLE),
    "Embedding(mask_zero=True)": Example(lambda: layers.Embedding(9, 3, mask_zero=True), [ids()]),
    "Flatten": Example(lambda: layers.Flatten()),
    "GRU": Example(lambda: layers.GRU(3), options=UNITS | {"activation": ("tanh", "relu", "gelu")}),
    "GRU(zero_output_for_mask=True)": Example(lambda: layers.GRU(3, zero_output_for_mask=True)),
    "GRU(return_sequences=True)": Example(lambda: layers.GRU(3, return_sequences=True)),
    "GaussianDropout": Example(lambda: layers.GaussianDropout(0.5)),
    "GaussianNoise": Example(lambda: layers.GaussianNoise(0.5)),
    "GlobalAveragePooling1D": Example(lambda: layers.GlobalAveragePooling1D()),
    "GlobalMaxPooling1D": Example(lambda: layers.GlobalMaxPooling1D()),
    "GroupNormalization": Example(
        lambda: layers.GroupNormalization(2), options={"groups": (1, 2, -1), "axis": (-1,)}
    ),
    "GroupQueryAttention": Example(
        lambda: layers.GroupQueryAttention(3, 4, 2),
        pair(),
        attend,
        options={
            "head_dim": (2,),
            "num_query_heads": (4, 2),
            "num_key_value_heads": (2, 1),
        },
    ),
    "Hashing": Example(
        lambda: layers.Hashing(7, mask_value=0),
        [ids()],
        options={
            "num_bins": (7, 2),
            "mask_value": (None, 0),
            "output_mode": ("int", "one_hot", "multi_hot", "count"),
        },
    ),
    "Hashing, text": Example(lambda: layers.Hashing(7, salt=3, output_mode="one_hot"), [words()]),
    "IntegerLookup": Example(
        lambda: layers.IntegerLookup(num_oov_indices=2, vocabulary=[3, 1, 7]),
        [ids()],
        options={
            "vocabulary": ([3, 1, 7],),
            "max_tokens": (None, 8),
            "num_oov_indices": (1, 2),
            "mask_token": (None, 0),
            "oov_token": (-1,),
            "vocabulary_dtype": ("int64",),
            "idf_weights": (None,),
            "output_mode": ("int", "one_hot", "multi_hot", "count"),
            "invert": (False,),
        },
    ),
    "IntegerLookup('tf_idf')": Example(
        lambda: layers.IntegerLookup(
            vocabulary=[3, 1], idf_weights=[0.5, 2.0], output_mode="tf_idf"
        ),
        [ids()],
    ),
    "Identity": Example(lambda: layers.Identity()),
    "LSTM": Example(
        lambda: layers.LSTM(3), options=UNITS | {"activation": ("tanh", "relu", "gelu")}
    ),
    "LSTM(go_backwards=True, return_sequences=True)": Example(
        lambda: layers.LSTM(3, go_backwards=True, return_sequences=True)
    ),
    "LSTM(return_sequences=True)": Example(lambda: layers.LSTM(3, return_sequences=True)),
    "Lambda": Example(
        lambda: layers.Lambda(np.negative),
        options={
            "function": (np.negative, np.square),
            "output_shape": (None,),
            "mask": (None,),
            "arguments": (None,),
        },
    ),
    "LastStep": Example(lambda: layers.LastStep()),
    "LayerNormalization(axis=[1, 2])": Example(
        lambda: layers.LayerNormalization(axis=[1, 2]),
        options={"axis": (-1, 1, (1, 2)), "rms_scaling": BOTH},
    ),
    "LayerNormalization": Example(lambda: layers.LayerNormalization()),
    "LeakyReLU": Example(lambda: layers.LeakyReLU(), options={"alpha": (None,)}),
    "MaskedConv1D": Example(lambda: layers.MaskedConv1D(3, 2, padding="same"), options=THREE),
    "MaskedConv1D(strides=2)": Example(
        lambda: layers.MaskedConv1D(3, 2, strides=2, padding="causal")
    ),
    "MaskedGlobalMaxPooling1D": Example(lambda: layers.MaskedGlobalMaxPooling1D()),
    "Masking": Example(lambda: layers.Masking(), options={"mask_value": (0.0, -1.0)}),
    "MaxPooling1D": Example(lambda: layers.MaxPooling1D(2), options=WINDOWS),
    "Maximum": Example(lambda: layers.Maximum(), pair()),
    "Minimum": Example(lambda: layers.Minimum(), pair()),
    "MultiHeadAttention": Example(
        lambda: layers.MultiHeadAttention(2, 3),
        pair(),
        attend,
        options={
            "num_heads": (1, 2),
            "key_dim": (3,),
            "value_dim": (None, 2),
            "output_shape": (None, 5),
            "attention_axes": (None, 1),
        },
    ),
    "Multiply": Example(lambda: layers.Multiply(), pair()),
    "Normalization": Example(
        lambda: layers.Normalization(),
        options={"axis": (-1, None), "mean": (0.5,), "variance": (4.0,)},
    ),
    "Normalization(mean=...)": Example(
        lambda: layers.Normalization(mean=0.5, variance=4.0, invert=True)
    ),
    "PReLU(shared_axes=[1])": Example(
        lambda: layers.PReLU(shared_axes=[1]), options={"shared_axes": (None, [1], [1, 2])}
    ),
    "Permute": Example(lambda: layers.Permute((2, 1)), options={"dims": ((2, 1), (1, 2))}),
    "RMSNormalization": Example(lambda: layers.RMSNormalization(), options={"axis": (-1, 1)}),
    "RNN(cells)": Example(
        lambda: layers.RNN([layers.GRUCell(3), layers.LSTMCell(2)]), options={"cell": cells()}
    ),
    "ReLU": Example(
        lambda: layers.ReLU(max_value=1.0),
        options={"max_value": (None, 1.0), "threshold": (0.0, 0.5)},
    ),
    "RepeatVector": Example(lambda: layers.RepeatVector(2), flat(4), options={"n": (1, 3)}),
    "Reshape": Example(
        lambda: layers.Reshape((-1, 2)), options={"target_shape": ((-1, 2), (24,), (3, 8))}
    ),
    "Rescaling": Example(
        lambda: layers.Rescaling(0.5, offset=[1.0, 2.0, 3.0, 4.0]),
        options={"scale": (0.5, [1.0, 2.0, 3.0, 4.0]), "offset": (0.0, [1.0, 2.0, 3.0, 4.0])},
    ),
    "ReversibleEmbedding": Example(
        lambda: layers.ReversibleEmbedding(9, 3),
        [ids()],
        options=TABLE
        | {"tie_weights": BOTH, "reverse_dtype": (None, "float32"), "logit_soft_cap": (None, 2.0)},
    ),
    "ReversibleEmbedding(mask_zero=True)": Example(
        lambda: layers.ReversibleEmbedding(9, 3, mask_zero=True), [ids()]
    ),
    "ReversibleEmbedding, reverse=True": Example(
        lambda: layers.ReversibleEmbedding(9, 4, tie_weights=False, logit_soft_cap=2.0),
        call=lambda layer, x: layer(x, reverse=True),
    ),
    "SeparableConv1D": Example(lambda: layers.SeparableConv1D(3, 2), options=TWO),
    "SimpleRNN": Example(
        lambda: layers.SimpleRNN(3), options=UNITS | {"activation": ("tanh", "softmax", "relu")}
    ),
    "Softmax": Example(lambda: layers.Softmax(), flat(TIME), options={"axis": (-1, 1)}),
    "SpatialDropout1D": Example(lambda: layers.SpatialDropout1D(0.5)),
    "SpectralNormalization(Dense)": Example(
        lambda: layers.SpectralNormalization(layers.Dense(3), power_iterations=2),
        options={"layer": wrapped()[:1], "power_iterations": (1, 3)},
    ),
    "SpectralNormalization(Embedding)": Example(
        lambda: layers.SpectralNormalization(layers.Embedding(9, 3, mask_zero=True)), [ids()]
    ),
    "StringLookup": Example(
        lambda: layers.StringLookup(vocabulary=["w1", "w4"]),
        [words()],
        options={
            "vocabulary": (["w1", "w4"],),
            "max_tokens": (None, 8),
            "num_oov_indices": (1, 2),
            "mask_token": (None, ""),
            "oov_token": ("[UNK]",),
            "idf_weights": (None,),
            "output_mode": ("int", "one_hot", "multi_hot", "count"),
            "invert": (False,),
        },
    ),
    "StringLookup(invert=True)": Example(
        lambda: layers.StringLookup(vocabulary=["a", "b"], mask_token="", invert=True),
        [ids()],
    ),
    "Subtract": Example(lambda: layers.Subtract(), pair()),
    "TemporalSoftmax": Example(lambda: layers.TemporalSoftmax()),
    "TextVectorization": Example(
        lambda: layers.TextVectorization(vocabulary=["w1", "w4", "w7"]),
        [texts()],
        options={
            "vocabulary": (["w1", "w4", "w7"],),
            "max_tokens": (None, 8),
            "standardize": (None, "lower", "strip_punctuation", "lower_and_strip_punctuation"),
            "split": ("whitespace", "character", None),
            "ngrams": (None, 2),
            "output_mode": ("int", "multi_hot", "count"),
            "output_sequence_length": (None, 4),
            "idf_weights": (None,),
        },
    ),
    "TextVectorization('multi_hot')": Example(
        lambda: layers.TextVectorization(output_mode="multi_hot", vocabulary=["w1", "w4"]),
        [texts()],
    ),
    "TextVectorization(output_sequence_length=4)": Example(
        lambda: layers.TextVectorization(
            output_sequence_length=4, ngrams=2, vocabulary=["w1", "w4 w4"]
        ),
        [texts()],
    ),
    "ThresholdedReLU": Example(lambda: layers.ThresholdedReLU(0.5), options={"theta": (0.0, 0.5)}),
    "TimeDistributed(Dense)": Example(
        lambda: layers.TimeDistributed(layers.Dense(3)), options={"layer": wrapped()}
    ),
    "UnitNormalization(axis=1)": Example(
        lambda: layers.UnitNormalization(axis=1), options={"axis": (-1, 1, (1, 2))}
    ),
    "UnitNormalization": Example(lambda: layers.UnitNormalization()),
    "UpSampling1D": Example(lambda: layers.UpSampling1D(2), options={"size": (1, 3)}),
    "ZeroPadding1D": Example(lambda: layers.ZeroPadding1D(1), options={"padding": (0, 2, (1, 3))}),
}
