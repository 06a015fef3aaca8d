"""What a layer promises of bits: they depend on a sequence alone, in whatever form it comes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import runtime
from ..tensor import get_keras_mask
from .subject import MASK, Subject, same


def batch_composition(subject: Subject) -> None:
    """A sequence gives the same bits alone and among others."""
    if subject.stateful:  # of which the batch has one size
        return
    for mask in subject.masks:
        whole = subject.run(subject.layer, subject.inputs, mask)
        for b in range(len(subject.inputs[0])):
            part = None if mask is None else mask[b : b + 1]
            alone = subject.run(subject.layer, [x[b : b + 1] for x in subject.inputs], part)
            found = [_real_part(y, b, z) for y, z in zip(whole, alone, strict=True)]
            same(found, alone, f"sequence {b} alone")


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
    for mask in subject.masks:
        many = None if mask is None else np.concatenate([mask] * 40)
        with runtime.num_threads(1):
            layer, one = subject.again(inputs, many)
        with runtime.num_threads(3):
            same(one, subject.run(layer, inputs, many), "on three threads")


def input_layouts(subject: Subject) -> None:
    """Arrays of another memory layout, byte order or access give the same bits; so does one such
    array among others."""
    forms: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "in Fortran order": np.asfortranarray,
        "of every second item": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
        "backwards in memory": lambda x: np.ascontiguousarray(x[::-1])[::-1],
        "of every second sequence": lambda x: np.repeat(x, 2, axis=0)[::2],
        "big endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
        "read only": _read_only,
    }
    count = len(subject.inputs)
    choices = [range(count), *([i] for i in range(count) if count > 1)]
    for mask in subject.masks:
        wanted = subject.run(subject.layer, subject.inputs, mask)
        for form, change in forms.items():
            for chosen in choices:
                inputs = [change(x) if i in chosen else x for i, x in enumerate(subject.inputs)]
                got = subject.run(subject.layer, inputs, mask)
                same(wanted, got, f"input {form}, inputs {list(chosen)}")


def mask_layouts(subject: Subject) -> None:
    """A mask in another layout of memory, or of which nothing can be written, is the same mask."""
    if not subject.masked:
        return
    wanted = subject.run(subject.layer, subject.inputs, MASK)
    for mask in (np.asfortranarray(MASK), np.repeat(MASK, 2, axis=1)[:, ::2], _read_only(MASK)):
        same(wanted, subject.run(subject.layer, subject.inputs, mask), "the mask's layout")


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
    same(subject.plain, wider, "inputs of 64 bits")


def _wider(x: np.ndarray) -> np.ndarray:
    if x.dtype.kind == "U":
        return np.char.encode(x, "utf-8")
    return x.astype(np.float64 if x.dtype.kind == "f" else np.int64)


def empty_batch(subject: Subject) -> None:
    """No sequences give outputs of their shapes, without sequences."""
    for mask in subject.masks:
        none = None if mask is None else mask[:0]
        _, got = subject.again([x[:0] for x in subject.inputs], none)
        for x, y in zip(subject.plain, got, strict=True):
            assert np.shape(y)[:1] == (0,), f"shape {np.shape(y)} for no sequences"
            assert np.ndim(x) == np.ndim(y), f"shape {np.shape(y)}, of sequences {np.shape(x)}"
            assert np.asarray(x).dtype.kind == np.asarray(y).dtype.kind, "another dtype"


def empty_time(subject: Subject) -> None:
    """Sequences without a step have an answer without NaN, or an error that names the layer."""
    if not subject.masked:
        return
    for mask in subject.masks:
        none = None if mask is None else mask[:, :0]
        try:
            _, got = subject.again([x[:, :0] for x in subject.inputs], none)
        except ValueError as error:
            assert subject.layer.name in str(error), f"an error without the layer: {error}"
            continue
        for y in map(np.asarray, got):
            assert y.dtype.kind != "f" or not np.isnan(y).any(), "NaN of no steps"
