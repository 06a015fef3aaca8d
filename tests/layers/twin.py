"""The same layer in Keras (JAX backend) and here, called on the same arrays with the same masks."""

import os
import warnings

import numpy as np
import pytest

import maskseq

os.environ.setdefault("KERAS_BACKEND", "jax")

MASKS = {
    "none": None,
    "right": [[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0]],
    "left": [[0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1]],
    "holes": [[1, 0, 1, 1, 0, 1], [0, 1, 0, 0, 1, 0], [1, 1, 1, 1, 1, 1]],
    "an_empty_row": [[1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0]],
}


def keras():
    keras = pytest.importorskip("keras")
    if keras.backend.backend() != "jax":
        pytest.skip("the yardstick is Keras on JAX")
    return keras


def mask_of(name):
    return None if MASKS[name] is None else np.array(MASKS[name], bool)


def carry(package, x, mask):
    tensor = package.ops.convert_to_tensor(x)
    if mask is not None:
        tensor._keras_mask = package.ops.convert_to_tensor(mask)
    return tensor


def twins(make):
    """`make(layers)` gives the layer: of Keras and of ours."""
    theirs = keras()
    return make(theirs.layers), make(maskseq.layers)


def copy_weights(their_layer, our_layer):
    """Random weights into both, the same. Some weights (a variance) may not be negative."""
    random = np.random.default_rng(7)
    weights = [random.uniform(0.1, 1, w.shape).astype(np.float32) for w in their_layer.weights]
    their_layer.set_weights(weights)
    our_layer.set_weights(weights)


def check(ours, theirs, rtol=1e-5, atol=1e-5):
    """The same numbers and the same mask, or none in both."""
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=rtol, atol=atol)
    our_mask, their_mask = (getattr(x, "_keras_mask", None) for x in (ours, theirs))
    assert (our_mask is None) == (their_mask is None), "only one of them has a mask"
    if our_mask is not None:
        np.testing.assert_array_equal(np.asarray(our_mask), np.asarray(their_mask))


def check_eager(make, arrays, masks, rtol=1e-5, **options):
    """Call both layers on arrays that carry masks (a list: a list of inputs)."""
    their_layer, our_layer = twins(make)
    many = isinstance(arrays, list)
    pairs = zip(arrays, masks, strict=True) if many else [(arrays, masks)]
    pairs = list(pairs)
    their_inputs = [carry(keras(), x, m) for x, m in pairs]
    our_inputs = [carry(maskseq, x, m) for x, m in pairs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first = their_layer(their_inputs if many else their_inputs[0])
        our_layer(our_inputs if many else our_inputs[0])
        if their_layer.weights:
            copy_weights(their_layer, our_layer)
            first = their_layer(their_inputs if many else their_inputs[0], **options)
        check(our_layer(our_inputs if many else our_inputs[0], **options), first, rtol)


def check_in_model(make, features=3, inputs=1, stem="dense", mask="holes", rtol=1e-5):
    """Run both as the end of a functional model, in which ours works on rows.

    stem: "dense" leaves f(0) in masked cells, "lstm" the previous step.
    """
    shape = (6, features)
    random = np.random.default_rng(5)
    x = random.normal(size=(3, *shape)).astype(np.float32)
    if mask_of(mask) is not None:
        x[~mask_of(mask)] = 0

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
        copy_weights(theirs, ours)
        check(ours(x), theirs(x), rtol)
        np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), rtol, 1e-5)
