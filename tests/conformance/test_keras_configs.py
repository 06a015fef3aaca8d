"""The arguments of layers, their order and what configs hold are those of Keras."""

import inspect

import numpy as np
import pytest

from maskseq import layers
from maskseq.layers.base.arguments import arguments_of
from maskseq.layers.base.table import IN_KERAS, names_in
from maskseq.testing.examples import EXAMPLES

pytest.importorskip("jax")
keras = pytest.importorskip("keras", minversion="3.0")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
kl = keras.layers

NAMES = sorted({*names_in(IN_KERAS)} - {"InputLayer", "ThresholdedReLU"})
NEED_TENSORFLOW = {"Hashing", "IntegerLookup", "StringLookup", "TextVectorization"}
FORGOTTEN = {
    "CategoryEncoding": {"sparse"},
    "Discretization": {"trainable"},
    "SimpleRNN": {"seed"},
    "SpatialDropout1D": {"trainable"},
    "Lambda": {"mask", "output_shape"},
}
"""What Keras takes, but does not tell in its config, or only if it is not None."""
HOLDERS = {"Bidirectional", "RNN", "SpectralNormalization", "StackedRNNCells", "TimeDistributed"}
"""Layers that hold others; Keras wants their entries with a module."""
MADE = {type(example.make()).__name__: example for example in EXAMPLES.values()}


def theirs_of(name):
    return getattr(kl, {"GroupedQueryAttention": "GroupQueryAttention"}.get(name, name))


def arguments_for(name):
    """Arguments that make the layer, for either package."""
    made = {
        "Bidirectional": lambda L: [L.LSTM(3, return_sequences=True)],
        "GRUCell": lambda L: [3],
        "Discretization": lambda L: [[0.0, 1.0]],
        "LSTMCell": lambda L: [3],
        "Lambda": lambda L: [abs],
        "RNN": lambda L: [L.GRUCell(3)],
        "SimpleRNNCell": lambda L: [3],
        "SpatialDropout1D": lambda L: [0.5],
        "SpectralNormalization": lambda L: [L.Dense(3)],
        "StackedRNNCells": lambda L: [[L.GRUCell(3)]],
        "TimeDistributed": lambda L: [L.Dense(3)],
    }
    if name in made:
        return lambda L: (made[name](L), {})
    config = MADE[name].make().get_config()
    return lambda L: ([], config)


def positional(cls):
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    return [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "name"]


@pytest.mark.parametrize("name", NAMES)
def test_arguments_have_the_order_and_the_defaults_of_keras(name):
    ours, theirs = positional(getattr(layers, name)), positional(theirs_of(name))
    ended = [x for x in theirs if x in ours]
    assert ours[: len(ended)] == ended, "common arguments come first, in Keras's order"
    missing = [x for x in theirs[: theirs.index(ended[-1]) + 1] if x not in ours] if ended else []
    assert not missing, "an argument of Keras is missing in between"
    mine = inspect.signature(getattr(layers, name)).parameters
    for argument, parameter in inspect.signature(theirs_of(name)).parameters.items():
        if argument in mine and parameter.default is not parameter.empty:
            default = mine[argument].default
            same = str(default).lower() == str(parameter.default).lower()
            assert same, f"{argument}: Keras has {parameter.default!r}, we have {default!r}"


@pytest.mark.parametrize("name", NAMES)
def test_regularizers_and_constraints_are_arguments_where_keras_has_them(name):
    wanted = {
        p
        for cls in theirs_of(name).__mro__
        if "__init__" in vars(cls)
        for p in inspect.signature(cls.__init__).parameters
        if p.endswith(("_regularizer", "_constraint"))
    }
    assert wanted <= arguments_of(getattr(layers, name)).keys()


@pytest.mark.parametrize("name", sorted({*NAMES} - NEED_TENSORFLOW))
def test_config_has_the_keys_of_keras(name):
    arguments = arguments_for(name)
    args, kwargs = arguments(layers)
    ours = getattr(layers, name)(*args, **kwargs).get_config()
    args, kwargs = arguments(kl)
    theirs = theirs_of(name)(*args, **kwargs).get_config()
    known = arguments_of(getattr(layers, name)).keys()
    wanted = {key for key in theirs if key in known}
    assert ours.keys() == wanted | FORGOTTEN.get(name, set())
    assert theirs.keys() - known <= {
        "quantization_config",
        "renorm",
        "renorm_clipping",
        "renorm_momentum",
        "synchronized",
    }


@pytest.mark.parametrize(
    "name", sorted({*NAMES} - NEED_TENSORFLOW - {"Discretization", "SpatialDropout1D", "Lambda"})
)
def test_keras_takes_our_config_and_we_take_theirs(name):
    args, kwargs = arguments_for(name)(layers)
    ours = getattr(layers, name)(*args, **kwargs)
    again = type(ours).from_config(ours.get_config())
    assert again.get_config() == ours.get_config()
    if name not in HOLDERS:
        theirs = theirs_of(name).from_config(ours.get_config())
        assert theirs.get_config()["name"] == ours.name


def with_penalties(L, package, name, plain):
    """The layer with a penalty of its own for each argument, and the names of those arguments."""
    options = [x for x in arguments_of(getattr(layers, name)) if x != "activity_regularizer"]
    given = {}
    for number, argument in enumerate(options, start=1):
        if argument.endswith("_regularizer"):
            given[argument] = package.regularizers.L2(number)
        elif argument.endswith("_constraint"):
            given[argument] = package.constraints.MaxNorm(number)
    args, kwargs = plain(L)
    cls = theirs_of(name) if L is kl else getattr(layers, name)
    return cls(*args, **{**kwargs, **given}), given


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in NAMES
        if any(x.endswith("_constraint") for x in arguments_of(getattr(layers, name)))
    ],
)
def test_weights_have_the_regularizers_and_constraints_that_those_of_keras_have(name):
    import maskseq

    ours, given = with_penalties(layers, maskseq, name, arguments_for(name))
    theirs, _ = with_penalties(kl, keras, name, arguments_for(name))
    assert given
    if name.endswith("Cell"):
        ours.build((None, 4)), theirs.build((None, 4))
    else:
        example = MADE[name]
        call = example.call or (lambda layer, *x: layer(x[0] if len(x) == 1 else list(x)))
        call(ours, *example.inputs)
        call(theirs, *map(np.asarray, example.inputs))
    assert len(ours.weights) == len(theirs.weights)
    for mine, yours in zip(ours.weights, theirs.weights, strict=True):
        for part in ("regularizer", "constraint"):
            a, b = getattr(mine, part), getattr(yours, part)
            assert (a and a.get_config()) == (b and b.get_config()), mine.name
