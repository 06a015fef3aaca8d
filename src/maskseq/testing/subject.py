"""A layer under test: its inputs with their masks, how it is called, and what is compared."""

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..layers.base.layer import Layer
from ..layers.core.input import Input
from ..models.model import Model
from ..nest import flatten
from ..tensor import convert_to_tensor, get_keras_mask

BATCH, TIME, FEATURES = 5, 6, 4
MASK = np.array(
    [
        [1, 1, 1, 1, 0, 0],  # padded on the right
        [0, 0, 1, 1, 1, 1],  # on the left
        [0, 1, 0, 1, 1, 0],  # holes
        [0, 0, 0, 0, 0, 0],  # nothing real
        [1, 1, 1, 1, 1, 1],  # nothing masked
    ],
    bool,
)
OTHER_MASK = MASK[[2, 4, 0, 1, 3]]
"""Of a second input: every sequence has another pattern than in MASK."""
POISONS = (np.nan, np.inf, -3e38)


def sequences(features: int = FEATURES) -> np.ndarray:
    """float32 (5, 6, features): five sequences of six steps."""
    random = np.random.default_rng(3)
    return random.standard_normal((BATCH, TIME, features)).astype(np.float32)


class Subject:
    """A layer under test, and how it is called: `inputs` arrays, `call(layer, *tensors)`."""

    def __init__(self, layer: Layer, inputs: list[np.ndarray], call: Callable[..., Any]):
        if not isinstance(layer, Layer):
            raise TypeError(f"layer must be a Layer, got {layer!r}")
        self.layer, self.inputs, self.call = layer, inputs, call
        self.run(layer, inputs)
        random = np.random.default_rng(11)
        layer.set_weights([random.uniform(0.1, 1, w.shape) for w in layer.weights])
        self.plain = self.run(layer, inputs)
        self.role = set(layer.mask_role.split(", "))

    @property
    def masked(self) -> bool:
        """True if the inputs have steps, which a mask can name."""
        return self.inputs[0].shape[:2] == MASK.shape

    @property
    def masks(self) -> list[np.ndarray | None]:
        """The masks that an input can have: none, and MASK."""
        return [None, MASK] if self.masked else [None]

    @property
    def stateful(self) -> bool:
        """True for a layer that keeps its states, and so the size of its batch."""
        return bool(getattr(self.layer, "stateful", False))

    def run(self, layer: Layer, inputs: Iterable[Any], mask: Any = None) -> list[Any]:
        """The outputs of `layer`, at its first states, for inputs that carry `mask`.

        mask: one for all inputs, or a list of one for each.
        """
        inputs = list(inputs)
        masks = mask if isinstance(mask, list) else [mask] * len(inputs)
        tensors = [carry(x, m) for x, m in zip(inputs, masks, strict=True)]
        if getattr(layer, "stateful", False):
            reset_state(layer)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return flatten(self.call(layer, *tensors))

    def again(self, inputs: Iterable[Any], mask: Any = None) -> tuple[Layer, list[Any]]:
        """A layer made from the config of this one, with its weights, and what it answers."""
        layer = type(self.layer).from_config(self.layer.get_config())
        inputs = list(inputs)
        self.run(layer, inputs, mask)
        layer.set_weights(self.layer.get_weights())
        return layer, self.run(layer, inputs, mask)

    def model(self) -> Model:
        """A model of nothing but the layer."""
        dtypes = ["string" if x.dtype.kind == "U" else str(x.dtype) for x in self.inputs]
        size = len(self.inputs[0]) if self.stateful else None
        sources = [
            Input(x.shape[1:], size, dtype=dtype)
            for x, dtype in zip(self.inputs, dtypes, strict=True)
        ]
        return Model(sources, self.call(self.layer, *sources), on_mask_loss="ignore")

    def run_model(self, mask: Any = None, inputs: list[Any] | None = None) -> list[Any]:
        """The outputs of that model, in which the layer may work on rows."""
        masks = mask if mask is None or isinstance(mask, list) else [mask] * len(self.inputs)
        model = self.model()
        if self.stateful:
            reset_state(self.layer)
        return flatten(model(list(self.inputs if inputs is None else inputs), mask=masks))


def carry(x: Any, mask: Any) -> Any:
    """`x` as a tensor that carries the mask."""
    tensor = convert_to_tensor(x)
    if mask is not None:
        tensor = tensor.view(type(tensor))
        tensor._keras_mask = mask
    return tensor


def poisoned(x: np.ndarray, mask: np.ndarray, value: float = np.nan) -> np.ndarray:
    """A copy of `x` that holds `value`, or 1 where there are no floats, in its masked steps."""
    x = np.array(x)
    x[~mask] = value if x.dtype.kind == "f" else 1
    return x


def same(a: list[Any], b: list[Any], what: str) -> None:
    """Raises: AssertionError unless the outputs are the same, bit for bit but for NaN."""
    assert len(a) == len(b), f"{what}: {len(a)} outputs, then {len(b)}"
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(np.asarray(x), np.asarray(y), err_msg=what)


def same_masks(a: list[Any], b: list[Any], what: str) -> None:
    """Raises: AssertionError unless outputs carry the same masks."""
    for x, y in zip(a, b, strict=True):
        first, second = get_keras_mask(x), get_keras_mask(y)
        assert (first is None) == (second is None), f"{what}: one has a mask, the other has none"
        if first is not None:
            np.testing.assert_array_equal(first, second, err_msg=f"mask, {what}")


def reset_state(layer: Any) -> None:
    """Start a stateful layer from its first states."""
    layer.reset_state()
