"""Gradients of every layer that Keras and maskseq share, weights and inputs, beside Keras.

The cases are those of tests/conformance; a batch has right and left padding, holes, a full row and
an empty one. The outputs get random gradients at all cells, masked ones too. Keras runs on JAX, or,
with KERAS_BACKEND=torch, on PyTorch, in a tenth of the time.
"""

import numpy as np
import pytest

import maskseq
from maskseq.context import changed
from maskseq.nest import flatten
from maskseq.tape import Tape, Traced, padded
from tests.conformance.cases import CASES, SOME
from tests.conformance.harness import BATCH, TIME, Case, arrays_of, masks_of
from tests.support.beside_keras import carrying, gradients_of, keras_on, random_weights

RTOL = 1e-5


def is_float(x):
    return np.asarray(x).dtype.kind == "f"


def theirs(case: Case, layout: str, rng):
    """(inputs, masks, weights, gradients of outputs, gradients of weights and of float inputs)."""
    import keras
    from keras.src.backend import set_keras_mask

    class Outer(keras.layers.Layer):  # hands `training` on to what it calls
        def call(self, *tensors):
            return case.apply(layer, list(tensors))

    arrays, masks = arrays_of(case, rng), masks_of(case, layout)
    layer = case.make(keras.layers)
    case.apply(layer, [keras.Input(batch_shape=x.shape, dtype=str(x.dtype)) for x in arrays])
    random_weights(layer, rng)
    fixed = layer.non_trainable_variables
    outer = Outer()
    starts = []

    def loss(tensors):
        weights, left = tensors[:count], iter(tensors[count:])
        tensors = [next(left) if is_float(x) else keras.ops.convert_to_tensor(x) for x in arrays]
        for x, mask in zip(tensors, masks, strict=True):
            if mask is not None:
                set_keras_mask(x, keras.ops.convert_to_tensor(mask))
        known = [*zip(layer.trainable_variables, weights, strict=True)]
        known += [(v, v.value) for v in fixed]
        with keras.StatelessScope(state_mapping=known):
            outputs = flatten(outer(*tensors, training=trains(case)))
        outputs = [y for y in outputs if "float" in str(y.dtype)]
        if not starts:
            starts.extend(rng.standard_normal(y.shape).astype(np.float32) for y in outputs)
            clear_lost(case, masks, starts)
        given = [keras.ops.convert_to_tensor(d) for d in starts]
        return sum((y * d).sum() for y, d in zip(outputs, given, strict=True))

    weights = [v.value for v in layer.trainable_variables]
    count = len(weights)
    gradients = gradients_of(loss, [*weights, *filter(is_float, arrays)])
    return arrays, masks, layer.get_weights(), starts, gradients


def clear_lost(case: Case, masks, starts) -> None:
    """No gradient for queries with nothing to attend to: Keras passes one through their scores,

    on which their output does not depend (docs/differences.md).
    """
    if not any(word in case.name for word in ("Attention", "MHA", "GQA")):
        return
    query, *values = [np.ones((BATCH, TIME), bool) if m is None else m for m in masks]
    of_heads = "Attention" not in case.name
    values = values if of_heads else values[:1]
    visible = np.logical_and.reduce(values or [query])[:, None] & np.ones((TIME, 1), bool)
    if "causal" in getattr(case.call, "__name__", ""):
        visible = visible & np.tri(TIME, dtype=bool)
    if "attention_mask" in case.name:
        visible = visible & SOME
    if "window" in case.name:
        visible = visible & (abs(np.subtract.outer(np.arange(TIME), np.arange(TIME))) < 2)
    lost = ~visible.any(axis=-1)
    lost = lost | ~query if of_heads else lost
    for start in starts:
        whole = start.ndim == 4 and start.shape[1] != TIME  # scores (batch, heads, Tq, Tk)
        (start.swapaxes(1, 2) if whole else start)[lost] = 0


def trains(case: Case) -> bool:
    """False for what draws at random in training, as Keras draws other numbers."""
    return not any(word in case.name.lower() for word in ("drop", "noise"))


def ours(case: Case, arrays, masks, weights, starts):
    layer = case.make(maskseq.layers)
    tensors = [carrying(maskseq, x, m) for x, m in zip(arrays, masks, strict=True)]
    case.apply(layer, [x.view() for x in arrays])
    layer.set_weights(weights)
    tape = Tape(layer.trainable_weights)
    held = [tape.watch(x) if is_float(x) else tape.data(x) for x in tensors]
    with changed(tape=tape, training=trains(case), padded_output=False, on_mask_loss="ignore"):
        outputs = flatten(case.apply(layer, held))
    outputs = [padded(y) if type(y) is Traced else y for y in outputs]
    outputs = [y for y in outputs if y.dtype.kind == "f"]
    of = [*tape.variables, *(x for x in held if x.needed)]
    return of, tape.gradients(outputs, starts, of=of)


RUNS = [
    pytest.param(case, layout, id=f"{case.name}-{layout}")
    for case in CASES
    if any(name not in ("ids", "words") for name in case.inputs) or "Embedding" in case.name
    if case.name != "SpectralNormalization"  # docs/differences.md
    if not case.name.startswith("Discretization")  # gives integers
    for layout in case.layouts
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case, layout", RUNS)
def test_gradients_are_those_of_keras(case, layout, rng):
    keras = keras_on("jax", "torch")
    if keras.backend.backend() == "torch" and case.name == "AveragePooling1D same":
        pytest.skip("on PyTorch Keras counts the steps that it adds, on JAX it does not")
    arrays, masks, weights, starts, expected = theirs(case, layout, rng)
    sources, found = ours(case, arrays, masks, weights, starts)
    largest = max(np.linalg.norm(np.nan_to_num(x)) for x in expected)
    for number, (gradient, wanted) in enumerate(zip(found, expected, strict=True)):
        name = getattr(sources[number], "name", f"input {number}")
        gradient = np.zeros(wanted.shape, np.float32) if gradient is None else gradient
        gradient = gradient.to_dense() if hasattr(gradient, "to_dense") else np.asarray(gradient)
        assert gradient.shape == wanted.shape, name
        apart = np.linalg.norm(gradient - wanted)
        assert apart <= RTOL * np.linalg.norm(wanted) + 1e-6 * largest, (name, apart)
