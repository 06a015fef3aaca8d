"""Layers and models of users under a tape: recorded, or refused by name, never cut in silence."""

import math
import operator

import numpy as np
import pytest

import maskseq
from maskseq import layers, ops
from maskseq.context import changed
from maskseq.tape import Tape
from maskseq.testing import check_gradients


def weight(layer, shape):
    return layer.add_weight(shape, "glorot_uniform", name="w")


class WithOps(layers.Layer):
    def build(self, input_shape):
        self.w = weight(self, (input_shape[-1], 3))

    def call(self, inputs, mask=None):
        scores = ops.exp(ops.matmul(inputs, self.w))
        if mask is not None:
            scores = scores * ops.expand_dims(ops.cast(mask, "float32"), -1)
        return scores / (ops.sum(scores, axis=1, keepdims=True) + 1e-6)


class InNumPy(WithOps):
    def call(self, inputs, mask=None):
        scores = np.exp(inputs @ self.w)
        if mask is not None:
            scores = scores * mask[..., None]
        return scores / (scores.sum(axis=1, keepdims=True) + 1e-6)


class Methods(WithOps):
    def call(self, inputs):
        x = np.einsum("btf,fu->btu", inputs, self.w) + self.w[0]
        x += x.mean(axis=-1, keepdims=True)
        rest = np.where(np.arange(3) > 0, x, 0.1 * x).reshape(len(x), -1).T
        joined = np.concatenate([rest, np.maximum(rest, -50)], axis=0).transpose(1, 0)
        return np.stack([joined, np.clip(joined, -40, 40)], axis=1).astype(np.float32)


class ByValue(WithOps):
    """As Keras's users write `self.w.value`; layers of ours within read theirs as ever."""

    def build(self, input_shape):
        super().build(input_shape)
        self.inner = layers.LSTM(3, return_sequences=True)

    def call(self, inputs):
        w = self.w.value
        x = np.dot(inputs, w[:, ::-1]) + w.sum(axis=0)
        return self.inner(x * np.tanh(self.w.value[0]).copy()) * 2.0


class StepByStep(WithOps):
    stepwise = True
    supports_masking = True

    def call(self, inputs):
        return np.tanh(inputs @ self.w)


class OwnBackward(WithOps):
    def call(self, inputs):
        return np.arcsinh(np.asarray(inputs) @ self.w.value)

    def backward(self, inputs, outputs, gradient):
        x, w = np.asarray(inputs), self.w.value
        d = gradient / np.sqrt(1 + np.square(x @ w))
        return d @ w.T, {"w": np.einsum("btf,btu->fu", x, d)}


class PositionEmbedding(layers.Layer):
    """A layer inside is called on an array that no gradient passes."""

    def __init__(self, **options):
        super().__init__(**options)
        self.table = layers.Dense(3)

    def call(self, inputs):
        places = np.eye(inputs.shape[1], 5, dtype=np.float32)
        return inputs + self.table(places)


LAYERS = [WithOps, InNumPy, Methods, ByValue, StepByStep, OwnBackward, PositionEmbedding]


def batch(rng):
    return rng.standard_normal((3, 5, 3)).astype(np.float32)


def masked(rng):
    x = maskseq.convert_to_tensor(batch(rng))
    x._keras_mask = np.arange(5) < np.array([[5], [2], [3]])
    return x


@pytest.mark.parametrize("make", LAYERS)
def test_gradients_of_users_layers(make, rng):
    model = maskseq.Sequential(
        [layers.Input((5, 3)), layers.Dense(3), make(), layers.Dense(2)], on_mask_loss="ignore"
    )
    found = check_gradients(model, batch(rng), inputs=True)
    assert len(found) == 1 + len(model.trainable_weights)
    check_gradients(model, masked(rng), inputs=True)


