"""What no layer takes: inputs of other axes, lists for arrays, axes that are not there."""

import re

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.testing.examples import EXAMPLES

SHAPES = [(2, 3, 4, 2, 2)[:rank] for rank in range(6)]
OF_PYTHON = re.compile(  # and NumPy: words that say nothing about the call
    "out of range|to unpack|broadcast together|cannot be interpreted|object is not|source: axis|"
    "axes don't match|modulo|can only concatenate|empty sequence"
)
X = np.ones((2, 3, 4), np.float32)


def inputs_of(example, shape):
    return [np.zeros(shape, x.dtype) for x in example.inputs]


def run(example, layer, inputs):
    if example.call is not None:
        return example.call(layer, *inputs)
    return layer(inputs[0] if len(inputs) == 1 else list(inputs))


def eager(example, layer, shape):
    run(example, layer, inputs_of(example, shape))


def built(example, layer, shape):
    run(example, layer, example.inputs)
    run(example, layer, inputs_of(example, shape))


def symbolic(example, layer, shape):
    dtype = str(example.inputs[0].dtype) if example.inputs[0].dtype.kind != "U" else "string"
    inputs = [maskseq.Input(shape[1:], dtype=dtype) for _ in example.inputs]
    maskseq.Model(inputs, run(example, layer, inputs))(inputs_of(example, shape))


def build(example, layer, shape):
    layer.build([shape] * len(example.inputs) if layer.takes_list else shape)


def output_shape(example, layer, shape):
    layer.compute_output_shape([shape] * len(example.inputs) if layer.takes_list else shape)


@pytest.mark.parametrize("way", [eager, built, symbolic, build, output_shape])
@pytest.mark.parametrize("title", EXAMPLES)
def test_what_a_layer_does_not_take_is_told_with_its_name(title, way):
    example = EXAMPLES[title]
    for shape in SHAPES[1:] if way is symbolic else SHAPES:
        layer = example.make()
        names = [type(x).__name__ for x in layer._holders()]
        try:
            way(example, layer, shape)
        except (ValueError, TypeError) as error:
            if str(error).startswith(f"{type(layer).__name__}.build() missing"):
                continue  # of attention, whose build takes more shapes
            assert any(f"({name})" in str(error) for name in names), (shape, error)
            assert not OF_PYTHON.search(str(error)), (shape, error)


