"""check_layer: the promises that every layer keeps, each tried on a small batch.

A promise is a function (Subject) that raises AssertionError; `PROMISES` names them.
"""

import copy
import pickle
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import runtime
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


class Subject:
    """A layer under test, and how it is called: `inputs` arrays, `call(layer, *tensors)`."""

    def __init__(self, layer: Layer, inputs: list[np.ndarray], call: Callable[..., Any]):
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

    def run(self, layer: Layer, inputs: Iterable[Any], mask: Any = None) -> list[Any]:
        """The outputs of `layer` for inputs that all carry `mask`."""
        tensors = [_carry(x, mask) for x in inputs]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return flatten(self.call(layer, *tensors))

    def model(self) -> Model:
        """A model of nothing but the layer."""
        dtypes = ["string" if x.dtype.kind == "U" else str(x.dtype) for x in self.inputs]
        sources = [
            Input(x.shape[1:], dtype=dtype) for x, dtype in zip(self.inputs, dtypes, strict=True)
        ]
        return Model(sources, self.call(self.layer, *sources), on_mask_loss="ignore")

    def run_model(self, mask: Any = None) -> list[Any]:
        """The outputs of that model, in which the layer may work on rows."""
        masks = None if mask is None else [mask] * len(self.inputs)
        return flatten(self.model()(list(self.inputs), mask=masks))


def _carry(x: Any, mask: Any) -> Any:
    tensor = convert_to_tensor(x)
    if mask is not None:
        tensor = tensor.view(type(tensor))
        tensor._keras_mask = mask
    return tensor


def _same(a: list[Any], b: list[Any], what: str) -> None:
    assert len(a) == len(b), f"{what}: {len(a)} outputs, then {len(b)}"
    for x, y in zip(a, b, strict=True):
        np.testing.assert_array_equal(np.asarray(x), np.asarray(y), err_msg=what)


def _same_masks(a: list[Any], b: list[Any], what: str) -> None:
    for x, y in zip(a, b, strict=True):
        first, second = get_keras_mask(x), get_keras_mask(y)
        assert (first is None) == (second is None), f"{what}: one has a mask, the other has none"
        if first is not None:
            np.testing.assert_array_equal(first, second, err_msg=f"mask, {what}")


def config_round_trip(subject: Subject) -> None:
    """A layer made from its config, with the weights copied, gives the same."""
    again = type(subject.layer).from_config(subject.layer.get_config())
    assert again.get_config() == subject.layer.get_config(), "get_config is not what was given"
    subject.run(again, subject.inputs)
    again.set_weights(subject.layer.get_weights())
    _same(subject.plain, subject.run(again, subject.inputs), "made from its config")