@pytest.mark.parametrize("make", LAYERS)
def test_weights_of_the_first_layer_get_gradients(make, rng):
    """Although no gradient of its input is wanted."""
    model = maskseq.Sequential([layers.Input((5, 3)), make()], on_mask_loss="ignore")
    check_gradients(model, batch(rng))
    check_gradients(model, masked(rng))


def answers(model, x, tape):
    with changed(tape=tape, training=True):
        return model.apply(tape.data(x))


@pytest.mark.parametrize("make", LAYERS)
def test_answers_under_a_tape_have_the_bits_of_predict(make, rng):
    model = maskseq.Sequential([layers.Input((5, 3)), layers.Dense(3), make()])
    x = batch(rng)
    np.testing.assert_array_equal(
        model.predict(x), np.asarray(answers(model, x, Tape(model.trainable_weights)).value)
    )


def written(x, write):
    array = np.zeros(x.shape, np.float32)
    write(array, 0, x[0])
    return array


CUTS = {
    "asarray": lambda x, w: np.asarray(x) * 2,
    "array": lambda x, w: np.array(x, np.float32),
    "fft": lambda x, w: np.fft.fft(x).real,
    "sort": lambda x, w: np.sort(x, axis=1),
    "norm": lambda x, w: np.linalg.norm(x, axis=-1, keepdims=True),
    "cbrt": lambda x, w: np.cbrt(x),
    "add.reduce": lambda x, w: np.add.reduce(x, axis=1),
    "float": lambda x, w: x[0, 0, 0] * float(x[0, 0, 0]),
    "truth": lambda x, w: x if x[0, 0, 0] else -x,
    "out": lambda x, w: np.multiply(x, 2, out=np.empty(x.shape, np.float32)),
    "sorted in place": lambda x, w: x if x.sort() is None else x,
    "option": lambda x, w: np.sum(x, axis=1, where=np.ones(x.shape, bool)),
    "weight": lambda x, w: x + np.asarray(w)[0],
    "value of a weight": lambda x, w: x + np.asarray(w.value)[0],
    "numpy of a weight": lambda x, w: x + w.numpy()[0],
    "item of a weight": lambda x, w: x * w.value[0, 0].item(),
    "item": lambda x, w: x * x[0, 0, 0].item(),
    "list": lambda x, w: x + np.array(x[0, 0].tolist()),
    "int": lambda x, w: x * int(x[0, 0, 0]),
    "complex": lambda x, w: x * complex(x[0, 0, 0]).real,
    "math": lambda x, w: x * math.exp(x[0, 0, 0]),
    "array of parts": lambda x, w: np.array([x[:, 0], x[:, 1]]),
    "into an array": lambda x, w: written(x, operator.setitem),
    "copyto": lambda x, w: written(x, lambda a, _, part: np.copyto(a[0], part)),
    "dot of 3 axes": lambda x, w: np.dot(x[0], x.transpose(0, 2, 1)),
    "kernel": lambda x, w: maskseq._kernels.activation(x, "tanh"),
}


@pytest.mark.parametrize("name", CUTS)
def test_what_would_cut_a_gradient_raises_with_the_name(name, rng):
    class Cut(WithOps):
        def call(self, inputs):
            return CUTS[name](inputs, self.w)

    cut = Cut(name="my_layer")
    model = maskseq.Sequential([layers.Input((5, 3)), layers.Dense(3), cut])
    with pytest.raises(TypeError, match=r"layer 'my_layer' \(Cut\): "):
        answers(model, batch(rng), Tape(model.trainable_weights))
    model.predict(batch(rng))


def test_assigning_in_place_raises(rng):
    class Assigns(layers.Layer):
        def call(self, inputs):
            inputs[:, 0] = 0
            return inputs

    model = maskseq.Sequential([layers.Input((5, 3)), layers.Dense(3), Assigns(name="mine")])
    with pytest.raises(TypeError, match="layer 'mine'.*not written in place"):
        answers(model, batch(rng), Tape(model.trainable_weights))


