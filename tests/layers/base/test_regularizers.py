"""Regularizers and constraints: their values, their names, and that weights keep them."""

import copy
import pickle

import numpy as np
import pytest

from maskseq import Layer, constraints, regularizers
from maskseq.configured import Unknown, snake_case
from maskseq.variable import Variable

W = np.random.default_rng(3).standard_normal((5, 4)).astype(np.float32)


def sums(l1: float, l2: float) -> float:
    """The penalty, number by number in float64."""
    return sum(l1 * abs(float(x)) + l2 * float(x) ** 2 for x in W.ravel())


@pytest.mark.parametrize(
    "regularizer, expected",
    [
        (regularizers.L1(0.3), sums(0.3, 0)),
        (regularizers.L2(0.2), sums(0, 0.2)),
        (regularizers.L1L2(0.3, 0.2), sums(0.3, 0.2)),
        (regularizers.l1_l2(l2=0.2), sums(0, 0.2)),
        (regularizers.L1(None), sums(0.01, 0)),
        (regularizers.L1L2(None, None), 0.0),
    ],
)
def test_sums_are_those_of_every_number(regularizer, expected):
    for given in (W, Variable(W)):
        value = regularizer(given)
        assert value.dtype == np.float32 and np.shape(value) == ()
        np.testing.assert_allclose(value, expected, rtol=1e-6)
    assert regularizer(W.astype(np.float64)).dtype == np.float64


@pytest.mark.parametrize("mode", ["rows", "columns"])
def test_orthogonal_is_the_mean_cosine_of_pairs(mode):
    rows = W.astype(np.float64) if mode == "rows" else W.T.astype(np.float64)
    cosines = [
        abs(a @ b) / (np.linalg.norm(a) * np.linalg.norm(b))
        for i, a in enumerate(rows)
        for b in rows[:i]
    ]
    value = regularizers.OrthogonalRegularizer(0.5, mode)(W)
    np.testing.assert_allclose(value, 0.5 * np.mean(cosines), rtol=1e-5)
    assert value.dtype == np.float32


def test_orthogonal_takes_rows_of_zeros_and_matrices_only():
    x = np.array([[0, 0], [3, 4], [3, 4]], np.float32)
    np.testing.assert_allclose(regularizers.OrthogonalRegularizer(3.0)(x), 1.0, rtol=1e-6)
    with pytest.raises(ValueError, match=r"matrix, got shape \(2,\)"):
        regularizers.OrthogonalRegularizer()(x[0])


def norms(w: np.ndarray, axis: int) -> np.ndarray:
    return np.linalg.norm(np.asarray(w, np.float64), axis=axis)


@pytest.mark.parametrize("axis", [0, 1])
def test_norms_are_held(axis):
    before = norms(W, axis)
    middle = float(np.median(before))
    at_most = constraints.MaxNorm(middle, axis)(Variable(W))
    np.testing.assert_allclose(norms(at_most, axis), np.minimum(before, middle), rtol=1e-5)
    np.testing.assert_allclose(norms(constraints.UnitNorm(axis)(W), axis), 1, rtol=1e-5)
    low, high = middle - 0.2, middle + 0.2
    between = constraints.MinMaxNorm(low, high, axis=axis)(W)
    np.testing.assert_allclose(norms(between, axis), np.clip(before, low, high), rtol=1e-5)
    assert (before < low).any() and (before > high).any()
    half = constraints.MinMaxNorm(middle, middle, rate=0.5, axis=axis)(W)
    np.testing.assert_allclose(norms(half, axis), (before + middle) / 2, rtol=1e-5)
    assert at_most.dtype == half.dtype == np.float32


def test_norms_go_over_several_axes():
    w = W.reshape(5, 2, 2)
    held = constraints.UnitNorm(axis=[0, 1])(w)
    np.testing.assert_allclose(np.sum(np.square(held), axis=(0, 1)), 1, rtol=1e-5)


def test_non_neg_cuts_at_zero():
    np.testing.assert_array_equal(constraints.NonNeg()(W), np.where(W < 0, 0, W))


NAMED = [
    (regularizers, "l1", regularizers.L1),
    (regularizers, "l2", regularizers.L2),
    (regularizers, "l1l2", regularizers.L1L2),
    (regularizers, "l1_l2", regularizers.L1L2),
    (regularizers, "orthogonal_regularizer", regularizers.OrthogonalRegularizer),
    (constraints, "max_norm", constraints.MaxNorm),
    (constraints, "min_max_norm", constraints.MinMaxNorm),
    (constraints, "non_neg", constraints.NonNeg),
    (constraints, "unit_norm", constraints.UnitNorm),
]


