"""What a layer promises of masks: which it makes, that it reads none of what they hide."""

import warnings
from typing import Any

import numpy as np

from ..tensor import get_keras_mask
from .subject import MASK, OTHER_MASK, POISONS, Subject, carry, poisoned, same, same_masks


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
    same(outputs, in_model, "in a model")
    same_masks(outputs, in_model, "in a model")


def poisoned_padding(subject: Subject) -> None:
    """What masked steps hold changes nothing, as far as `reads_masked` promises."""
    reads = subject.layer.reads_masked
    if reads == "all" or not subject.masked:
        return
    wanted = subject.run(subject.layer, subject.inputs, MASK)
    if reads == "own":
        wanted = [np.asarray(y)[MASK] for y in wanted]
    for value in POISONS:
        inputs = [poisoned(x, MASK, value) for x in subject.inputs]
        got = subject.run(subject.layer, inputs, MASK)
        got = [np.asarray(y)[MASK] for y in got] if reads == "own" else got
        same(wanted, got, f"with {value} in masked steps")


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
            subject.call(layer, *[carry(x, MASK) for x in subject.inputs])
        told.append(sum("depends on the padding" in str(warning.message) for warning in heard))
    assert told == [int(layer.depends_on_padding is not None), 0], f"told {told} times"


def two_masks(subject: Subject) -> None:
    """Inputs of different masks, or one mask among them: a model gives what a call gives, a
    sequence the same alone, and what masks hide changes no step that is real in all of them."""
    count = len(subject.inputs)
    if count < 2 or any(x.shape[:2] != MASK.shape for x in subject.inputs):
        return
    for pair in ((MASK, OTHER_MASK), (MASK, None), (None, OTHER_MASK)):
        masks = [pair[i % 2] for i in range(count)]
        what = "masks of " + " and ".join("none" if m is None else "one" for m in masks)
        wanted = subject.run(subject.layer, subject.inputs, masks)
        in_model = subject.run_model(masks)
        same(wanted, in_model, f"in a model, {what}")
        same_masks(wanted, in_model, f"in a model, {what}")
        for b in range(len(MASK)):
            part = [None if m is None else m[b : b + 1] for m in masks]
            alone = subject.run(subject.layer, [x[b : b + 1] for x in subject.inputs], part)
            same([y[b : b + 1] for y in wanted], alone, f"sequence {b} alone, {what}")
        for value in POISONS:
            inputs = [
                x if m is None else poisoned(x, m, value)
                for x, m in zip(subject.inputs, masks, strict=True)
            ]
            got = subject.run(subject.layer, inputs, masks)
            real = [_real_in_all(y, masks) for y in wanted]
            before, after = (
                [np.asarray(y)[cell] for y, cell in zip(ys, real, strict=True)]
                for ys in (wanted, got)
            )
            same(before, after, f"{value} where it is masked, {what}")


def _real_in_all(y: Any, masks: list[Any]) -> np.ndarray:
    """bool: where an output has a mask, the steps that are real in it and in those of the inputs,
    in sequences that have real steps in each; of another output, no step."""
    mask = get_keras_mask(y)
    if mask is None:
        return np.zeros(len(y), bool)
    known = [m for m in masks if m is not None]
    real = mask & np.all([m.any(axis=1) for m in known], axis=0)[:, None]
    return np.logical_and.reduce([real, *known]) if real.shape == MASK.shape else real


def numpy_masks(subject: Subject) -> None:
    """In a model a numpy.ma array means its mask, whatever it hides; a call of the layer refuses
    one that hides anything."""
    if not subject.masked or subject.inputs[0].dtype.kind == "U":
        return
    hidden = [np.ma.array(x, mask=~_over(MASK, x)) for x in subject.inputs]
    got = subject.run_model(inputs=hidden)
    for value in POISONS:
        others = [np.ma.array(poisoned(x.data, MASK, value), mask=x.mask) for x in hidden]
        same(got, subject.run_model(inputs=others), f"{value} where a numpy.ma array is masked")
    if not subject.role & {"drops", "makes"}:
        zeros = [np.where(_over(MASK, x), x, np.zeros((), x.dtype)) for x in subject.inputs]
        wanted = subject.run_model(MASK, zeros)
        same(wanted, got, "numpy.ma arrays")
        same_masks(wanted, got, "numpy.ma arrays")
    try:
        subject.run(subject.layer, hidden)
    except TypeError as error:
        assert "masked" in str(error), error
    else:
        raise AssertionError("a call takes a numpy.ma array with masked numbers")


def _over(mask: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The mask of steps for each number of `x`."""
    return np.broadcast_to(mask.reshape(*mask.shape, *[1] * (x.ndim - 2)), x.shape)