def test_a_call_of_ours_on_plain_arrays_raises_for_its_weights(rng):
    class Twice(layers.Dense):
        def call(self, inputs):
            return 2 * super().call(inputs)

    model = maskseq.Sequential([layers.Input((5, 3)), Twice(2, name="twice")])
    with pytest.raises(TypeError, match="layer 'twice'.*no gradient reaches weight twice/kernel"):
        answers(model, batch(rng), Tape(model.trainable_weights))


def test_a_layer_of_ours_without_gradient_is_named(rng, monkeypatch):
    monkeypatch.setattr(layers.Dense, "on_tape", layers.Layer.on_tape)
    model = maskseq.Sequential([layers.Input((5, 3)), layers.Dense(3, name="last")])
    with pytest.raises(TypeError, match=r"layer 'last' \(Dense\): Dense has no gradient"):
        answers(model, batch(rng), Tape(model.trainable_weights))


def test_backward_must_give_a_gradient_for_each_weight(rng):
    class Forgets(OwnBackward):
        def backward(self, inputs, outputs, gradient):
            return super().backward(inputs, outputs, gradient)[0]

    model = maskseq.Sequential([layers.Input((5, 3)), Forgets()])
    with pytest.raises(TypeError, match=r"a gradient for each of the weights \['w'\], got \[\]"):
        check_gradients(model, batch(rng))


def test_a_layer_that_assigns_in_passing(rng):
    """A moving mean: what is assigned sends no gradient back."""

    class Centred(layers.Layer):
        def build(self, input_shape):
            self.mean = self.add_weight((3,), "zeros", trainable=False)

        def call(self, inputs):
            self.mean.assign(self.mean * 0.5 + ops.mean(inputs, axis=(0, 1)) * 0.5)
            return inputs - ops.mean(inputs, axis=1, keepdims=True)

    model = maskseq.Sequential([layers.Input((5, 3)), layers.Dense(3), Centred()])
    check_gradients(model, batch(rng))
    answers(model, batch(rng), Tape(model.trainable_weights))
    assert model.layers[1].mean.numpy().any()


def test_a_function_of_a_lambda_reads_a_weight_by_value(rng):
    dense = layers.Dense(3)
    reading = layers.Lambda(lambda x: x @ dense.kernel.value)
    model = maskseq.Sequential([layers.Input((5, 3)), dense, reading], on_mask_loss="ignore")
    check_gradients(model, batch(rng), inputs=True)


@pytest.mark.parametrize("as_class", [False, True])
def test_a_loss_of_users_reads_a_weight_by_value(rng, as_class):
    dense = layers.Dense(1, use_bias=False)
    model = maskseq.Sequential([layers.Input((3,)), dense])

    def loss(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1) + ops.sum(dense.kernel.value)

    class OfUsers(maskseq.losses.Loss):
        def call(self, y_true, y_pred):
            return loss(y_true, y_pred)

    before = dense.kernel.numpy()
    x = rng.standard_normal((4, 3)).astype(np.float32)
    model.compile(maskseq.optimizers.SGD(1.0), OfUsers() if as_class else loss)
    model.train_on_batch(x, model.predict(x))  # only the sum of the weights has a gradient
    np.testing.assert_allclose(dense.kernel.numpy(), before - 1, rtol=1e-6)


def test_numbers_that_need_no_gradient_are_read_as_ever(rng):
    class Reads(layers.Layer):
        def call(self, inputs):
            data = ops.stop_gradient(inputs)
            assert data[0, 0, 0].item() == float(data[0, 0, 0])
            assert int(data[0, 0, 0]) == int(data.tolist()[0][0][0])
            return inputs * data[0, 0, 0].item()

    model = maskseq.Sequential([layers.Input((5, 3)), layers.Dense(3), Reads()])
    answers(model, batch(rng), Tape(model.trainable_weights))
