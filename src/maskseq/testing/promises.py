"""check_layer: the promises that every layer keeps, each tried on a small batch.

A promise is a function (Subject) that raises AssertionError; `PROMISES` names them.
"""

import copy
import pickle
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..layers.base.layer import Layer
from ..nest import flatten
from .bit_promises import (
    batch_composition,
    dtypes,
    empty_batch,
    empty_time,
    input_layouts,
    mask_layouts,
    threads,
)
from .gradients import check_gradients
from .mask_promises import (
    mask_truth_table,
    numpy_masks,
    padding_amount,
    padding_told,
    poisoned_padding,
    two_masks,
)
from .subject import MASK, Subject, carry, same, same_masks, sequences


def config_round_trip(subject: Subject) -> None:
    """A layer made from its config, with the weights copied, gives the same."""
    again, got = subject.again(subject.inputs)
    assert again.get_config() == subject.layer.get_config(), "get_config is not what was given"
    same(subject.plain, got, "made from its config")


def weights_round_trip(subject: Subject) -> None:
    """set_weights(get_weights()) changes nothing, and other weights are used at once."""
    weights = subject.layer.get_weights()
    subject.layer.set_weights([w + 1 for w in weights])
    subject.run(subject.layer, subject.inputs)
    subject.layer.set_weights(weights)
    for before, after in zip(weights, subject.layer.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)
    same(subject.plain, subject.run(subject.layer, subject.inputs), "weights put back")


def pickling(subject: Subject) -> None:
    """A copy, and a layer that went through pickle, give the same bits."""
    for name, again in (
        ("pickled", pickle.loads(pickle.dumps(subject.layer))),
        ("copied", copy.deepcopy(subject.layer)),
    ):
        same(subject.plain, subject.run(again, subject.inputs), name)


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
    same_masks(wanted, got, "in training")


def gradients(subject: Subject) -> None:
    """The gradients of the weights are what differences of the answers show."""
    floats = any(np.asarray(y).dtype.kind == "f" for y in subject.plain)
    if not subject.layer.trainable_weights or subject.stateful or not floats:
        return
    for mask in subject.masks:
        tensors = [carry(x, mask) for x in subject.inputs]
        x = tensors if len(tensors) > 1 else tensors[0]
        try:
            _check_gradients(subject, x)
        except TypeError as error:
            assert "no gradient yet" in str(error), str(error)


def _check_gradients(subject: Subject, x: Any) -> None:
    """check_gradients; a corner, as relu has, may lie beside some weights, not beside others."""
    kept, random = subject.layer.get_weights(), np.random.default_rng(0)
    failed = AssertionError()
    for moved in (0.0, 0.1, 0.1):
        others = [w + moved * random.standard_normal(w.shape) for w in kept]
        subject.layer.set_weights([w.astype(k.dtype) for w, k in zip(others, kept, strict=True)])
        try:
            check_gradients(subject.model(), x, training=False)
            return
        except AssertionError as error:
            failed = error
        finally:
            subject.layer.set_weights(kept)
    raise failed


PROMISES: dict[str, Callable[[Subject], None]] = {
    promise.__name__: promise
    for promise in (
        config_round_trip,
        weights_round_trip,
        mask_truth_table,
        two_masks,
        numpy_masks,
        poisoned_padding,
        padding_amount,
        padding_told,
        batch_composition,
        threads,
        input_layouts,
        mask_layouts,
        dtypes,
        empty_batch,
        empty_time,
        pickling,
        symbolic_shape,
        training_mode,
        gradients,
    )
}


def check_layer(
    layer: Layer,
    inputs: list[np.ndarray] | None = None,
    call: Callable[..., Any] | None = None,
    *,
    skip: Iterable[str] = (),
) -> None:
    """Try every promise of a layer; its weights are replaced by random ones.

    Parameters
    ----------
    layer : Layer
        A layer that has not been called yet.
    inputs : array_like, or list or dict of them, optional
        Arrays for one call, with the batch; by default one float32 (5, 6, 4). Those of shape (5, 6,
        ...) are tried with masks of every pattern.
    call : callable, optional
        How to call it, by default layer(input), or layer([inputs]) with several.
    skip : sequence of str, default ()
        Names of promises (see PROMISES) that the layer does not make.

    Raises
    ------
    AssertionError
        With the promise and the layer named, at the first that is broken.
    ValueError
        For a name in `skip` that is no promise.

    See Also
    --------
    check_gradients, check_invariance

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> maskseq.testing.check_layer(layers.LSTM(3))
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