def weights_round_trip(subject: Subject) -> None:
    """set_weights(get_weights()) changes nothing, and other weights are used at once."""
    weights = subject.layer.get_weights()
    subject.layer.set_weights([w + 1 for w in weights])
    subject.run(subject.layer, subject.inputs)
    subject.layer.set_weights(weights)
    for before, after in zip(weights, subject.layer.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    _same(subject.plain, subject.run(subject.layer, subject.inputs), "weights put back")


def mask_truth_table(subject: Subject) -> None:
    """The output has a mask, or has none, as `mask_role` says; in a model as in a call."""
    role = subject.role
    made = get_keras_mask(subject.plain[0])
    assert (made is not None) == ("makes" in role), f"without a mask, for a layer that {role}"
    if not subject.masked:
        return
    outputs = subject.run(subject.layer, subject.inputs, MASK)
    mask = get_keras_mask(outputs[0])
    keeps = bool(role & {"makes", "passes", "changes"})
    assert (mask is not None) == keeps, f"with a mask, for a layer that {role}"
    if "passes" in role:
        np.testing.assert_array_equal(mask, MASK)
    if mask is not None:
        shape = np.shape(outputs[0])
        assert np.shape(mask) == shape[: np.ndim(mask)], f"mask {np.shape(mask)} for {shape}"
    in_model = subject.run_model(MASK)
    _same(outputs, in_model, "in a model")
    _same_masks(outputs, in_model, "in a model")


def poisoned_padding(subject: Subject) -> None:
    """What masked steps hold changes nothing, as far as `reads_masked` promises."""
    reads = subject.layer.reads_masked
    if reads == "all" or not subject.masked:
        return
    wanted = subject.run(subject.layer, subject.inputs, MASK)
    inputs = [np.array(x) for x in subject.inputs]
    for x in inputs:
        x[~MASK] = np.nan if x.dtype.kind == "f" else 1
    poisoned = subject.run(subject.layer, inputs, MASK)
    if reads == "own":
        wanted, poisoned = ([np.asarray(y)[MASK] for y in ys] for ys in (wanted, poisoned))
    _same(wanted, poisoned, "with NaN in masked steps")


def padding_amount(subject: Subject) -> None:
    """More masked steps on the right change nothing at real steps, as `reads_masked` promises."""
    layer = subject.layer
    if layer.reads_masked == "all" or layer.depends_on_padding or not subject.masked:
        return
    wanted = subject.run(subject.layer, subject.inputs, MASK)
    mask = np.pad(MASK, [(0, 0), (0, 3)])
    inputs = [np.concatenate([x, x[:, :3]], axis=1) for x in subject.inputs]
    wider = subject.run(subject.layer, inputs, mask)
    for a, b in zip(wanted, wider, strict=True):
        real = get_keras_mask(a)
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape or a.shape[:2] == MASK.shape:
            real = MASK if real is None else real
            b = b[:, : a.shape[1]]
            a, b = a[real], b[real]
        np.testing.assert_array_equal(a, b, err_msg="with more padding")


def padding_told(subject: Subject) -> None:
    """A layer whose answer depends on the padding in spite of the mask says so, once."""
    if not subject.masked or "drops" in subject.role:
        return
    layer = type(subject.layer).from_config(subject.layer.get_config())
    told = []
    for _ in range(2):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            subject.call(layer, *[_carry(x, MASK) for x in subject.inputs])
        told.append(sum("depends on the padding" in str(warning.message) for warning in heard))
    assert told == [int(layer.depends_on_padding is not None), 0], f"told {told} times"


def batch_composition(subject: Subject) -> None:
    """A sequence gives the same bits alone and among others."""
    mask = MASK if subject.masked else None
    whole = subject.run(subject.layer, subject.inputs, mask)
    for b in range(len(subject.inputs[0])):
        part = None if mask is None else mask[b : b + 1]
        alone = subject.run(subject.layer, [x[b : b + 1] for x in subject.inputs], part)
        same = [_real_part(y, b, z) for y, z in zip(whole, alone, strict=True)]
        _same(same, alone, f"sequence {b} alone")


def _real_part(y: Any, b: int, alone: Any) -> Any:
    """Sequence b of an output, without masked steps beyond those that it has alone."""
    mask, time = get_keras_mask(y), np.shape(alone)[1:2]
    if mask is None or np.shape(y)[1:2] == time:
        return y[b : b + 1]
    assert not mask[b, time[0] :].any(), f"sequence {b} alone: fewer real steps"
    return y[b : b + 1, : time[0]]


def threads(subject: Subject) -> None:
    """The same bits on one thread and on several."""
    inputs = [np.concatenate([x] * 40) for x in subject.inputs]
    with runtime.num_threads(1):
        one = subject.run(subject.layer, inputs)
    with runtime.num_threads(3):
        _same(one, subject.run(subject.layer, inputs), "on three threads")


def input_layouts(subject: Subject) -> None:
    """Arrays of another memory layout, byte order or access give the same bits."""
    forms: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "Fortran order": np.asfortranarray,
        "every second item": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
        "backwards in memory": lambda x: np.ascontiguousarray(x[::-1])[::-1],
        "big endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
        "read only": _read_only,
    }
    for form, change in forms.items():
        outputs = subject.run(subject.layer, map(change, subject.inputs))
        _same(subject.plain, outputs, f"input {form}")


def _read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.flags.writeable = False
    return x


def dtypes(subject: Subject) -> None:
    """Numbers of another width give what their values give; floats come out as float32."""
    for y in subject.plain:
        assert np.asarray(y).dtype != np.float64, "an output is float64"
    wider = subject.run(subject.layer, [_wider(x) for x in subject.inputs])
    assert all(np.asarray(y).dtype != np.float64 for y in wider), "an output is float64"
    _same(subject.plain, wider, "inputs of 64 bits")


