"""The promises of every layer hold for every value of its main options, in any combination."""

import itertools

import numpy as np
import pytest

from maskseq import layers
from maskseq.testing import check_layer
from maskseq.testing.promises import BATCH, TIME, sequences

BOTH = (False, True)
RECURRENT = {
    "return_sequences": BOTH,
    "return_state": BOTH,
    "go_backwards": BOTH,
    "zero_output_for_mask": BOTH,
    "use_bias": BOTH,
}
WINDOWS = {
    "padding": ("valid", "same"),
    "strides": (1, 2),
    "data_format": ("channels_last", "channels_first"),
}
CONVOLUTION = {
    "padding": ("valid", "same", "causal"),
    "strides": (1, 2),
    "dilation_rate": (1, 2),
    "use_bias": BOTH,
    "activation": (None, "relu", "softmax"),
}
SEPARATE = {**CONVOLUTION, "padding": ("valid", "same")}
OPTIONS = {
    "LSTM": ((3,), {**RECURRENT, "activation": ("tanh", "gelu")}),
    "GRU": ((3,), {**RECURRENT, "reset_after": BOTH}),
    "SimpleRNN": ((3,), {**RECURRENT, "activation": ("tanh", "softmax")}),
    "Conv1D": ((4, 2), {**CONVOLUTION, "groups": (1, 2)}),
    "MaskedConv1D": ((4, 2), {**CONVOLUTION, "groups": (1, 2)}),
    "DepthwiseConv1D": ((2,), {**SEPARATE, "depth_multiplier": (1, 2)}),
    "SeparableConv1D": ((4, 2), {**SEPARATE, "depth_multiplier": (1, 2)}),
    "AveragePooling1D": ((), {**WINDOWS, "pool_size": (1, 2, 3)}),
    "MaxPooling1D": ((), {**WINDOWS, "pool_size": (1, 2, 3)}),
    "GlobalAveragePooling1D": ((), {"keepdims": BOTH}),
    "GlobalMaxPooling1D": (
        (),
        {"keepdims": BOTH, "data_format": ("channels_last", "channels_first")},
    ),
    "LayerNormalization": ((), {"axis": (-1, 1, (1, 2)), "center": BOTH, "scale": BOTH}),
    "RMSNormalization": ((), {"axis": (-1, 1)}),
    "UnitNormalization": ((), {"axis": (-1, 1, (1, 2))}),
    "BatchNormalization": ((), {"center": BOTH, "scale": BOTH}),
    "GroupNormalization": ((), {"groups": (1, 2, -1), "center": BOTH, "scale": BOTH}),
    "Dense": ((3,), {"use_bias": BOTH, "activation": (None, "relu", "softmax", "gelu", "elu")}),
    "Embedding": ((9, 3), {"mask_zero": BOTH}),
    "TimeDistributed": (
        (),
        {"layer": [lambda: layers.Dense(2), lambda: layers.LayerNormalization()]},
    ),
    "Bidirectional": (
        (),
        {
            "layer": [
                lambda s=s, r=r, make=make: make(3, return_sequences=s, return_state=r)
                for make in (layers.LSTM, layers.GRU)
                for s in BOTH
                for r in BOTH
            ],
            "merge_mode": ("concat", "sum", "mul", "ave", None),
        },
    ),
    "Flatten": ((), {"data_format": ("channels_last", "channels_first")}),
    "UpSampling1D": ((), {"size": (1, 3)}),
    "ZeroPadding1D": ((), {"padding": (0, 2, (1, 3))}),
    "Cropping1D": ((), {"cropping": (1, (2, 1))}),
    "ELU": ((), {"alpha": (0.0, 1.0, 2.0)}),
    "ReLU": ((), {"max_value": (None, 1.0), "negative_slope": (0.0, 0.2), "threshold": (0.0, 0.5)}),
    "PReLU": ((), {"shared_axes": (None, [1], [1, 2])}),
}


def products():
    for name, (args, options) in OPTIONS.items():
        for values in itertools.product(*options.values()):
            chosen = dict(zip(options, values, strict=True))
            if chosen.get("strides", 1) > 1 and chosen.get("dilation_rate", 1) > 1:
                continue
            yield pytest.param(name, args, chosen, id=f"{name}-{'-'.join(map(str, values))}")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name, args, options", products())
def test_promises_hold_for_every_combination(name, args, options):
    def make():
        made = {k: v() if callable(v) else v for k, v in options.items()}
        return getattr(layers, name)(*args, **made)

    x = sequences()
    if name == "Embedding":
        x = np.random.default_rng(5).integers(0, 9, (BATCH, TIME)).astype(np.int32)
    # As in Keras, all outputs of a layer that goes backwards come in the order of the padded time,
    # and zero_output_for_mask makes 0 of the last output where the last step is masked.
    returned = options.get("return_sequences")
    by_padding = options.get("go_backwards" if returned else "zero_output_for_mask")
    check_layer(make(), [x], skip=("padding_amount",) if by_padding else ())
