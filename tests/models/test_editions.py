"""Weights are replaced in one step: a call sees the old ones or the new ones to its end."""

import copy
import gc
import pickle
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import maskseq
from maskseq import layers, load_model
from maskseq import variable as variables
from maskseq.context import Starts
from tests.support.keras_files import FILES
from tests.support.paused import IDS, Pause, answers_of, make


class Both(layers.Layer):
    """Reads its weight as users do, before a pause and after it."""

    supports_masking = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pause = Pause()

    def build(self, shape):
        self.w = self.add_weight((shape[-1],), "ones", name="w")

    def call(self, inputs):
        first = inputs * self.w
        return self.pause(first) + np.sum(self.w) + self.w[0] + np.asarray(self.w.value)

    def compute_output_shape(self, shape):
        return shape


CALLS = {
    "predict": lambda model: model.predict(IDS),
    "predict in batches": lambda model: model.predict(IDS, batch_size=1),
    "predict of lists": lambda model: model.predict([row[row > 0] for row in IDS]),
    "predict_on_batch": lambda model: model.predict_on_batch(IDS),
    "call": lambda model: model(IDS).view(np.ndarray),
    "call with an option": lambda model: model(IDS, training=False).view(np.ndarray),
    "inside another": lambda model: maskseq.Sequential([model]).predict(IDS),
    "by layers": lambda model: ByHand(model).predict(IDS),
}


class ByHand(maskseq.Model):
    """Calls the layers of another model one after the other."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def call(self, inputs):
        for layer in self.model.layers:
            inputs = layer(inputs)
        return inputs


@pytest.mark.parametrize("how", CALLS)
def test_a_call_sees_the_weights_it_began_with(how):
    model, pause = make()
    old = model.get_weights()
    new = [w + np.float32(0.25) for w in old]
    before, after = answers_of(model, new), answers_of(model, old)
    assert before != after
    others = []
    pause.then = lambda: (model.set_weights(new), others.append(model.predict(IDS).tobytes()))
    assert CALLS[how](model).tobytes() == after and others == [before]
    assert CALLS[how](model).tobytes() == before
    pause.then = lambda: [layer.set_weights(layer.get_weights()) for layer in model.layers]
    assert CALLS[how](model).tobytes() == before


LAST = {
    "Conv1D": lambda: layers.Conv1D(10, 2, groups=5),
    "Conv1DTranspose": lambda: layers.Conv1DTranspose(3, 2),
    "SeparableConv1D": lambda: layers.SeparableConv1D(3, 2),
    "DepthwiseConv1D": lambda: layers.DepthwiseConv1D(2),
    "GRU": lambda: layers.GRU(3, reset_after=False, activation=np.tanh),
    "AttentionPooling1D": lambda: layers.AttentionPooling1D(3),
    "BatchNormalization": lambda: layers.BatchNormalization(),
    "EinsumDense": lambda: layers.EinsumDense("abc,cd->abd", (4, 3), bias_axes="d"),
    "ReversibleEmbedding": lambda: layers.ReversibleEmbedding(6, 5, tie_weights=False),
    "ReversibleEmbedding, tied": lambda: layers.ReversibleEmbedding(6, 5),
    "ConvLSTM1D": lambda: layers.ConvLSTM1D(2, 2),
    "CRFDecode": lambda: layers.CRFDecode(),
}


@pytest.mark.parametrize("name", LAST)
def test_no_layer_keeps_anything_of_other_weights_than_it_sees(name):
    shape = (4, 3, 5) if name == "ConvLSTM1D" else (4, 5)
    options = {"reverse": True} if name.startswith("Reversible") else {}
    maskseq.set_random_seed(3)
    x, pause, layer = maskseq.Input(shape), Pause(), LAST[name]()
    model = maskseq.Model(x, layer(pause(x), **options))
    data = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    old = model.get_weights()
    new = [w + np.linspace(0, 1, w.size).reshape(w.shape) for w in old]
    model.set_weights(new)
    before = model.predict(data)
    model.set_weights(old)
    after, others = model.predict(data), []
    assert old and not np.array_equal(before, after)
    pause.then = lambda: (model.set_weights(new), others.append(model.predict(data)))
    np.testing.assert_array_equal(model.predict(data), after)
    np.testing.assert_array_equal(others[0], before)
    np.testing.assert_array_equal(model.predict(data), before)


def test_a_stateful_walk_is_walked_once_with_the_old_weights():
    model, pause = make(stateful=True)
    old = model.get_weights()
    want = [model.predict(IDS).tobytes() for _ in range(2)]
    model.reset_state()
    pause.then = lambda: model.set_weights([w + 1 for w in old])
    assert model.predict(IDS).tobytes() == want[0]
    model.set_weights(old)
    assert model.predict(IDS).tobytes() == want[1]


def train(model):
    layer = layers.BatchNormalization()
    layer.build((None, 2))
    return lambda: layer(np.ones((3, 2), np.float32), training=True)


@pytest.mark.parametrize(
    "step",
    [
        lambda model: lambda: model.set_weights(model.get_weights()),
        lambda model: lambda: model.layers[-1].set_weights(model.layers[-1].get_weights()),
        lambda model: lambda: model.load_weights(FILES / "sequential.keras"),
        train,
    ],
    ids=["Model.set_weights", "Layer.set_weights", "Model.load_weights", "BatchNormalization"],
)
def test_all_weights_are_replaced_in_one_step(step, monkeypatch):
    step, begun = step(load_model(FILES / "sequential.keras")), []
    monkeypatch.setattr(variables, "Starts", lambda edition: begun.append(1) or Starts(edition))
    step()
    assert begun == [1]


class Twice(layers.Layer):
    """Uses a Dense before a pause, and twice after it."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense, self.pause = layers.Dense(2, use_bias=False), Pause()

    def build(self, shape):
        self.dense.build(shape)

    def call(self, inputs):
        return self.dense(self.dense(self.pause(self.dense(inputs))))

    def compute_output_shape(self, shape):
        return shape


