"""Answers of Keras, which runs beside us."""

import jax
import keras
import numpy as np

from maskseq.nest import flatten
from tests.conformance.harness import Answer, Case, arrays_of, given
from tests.support.beside_keras import carrying, random_weights

_answers: dict[tuple[str, str, bool], Answer] = {}


def answer_of(case: Case, layout: str, masking: bool) -> Answer:
    """Keras's answer, asked once for all ways of calling; with `masking`, inputs go through it."""
    key = case.name, layout, masking
    if key not in _answers:
        rng = np.random.default_rng(7)
        arrays, masks = given(case, layout, masking, arrays_of(case, rng))
        layer = case.make(keras.layers)
        case.apply(layer, [keras.Input(batch_shape=x.shape, dtype=str(x.dtype)) for x in arrays])
        random_weights(layer, rng)
        if masking:
            tensors = [
                keras.ops.convert_to_tensor(x) if mask is None else keras.layers.Masking()(x)
                for x, mask in zip(arrays, masks, strict=True)
            ]
        else:
            tensors = [carrying(keras, x, mask) for x, mask in zip(arrays, masks, strict=True)]
        weights = [np.asarray(w) for w in layer.get_weights()]
        with jax.disable_jit():  # else every call compiles its loop over time anew
            outputs = flatten(case.apply(layer, tensors))
        _answers[key] = Answer(arrays, masks, weights, outputs)
    return _answers[key]