def _wider(x: np.ndarray) -> np.ndarray:
    if x.dtype.kind == "U":
        return np.char.encode(x, "utf-8")
    return x.astype(np.float64 if x.dtype.kind == "f" else np.int64)


def pickling(subject: Subject) -> None:
    """A copy, and a layer that went through pickle, give the same bits."""
    for name, again in (
        ("pickled", pickle.loads(pickle.dumps(subject.layer))),
        ("copied", copy.deepcopy(subject.layer)),
    ):
        _same(subject.plain, subject.run(again, subject.inputs), name)


def symbolic_shape(subject: Subject) -> None:
    """The shape of a symbolic call is the shape of the arrays."""
    outputs = flatten(subject.model().outputs)
    for tensor, array in zip(outputs, subject.plain, strict=True):
        shape = np.shape(array)
        fits = len(shape) == len(tensor.shape) and all(
            size in (None, n) for size, n in zip(tensor.shape, shape, strict=True)
        )
        assert fits, f"symbolic shape {tensor.shape}, shape {shape}"
        dtype = np.asarray(array).dtype
        wanted = "string" if dtype.kind == "O" else str(dtype)
        assert tensor.dtype == wanted, f"symbolic dtype {tensor.dtype}"


def training_mode(subject: Subject) -> None:
    """In training a call and a model run: outputs of the same shapes, with the same masks."""
    mask = MASK if subject.masked else None
    wanted = subject.run(subject.layer, subject.inputs, mask)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        masks = None if mask is None else [mask] * len(subject.inputs)
        got = flatten(subject.model()(list(subject.inputs), mask=masks, training=True))
    shapes = [np.shape(y) for y in wanted], [np.shape(y) for y in got]
    assert shapes[0] == shapes[1], f"shapes {shapes[0]}, in training {shapes[1]}"
    _same_masks(wanted, got, "in training")


PROMISES: dict[str, Callable[[Subject], None]] = {
    promise.__name__: promise
    for promise in (
        config_round_trip,
        weights_round_trip,
        mask_truth_table,
        poisoned_padding,
        padding_amount,
        padding_told,
        batch_composition,
        threads,
        input_layouts,
        dtypes,
        pickling,
        symbolic_shape,
        training_mode,
    )
}


def sequences() -> np.ndarray:
    """float32 (5, 6, 4): five sequences of six steps."""
    random = np.random.default_rng(3)
    return random.standard_normal((BATCH, TIME, FEATURES)).astype(np.float32)


def check_layer(
    layer: Layer,
    inputs: list[np.ndarray] | None = None,
    call: Callable[..., Any] | None = None,
    *,
    skip: Iterable[str] = (),
) -> None:
    """Try every promise of a layer; its weights are replaced by random ones.

    Arguments:
        layer: a layer that has not been called yet.
        inputs: arrays for one call, with the batch; by default one float32 (5, 6, 4). Those of
            shape (5, 6, ...) are tried with masks of every pattern.
        call: how to call it, by default layer(input), or layer([inputs]) with several.
        skip: names of promises (see PROMISES) that the layer does not make.
    Raises: AssertionError, with the promise and the layer named, at the first that is broken.
    """
    arrays = [sequences()] if inputs is None else [np.asarray(x) for x in inputs]
    if call is None:
        call = _call_one if len(arrays) == 1 else _call_many
    unknown = set(skip) - set(PROMISES)
    if unknown:
        raise ValueError(f"skip must name promises {sorted(PROMISES)}, got {sorted(unknown)}")
    subject = Subject(layer, arrays, call)
    for name, promise in PROMISES.items():
        if name not in skip:
            try:
                promise(subject)
            except AssertionError as error:
                told = f"layer '{layer.name}' ({type(layer).__name__}) breaks {name}: {error}"
                raise AssertionError(told) from error


def _call_one(layer: Layer, x: Any) -> Any:
    return layer(x)


def _call_many(layer: Layer, *tensors: Any) -> Any:
    return layer(list(tensors))
