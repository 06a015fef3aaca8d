"""Labels and predictions that do not belong together, as every loss and metric tells them."""

import re

import numpy as np
import pytest

from maskseq import losses, metrics, ops, scoring, testing, utils

P = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]], np.float32)
ONE_HOT = np.eye(3)[[0, 1]]
WRONG = {
    "no labels": (None, P),
    "text": ("text", P),
    "no predictions": (ONE_HOT, None),
    "predictions of text": (ONE_HOT, "text"),
    "no axes": (1, 2),
    "classes": (np.array([0, 7]), P),
    "negative": (np.array([0, -1]), P),
    "other classes": (np.eye(5)[[0, 1]], P),
    "fewer predictions": (ONE_HOT, np.eye(5, dtype=np.float32)[[0, 1]]),
    "batch": (ONE_HOT[:1], P),
    "one axis": (ONE_HOT[0], P[0]),
    "four axes": (np.ones((2, 2, 2, 2)), np.ones((2, 2, 2, 2), np.float32)),
    "complex": (ONE_HOT * 1j, P),
}
OF_PYTHON = re.compile("out of range|out of bounds|unpack|broadcast|not iterable|no attribute")
ARGUMENTS = [(), (3,), (0.5,), (3, [0]), (losses.mean_squared_error,)]


def made(cls):
    for arguments in ARGUMENTS:
        try:
            return cls(*arguments)
        except (ValueError, TypeError):
            continue
    raise AssertionError(cls)


MEASURES = {
    f"{module.__name__.rpartition('.')[2]}.{name}": getattr(module, name)
    for module, base in ((losses, losses.Loss), (metrics, metrics.Metric))
    for name in module.__all__
    if isinstance(getattr(module, name), type)
    and issubclass(getattr(module, name), base)
    and getattr(module, name) is not base
}


@pytest.mark.parametrize("name", MEASURES)
def test_what_does_not_belong_together_is_told(name):
    for y_true, y_pred in WRONG.values():
        measure = made(MEASURES[name])
        try:
            measure(y_true, y_pred)
        except (ValueError, TypeError) as error:
            assert not OF_PYTHON.search(str(error)), (y_true, y_pred, error)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: losses.MeanSquaredError()(np.ones((2, 5)), P),
            ValueError,
            r"mean_squared_error: y_true must fit y_pred \(2, 3\), got shape \(2, 5\)",
        ),
        (
            lambda: losses.hinge(np.ones((2, 5)), P),
            ValueError,
            r"hinge: y_true must fit y_pred \(2, 3\), got shape \(2, 5\)",
        ),
        (
            lambda: losses.Huber()(ONE_HOT, None),
            TypeError,
            "y_pred must be an array, got NoneType",
        ),
        (lambda: metrics.Recall()(1, 2), TypeError, "y_pred must be an array, got int"),
        (
            lambda: losses.CategoricalGeneralizedCrossEntropy()(np.array([0, 7]), P),
            ValueError,
            "categorical_generalized_cross_entropy: label 7 of sequence 1 is none of the 3 class",
        ),
        (
            lambda: metrics.categorical_accuracy(np.eye(5)[[0, 1]], P),
            ValueError,
            r"y_true must be one-hot, of the shape of y_pred \(2, 3\), got \(2, 5\)",
        ),
        (
            lambda: metrics.sparse_categorical_accuracy(ONE_HOT, P),
            ValueError,
            r"y_true must be the number of a class for each \(2,\), got \(2, 3\)",
        ),
        (
            lambda: metrics.OneHotIoU(3, [0])(np.eye(5)[[0, 1]], P),
            ValueError,
            r"y_true must be of 3 classes at most along axis -1, got shape \(2, 5\)",
        ),
        (lambda: ops.normalize(P, order=0), ValueError, "order must be an int, at least 1, got 0"),
        (lambda: utils.normalize(P, order="x"), ValueError, "order must be a number, got 'x'"),
        (lambda: utils.to_categorical([0], 0), ValueError, "num_classes must be .* least 1, got 0"),
        (lambda: ops.one_hot([0], 3, sparse=True), ValueError, "one_hot: sparse must be False"),
        (lambda: ops.multi_hot([0], 3, sparse=True), ValueError, "one_hot: sparse must be False"),
        (lambda: testing.check_layer(3), TypeError, "layer must be a Layer, got 3"),
        (lambda: testing.check_gradients(3, P), TypeError, "must be a model or a layer, got 3"),
        (lambda: testing.check_invariance(3, P), TypeError, "model must have predict, got 3"),
        (lambda: scoring.score(3, "a.npz", "b.npz"), TypeError, "score: model must be .*, got 3"),
    ],
)
def test_the_error_says_what_would_be_right(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_lists_are_taken_as_predictions():
    y_true, y_pred = [[0.0, 1.0, 0.0]], [[0.25, 0.5, 0.25]]
    assert losses.MeanSquaredError()(y_true, y_pred) == np.float32((0.0625 * 2 + 0.25) / 3)
    assert losses.mean_absolute_error(y_true, y_pred).tolist() == [np.float32(1 / 3)]
    assert metrics.CategoricalAccuracy()(y_true, y_pred) == 1
    np.testing.assert_allclose(losses.categorical_crossentropy(y_true, y_pred), np.log(2))


def test_a_label_that_is_no_class_is_never_among_the_best():
    labels = np.array([7, -1])
    assert ops.in_top_k(labels, P, 3).tolist() == [False, False]
    assert ops.in_top_k([2, 0], P, 1).tolist() == [True, True]
    assert metrics.sparse_top_k_categorical_accuracy(labels, P, 3).tolist() == [0, 0]
    assert metrics.SparseTopKCategoricalAccuracy(3)(labels, P) == 0


def test_a_norm_of_order_0_counts():
    x = np.array([[3.0, 0.0, 4.0], [0.0, 0.0, 0.0]])
    assert utils.normalize(x, order=0).tolist() == [[1.5, 0, 2], [0, 0, 0]]
    assert utils.normalize(x, order=np.inf).tolist() == [[0.75, 0, 1], [0, 0, 0]]
