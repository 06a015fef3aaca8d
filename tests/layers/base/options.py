"""Values of every argument of every layer's constructor, and combinations of them.

`covering` takes every value, or every pair of values of two arguments, into one combination at
least; `drawn` gives as many combinations as one likes.
"""

import functools
import itertools
import math
import random
from typing import Any

import numpy as np

from maskseq import layers
from maskseq.layers.base.arguments import arguments_of
from maskseq.testing.examples import EXAMPLES, Example

BOTH = (False, True)
ACTIVATIONS = (None, "relu", "softmax", "gelu")
FORMATS = ("channels_last", "channels_first")
ANYWHERE: dict[str, tuple] = {
    "use_bias": BOTH,
    "return_sequences": BOTH,
    "return_state": BOTH,
    "go_backwards": BOTH,
    "stateful": BOTH,
    "unroll": BOTH,
    "zero_output_for_mask": BOTH,
    "unit_forget_bias": BOTH,
    "reset_after": BOTH,
    "center": BOTH,
    "scale": BOTH,
    "keepdims": BOTH,
    "mask_zero": BOTH,
    "use_scale": BOTH,
    "use_gate": BOTH,
    "invert": BOTH,
    "use_cudnn": ("auto", False),
    "implementation": (1, 2),
    "seed": (None, 3),
    "dropout": (0.0, 0.5),
    "recurrent_dropout": (0.0, 0.5),
    "rate": (0.0, 0.5),
    "stddev": (0.0, 0.5),
    "momentum": (0.5, 0.99),
    "epsilon": (1e-3, 0.5),
    "flash_attention": (None, False),
    "sliding_window": (None, 2),
    "activation": ACTIVATIONS,
    "recurrent_activation": ("sigmoid", "hard_sigmoid", "tanh"),
    "data_format": FORMATS,
    "sparse": (False,),
    "ragged": (False,),
    "pad_to_max_tokens": BOTH,
    "salt": (None, 7),
    "oov_method": ("floormod", "farmhash"),
    "encoding": ("utf-8", "UTF-8"),
    "weights": (None,),
    "input_length": (None,),
    "vocabulary_size": (None,),
    "negative_slope": (0.0, 0.2),
    "alpha": (0.5, 2.0),
    "filters": (4,),
    "kernel_size": (1, 2, 3),
    "strides": (1, 2),
    "dilation_rate": (1, 2),
    "groups": (1, 2),
    "depth_multiplier": (1, 2),
}
"""Values of arguments that mean the same in every layer."""
BY_ENDING = {
    "_initializer": ("ones", "uniform"),
    "initializer": ("ones", "uniform"),
    "_regularizer": (None, "l2"),
    "_constraint": (None, "non_neg"),
}
WINDOWS = {"pool_size": (1, 2, 3), "strides": (None, 1, 2), "padding": ("valid", "same")}
TWO = {"padding": ("valid", "same")}
THREE = {"padding": ("valid", "same", "causal")}
UNITS = {"units": (3,)}
TABLE = {"input_dim": (9,), "output_dim": (3,)}


def _cells() -> list:
    return [
        lambda: layers.LSTMCell(3),
        lambda: layers.GRUCell(2, reset_after=False),
        lambda: [layers.SimpleRNNCell(2, activation="relu"), layers.LSTMCell(3)],
        lambda: layers.StackedRNNCells([layers.GRUCell(2), layers.SimpleRNNCell(4)]),
    ]


def _directions() -> list:
    return [
        lambda s=s, r=r, z=z, make=make: make(
            3, return_sequences=s, return_state=r, zero_output_for_mask=z
        )
        for make in (layers.LSTM, layers.GRU, layers.SimpleRNN)
        for s, r, z in itertools.product(BOTH, BOTH, BOTH)
    ]


def _wrapped() -> list:
    return [
        lambda: layers.Dense(2),
        lambda: layers.LayerNormalization(),
        lambda: layers.Activation("softmax"),
        lambda: layers.Dropout(0.5),
        lambda: layers.Masking(),
    ]


