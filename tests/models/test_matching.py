"""What users hand to a model goes to the inputs that Keras gives it to."""

import pickle
import warnings

import numpy as np
import pytest

import maskseq
from maskseq import Input, Model, layers

A, B, C = (np.full((2, 3), value, np.float32) for value in (1.0, 10.0, 100.0))


class Sum(layers.Layer):
    """The first input and, where it is there, twice the second."""

    def call(self, x, y=None):
        return x if y is None else x + 2 * y

    def compute_output_shape(self, x_shape):
        return x_shape


def model_of(structure):
    """A model whose answer tells its inputs a, b, c apart, taken as `structure` makes of them."""
    a, b, c = (Input((3,), name=name) for name in "abc")
    weighed = layers.Add()([a, layers.Rescaling(2.0)(b), layers.Rescaling(4.0)(c)])
    return Model(structure(a, b, c), weighed)


STRUCTURES = {
    "list": lambda a, b, c: [a, b, c],
    "tuple": lambda a, b, c: (a, b, c),
    "dict": lambda a, b, c: {"c": c, "a": a, "b": b},
    "dict of other names": lambda a, b, c: {"z": a, "y": b, "x": c},
    "nested dict": lambda a, b, c: {"1": a, "others": {"3": c, "2": b}},
    "nested list": lambda a, b, c: [a, [b, c]],
    "list in a dict": lambda a, b, c: {"all": [a, b], "c": c},
}


@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES)
def test_values_come_as_the_inputs_were_given(structure):
    model, values = model_of(structure), structure(A, B, C)
    expected = A + 2 * B + 4 * C
    for run in (model, model.predict, model.predict_on_batch, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(run(values), expected)
    symbols = structure(*(Input((3,)) for _ in range(3)))
    assert model(symbols).shape == (None, 3)


def test_inputs_in_a_list_may_be_named():
    model = model_of(lambda a, b, c: [a, b, c])
    np.testing.assert_array_equal(model.predict({"b": B, "c": C, "a": A}), A + 2 * B + 4 * C)


def test_inputs_in_a_dict_have_its_names_only():
    model = model_of(STRUCTURES["dict of other names"])
    with pytest.raises(
        ValueError, match=r"inputs must be named \['x', 'y', 'z'\], got \['a', 'b', 'c'\]"
    ):
        model.predict({"a": A, "b": B, "c": C})


def test_a_value_that_no_input_has_the_name_of_is_ignored_and_said():
    model = model_of(STRUCTURES["dict"])
    with pytest.warns(
        UserWarning, match=r"inputs \['d'\] are not among .* and are ignored"
    ) as found:
        model.predict({"a": A, "b": B, "c": C, "d": A})
    assert found[0].filename == __file__


def with_option(structure, **options):
    x, y = Input((3,), name="x"), Input((3,), name="y", optional=True, **options)
    return Model(structure(x, y), Sum()(x, y))


@pytest.mark.parametrize("structure", [lambda x, y: [x, y], lambda x, y: {"x": x, "y": y}])
def test_none_may_stand_for_an_optional_input(structure):
    model = with_option(structure)
    for run in (model, model.predict, model.predict_on_batch, pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(run(structure(A, None)), A)
        np.testing.assert_array_equal(run(structure(A, B)), A + 2 * B)
    many = np.repeat(A, 5, axis=0)
    np.testing.assert_array_equal(model.predict(structure(many, None), batch_size=3), many)


def test_an_optional_input_may_be_left_out_of_a_dict():
    np.testing.assert_array_equal(with_option(lambda x, y: [x, y]).predict({"x": A}), A)


def test_optional_is_part_of_the_config():
    model = with_option(lambda x, y: [x, y])
    entries = {entry["name"]: entry["config"] for entry in model.get_config()["layers"]}
    assert (entries["x"]["optional"], entries["y"]["optional"]) == (False, True)
    again = Model.from_config(model.get_config(), custom_layers={"Sum": Sum})
    np.testing.assert_array_equal(again.predict([A, None]), A)


@pytest.mark.parametrize("values", [[A, None, C], {"a": A, "b": None, "c": C}])
def test_none_is_refused_where_an_input_is_not_optional(values):
    model = model_of(STRUCTURES["list"])
    for run in (model, model.predict):
        with pytest.raises(ValueError, match="input 'b' is not optional, got None"):
            run(values)
    with pytest.raises(ValueError, match="input 'x' is not optional, got None"):
        Model(x := Input((3,), name="x"), layers.Dense(2)(x)).predict(None)


def test_nothing_is_said_where_all_fits():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model_of(STRUCTURES["list"]).predict((A, B, C))
    assert maskseq.Input((3,)).node.operation.optional is False


def test_names_decide_whatever_the_order_of_the_inputs(rng):
    """Neither that of the dict nor that of the alphabet."""
    inputs = [maskseq.Input((2,), name=name) for name in ("c", "a", "b")]
    model = maskseq.Model(inputs, layers.Concatenate()(inputs))
    arrays = {name: rng.normal(size=(3, 2)).astype(np.float32) for name in "bca"}
    expected = np.concatenate([arrays["c"], arrays["a"], arrays["b"]], axis=1)
    np.testing.assert_array_equal(model.predict(arrays), expected)


@pytest.mark.parametrize("time", [3, 5])
def test_another_time_than_the_graph_has_is_refused(time):
    model = maskseq.Sequential([maskseq.Input((4, 2)), layers.LSTM(3)])
    with pytest.raises(ValueError, match=r"must have shape \(None, 4, 2\), got"):
        model.predict(np.zeros((2, time, 2), np.float32))