def test_weights_are_packed_once_for_the_old_calls_and_once_for_the_new(monkeypatch):
    layer, x, packed = Twice(), np.ones((1, 2), np.float32), []
    pack = layers.Dense.pack_weights
    monkeypatch.setattr(
        layers.Dense, "pack_weights", lambda self, *w: packed.append(w[0][0, 0]) or pack(self, *w)
    )
    layer.build((None, 2))
    layer.dense.kernel.assign(np.eye(2))
    assert layer(x).tolist() == [[1, 1]] and packed == [1]
    layer.pause.then = lambda: (layer.dense.kernel.assign(2 * np.eye(2)), layer(x))
    assert layer(x).tolist() == [[1, 1]] and layer(x).tolist() == [[8, 8]]
    assert packed == [1, 2, 1]


def test_a_layer_called_by_itself_sees_the_weights_it_began_with():
    layer = Both()
    x = np.ones((2, 3), np.float32)
    assert layer(x).tolist() == np.full((2, 3), 1 + 3 + 1 + 1).tolist()
    layer.pause.then = lambda: layer.set_weights([[5, 5, 5]])
    assert layer(x).tolist() == np.full((2, 3), 1 + 3 + 1 + 1).tolist()
    assert layer(x).tolist() == np.full((2, 3), 5 + 15 + 5 + 5).tolist()


class Counts(layers.Layer):
    """Assigns a weight in each call, and reads it before and after."""

    supports_masking = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.pause, self.seen = Pause(), []

    def build(self, shape):
        self.count = self.add_weight((), "zeros", trainable=False, name="count")
        self.dense = layers.Dense(1, use_bias=False)
        self.dense.build(shape)

    def call(self, inputs):
        count = self.count.value + 1
        self.count.assign(count)
        self.dense.kernel.assign(np.full(self.dense.kernel.shape, count))
        inputs = self.pause(inputs)
        assert self.count.value == count == self.count.numpy() == self.count + 0
        return self.dense(inputs)

    def compute_output_shape(self, shape):
        return (*shape[:-1], 1)


