"""Arguments of constructors: a wrong one is named, and get_config tells all of them."""

import inspect
import re
from typing import Unpack, get_origin

import numpy as np
import pytest

import maskseq
from maskseq import constraints, layers, regularizers
from maskseq.layers.base.arguments import CommonOptions, arguments_of
from maskseq.layers.base.table import IN_KERAS, OURS, names_in
from maskseq.testing.examples import EXAMPLES

MADE = {type(example.make()).__name__: example for example in EXAMPLES.values()}
CELLS = {
    "GRUCell": lambda: layers.GRUCell(3),
    "LSTMCell": lambda: layers.LSTMCell(3),
    "SimpleRNNCell": lambda: layers.SimpleRNNCell(3),
    "StackedRNNCells": lambda: layers.StackedRNNCells([layers.GRUCell(3)]),
}
FIXED = {"sparse", "pad_to_max_tokens", "invert"}  # False only, or with other arguments only
NAMES = sorted({*names_in(IN_KERAS), *names_in(OURS)} - {"InputLayer"})


def make(name):
    return CELLS[name]() if name in CELLS else MADE[name].make()


@pytest.mark.parametrize("name", NAMES)
def test_wrong_argument_is_refused_with_the_nearest_name(name):
    cls, config = getattr(layers, name), make(name).get_config()
    for wrong, near in (("trainabel", "trainable"), ("nmae", "name")):
        with pytest.raises(TypeError, match=f"{name}: .*'{wrong}'; did you mean '{near}'"):
            cls.from_config({**config, wrong: 1})
    with pytest.raises(TypeError, match=f"{name}: .*'xyz'; it takes .*name.*trainable"):
        cls.from_config({**config, "xyz": 1})


def test_wrong_argument_of_a_recurrent_layer_names_the_right_one():
    for make in (layers.LSTM, layers.GRU, layers.SimpleRNN):
        with pytest.raises(TypeError, match="'retrun_sequences'; did you mean 'return_sequences'"):
            make(3, retrun_sequences=True)
    with pytest.raises(TypeError, match="Add: .*'kernel_regularizer'"):
        layers.add([np.ones((1, 2))] * 2, kernel_regularizer="l2")


@pytest.mark.parametrize("name", NAMES)
def test_config_has_every_argument(name):
    """With other values than the defaults too, where we know any."""
    layer = make(name)
    config = layer.get_config()
    named = [argument for argument, own in arguments_of(type(layer)).items() if own]
    assert {*named} - layer.not_in_config == config.keys() - {"name", "trainable", "dtype"}
    changed = {
        **config,
        **{k: not v for k, v in config.items() if isinstance(v, bool) and k not in FIXED},
        "name": "other",
    }
    regularized = name != "ActivityRegularization"  # whose `l1` and `l2` say it
    if regularized:
        changed["activity_regularizer"] = "l1"
    if changed.get("merge_mode"):
        changed |= {"merge_mode": "sum"}
    if name == "MultiHeadAttention":
        changed |= {"output_shape": (7,), "attention_axes": (1,), "value_dim": 5}
    again = type(layer).from_config(changed).get_config()
    if regularized:
        assert again.pop("activity_regularizer")["class_name"] == "L1"
        changed.pop("activity_regularizer")
    assert again == changed


def test_activity_regularization_takes_no_other_regularizer():
    with pytest.raises(TypeError, match="activity_regularizer"):
        layers.ActivityRegularization(l1=0.1, activity_regularizer="l2")


@pytest.mark.parametrize("name", NAMES)
def test_constructor_declares_its_keyword_arguments(name):
    """No **kwargs without a declaration, and none of every layer twice."""
    parameters = inspect.signature(getattr(layers, name)).parameters.values()
    for parameter in parameters:
        if parameter.kind is parameter.VAR_KEYWORD:
            assert get_origin(parameter.annotation) is Unpack
        assert parameter.name not in CommonOptions.__optional_keys__


def penalties_of(name):
    """The arguments of a layer for its weights, each with a value of its own."""
    found = {}
    for number, argument in enumerate(arguments_of(getattr(layers, name)), start=1):
        if re.fullmatch(r"\w+_regularizer", argument):
            found[argument] = regularizers.L1L2(number, 0)
        elif re.fullmatch(r"\w+_constraint", argument):
            found[argument] = constraints.MaxNorm(number)
    return found


WITH_PENALTIES = [name for name in NAMES if len(penalties_of(name)) > 1]


@pytest.mark.parametrize("name", WITH_PENALTIES)
def test_regularizers_and_constraints_reach_the_weights_and_the_config(name):
    given, plain = penalties_of(name), make(name)
    layer = type(plain).from_config({**plain.get_config(), **given})
    for argument, value in given.items():
        assert getattr(layer, argument) is value
    config = layer.get_config()
    assert {key: config[key] for key in given} == {
        key: (regularizers if key.endswith("regularizer") else constraints).serialize(value)
        for key, value in given.items()
    }
    again = type(layer).from_config(config)
    assert again.get_config() == config
    if name in CELLS:
        again.build((None, 3))
    else:
        example = MADE[name]
        call = example.call or (lambda layer, *x: layer(x[0] if len(x) == 1 else list(x)))
        call(again, *example.inputs)
    kept = [x for w in again.weights for x in (w.regularizer, w.constraint) if x is not None]
    of_weights = [v for k, v in given.items() if k != "activity_regularizer"]
    assert {repr(x) for x in kept} == {repr(x) for x in of_weights}
    options = {w.name.rpartition("/")[2]: w for w in again.weights}
    for argument, value in given.items():
        option, _, part = argument.rpartition("_")
        for weight in (option, f"{option}_kernel"):
            if weight in options:
                assert repr(getattr(options[weight], part)) == repr(value)


