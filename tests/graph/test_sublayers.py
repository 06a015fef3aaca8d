"""Layers that layers of one's own hold have their weights once the graph is there, at any depth."""

import numpy as np
import pytest

import maskseq
from maskseq import Input, Model, layers

WIDTH = 3


class Block(maskseq.Layer):
    """Makes its Dense in its call, as Keras allows; says its shape by itself."""

    def __init__(self, inner=None, **options):
        super().__init__(**options)
        self.inner = {"mix": [inner or layers.Dense(WIDTH)]}

    def call(self, x):
        return self.inner["mix"][0](x)

    def compute_output_shape(self, shape):
        return (*shape[:-1], WIDTH)

    def get_config(self):
        return {"name": self.name}


class Silent(Block):
    """The same without a shape of its own."""

    compute_output_shape = maskseq.Layer.compute_output_shape


class Cell(maskseq.Layer):
    state_size = WIDTH

    def __init__(self, **options):
        super().__init__(**options)
        self.mix = Block()

    def call(self, x, states):
        h = self.mix(x) + states[0]
        return h, [h]

    def get_config(self):
        return {"name": self.name}


def build_nested(block):
    inner = maskseq.Sequential([layers.TimeDistributed(block)])
    return Block(inner)


CASES = {
    "block": (lambda: Block(), 2),
    "without a shape": (lambda: Silent(), 2),
    "block in a block": (lambda: Block(Block(Silent())), 2),
    "a cell": (lambda: layers.RNN(Cell(), return_sequences=True), 2),
    "a stack": (lambda: layers.RNN([layers.LSTMCell(WIDTH), Cell()], return_sequences=True), 5),
    "both directions": (lambda: layers.Bidirectional(layers.RNN(Cell(), return_sequences=True)), 4),
    "each step": (lambda: layers.TimeDistributed(Block(Silent())), 2),
    "a model in a block": (lambda: build_nested(Block()), 2),
    "a stateful cell": (lambda: layers.RNN(Cell(), return_sequences=True, stateful=True), 2),
}


@pytest.mark.parametrize("name", CASES)
def test_weights_exist_with_the_graph(name, rng):
    make, count = CASES[name]
    source = Input((4, WIDTH), batch_size=5)
    layer = make()
    model = Model(source, layer(source))
    assert len(model.weights) == count
    weights = [rng.normal(size=w.shape).astype(np.float32) for w in model.weights]
    model.set_weights(weights)
    x = rng.normal(size=(5, 4, WIDTH)).astype(np.float32)
    answer = model.predict(x)
    assert [w.shape for w in model.get_weights()] == [w.shape for w in weights]
    assert answer.shape[1:] == model.output_shape[1:]
    assert np.abs(answer).max() > 0


def test_trying_a_call_leaves_the_states_of_a_stateful_layer(rng):
    source = Input((4, WIDTH), batch_size=5)
    layer = layers.RNN(Cell(), stateful=True)
    model = Model(source, layer(source))
    x = rng.normal(size=(5, 4, WIDTH)).astype(np.float32)
    first = model.predict(x)
    np.testing.assert_allclose(model.predict(x), 2 * first, rtol=1e-5)  # sums; no other start


def test_call_that_cannot_be_tried_leaves_it_to_the_first_real_one():
    class Picky(Block):
        def call(self, x):
            if not np.any(x):
                raise ValueError("zeros are no input of this layer")
            return super().call(x)

    source = Input((4, WIDTH))
    model = Model(source, Picky()(source))
    assert not model.weights
    model.predict(np.ones((2, 4, WIDTH), np.float32))
    assert len(model.weights) == 2