OWN: dict[str, dict[str, Any]] = {
    "Activation": {"activation": ("relu", "softmax", "log_softmax", "sparsemax", "tanh")},
    "ActivityRegularization": {"l1": (0.0, 0.1), "l2": (0.0, 0.1)},
    "Add": {},
    "AdditiveAttention": {},
    "AlphaDropout": {"noise_shape": (None, (None, 1, 4))},
    "Attention": {"score_mode": ("dot", "concat")},
    "AttentionPooling1D": {"units": (None, 3), "activation": ("tanh", "relu")},
    "Average": {},
    "AveragePooling1D": WINDOWS,
    "BatchNormalization": {"axis": (-1, 1)},
    "Bidirectional": {
        "layer": _directions(),
        "merge_mode": ("concat", "sum", "mul", "ave", None),
        "backward_layer": (None,),
    },
    "CRF": {"use_boundaries": BOTH},
    "CRFDecode": {"use_boundaries": BOTH},
    "CategoryEncoding": {"num_tokens": (9, 12), "output_mode": ("multi_hot", "one_hot", "count")},
    "Concatenate": {"axis": (-1, 1, 2)},
    "Conv1D": THREE,
    "Conv1DTranspose": TWO | {"output_padding": (None,)},
    "ConvLSTM1D": TWO | {"kernel_size": (1, 2), "activation": ("tanh", "relu")},
    "Cropping1D": {"cropping": (1, (2, 1), (0, 0))},
    "Dense": UNITS | {"activation": (None, "relu", "softmax", "gelu", "elu", "tanh")},
    "DepthwiseConv1D": TWO,
    "Discretization": {
        "bin_boundaries": ([0.0], [-1.0, 0.0, 0.5]),
        "num_bins": (None,),
        "output_mode": ("int", "one_hot", "multi_hot", "count"),
    },
    "Dot": {"axes": (1, 2, (2, 2)), "normalize": BOTH},
    "Dropout": {"noise_shape": (None, (None, 1, 4))},
    "ELU": {"alpha": (0.0, 1.0, 2.0)},
    "EinsumDense": {
        "equation": ("abc,cd->abd",),
        "output_shape": ((None, 3), (6, 3)),
        "bias_axes": (None, "d"),
    },
    "Embedding": TABLE,
    "Flatten": {},
    "GRU": UNITS | {"activation": ("tanh", "relu", "gelu")},
    "GaussianDropout": {},
    "GaussianNoise": {},
    "GlobalAveragePooling1D": {},
    "GlobalMaxPooling1D": {},
    "GroupNormalization": {"groups": (1, 2, -1), "axis": (-1,)},
    "GroupedQueryAttention": {
        "head_dim": (2,),
        "num_query_heads": (4, 2),
        "num_key_value_heads": (2, 1),
    },
    "Hashing": {
        "num_bins": (7, 2),
        "mask_value": (None, 0),
        "output_mode": ("int", "one_hot", "multi_hot", "count"),
    },
    "Identity": {},
    "IntegerLookup": {
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
    "LSTM": UNITS | {"activation": ("tanh", "relu", "gelu")},
    "Lambda": {
        "function": (np.negative, np.square),
        "output_shape": (None,),
        "mask": (None,),
        "arguments": (None,),
    },
    "LastStep": {},
    "LayerNormalization": {"axis": (-1, 1, (1, 2)), "rms_scaling": BOTH},
    "LeakyReLU": {"alpha": (None,)},
    "MaskedConv1D": THREE,
    "MaskedGlobalMaxPooling1D": {},
    "Masking": {"mask_value": (0.0, -1.0)},
    "MaxPooling1D": WINDOWS,
    "Maximum": {},
    "Minimum": {},
    "MultiHeadAttention": {
        "num_heads": (1, 2),
        "key_dim": (3,),
        "value_dim": (None, 2),
        "output_shape": (None, 5),
        "attention_axes": (None, 1),
    },
    "Multiply": {},
    "Normalization": {"axis": (-1, None), "mean": (0.5,), "variance": (4.0,)},
    "PReLU": {"shared_axes": (None, [1], [1, 2])},
    "Permute": {"dims": ((2, 1), (1, 2))},
    "RMSNormalization": {"axis": (-1, 1)},
    "RNN": {"cell": _cells()},
    "ReLU": {"max_value": (None, 1.0), "threshold": (0.0, 0.5)},
    "RepeatVector": {"n": (1, 3)},
    "Rescaling": {"scale": (0.5, [1.0, 2.0, 3.0, 4.0]), "offset": (0.0, [1.0, 2.0, 3.0, 4.0])},
    "Reshape": {"target_shape": ((-1, 2), (24,), (3, 8))},
    "ReversibleEmbedding": TABLE
    | {"tie_weights": BOTH, "reverse_dtype": (None, "float32"), "logit_soft_cap": (None, 2.0)},
    "SeparableConv1D": TWO,
    "SimpleRNN": UNITS | {"activation": ("tanh", "softmax", "relu")},
    "Softmax": {"axis": (-1, 1)},
    "SpatialDropout1D": {},
    "SpectralNormalization": {"layer": _wrapped()[:1], "power_iterations": (1, 3)},
    "StringLookup": {
        "vocabulary": (["w1", "w4"],),
        "max_tokens": (None, 8),
        "num_oov_indices": (1, 2),
        "mask_token": (None, ""),
        "oov_token": ("[UNK]",),
        "idf_weights": (None,),
        "output_mode": ("int", "one_hot", "multi_hot", "count"),
        "invert": (False,),
    },
    "Subtract": {},
    "TemporalSoftmax": {},
    "TextVectorization": {
        "vocabulary": (["w1", "w4", "w7"],),
        "max_tokens": (None, 8),
        "standardize": (None, "lower", "strip_punctuation", "lower_and_strip_punctuation"),
        "split": ("whitespace", "character", None),
        "ngrams": (None, 2),
        "output_mode": ("int", "multi_hot", "count"),
        "output_sequence_length": (None, 4),
        "idf_weights": (None,),
    },
    "ThresholdedReLU": {"theta": (0.0, 0.5)},
    "TimeDistributed": {"layer": _wrapped()},
    "UnitNormalization": {"axis": (-1, 1, (1, 2))},
    "UpSampling1D": {"size": (1, 3)},
    "ZeroPadding1D": {"padding": (0, 2, (1, 3))},
}
"""Layer -> values of the arguments of its own; those of ANYWHERE and BY_ENDING are added."""


def values_of(name: str) -> dict[str, tuple]:
    """Argument -> its values, for all arguments of a layer that are not every layer's."""
    found = {}
    for argument, own in arguments_of(getattr(layers, name)).items():
        if not own and argument != "activity_regularizer":
            continue
        ending = next((e for e in BY_ENDING if argument.endswith(e)), None)
        values = OWN[name].get(argument, ANYWHERE.get(argument))
        if values is None and ending:
            values = BY_ENDING[ending]
        if values is None:
            raise AssertionError(f"{name}: give values for {argument!r}")
        found[argument] = tuple(values)
    return found


def allowed(name: str, chosen: dict[str, Any]) -> bool:
    """False for a combination that the layer refuses, as Keras's does, or that needs more steps
    than there are."""
    get = chosen.get
    if "strides" in chosen and "dilation_rate" in chosen:
        if name == "Conv1DTranspose" and get("dilation_rate") != 1:
            return False
        if get("strides") > 1 and get("dilation_rate") > 1:
            return False
        if get("data_format") == "channels_first":
            window = get("dilation_rate") * (get("kernel_size") - 1) + 1
            return get("padding") != "causal" and window <= (2 if name == "ConvLSTM1D" else 4)
    if get("pad_to_max_tokens") and not get("max_tokens"):
        return False
    if name in ("IntegerLookup", "StringLookup"):
        return (get("salt") is None) == (get("oov_method") == "floormod")
    if name == "TextVectorization":
        of_ids = get("output_mode") == "int"
        return of_ids or not get("output_sequence_length")
    return True


def drawn(name: str, count: int) -> list[dict[str, Any]]:
    """Combinations drawn at random; all, if they are no more than `count`."""
    options, rng = values_of(name), random.Random(name)
    if math.prod(len(v) for v in options.values()) <= count:
        found = list(itertools.product(*options.values()))
    else:
        found = [tuple(rng.choice(v) for v in options.values()) for _ in range(count)]
    made = (dict(zip(options, values, strict=True)) for values in found)
    return [chosen for chosen in made if allowed(name, chosen)]


def _groups(chosen: dict[str, Any], size: int) -> set[tuple]:
    """The groups of `size` values in a combination."""
    known = [(k, id(v) if callable(v) else repr(v)) for k, v in chosen.items()]
    return set(itertools.combinations(known, min(size, len(known))))


def covering(name: str, size: int) -> list[dict[str, Any]]:
    """Few of 400 combinations that hold all groups of `size` values in them; found greedily."""
    everything = drawn(name, 400)
    groups = [_groups(x, size) for x in everything]
    left: set[tuple] = set().union(*groups)
    rng = random.Random(name)
    chosen: list[dict[str, Any]] = []
    while left:
        tried = rng.sample(range(len(groups)), min(len(groups), 60))
        best = max(tried, key=lambda i: len(groups[i] & left))
        if not groups[best] & left:
            best = max(range(len(groups)), key=lambda i: len(groups[i] & left))
        left -= groups[best]
        chosen.append(everything[best])
    return chosen


def example_of(name: str, chosen: dict[str, Any]) -> Example:
    """A layer made with these options, on the inputs of an example of it."""
    cls = getattr(layers, name)
    found = _first_examples()[cls]
    inputs = found.inputs
    if name == "Discretization":
        inputs = [x[:, :, 0] for x in inputs]
    if name == "GlobalAveragePooling1D" and chosen["data_format"] == "channels_first":
        inputs = [np.swapaxes(x, 1, 2) for x in inputs]  # in which a mask is of the last axis

    def make() -> Any:
        made = {k: v() if _makes_layers(v) else v for k, v in chosen.items()}
        return cls(**made)

    return Example(make, inputs, found.call)


@functools.cache
def _first_examples() -> dict[type, Example]:
    return {type(example.make()): example for example in reversed(EXAMPLES.values())}


def _makes_layers(value: Any) -> bool:
    return callable(value) and getattr(value, "__name__", "") == "<lambda>"
