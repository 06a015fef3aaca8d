"""A layer with given weights, called on given arrays, beside an answer of Keras.

`Case` describes a layer and its inputs; `check` compares outputs (1e-5) and masks (exactly), padded
cells included, for a mask layout and a way of calling. The answers come from Keras (keras_side.py)
or from a file that it wrote (recorded.py).
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import maskseq
from tests.support.beside_keras import carrying, compare

BATCH, TIME, FEATURES, UNITS, VOCABULARY = 7, 6, 4, 3, 9

# One batch holds every layout that a row can have; the second mask is for the second input.
MIXED = np.array(
    [
        [1, 1, 1, 0, 0, 0],  # right
        [0, 0, 1, 1, 1, 1],  # left
        [0, 1, 0, 1, 1, 0],  # holes
        [1, 0, 1, 0, 1, 0],  # alternating
        [0, 0, 0, 0, 0, 0],  # fully masked
        [1, 1, 1, 1, 1, 1],  # full
        [0, 0, 0, 0, 0, 1],  # one step
    ],
    bool,
)
RIGHT = np.arange(TIME) < np.array([[6], [1], [3], [5], [2], [6], [4]])
LAYOUTS = {
    "mixed": (MIXED, MIXED[::-1]),
    "right": (RIGHT, RIGHT[::-1]),
    "second only": (None, MIXED),
    "none": (None, None),
}
WAYS = ("eager", "model, mask by hand", "model, after Masking")


@dataclass
class Case:
    """A layer to compare.

    make: from the module `layers` (Keras's or ours) to the layer.
    inputs: names out of INPUTS.  call: how the layer is called on them; by default on the one, or
    on the list.  zero_for_nan: where Keras gives NaN, 0 is the promise.  ways, layouts: those
    that apply.
    """

    name: str
    make: Callable[[Any], Any]
    inputs: tuple[str, ...] = ("sequence",)
    call: Callable[..., Any] | None = None
    zero_for_nan: bool = False
    ways: tuple[str, ...] = WAYS
    layouts: tuple[str, ...] = ("mixed", "right", "none")

    def apply(self, layer: Any, tensors: list[Any]) -> Any:
        if self.call is not None:
            return self.call(layer, *tensors)
        return layer(tensors[0] if len(tensors) == 1 else tensors)


INPUTS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "sequence": lambda rng: rng.standard_normal((BATCH, TIME, FEATURES)),
    "other": lambda rng: rng.standard_normal((BATCH, TIME, FEATURES)),
    "wide": lambda rng: rng.standard_normal((BATCH, TIME, 2 * FEATURES)),
    "images": lambda rng: rng.standard_normal((BATCH, TIME, 5, FEATURES)),
    "numbers": lambda rng: rng.standard_normal((BATCH, TIME)),
    "ids": lambda rng: rng.integers(0, VOCABULARY, (BATCH, TIME)),
    "state": lambda rng: rng.standard_normal((BATCH, UNITS)),
    "state 2": lambda rng: rng.standard_normal((BATCH, UNITS)),
    "state 3": lambda rng: rng.standard_normal((BATCH, UNITS)),
    "state 4": lambda rng: rng.standard_normal((BATCH, UNITS)),
}
CARRIERS = ("sequence", "other", "wide", "images", "numbers")  # inputs that a mask comes with


def arrays_of(case: Case, rng: np.random.Generator) -> list[np.ndarray]:
    arrays = [INPUTS[name](rng) for name in case.inputs]
    return [x.astype("int32" if x.dtype.kind == "i" else "float32") for x in arrays]


def masks_of(case: Case, layout: str) -> list[np.ndarray | None]:
    masks = itertools.cycle(LAYOUTS[layout])
    return [next(masks) if name in CARRIERS else None for name in case.inputs]


class Answer(NamedTuple):
    """What Keras's layer gave: its inputs and their masks, its weights, its outputs as a list."""

    arrays: list[np.ndarray]
    masks: list[np.ndarray | None]
    weights: list[np.ndarray]
    outputs: list[Any]


def given(case: Case, layout: str, masking: bool, arrays: list[np.ndarray]) -> tuple[list, list]:
    """The inputs as the layer gets them, and their masks; with `masking`, masked steps are 0."""
    masks = masks_of(case, layout)
    if masking:
        arrays = [with_zeros(x, mask) for x, mask in zip(arrays, masks, strict=True)]
    return arrays, masks


def with_zeros(x: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """`x` with its masked steps 0."""
    return x if mask is None else np.where(mask[(..., *[None] * (x.ndim - 2))], x, 0)


def masking(way: str) -> bool:
    """True if masked inputs go through Masking in that way of calling."""
    return way == "model, after Masking"


def check(case: Case, way: str, answer: Answer) -> None:
    """Compare a case with Keras's answer, for a way of calling."""
    arrays, masks, weights, expected = answer
    ours = case.make(maskseq.layers)
    if way == "eager":

        def tensors() -> list[Any]:  # anew for each call: MultiHeadAttention takes their masks
            return [carrying(maskseq, x, mask) for x, mask in zip(arrays, masks, strict=True)]

        case.apply(ours, tensors())
        ours.set_weights(weights)
        outputs = case.apply(ours, tensors())
    else:
        model = model_of(case, ours, arrays, masks, masking(way))
        ours.set_weights(weights)
        outputs = model(arrays, mask=None if masking(way) else masks)
    compare(expected, outputs, case.zero_for_nan)


def model_of(case: Case, layer: Any, arrays: list, masks: list, masking: bool) -> maskseq.Model:
    """A functional model of the one layer; with `masking`, masked inputs go through Masking."""
    inputs = [maskseq.Input(x.shape[1:], dtype=str(x.dtype)) for x in arrays]
    tensors = [
        maskseq.layers.Masking()(x) if masking and mask is not None else x
        for x, mask in zip(inputs, masks, strict=True)
    ]
    return maskseq.Model(inputs, case.apply(layer, tensors))
