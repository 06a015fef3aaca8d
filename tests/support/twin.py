"""The same layer in Keras (JAX backend) and here, called on the same arrays with the same masks.

For a layer's own tests; tests/conformance goes through tables of layers, masks and ways of calling.
"""

import warnings

import numpy as np
import pytest

import maskseq
from tests.support.beside_keras import carrying, compare, copy_weights, random_weights
from tests.support.masks import SMALL_MASKS


def keras():
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "jax":
        pytest.skip("the yardstick is Keras on JAX")
    return keras


def twins(make):
    """`make(layers)` gives the layer: of Keras and of ours."""
    theirs = keras()
    return make(theirs.layers), make(maskseq.layers)


def check_eager(make, arrays, masks, rtol=1e-5, first=None, **options):
    """Call both layers on arrays that carry masks (a list: a list of inputs).

    first: the options of the first call, which builds them.
    """
    their_layer, our_layer = twins(make)
    many = isinstance(arrays, list)
    pairs = zip(arrays, masks, strict=True) if many else [(arrays, masks)]
    pairs = list(pairs)
    their_inputs = [carrying(keras(), x, m) for x, m in pairs]
    our_inputs = [carrying(maskseq, x, m) for x, m in pairs]
    their_inputs = their_inputs if many else their_inputs[0]
    our_inputs = our_inputs if many else our_inputs[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = their_layer(their_inputs, **(first or {}))
        our_layer(our_inputs, **(first or {}))
        if their_layer.weights:
            random_weights(their_layer, np.random.default_rng(7))
            copy_weights(their_layer, our_layer)
            wanted = their_layer(their_inputs, **options)
        compare(wanted, our_layer(our_inputs, **options), rtol=rtol)


def check_in_model(make, features=3, inputs=1, stem="dense", mask="holes", rtol=1e-5):
    """Run both as the end of a functional model, in which ours works on rows.

    stem: "dense" leaves f(0) in masked cells, "lstm" the previous step.
    """
    shape = (6, features)
    random = np.random.default_rng(5)
    x = random.normal(size=(3, *shape)).astype(np.float32)
    if SMALL_MASKS[mask] is not None:
        x[~SMALL_MASKS[mask]] = 0

    def model(package):
        layers = package.layers
        source = package.Input(shape)
        masked = layers.Masking()(source)
        ends = [
            layers.LSTM(4, return_sequences=True)(masked)
            if stem == "lstm"
            else layers.Dense(4)(masked)
            for _ in range(inputs)
        ]
        return package.Model(source, make(layers)(ends if inputs > 1 else ends[0]))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, ours = model(keras()), model(maskseq)
        random_weights(theirs, np.random.default_rng(7))
        copy_weights(theirs, ours)
        compare(theirs(x), ours(x), rtol=rtol)
        np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), rtol, 1e-5)
