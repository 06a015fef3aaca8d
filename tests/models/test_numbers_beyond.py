"""Numbers that float32 does not hold, and NaN among weights: named, whichever way they come in."""

import warnings

import numpy as np
import pytest

import maskseq
from maskseq import Input, Ragged, Sequential, layers, losses, ops, pad_sequences

BIG = 1e300
LIMIT = float(np.finfo(np.float32).max)
BEYOND = (2 - 2.0**-24) * 2.0**127  # the least float64 that is rounded to infinity


def model():
    return Sequential([Input((None, 2)), layers.LSTM(3), layers.Dense(1)])


def batch(number, kind=float):
    x = np.ones((3, 4, 2), kind)
    x[1, 2, 0] = number
    return x


INPUTS = {
    "array": lambda: batch(BIG),
    "long double": lambda: batch(BIG, np.longdouble),
    "Fortran": lambda: np.asfortranarray(batch(-BIG)),
    "big endian": lambda: batch(BIG).astype(">f8"),
    "lists": lambda: batch(BIG).tolist(),
    "list of arrays": lambda: list(batch(BIG)),
    "list of ints": lambda: [[[10**300, 1.5]]],
    "Ragged": lambda: Ragged(batch(BIG).reshape(12, 2), [0, 4, 8, 12]),
    "numpy.ma": lambda: np.ma.array(batch(BIG), mask=np.arange(24).reshape(3, 4, 2) < 2),
    "barely": lambda: batch(BEYOND),
}


@pytest.mark.parametrize("name", INPUTS)
def test_inputs_beyond_float32_are_named_and_become_infinite(name):
    given = INPUTS[name]()
    with pytest.warns(RuntimeWarning, match="becomes infinite in float32") as told:
        got = model().predict(given)
    assert told[0].filename == __file__ and len(told) == 1
    assert len(got) == len(given)


@pytest.mark.parametrize("number", [LIMIT, -LIMIT, np.inf, -np.inf, np.nan, 1e-300])
def test_numbers_that_float32_has_are_taken_without_a_word(number):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for given in (batch(number), batch(number).tolist(), list(batch(number))):
            model().predict(given)
        Ragged.from_list(batch(number).tolist())
        layers.Masking(number if number == number else 0.0)(batch(number))


def test_the_place_of_the_first_number_is_named():
    with pytest.warns(RuntimeWarning, match=r"inputs at \[1, 2, 0\]: 1e\+300 becomes infinite"):
        layers.Dense(2)(batch(BIG))
    with pytest.warns(RuntimeWarning, match="initial_state at"):
        layers.SimpleRNN(2)(batch(1), initial_state=np.full((3, 2), BIG))
    for read in (Ragged.from_list, lambda x: pad_sequences(x, dtype="float32")):
        for rows in (list(batch(BIG)), batch(BIG).tolist(), list(batch(BIG)[:, :, :1])):
            with pytest.warns(RuntimeWarning, match=r"`sequences` at position 1: 1e\+300 becomes"):
                read(rows)
    with pytest.raises(OverflowError, match="`sequences` at position 0"):
        pad_sequences([[2**40]], dtype="int32")


# --- weights


def weights_with(number, dtype=np.float64):
    made = model()
    weights = [w.astype(dtype) for w in made.get_weights()]
    weights[1][0, 0] = number
    return made, weights


def test_weights_beyond_float32_are_refused_and_nothing_is_changed():
    made, weights = weights_with(BIG)
    before = made.get_weights()
    with pytest.raises(ValueError, match=r"recurrent_kernel: float32 does not hold 1e\+300"):
        made.set_weights(weights)
    with pytest.raises(ValueError, match=r"recurrent_kernel: float32 does not hold 1e\+300"):
        made.weights[1].assign(weights[1])
    for kept, known in zip(made.get_weights(), before, strict=True):
        np.testing.assert_array_equal(kept, known)


@pytest.mark.parametrize("number", [LIMIT, np.inf, -np.inf])
def test_weights_that_float32_has_are_taken_without_a_word(number):
    made, weights = weights_with(number)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.set_weights(weights)
    assert made.get_weights()[1][0, 0] == np.float32(number)


def test_nan_among_weights_is_named():
    made, weights = weights_with(np.nan)
    for call in (
        lambda: made.set_weights(weights),
        lambda: made.weights[1].assign(weights[1]),
        lambda: layers.Embedding(2, 2, weights=[np.full((2, 2), np.nan)])(np.zeros((1, 1), int)),
    ):
        with pytest.warns(UserWarning, match="NaN in the values of the weights '.*") as told:
            call()
        assert told[0].filename == __file__ and len(told) == 1
    with pytest.warns(UserWarning, match="and 1 more, and so in answers"):
        layer = layers.Bidirectional(layers.LSTM(2))
        layer.build((None, None, 2))
        layer.set_weights([np.full(w.shape, np.nan) for w in layer.get_weights()])


@pytest.mark.slow
@pytest.mark.sanitize
def test_nan_in_a_model_file_is_named(tmp_path):
    keras = pytest.importorskip("keras")
    saved = keras.Sequential([keras.Input((None, 2)), keras.layers.LSTM(3)])
    weights = saved.get_weights()
    weights[2][0] = np.nan
    saved.set_weights(weights)
    path = tmp_path / "model.keras"
    saved.save(path)
    with pytest.warns(UserWarning, match="NaN in the values of the weights .*bias") as told:
        loaded = maskseq.load_model(path)
    assert told[0].filename == __file__
    assert np.isnan(loaded.get_weights()[2][0])


def test_masked_weights_are_refused():
    made, weights = weights_with(0.5)
    hidden = np.ma.array(weights[1], mask=weights[1] == 0.5)
    for call in (
        lambda: made.set_weights([weights[0], hidden, *weights[2:]]),
        lambda: made.weights[1].assign(hidden),
    ):
        with pytest.raises(TypeError, match="must have no masked numbers, got a numpy.ma array"):
            call()
    made.set_weights([np.ma.array(w) for w in weights])


OF_OTHERS = {
    "add: the result at [1]": lambda: ops.add(np.array([1.0, 1e39]), 1.0),
    "multiply: the result": lambda: ops.multiply(np.float64(1e30), np.float64(1e10)),
    "where: the result at [0]": lambda: ops.where(np.array([True, False]), 1e39, 0.0),
    "y_true at [1, 0]": lambda: losses.MeanSquaredError()(np.array([[1], [1e39]]), np.ones((2, 1))),
    "y_true at [0, 1]": lambda: losses.hinge(np.array([[1, -1e39]]), np.ones((1, 2))),
    "y_true at [0, 0]": lambda: losses.log_cosh(np.array([[1e39]]), np.ones((1, 1))),
    "sample_weight at [0]": lambda: losses.MeanAbsoluteError()(
        np.ones((2, 1)), np.zeros((2, 1)), np.array([1e39, 1])
    ),
    "Rescaling: offset at [1]": lambda: layers.Rescaling(1.0, [0, 1e39])(np.ones((1, 2))),
}


@pytest.mark.parametrize("place", OF_OTHERS)
def test_numbers_of_operations_losses_and_scales_are_named(place):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        OF_OTHERS[place]()
    said = [str(x.message) for x in told]
    assert f"{place}: 1e+39 becomes infinite in float32" in [
        text.replace("1e+40", "1e+39").replace("-1e+39", "1e+39") for text in said
    ]
    assert not any("cast" in text for text in said)