def test_a_layer_that_assigns_in_its_call_sees_what_it_assigned():
    layer = Counts()
    model = maskseq.Sequential([maskseq.Input((2,)), layer, layers.Dense(1, use_bias=False)])
    last = model.layers[-1].kernel
    last.assign([[1]])
    x = np.ones((3, 2), np.float32)
    for want in (2, 4):
        assert model.predict(x).tolist() == [[want]] * 3
    # What others assign meanwhile is not seen, be it the same weight or another.
    layer.pause.then = lambda: (layer.count.assign(100), last.assign([[7]]))
    assert model.predict(x).tolist() == [[2 * 3]] * 3
    assert layer.count.value == 100 and model.predict(x).tolist() == [[2 * 101 * 7]] * 3
    # Nor does another call see what this one assigns.
    layer.pause.then = lambda: model.predict(x)
    assert model.predict(x).tolist() == [[2 * 102 * 7]] * 3
    assert layer.count.value == 103


class Filled(layers.Layer):
    """Assigns its weight when it is built, and another in its call."""

    def build(self, shape):
        self.w = self.add_weight((), "zeros", name="w")
        self.w.assign(5)

    def call(self, inputs):
        self.w.assign(self.w.value + 1)
        return inputs + self.w


class Holds(layers.Layer):
    """Lets its layer be built by the first call."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = Filled()

    def call(self, inputs):
        return self.inner(inputs) if inputs.shape[0] else inputs


def test_trial_calls_keep_what_build_assigns_and_nothing_else():
    layer = Holds()
    model = maskseq.Sequential([maskseq.Input((2,)), layer])
    assert layer.inner.built and layer.inner.w.value == 5
    assert model.predict(np.zeros((1, 2))).tolist() == [[6, 6]] and layer.inner.w.value == 6


@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_made_within_a_call_have_the_weights_that_it_sees(again):
    layer = Both()
    layer.build((None, 3))
    made = []
    model = maskseq.Sequential([maskseq.Input((3,)), layer, layers.Lambda(lambda x: x)])
    call = layer.call

    def copying(inputs):
        outputs = call(inputs)
        made.append(again(layer.w))
        return outputs

    layer.call = copying
    layer.pause.then = lambda: layer.w.assign([2, 2, 2])
    model.predict(np.ones((1, 3)))
    assert made[-1].value.tolist() == [1, 1, 1] and layer.w.value.tolist() == [2, 2, 2]


def test_get_weights_gives_those_of_one_moment(monkeypatch):
    layer, copied = layers.Dense(2), variables.Variable.numpy
    layer.build((None, 3))

    def copied_slowly(weight):
        found = copied(weight)
        if weight is layer.kernel and threading.current_thread() is threading.main_thread():
            with ThreadPoolExecutor(1) as pool:
                pool.submit(layer.set_weights, [np.ones((3, 2)), np.ones(2)]).result()
        return found

    monkeypatch.setattr(variables.Variable, "numpy", copied_slowly)
    kernel, bias = layer.get_weights()
    assert not (kernel == 1).any() and bias.tolist() == [0, 0]
    assert layer.bias.value.tolist() == [1, 1]


def test_what_no_call_sees_any_more_is_let_go():
    gc.collect()  # errors of other tests, with the frames of the calls that raised them
    model, pause = make()
    old = model.get_weights()
    finalized = []
    for variable in model.weights:
        weakref.finalize(variable.value, finalized.append, variable.name)

    def twice():
        model.set_weights(old)
        model.set_weights(old)
        gc.disable()  # what is let go is let go at once

    pause.then = twice
    try:
        model.predict(IDS)
    finally:
        gc.enable()
    model.set_weights(old)
    assert len(finalized) == len(old)
    assert sum(known() is not None for known in variables._editions) <= 2
