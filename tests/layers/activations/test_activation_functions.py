"""maskseq.activations has all names of keras.activations 3.15, with their options and numbers."""

import pickle

import numpy as np
import pytest

from maskseq import _kernels, activations, layers

X = np.linspace(-8, 8, 96, dtype=np.float32).reshape(4, 24)
KERAS_2 = {"hard_sigmoid_keras2"}
OPTIONS = {
    "celu": {"alpha": 0.4},
    "elu": {"alpha": 0.4},
    "gelu": {"approximate": True},
    "glu": {"axis": 0},
    "hard_shrink": {"threshold": 1.5},
    "leaky_relu": {"negative_slope": 0.1},
    "log_softmax": {"axis": 0},
    "relu": {"negative_slope": 0.1, "max_value": 3.0, "threshold": 0.5},
    "soft_shrink": {"threshold": 1.5},
    "softmax": {"axis": 0},
    "sparsemax": {"axis": 0},
    "squareplus": {"b": 1.0},
    "threshold": {"threshold": 1.0, "default_value": -2.0},
}


def keras_activations():
    return pytest.importorskip("keras").activations


@pytest.mark.slow
def test_names_are_those_of_keras():
    theirs = pytest.importorskip("keras").src.activations.ALL_OBJECTS_DICT
    ours = set(activations.ACTIVATIONS) - KERAS_2
    assert {activations.get(name).__name__ for name in theirs} == ours
    assert set(_kernels.ACTIVATIONS) <= set(activations.ACTIVATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(activations.ACTIVATIONS.keys() - KERAS_2 - {"threshold"}))
def test_activation_equals_keras(name):
    theirs = np.asarray(getattr(keras_activations(), name)(X))
    np.testing.assert_allclose(activations.get(name)(X), theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIONS)
def test_activation_with_options_equals_keras(name):
    theirs = np.asarray(getattr(keras_activations(), name)(X, **OPTIONS[name]))
    ours = activations.get(name)(X, **OPTIONS[name])
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
def test_activation_is_pickled_and_named(name):
    function = activations.get(name)
    assert pickle.loads(pickle.dumps(function)) is function
    assert activations.serialize(function) == name
    assert layers.Activation(name).get_config()["activation"] == name


@pytest.mark.parametrize("name", ["swish", "hard_swish"])
def test_alias_means_the_same_function(name):
    assert activations.get(name) is activations.get(name.replace("swish", "silu"))


def test_unknown_name_is_told_with_the_nearest():
    with pytest.raises(ValueError, match="none called 'relou'; did you mean 'relu'"):
        activations.get("relou")


def test_glu_of_an_odd_axis_is_refused():
    with pytest.raises(ValueError, match="must divide in two"):
        activations.glu(np.ones((2, 3), np.float32))