def test_weights_of_copies_keep_them_too():
    """The directions of a Bidirectional, layers in wrappers, and stacks of cells."""
    inner = layers.LSTM(3, kernel_regularizer="l2", recurrent_constraint="unit_norm")
    both = layers.Bidirectional(inner)
    cells = [layers.GRUCell(3, bias_regularizer="l1"), layers.GRUCell(3)]
    stack = layers.RNN.from_config(layers.RNN(cells).get_config())
    each = layers.TimeDistributed(layers.Dense(2, kernel_constraint="non_neg"))
    each = layers.TimeDistributed.from_config(each.get_config())
    for layer in (both, stack, each):
        layer(np.ones((2, 4, 3), np.float32))
    for direction in (both.forward_layer, both.backward_layer):
        assert isinstance(direction.cell.kernel.regularizer, regularizers.L2)
        assert isinstance(direction.cell.recurrent_kernel.constraint, constraints.UnitNorm)
    assert isinstance(stack.cell.cells[0].bias.regularizer, regularizers.L1)
    assert stack.cell.cells[1].bias.regularizer is None
    assert isinstance(each.layer.kernel.constraint, constraints.NonNeg)


class Scaled(layers.Layer):
    def __init__(self, units, by=2.0, inner=None, **kwargs):
        super().__init__(**kwargs)
        self.units, self.by, self.inner = units, by, inner

    def call(self, inputs):
        return inputs * self.by


class Further(Scaled):
    def __init__(self, units, more=1, **kwargs):
        super().__init__(units, **kwargs)
        self.more = more


class Hidden(layers.Layer):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self._units = units


class Told(Hidden):
    def get_config(self):
        return {**super().get_config(), "units": self._units}


def test_layer_of_a_user_has_a_config_of_its_attributes():
    layer = Further(3, by=4.0, inner=layers.Dense(2, "relu"), more=5, name="mine")
    config = layer.get_config()
    assert config == {
        "name": "mine",
        "trainable": True,
        "dtype": "float32",
        "units": 3,
        "more": 5,
        "by": 4.0,
        "inner": {"class_name": "Dense", "config": layer.inner.get_config()},
    }
    again = Further.from_config(config)
    assert (again.units, again.more, again.by) == (3, 5, 4.0)
    assert again.inner is not layer.inner and again.get_config() == config


def test_argument_that_is_no_attribute_is_told_or_refused():
    with pytest.raises(NotImplementedError, match="Hidden: keep the argument 'units'"):
        Hidden().get_config()
    assert Told.from_config(Told(5).get_config()).get_config()["units"] == 5


def test_config_of_an_overriding_class_holds_what_its_bases_take():
    class Named(layers.Dense):
        def __init__(self, units, label, **kwargs):
            super().__init__(units, **kwargs)
            self.text = label

        def get_config(self):
            return {**super().get_config(), "label": self.text}

    config = Named(3, "a", use_bias=False).get_config()
    assert (config["units"], config["use_bias"], config["label"]) == (3, False, "a")
    assert Named.from_config(config).get_config() == config


def test_activations_are_told_by_name_and_functions_of_your_own_as_they_are():
    def mine(x):
        return x

    assert layers.Dense(2, mine).get_config()["activation"] is mine
    assert layers.Dense(2, maskseq.activations.silu).get_config()["activation"] == "silu"
    inner = layers.Dense(2, layers.LeakyReLU(0.5)).get_config()["activation"]
    assert inner["class_name"] == "LeakyReLU" and inner["config"]["negative_slope"] == 0.5
    assert layers.Lambda(np.tanh).get_config()["function"] is np.tanh


def test_recurrent_layer_shows_the_arguments_of_its_cell():
    layer = layers.LSTM(3, "relu", "hard_sigmoid", False, unit_forget_bias=False, dropout=0.5)
    assert (layer.units, layer.use_bias, layer.unit_forget_bias) == (3, False, False)
    assert layer.activation is layer.cell.activation is maskseq.activations.relu
    assert layer.dropout == layer.cell.dropout == 0.5
    assert layers.GRU(3, reset_after=False).reset_after is False


def test_model_keeps_them_through_its_config():
    model = maskseq.Sequential(
        [maskseq.Input((4,)), layers.Dense(2, kernel_regularizer=regularizers.L1L2(0.1, 0.2))]
    )
    again = maskseq.Sequential.from_config(model.get_config())
    kernel = again.layers[-1].kernel
    assert (kernel.regularizer.l1, kernel.regularizer.l2) == (0.1, 0.2)
