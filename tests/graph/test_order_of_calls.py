"""Calls run in Keras's order where a layer takes masks off its inputs: others read them before."""

import warnings

import numpy as np
import pytest

import maskseq

IDS = np.array([[1, 2, 3, 4, 0, 0], [4, 0, 0, 0, 0, 0], [3, 3, 1, 2, 4, 1]])


def heads(package, e):
    of = package.layers
    return [of.MultiHeadAttention(1, 2)(e, e), of.MultiHeadAttention(2, 3)(e, e)]


def beside_attention(package, e):
    of = package.layers
    both = [of.Attention()([e, e]), of.Multiply()([e, e])]
    scores = of.MultiHeadAttention(2, 2)(e, e, return_attention_scores=True)
    return [*both, of.MultiHeadAttention(1, 2)(e, e), of.Attention()([e, e]), *scores]


def at_depths(package, e):
    of = package.layers
    deep = of.Dense(4)(of.MultiHeadAttention(1, 2)(e, e))
    return [of.Maximum()([e, deep]), of.GroupQueryAttention(4, 2, 1)(e, deep), deep]


def shared(package, e):
    of = package.layers
    attention = of.MultiHeadAttention(1, 2)
    return [attention(e, attention(e, e)), of.Attention()([e, e])]


MODELS = [heads, beside_attention, at_depths, shared]


def made(package, make, mask_zero=True):
    ids = package.layers.Input((6,), dtype="int32")
    e = package.layers.Embedding(5, 4, mask_zero=mask_zero, name="table")(ids)
    return package.Model(ids, make(package, e))


def weights_of(shapes, rng):
    return [rng.normal(scale=0.7, size=shape).astype(np.float32) for shape in shapes]


def test_of_two_attentions_the_last_one_made_runs_first_and_has_the_masks(rng):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model, unmasked = made(maskseq, heads), made(maskseq, heads, mask_zero=False)
        model.set_weights(weights_of([w.shape for w in model.weights], rng))
        unmasked.set_weights(model.get_weights())
        answers = model.predict(IDS)
        alone = maskseq.Model(model.inputs[0], model.outputs[1]).predict(IDS)
        without = unmasked.predict(IDS)
    np.testing.assert_array_equal(answers[1], alone)
    np.testing.assert_array_equal(answers[0], without[0])
    assert not np.allclose(answers[1], without[1])


def test_deeper_calls_run_first_then_those_that_a_walk_back_meets_last():
    model = made(maskseq, at_depths)
    names = [type(node.operation).__name__ for node in model._plan.nodes]
    last = ["GroupedQueryAttention", "Maximum"]
    assert names == ["Embedding", "MultiHeadAttention", "Dense", *last]


@pytest.mark.slow
@pytest.mark.parametrize("make", MODELS)
def test_answers_and_masks_are_those_of_keras(make, rng):
    keras = pytest.importorskip("keras")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, ours = made(keras, make), made(maskseq, make)
        weights = weights_of([w.shape for w in theirs.weights], rng)
        theirs.set_weights(weights)
        ours.set_weights(weights)
        for a, b in zip(theirs(IDS), ours(IDS), strict=True):
            np.testing.assert_allclose(b, np.asarray(a), rtol=1e-5, atol=1e-5)
            a, b = getattr(a, "_keras_mask", None), maskseq.get_keras_mask(b)
            assert (a is None) == (b is None)
            assert a is None or np.array_equal(np.asarray(a), b)
