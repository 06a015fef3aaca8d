"""Gradients of ConvLSTM1D with its options, masks with holes among them."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.testing import check_gradients

MASK = np.array([[1, 1, 0, 0], [0, 1, 0, 1], [1, 1, 1, 1]], bool)


@pytest.mark.parametrize(
    "options",
    [
        {"padding": "same", "return_sequences": True, "activation": "gelu"},
        {"strides": 2, "go_backwards": True},
        {"dilation_rate": 2, "use_bias": False},
        {"data_format": "channels_first", "return_sequences": True, "zero_output_for_mask": True},
    ],
    ids=str,
)
def test_gradients_equal_differences(options, rng):
    x = maskseq.convert_to_tensor(rng.standard_normal((3, 4, 5, 5)).astype(np.float32))
    x._keras_mask = MASK
    inputs = maskseq.Input((4, 5, 5))
    model = maskseq.Model(inputs, layers.ConvLSTM1D(2, 2, **options)(inputs))
    found = check_gradients(model, x, inputs=True)
    assert len(found) == 3 + options.get("use_bias", True)