@pytest.mark.parametrize("module, name, cls", NAMED)
def test_name_class_config_and_object_mean_the_same(module, name, cls):
    made = module.get(name)
    assert type(made) is cls and module.get(made) is made
    assert type(module.get(cls)) is type(module.get(cls.__name__)) is cls
    config = module.serialize(made)
    assert config.keys() == {"module", "class_name", "config", "registered_name"}
    again = module.get(config)
    assert type(again) is cls and module.serialize(again) == config
    assert repr(again) == repr(made)


def test_config_keeps_what_was_given():
    made = regularizers.get({"class_name": "L1L2", "config": {"l1": 0.5, "l2": 0.25}})
    assert (made.l1, made.l2) == (0.5, 0.25)
    config = regularizers.serialize(made)
    assert config["config"] == {"l1": 0.5, "l2": 0.25}
    assert config["module"] == "keras.regularizers"
    assert constraints.serialize(constraints.MinMaxNorm(rate=0.5))["config"] == {
        "min_value": 0.0,
        "max_value": 1.0,
        "rate": 0.5,
        "axis": 0,
    }


@pytest.mark.parametrize("module", [regularizers, constraints])
def test_names_and_things_that_mean_nothing_are_refused(module):
    for wrong in ("L3", 3, {"l2": 0.1}, {"class_name": None, "config": {}}):
        with pytest.raises(ValueError, match="none called|expected a name"):
            module.get(wrong)
    assert module.get(None) is None and module.serialize(None) is None


@pytest.mark.parametrize(
    "make",
    [
        lambda: regularizers.L1(-0.1),
        lambda: regularizers.L2(float("nan")),
        lambda: regularizers.L1L2(l2="0.1"),
        lambda: regularizers.OrthogonalRegularizer(float("inf")),
        lambda: regularizers.OrthogonalRegularizer(mode="diagonal"),
    ],
)
def test_arguments_are_checked(make):
    with pytest.raises(ValueError, match="must be"):
        make()


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "Mine", "config": {"a": [1, 2]}},
        {"module": "pkg", "class_name": "L2", "config": {}, "registered_name": "pkg>L2"},
        {"module": "builtins", "class_name": "function", "config": "f", "registered_name": "f"},
    ],
)
def test_class_that_is_not_known_is_kept_as_its_config(config):
    given = copy.deepcopy(config)
    kept = regularizers.get(config)
    assert isinstance(kept, Unknown) and regularizers.serialize(kept) == given
    again = pickle.loads(pickle.dumps(kept))
    assert regularizers.serialize(again) == given
    with pytest.raises(NotImplementedError, match="is not a class of maskseq"):
        kept(W)
    assert kept.name in repr(kept)


def test_functions_and_objects_of_your_own_are_kept():
    class Mine(regularizers.Regularizer):
        def __init__(self, factor):
            self.factor = factor

        def __call__(self, x):
            return self.factor * np.max(np.abs(x))

    mine = Mine(2.0)
    assert regularizers.get(mine) is regularizers.serialize(mine) is mine
    assert Mine.from_config(mine.get_config()).factor == 2.0
    assert constraints.get(np.tanh) is np.tanh


def test_weight_keeps_what_it_was_given():
    class Two(Layer):
        def build(self, input_shape):
            self.first = self.add_weight((2,), regularizer="l2", constraint="non_neg")
            self.second = self.add_weight((2,))

    layer = Two()
    layer.build(None)
    assert isinstance(layer.first.regularizer, regularizers.L2)
    assert isinstance(layer.first.constraint, constraints.NonNeg)
    assert layer.second.regularizer is layer.second.constraint is None
    layer.first.assign([1, 2])
    assert isinstance(layer.first.regularizer, regularizers.L2)
    again = pickle.loads(pickle.dumps(layer.first))
    assert isinstance(again.regularizer, regularizers.L2)
    with pytest.raises(TypeError, match="regulariser"):
        layer.add_weight((2,), regulariser="l2")


@pytest.mark.parametrize("module", [constraints, regularizers])
def test_short_names_are_those_that_keras_makes_of_the_classes(module):
    classes = set(module.KNOWN.values())
    names = {name for cls in classes for name in (cls.__name__, snake_case(cls.__name__))}
    assert names == module.KNOWN.keys() - {"l1_l2"}  # a second one
    assert all(module.KNOWN[snake_case(cls.__name__)] is cls for cls in classes)
