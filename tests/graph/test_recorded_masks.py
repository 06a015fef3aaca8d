"""Masks that layers record without their operations' modules: as those record themselves."""

import copy
import pickle

import numpy as np
import pytest

import maskseq
from maskseq import layers, ops
from maskseq.graph.symbols import same_computation

X = np.array([[[1, 2], [0, 0], [0, 3]], [[0, 0], [4, 0], [0, 0]]], np.float32)
IDS = np.array([[3, 0, 1], [0, 0, 2]])


def masked_features():
    inputs = maskseq.Input((None, 2))
    return inputs, layers.Masking()(inputs), ops.any(ops.not_equal(inputs, 0.0), axis=-1), X


def masked_ids():
    inputs = maskseq.Input((3,), dtype="int32")
    outputs = layers.Embedding(5, 2, mask_zero=True)(inputs)
    return inputs, outputs, ops.not_equal(inputs, 0), IDS


@pytest.mark.parametrize("made", [masked_features, masked_ids])
def test_a_recorded_mask_is_that_of_the_operations(made):
    inputs, outputs, want, x = made()
    mask = maskseq.get_keras_mask(outputs)
    assert (mask.shape, mask.dtype) == (want.shape, want.dtype)
    assert same_computation(mask, want)
    assert mask.node.kwargs == want.node.kwargs
    real = (x != 0).any(axis=-1) if x.ndim == 3 else x != 0
    assert np.array_equal(maskseq.Model(inputs, mask)(x), real)


@pytest.mark.parametrize("made", [masked_features, masked_ids])
@pytest.mark.parametrize("again", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_model_that_reads_a_recorded_mask_is_copied_and_written(made, again):
    inputs, outputs, _, x = made()
    mask = maskseq.get_keras_mask(outputs)
    model = maskseq.Model(inputs, layers.LSTM(3)(outputs * 2, mask=mask))
    want = model.predict(x)
    for other in (again(model), maskseq.models.model_from_json(model.to_json())):
        other.set_weights(model.get_weights())
        assert np.array_equal(other.predict(x), want)
    names = [layer.get("class_name") for layer in model.get_config()["layers"]]
    assert "NotEqual" in names


def test_an_unknown_attribute_of_a_recorded_operation_is_an_error():
    operation = maskseq.get_keras_mask(masked_ids()[1]).node.operation
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = operation.nothing_like_it
