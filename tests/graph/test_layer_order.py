"""The order of a model's layers, and so of its weights, is Keras's."""

import random

import pytest

import maskseq
from tests.support.twin import keras


def grown(package, seed):
    """A model of a random graph: shared layers, merges, several ends, inputs that lead nowhere."""
    draw = random.Random(seed)
    L = package.layers
    tensors = [package.Input((4,), name=f"in{i}") for i in range(draw.randint(1, 3))]
    inputs = list(tensors)
    shared = [L.Dense(4, name=f"shared{i}") for i in range(2)]
    for number in range(draw.randint(2, 9)):
        kind = draw.choice(["dense", "dense", "add", "shared"])
        if kind == "add":
            made = L.Add(name=f"add{number}")([draw.choice(tensors) for _ in range(2)])
        elif kind == "shared":
            made = draw.choice(shared)(draw.choice(tensors))
        else:
            made = L.Dense(4, name=f"dense{number}")(draw.choice(tensors))
        tensors.append(made)
    outputs = [draw.choice(tensors[len(inputs) :]) for _ in range(draw.randint(1, 3))]
    return package.Model(inputs, outputs)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_layers_of_a_random_graph_are_in_the_order_of_keras(seed):
    ours, theirs = grown(maskseq, seed), grown(keras(), seed)
    assert [x.name for x in ours.layers] == [x.name for x in theirs.layers]


def test_an_input_that_leads_nowhere_comes_first_of_the_last_layers():
    used, unused = maskseq.Input((4,), name="used"), maskseq.Input((4,), name="unused")
    dense = maskseq.layers.Dense(4, name="dense")
    model = maskseq.Model([used, unused], dense(used))
    assert [x.name for x in model.layers] == ["used", "unused", "dense"]
