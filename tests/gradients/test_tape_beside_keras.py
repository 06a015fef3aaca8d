"""Gradients of models beside those of Keras on JAX: what reads masked cells, merges, windows."""

import numpy as np
import pytest

import maskseq
from maskseq.context import changed
from maskseq.tape import Tape, padded
from tests.support.beside_keras import copy_weights, gradients_of, keras_on, random_weights

MASK = np.array(
    [[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [0, 1, 0, 1, 1, 0], [1, 1, 1, 1, 1, 1], [0] * 6], bool
)


def chain(*names):
    """A model of layers in a row: (class, arguments, options)."""

    def make(package):
        stack = [package.Input((6, 3)), package.layers.Masking()]
        stack += [getattr(package.layers, name)(*a, **o) for name, a, o in names]
        return package.Sequential(stack)

    return make


def layer(name, *arguments, **options):
    return name, arguments, options


def merged(name, *arguments, **options):
    def make(package):
        layers = package.layers
        a, b = package.Input((6, 3)), package.Input((6, 3))
        x = layers.Dense(3, "tanh")(layers.Masking()(a))
        y = layers.LSTM(3, return_sequences=True)(layers.Masking()(b))
        z = getattr(layers, name)(*arguments, **options)([x, y])
        return package.Model([a, b], layers.Dense(2)(layers.Flatten()(z)))

    return make


def shared(package):
    source = package.Input((6, 3))
    x = package.layers.Masking()(source)
    rnn = package.layers.GRU(3, return_sequences=True)
    return package.Model(source, package.layers.Add()([x, rnn(rnn(x))]))


def distributed(package):
    source = package.Input((6, 3))
    x = package.layers.Dense(4)(package.layers.Masking()(source))
    x = package.layers.TimeDistributed(package.layers.Dense(3, "tanh"))(x)
    return package.Model(source, package.layers.Flatten()(x))


def embedded(package):
    layers = package.layers
    ids = package.Input((6,), dtype="int32")
    x = layers.Dense(3, "tanh")(layers.Embedding(5, 4, mask_zero=True)(ids))
    return package.Model(ids, layers.Dense(2)(layers.Flatten()(x)))


FLAT = (layer("Flatten"), layer("Dense", 2))
MODELS = {
    "dense, flatten": chain(layer("Dense", 4, "tanh"), *FLAT),
    "lstm, flatten": chain(layer("LSTM", 4, return_sequences=True), *FLAT),
    "lstm, dense": chain(layer("LSTM", 4, return_sequences=True), layer("Dense", 2)),
    "lstm, max": chain(layer("LSTM", 4, return_sequences=True), layer("GlobalMaxPooling1D")),
    "zeros, flatten": chain(
        layer("GRU", 4, return_sequences=True, zero_output_for_mask=True), *FLAT
    ),
    "backwards": chain(layer("SimpleRNN", 4, go_backwards=True, return_sequences=True), *FLAT),
    "last": chain(layer("Dense", 3), layer("LSTM", 4), layer("Dense", 2)),
    "two ways": chain(layer("Dense", 3), layer("LSTM", 4, return_sequences=True), layer("GRU", 3)),
    "conv": chain(
        layer("Dense", 3),
        layer("Conv1D", 4, 3, padding="same", activation="gelu"),
        layer("MaxPooling1D", 2),
        layer("Conv1D", 2, 2, dilation_rate=2, padding="causal"),
    ),
    "separable": chain(
        layer("Dense", 3),
        layer("SeparableConv1D", 4, 3, depth_multiplier=2, activation="silu"),
        layer("DepthwiseConv1D", 2, strides=2, padding="same"),
        layer("Conv1DTranspose", 2, 3, strides=2),
    ),
    "shapes": chain(
        layer("Dense", 4),
        layer("Permute", (2, 1)),
        layer("Reshape", (6, 4)),
        layer("ZeroPadding1D", 2),
        layer("Cropping1D", (1, 2)),
        layer("UpSampling1D", 2),
        layer("AveragePooling1D", 3, 2, "same"),
    ),
    "pooled": chain(layer("Dense", 4, "softmax"), layer("GlobalMaxPooling1D")),
    "activations": chain(
        layer("Dense", 4),
        layer("PReLU", shared_axes=[1]),
        layer("LeakyReLU"),
        layer("Activation", "mish"),
        layer("ELU"),
        layer("EinsumDense", "abc,cd->abd", (None, 3), activation="sigmoid", bias_axes="d"),
        layer("Softmax", axis=1),
    ),
    "distributed": distributed,
    "shared": shared,
    "norms": chain(layer("Dense", 4), layer("LayerNormalization"), *FLAT),
    **{name: merged(name) for name in ("Add", "Multiply", "Average", "Maximum", "Subtract")},
    "Concatenate": merged("Concatenate"),
    "Concatenate in time": merged("Concatenate", axis=1),
    "Dot": merged("Dot", axes=2, normalize=True),
    "embedded": embedded,
}


def batch(rng):
    x = rng.standard_normal((len(MASK), 6, 3)).astype(np.float32)
    x[~MASK] = 0
    return x


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_gradients_equal_those_of_keras(name, rng):
    keras = keras_on("jax", "torch")
    theirs, ours = MODELS[name](keras), MODELS[name](maskseq)
    ours.on_mask_loss = "ignore"
    random_weights(theirs, rng)
    copy_weights(theirs, ours)
    if name == "embedded":
        xs = [rng.integers(0, 5, (4, 6)).astype(np.int32)]
    else:
        xs = [batch(rng) for _ in ours.inputs]
        xs[-1] = xs[-1][::-1].copy()  # other steps are masked
    tape = Tape(ours.trainable_weights)
    with changed(tape=tape, training=True):
        outputs = padded(ours.apply(tape.data(xs[0]) if len(xs) == 1 else list(map(tape.data, xs))))
    d = rng.standard_normal(outputs.shape).astype(np.float32)
    found = tape.gradients(outputs, d)
    fixed = [v.value for v in theirs.non_trainable_variables]

    def loss(weights):
        given = xs[0] if len(xs) == 1 else xs
        return (theirs.stateless_call(weights, fixed, given, training=True)[0] * start).sum()

    start = keras.ops.convert_to_tensor(d)
    wanted = gradients_of(loss, [v.value for v in theirs.trainable_variables])
    for weight, gradient, expected in zip(tape.variables, found, wanted, strict=True):
        if hasattr(gradient, "to_dense"):
            gradient = gradient.to_dense()
        close = dict(rtol=1e-4, atol=1e-5 * abs(expected).max() + 1e-6)
        np.testing.assert_allclose(gradient, expected, err_msg=weight.name, **close)
