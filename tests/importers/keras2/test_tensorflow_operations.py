"""Operations of TensorFlow in files of Keras 2: each with the values that TensorFlow 2.15 gives.

What is not in the table, or is recorded without what it needs, is refused under its name.
"""

import json
import math

import numpy as np
import pytest

from maskseq import load_model
from maskseq.importers import FormatError, UnsupportedLayerError
from tests.support.hdf5_writer import Writer, text, texts

X = np.random.default_rng(4).normal(size=(3, 4, 5)).astype("f4")
SQUARE = X[:, :, :4].copy()


def with_operation(path, function, shape, options, first=None):
    """A file of a model that is one call of a function: `first`, or its input, and options."""
    source = {"batch_input_shape": [None, *shape[1:]], "dtype": "float32", "name": "i"}
    name = f"tf.{function}"
    config = {"name": name, "trainable": True, "dtype": "float32", "function": function}
    layers = [
        {"class_name": "InputLayer", "config": source, "name": "i", "inbound_nodes": []},
        {
            "class_name": "TFOpLambda",
            "config": config,
            "name": name,
            "inbound_nodes": [first or ["i", 0, 0, options]],
        },
    ]
    ends = {"input_layers": [["i", 0, 0]], "output_layers": [[name, 0, 0]]}
    model = {"class_name": "Functional", "config": {"name": "m", "layers": layers, **ends}}
    writer = Writer()
    weights = writer.group({}, [texts("layer_names", [])])
    said = {"model_config": json.dumps(model).encode(), "keras_version": b"2.15.0"}
    root = writer.group({"model_weights": weights}, [text(*pair) for pair in said.items()])
    path.write_bytes(writer.finish(root))
    return path


def band(x, lower, upper):
    """The diagonals of each matrix from `lower` below to `upper` above; negative: all."""
    row, column = np.indices(x.shape[-2:])
    kept = (lower < 0) | (row - column <= lower)
    return x * (kept & ((upper < 0) | (column - row <= upper)))


MATRIX = [[1.0, 2.0], [0.5, -1.0], [3.0, 0.0], [0.0, 1.0], [2.0, 2.0]]
CASES = [
    ("math.erf", {}, np.vectorize(math.erf)(X)),
    ("math.cumprod", {"axis": 1}, np.cumprod(X, axis=1, dtype="f8")),
    ("math.top_k", {"k": 2}, -np.sort(-X)[..., :2]),
    ("nn.bias_add", {"bias": [1.0, 2.0, 3.0, 4.0, 5.0]}, X + np.arange(1.0, 6.0)),
    ("sort", {"axis": 1}, np.sort(X, axis=1)),
    ("sort", {}, np.sort(X)),
    ("argsort", {"axis": 1, "direction": "ASCENDING"}, np.argsort(X, axis=1)),
    ("tensordot", {"b": MATRIX, "axes": 1}, X @ np.array(MATRIX)),
    ("tensordot", {"b": MATRIX, "axes": [[2], [0]]}, X @ np.array(MATRIX)),
    (
        "strided_slice",
        {"begin": [0, 1, 0], "end": [3, 4, 5], "strides": [1, 2, 3], "begin_mask": 0},
        X[:, 1:4:2, ::3],
    ),
    ("linalg.band_part", {"num_lower": -1, "num_upper": 0}, band(SQUARE, -1, 0)),
    ("linalg.band_part", {"num_lower": 0, "num_upper": -1}, band(SQUARE, 0, -1)),
    ("linalg.band_part", {"num_lower": 1, "num_upper": 2}, band(SQUARE, 1, 2)),
    ("compat.v1.norm", {"ord": 1, "axis": -1}, np.abs(X).sum(-1)),
    ("norm", {"ord": "euclidean", "axis": 1, "keepdims": True}, np.sqrt((X**2).sum(1))[:, None]),
    (
        "compat.v1.pad",
        {"paddings": [[0, 0], [1, 2], [0, 0]], "mode": "REFLECT", "constant_values": 0},
        np.pad(X, [(0, 0), (1, 2), (0, 0)], mode="reflect"),
    ),
    (
        "pad",
        {"paddings": [[0, 0], [1, 2], [0, 1]], "mode": "SYMMETRIC"},
        np.pad(X, [(0, 0), (1, 2), (0, 1)], mode="symmetric"),
    ),
    (
        "pad",
        {"paddings": [[0, 0], [1, 0], [0, 0]], "constant_values": 2.0},
        np.pad(X, [(0, 0), (1, 0), (0, 0)], constant_values=2.0),
    ),
]


@pytest.mark.parametrize("function, options, expected", CASES)
def test_values_are_those_of_tensorflow(tmp_path, function, options, expected):
    x = SQUARE if function == "linalg.band_part" else X
    model = load_model(with_operation(tmp_path / "m.h5", function, x.shape, options))
    np.testing.assert_allclose(model.predict(x), expected, rtol=2e-6, atol=1e-6)


def test_a_sum_of_many(tmp_path):
    first = [["i", 0, 0, {}]] * 3
    model = load_model(with_operation(tmp_path / "m.h5", "math.add_n", X.shape, {}, first))
    np.testing.assert_array_equal(model.predict(X), X + X + X)


@pytest.mark.parametrize(
    "function, options, message",
    [
        ("tensordot", {"b": [1.0] * 5, "axes": 1}, "axes=1"),
        ("tensordot", {"b": MATRIX, "axes": 0}, "axes=0"),
        ("sort", {"direction": "DESCENDING"}, "direction=DESCENDING"),
        ("strided_slice", {"begin": [0], "end": [1], "strides": [1], "end_mask": 1}, "end_mask=1"),
        ("nn.bias_add", {"bias": [1.0], "data_format": "NCHW"}, "data_format=NCHW"),
        ("math.cumsum", {"reverse": True}, "reverse=True"),
        ("nn.dropout", {"rate": 0.5}, "not in the table"),
    ],
)
def test_what_is_not_known_is_refused_by_name(tmp_path, function, options, message):
    with pytest.raises(UnsupportedLayerError, match=f"'tf.{function}'.*{message}"):
        load_model(with_operation(tmp_path / "m.h5", function, X.shape, options))


def test_a_call_that_keras_wrote_without_its_second_tensor_is_named(tmp_path):
    """Keras 2 leaves `b` of `a == b` out of the file."""
    path = with_operation(tmp_path / "m.h5", "__operators__.eq", X.shape, {})
    with pytest.raises(FormatError, match="'tf.__operators__.eq' .equal.: missing .* 'x2'"):
        load_model(path)
