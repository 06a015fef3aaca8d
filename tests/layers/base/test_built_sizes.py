"""A layer with weights takes inputs of the sizes it was built for; others are errors that say so.

None is stretched to fit, or read in another order because it has as many numbers.
"""

import re

import numpy as np
import pytest

from maskseq import layers, ops
from maskseq.testing.example import Example
from maskseq.testing.examples import EXAMPLES

MORE = {
    "BatchNormalization(axis=1)": lambda: layers.BatchNormalization(axis=1),
    "DepthwiseConv1D, no bias": lambda: layers.DepthwiseConv1D(2, use_bias=False),
    "GroupNormalization(axis=1)": lambda: layers.GroupNormalization(1, axis=1),
    "LayerNormalization(axis=1)": lambda: layers.LayerNormalization(axis=1),
    "Normalization(axis=(1, 2))": lambda: layers.Normalization(axis=(1, 2), mean=0.5, variance=2.0),
    "Normalization(axis=None)": lambda: layers.Normalization(axis=None, mean=0.5, variance=2.0),
    "PReLU": lambda: layers.PReLU(),
    "PReLU(shared_axes=[2])": lambda: layers.PReLU(shared_axes=[2]),
    "RMSNormalization(axis=1)": lambda: layers.RMSNormalization(axis=1),
    "SeparableConv1D, no bias": lambda: layers.SeparableConv1D(2, 1, use_bias=False),
    "SpectralNormalization(Conv1D)": lambda: layers.SpectralNormalization(layers.Conv1D(2, 1)),
    "TimeDistributed(LayerNormalization)": lambda: layers.TimeDistributed(
        layers.LayerNormalization()
    ),
}
ALL = EXAMPLES | {name: Example(make) for name, make in MORE.items()}
OF_TIME = {
    "BatchNormalization(axis=1)", "GroupNormalization(axis=1)", "LayerNormalization(axis=1)",
    "PReLU(shared_axes=[2])", "RMSNormalization(axis=1)",
}  # fmt: skip
OF_BOTH = {"LayerNormalization(axis=[1, 2])", "PReLU", "Normalization(axis=(1, 2))"}
OF_NONE = {"Normalization(axis=None)"}


def call(example, layer, shape):
    inputs = [np.ones((2, *shape), np.float32) for _ in example.inputs]
    if example.call:
        return example.call(layer, *inputs)
    return layer(inputs if len(inputs) > 1 else inputs[0])


def with_weights():
    for name, example in ALL.items():
        if example.inputs[0].ndim == 3:
            layer = example.make()
            call(example, layer, (6, 4))
            if layer.weights or name in OF_BOTH | OF_NONE:
                yield name


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("built", [(6, 4), (6, 1), (1, 4)])
@pytest.mark.parametrize("name", with_weights())
def test_other_sizes_than_it_was_built_for_are_refused(name, built):
    example = ALL[name]
    axes = [1] * (name in OF_TIME | OF_BOTH) + [2] * (name not in OF_TIME | OF_NONE)
    for time, features in [(4, 6), (12, 2), (6, 1), (1, 4), (6, 8), (6, 2), (3, 4), (6, 4)]:
        layer = example.make()
        try:
            call(example, layer, built)
        except ValueError:
            return  # it needs more features or steps than that
        fits = all((time, features)[axis - 1] == built[axis - 1] for axis in axes)
        try:
            y = call(example, layer, (time, features))
        except ValueError as error:
            few = "steps" in str(error) and time < 4
            assert not fits or few, f"{(time, features)}: {error}"
            assert "must " in str(error) and re.search(r"\d", str(error)), error
        else:
            assert fits, f"built for {built}, takes {(time, features)}: {np.shape(y)}"


@pytest.mark.parametrize(
    "subscripts, shapes",
    [
        ("abc,abd->cd", [(2, 3, 4), (3, 2, 5)]),
        ("abc,abd->abcd", [(2, 3, 4), (3, 2, 5)]),
        ("ab,bc->ac", [(2, 3), (1, 4)]),
        ("ab,bc,cd->ad", [(2, 3), (3, 4), (2, 5)]),
    ],
)
def test_einsum_refuses_an_axis_of_two_sizes(subscripts, shapes):
    with pytest.raises(ValueError, match="axis '[abc]' must have one size in all operands"):
        ops.einsum(subscripts, *map(np.ones, shapes))
