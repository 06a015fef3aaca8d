"""Errors of what recurrent layers hold name it, and each layer around it."""

import re

import numpy as np
import pytest

import maskseq
from maskseq import layers

X = np.ones((2, 3, 4), np.float32)


class Fragile:
    """An activation that raises once it is `broken`."""

    broken = False

    def __call__(self, x):
        if self.broken:
            raise ValueError("boom")
        return x


class Held(layers.Layer):
    state_size = 3

    def __init__(self, function):
        super().__init__(name="cell")
        self.function = function

    def call(self, inputs, states):
        return self.function(states[0]), [self.function(states[0])]


def cell(function="tanh"):
    return layers.GRUCell(3, activation=function, name="cell")


MADE = {
    "GRU": lambda f: layers.GRU(3, activation=f, name="outer"),
    "RNN": lambda f: layers.RNN(cell(f), name="outer"),
    "stack": lambda f: layers.RNN(
        layers.StackedRNNCells([layers.LSTMCell(2), cell(f)], name="stack"), name="outer"
    ),
    "of a user": lambda f: layers.RNN(Held(f), name="outer"),
    "both ways": lambda f: layers.Bidirectional(
        layers.GRU(3, activation=f, name="inner"), name="outer"
    ),
    "both ways, a cell": lambda f: layers.Bidirectional(
        layers.RNN(cell(f), name="inner"), name="outer"
    ),
    "both ways, of a user": lambda f: layers.Bidirectional(
        layers.RNN(Held(f), name="inner"),
        backward_layer=layers.RNN(Held(f), go_backwards=True),
        name="outer",
    ),
}
NAMES = {
    "GRU": "layer 'outer' (GRU)",
    "RNN": "layer 'cell' (GRUCell) in layer 'outer' (RNN)",
    "stack": "layer 'cell' (GRUCell) in layer 'stack' (StackedRNNCells) in layer 'outer' (RNN)",
    "of a user": "layer 'cell' (Held) in layer 'outer' (RNN)",
    "both ways": "layer 'forward_inner' (GRU) in layer 'outer' (Bidirectional)",
    "both ways, a cell": "layer 'cell' (GRUCell) in layer 'forward_inner' (RNN) in layer 'outer' "
    "(Bidirectional)",
    "both ways, of a user": "layer 'cell' (Held) in layer 'forward_inner' (RNN) in layer 'outer' "
    "(Bidirectional)",
}


@pytest.fixture
def fragile():
    function = Fragile()
    yield function
    function.broken = False


@pytest.mark.parametrize("way", ["array", "ragged", "training", "return_sequences"])
@pytest.mark.parametrize("name", MADE)
def test_error_inside_names_each_layer_from_the_inside_out(name, way, fragile, monkeypatch):
    monkeypatch.setattr(Held, "get_config", lambda self: {"function": fragile}, raising=False)
    layer = MADE[name](fragile)
    if way == "return_sequences":
        for inner in [layer, *layer._sublayers()]:
            inner.return_sequences = True
    layer(X)
    model = maskseq.Sequential([layers.Input((None, 4)), layers.Dense(4), layer])
    model.compile("sgd", "mse")
    calls = {
        "array": lambda: layer(X),
        "return_sequences": lambda: layer(X),
        "ragged": lambda: layer(maskseq.Ragged(np.ones((5, 4), np.float32), [0, 2, 5])),
        "training": lambda: model.train_on_batch(X, np.zeros((2, model.output_shape[-1]))),
    }
    fragile.broken = True
    with pytest.raises(ValueError, match=re.escape(f"{NAMES[name]}: boom")):
        calls[way]()


OTHER = {
    "features": (np.ones((2, 3, 5)), {}, "sequences must be (batch, time, 4), got shape (2, 3, 5)"),
    "axes": (np.ones((3, 4)), {}, "sequences must be (batch, time, features), got shape (3, 4)"),
    "mask": (X, {"mask": np.ones((2, 9), bool)}, "mask must be bool (2, 3), got bool (2, 9)"),
    "states": (
        X,
        {"initial_state": [np.ones((2, 9))] * 2},
        "initial_state must have shapes [(2, 3)], got [(2, 9)]",
    ),
}
OF_CELL = "layer 'cell' (GRUCell) in "


@pytest.mark.parametrize("what", OTHER)
@pytest.mark.parametrize("name", ["RNN", "both ways", "both ways, a cell"])
def test_a_call_that_does_not_fit_names_whose_rule_it_breaks(name, what):
    x, options, said = OTHER[what]
    layer = MADE[name]("tanh")
    layer(X)
    names = NAMES[name] if what == "features" else NAMES[name].removeprefix(OF_CELL)
    if (name, what) == ("RNN", "states"):
        said = said.replace("[(2, 9)]", "[(2, 9), (2, 9)]")
    with pytest.raises(ValueError, match=f"^{re.escape(f'{names}: {said}')}"):
        layer(x, **options)


@pytest.mark.parametrize("symbolic", [False, True])
def test_features_of_a_stack_are_those_of_its_first_cell(symbolic):
    layer = MADE["stack"]("tanh")
    layer(X)
    with pytest.raises(ValueError, match="layer 'outer' .*(4 features|batch, time, 4)"):
        layer(maskseq.Input((3, 5)) if symbolic else np.ones((2, 3, 5)))
