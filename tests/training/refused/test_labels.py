"""Labels and predictions that do not belong together, as every loss and metric tells them."""

import re

import numpy as np
import pytest

import maskseq
from maskseq import layers, losses, metrics, ops, scoring, testing, utils

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
}
OF_PATHS = ["losses.CRF", "losses.CTC"]  # of predictions with three axes
NO_NUMBERS = [
    *(ONE_HOT * 1j, ONE_HOT.astype("M8[s]"), ONE_HOT.astype("m8[s]"), ONE_HOT.astype(str)),
    *(ONE_HOT.astype("V8"), ONE_HOT.astype([("a", float)]), np.array([[None, 1, "a"]] * 2)),
]
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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", [name for name in MEASURES if name not in OF_PATHS])
@pytest.mark.parametrize("values", NO_NUMBERS, ids=lambda values: str(values.dtype))
def test_what_holds_no_real_numbers_is_no_label_prediction_or_weight(name, values):
    measure, message = made(MEASURES[name]), "expected numbers|must hold numbers|no output"
    one_value = isinstance(measure, (metrics.Mean, metrics.Sum))
    for given in ((values,),) if one_value else ((values, P), (ONE_HOT, values)):
        with pytest.raises(TypeError, match=message):
            measure(*given)
    with pytest.raises(TypeError, match="sample_weight must hold numbers"):
        measure(*((P,) if one_value else (ONE_HOT, P)), sample_weight=values[:, 0])


def test_objects_that_are_numbers_are_taken():
    assert losses.MeanSquaredError()(ONE_HOT.astype(object), P) == losses.MeanSquaredError()(
        ONE_HOT, P
    )


@pytest.mark.filterwarnings("error")
def test_what_holds_no_real_numbers_is_no_label_of_ctc():
    labels, scores = np.array([[1, 2], [1, 0]]), np.zeros((2, 4, 3))
    for given in ((labels * 1j, scores), (labels, scores * 1j)):
        with pytest.raises(TypeError, match="must hold numbers, got dtype complex128"):
            losses.ctc(*given)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("weight", [1j, np.complex64(1), np.timedelta64(1), "1", None, [1]])
def test_class_weight_must_be_a_real_number(weight):
    model = maskseq.Sequential([maskseq.Input((3,)), layers.Dense(3)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="class_weight of class 1: expected a finite float32"):
        model.fit(P, ONE_HOT, class_weight={1: weight}, verbose=0)


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


@pytest.mark.parametrize("label, told", [(0.5, "0.5"), (np.nan, "nan"), (1e30, "1e+30")])
def test_a_label_that_is_no_whole_number_is_told_as_it_came(label, told):
    with pytest.raises(ValueError, match=f"label {re.escape(told)} of sequence 1 is none of the 3"):
        losses.SparseCategoricalCrossentropy()(np.array([1, label]), P)


def test_a_label_beyond_int64_is_told_as_it_came():
    with pytest.raises(ValueError, match=f"label {2**63} of sequence 0 is none of the 3"):
        losses.SparseCategoricalCrossentropy()(np.array([2**63, 1], np.uint64), P)


@pytest.mark.parametrize("given", [None, "x", object()])
def test_what_a_function_of_users_gives_must_be_numbers(given):
    with pytest.raises(TypeError, match="loss distance must give numbers, got"):
        losses.LossFunctionWrapper(lambda y, p: given, name="distance")(ONE_HOT, P)
    with pytest.raises(TypeError, match="metric distance must give numbers, got"):
        metrics.MeanMetricWrapper(lambda y, p: given, name="distance").update_state(ONE_HOT, P)
    assert losses.LossFunctionWrapper(lambda y, p: 0.25)(ONE_HOT, P) == 0.25


def test_labels_of_no_numbers_are_refused():
    model = maskseq.Sequential([maskseq.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(
        ValueError, match=r"y_true: expected numbers for y_pred \(2, 1\), got shape"
    ):
        model.fit(P, [None, None], verbose=0)
    with pytest.raises(ValueError, match="y must be given for output"):
        model.fit(P, ONE_HOT[:, :1], validation_data=(P,), verbose=0)


def test_an_area_of_labels_with_weights_is_zero_before_any_came():
    area = metrics.AUC(multi_label=True, label_weights=[0.5, 1.0, 2.0])
    assert area.result() == 0
    area.update_state(ONE_HOT, P)
    area.reset_state()
    assert area.result() == 0