TIME = r"\(batch, time, features\)"


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (lambda: layers.AveragePooling1D(), (2, 3), rf"inputs must be {TIME}, got shape \(2, 3\)"),
        (lambda: layers.DepthwiseConv1D(2), (2, 3), rf"inputs must be {TIME}, got shape \(2, 3\)"),
        (lambda: layers.SeparableConv1D(2, 2), (2,), rf"inputs must be {TIME}, got shape \(2,\)"),
        (lambda: layers.ZeroPadding1D(), (2, 3), rf"inputs must be {TIME}, got shape \(2, 3\)"),
        (lambda: layers.UpSampling1D(), (2, 3), rf"inputs must be {TIME}, got shape \(2, 3\)"),
        (lambda: layers.GlobalAveragePooling1D(), (2,), rf"must be {TIME}, got shape \(2,\)"),
        (
            lambda: layers.MaxPooling1D(data_format="channels_first"),
            (2, 3),
            r"inputs must be \(batch, features, time\), got shape \(2, 3\)",
        ),
        (lambda: layers.LSTM(2), (2, 3), rf"sequences must be {TIME}, got shape \(2, 3\)"),
        (lambda: layers.ConvLSTM1D(2, 2), (2, 3, 4), r"must be \(batch, time, rows, features\)"),
        (lambda: layers.RepeatVector(2), (2, 3, 4), r"inputs must be \(batch, features\), got"),
        (lambda: layers.Permute((2, 1)), (2, 3), r"be \(batch, axis 1, axis 2\), got shape \(2, 3"),
        (lambda: layers.Permute((1,)), (2, 3, 4), r"be \(batch, axis 1\), got shape \(2, 3, 4\)"),
        (lambda: layers.SpatialDropout1D(0.5), (2, 3), rf"must be {TIME}, got shape \(2, 3\)"),
        (lambda: layers.GroupNormalization(-1), (2, 3, 0), "features that divide into -1 groups"),
        (
            lambda: layers.Dense(2),
            (),
            r"inputs must be \(batch, \.\.\., features\), got shape \(\)",
        ),
        (
            lambda: layers.Rescaling([1.0, 2.0]),
            (2, 3),
            r"broadcast with scale \(2,\) and offset \(",
        ),
        (lambda: layers.GroupNormalization(1, axis=5), (2, 3, 4), "axis must be below 3, .* got 5"),
        (lambda: layers.PReLU(shared_axes=[5]), (2, 3, 4), r"must be among \[1, 2\], got \[5\]"),
    ],
)
def test_the_error_says_which_axes_are_right(make, shape, message):
    x = np.ones(shape, np.float32)
    layer = make()
    with pytest.raises(ValueError, match=rf"\({type(layer).__name__}\): .*{message}"):
        layer(x)
    with pytest.raises(ValueError, match=rf"\({type(layer).__name__}\): .*{message}"):
        layer(inputs=x) if "sequences" not in message else layer(sequences=x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.Dense(2)([X, X]), r"\(Dense\): inputs must be one array .*\[\(2, 3, 4\), "),
        (lambda: layers.Add()([]), r"\(Add\): inputs must be a list of arrays .*, got \[\]"),
        (lambda: layers.Add()([X, None]), r"\(Add\): inputs must be a list of arrays .*None\]"),
        (lambda: layers.Concatenate(axis=5)([X, X]), r"\(Concatenate\): axis must be below 3"),
        (lambda: layers.Dot(axes=7)([X, X]), r"\(Dot\): axes must be below 3, .* got 7"),
        (lambda: layers.Dot(axes=-4)([X, X]), r"\(Dot\): axes must be below 3, .* got -4"),
        (
            lambda: layers.StackedRNNCells([layers.GRUCell(2), layers.GRUCell(3)])(X[0], [X[0]]),
            r"\(StackedRNNCells\): states must be a list of 2, for each cell, got 1",
        ),
        (
            lambda: layers.Dense(2).build(4),
            r"\(Dense\): inputs must be .*: expected its shape, got 4",
        ),
        (lambda: layers.Dense(2).build((2, None)), r"\(Dense\): inputs must have a known number"),
        (
            lambda: layers.LayerNormalization()(maskseq.Input((None,))[:, 0]),
            r"\(LayerNormalization\): a weight must have known sizes, got shape \(None,\)",
        ),
    ],
)
def test_lists_axes_and_shapes_that_are_wrong_are_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("inputs", [None, "text", 5, b"text"])
def test_what_is_no_array_is_told(inputs):
    for layer in (layers.Dense(2), layers.Add(), layers.MultiHeadAttention(2, 2)):
        name = type(layer).__name__
        kind = type(inputs).__name__
        with pytest.raises(TypeError, match=rf"\({name}\): \w+ must be an array, got {kind}"):
            layer(inputs) if name != "MultiHeadAttention" else layer(inputs, X)


def test_a_class_of_ones_own_takes_what_it_says():
    class Both(layers.Dense):
        def build(self, input_shape):
            super().build((*input_shape[0][:-1], 2 * input_shape[0][-1]))

        def call(self, inputs):
            return super().call(np.concatenate(inputs, axis=-1))

    class Flat(layers.Layer):
        input_axes = "(batch, features)"

        def call(self, inputs):
            return inputs * 2

    assert Both(2)([X, X]).shape == (2, 3, 2)
    with pytest.raises(
        ValueError, match=r"\(Flat\): inputs must be \(batch, features\), got shape"
    ):
        Flat()(X)


def stack(*made):
    return maskseq.Sequential(list(made), name="m")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: maskseq.Input(4), ValueError, "Input: shape must be a tuple of sizes, .*got 4"),
        (lambda: maskseq.Input((-4,)), ValueError, r"Input: shape must be sizes, .*got \(-4,\)"),
        (lambda: maskseq.Input((4.0,)), ValueError, r"Input: shape must be sizes, .*got \(4.0,\)"),
        (
            lambda: stack(
                maskseq.Input((None, 4)), layers.LSTM(3, return_state=True), layers.Dense(2)
            ),
            ValueError,
            r"\(Dense\): inputs must be one array .*, got \[\(None, 3\), \(None, 3\), ",
        ),
        (
            lambda: stack(layers.Dense(2)).build([[2, 4]]),
            ValueError,
            r"model 'm' \(Sequential\): input_shape must be sizes, .*got \[\[2, 4\]\]",
        ),
        (
            lambda: maskseq.Sequential(layers.Dense(2)),
            TypeError,
            "expected a list of layers, got <",
        ),
        (lambda: stack().pop(), IndexError, "there is no layer to take off"),
        (lambda: maskseq.Model()(X), NotImplementedError, "Model has no graph: give inputs and"),
        (
            lambda: maskseq.Model().predict(X),
            NotImplementedError,
            "Model has no graph: give inputs",
        ),
    ],
)
def test_models_say_what_they_are_made_of(make, error, message):
    with pytest.raises(error, match=message):
        make()
