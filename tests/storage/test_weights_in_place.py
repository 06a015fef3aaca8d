"""Loaded weights: read once, into the memory where they stay."""

import tracemalloc

import numpy as np
import pytest

import maskseq
from maskseq import layers


def model_of(units):
    return maskseq.Sequential([layers.Input((8,)), layers.Dense(units)])


def saved(tmp_path, ending, model):
    path = str(tmp_path / f"model{ending}")
    model.save(path)
    return path


def owner(array):
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array if array.base is None else array.base.obj


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_weights_that_are_most_of_a_file_are_not_copied_out_of_it(tmp_path, ending):
    model = model_of(4000)
    path = saved(tmp_path, ending, model)
    tracemalloc.start()
    loaded = maskseq.load_model(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    kernel, bias = (weight.value for weight in loaded.weights)
    assert owner(kernel) is owner(bias)
    size = kernel.nbytes + bias.nbytes
    assert peak < 2 * size + (1 << 20), (peak, size)  # what it read, zeros that nobody touched
    for got, wanted in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(got.value, wanted.value, strict=True)
        assert not got.value.flags.writeable and got.value.flags.aligned
        with pytest.raises(ValueError, match="WRITEABLE"):
            got.value.flags.writeable = True


def test_weights_that_are_little_of_a_file_do_not_keep_the_rest_of_it(tmp_path):
    model = model_of(4000)
    model.compile("adam", "mse")
    model.fit(np.ones((2, 8), np.float32), np.ones((2, 4000), np.float32), verbose=0)
    loaded = maskseq.load_model(saved(tmp_path, ".keras", model))
    for weight, wanted in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_array_equal(weight.value, wanted.value, strict=True)
        assert weight.value.flags.owndata


def test_other_types_in_a_file_become_float32(tmp_path):
    h5py = pytest.importorskip("h5py")
    model = model_of(3)
    path = str(tmp_path / "model.weights.h5")
    model.save_weights(path)
    with h5py.File(path, "a") as file:
        place = file["layers/dense/vars"]
        kernel = place["0"][()].astype(np.float64)
        del place["0"]
        place["0"] = kernel
    other = model_of(3)
    other.load_weights(path)
    np.testing.assert_array_equal(other.weights[0].value, model.weights[0].value, strict=True)


def test_nan_is_told(tmp_path):
    model = model_of(4000)
    with pytest.warns(UserWarning, match="NaN"):
        model.layers[-1].bias.assign(np.full(4000, np.nan))
    path = saved(tmp_path, ".keras", model)
    with pytest.warns(UserWarning, match="NaN in the values of the weights 'dense"):
        maskseq.load_model(path)


def test_what_users_hand_over_is_copied():
    model = model_of(4)
    given = [np.ones(x.shape, np.float32) for x in model.weights]
    model.set_weights(given)
    for array in given:
        array[...] = 5
    assert all((x.value == 1).all() for x in model.weights)
