"""Loops and branches, as plain Python: on arrays, and in the `call` of a layer.

Source: keras.ops, version 3.15. On symbolic tensors there is nothing to decide by: put the loop
into a layer's call.
"""

from collections.abc import Callable, Sequence
from typing import Any

from ..nest import flatten, map_structure
from .shaping import stack


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """true_fn() if `pred` holds, else false_fn().

    Parameters
    ----------
    pred : bool
        The condition.
    true_fn : callable
        Called if it holds.
    false_fn : callable
        Called if not.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.cond.
    """
    return true_fn() if pred else false_fn()


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """``branches[index](*operands)``; an index outside means the nearest.

    Parameters
    ----------
    index : int
        The number.
    branches : sequence of callable
        The functions.
    *operands : object
        What the function is called with.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.switch.
    """
    last = len(branches) - 1
    number = int(index)
    return branches[0 if number < 0 else last if number > last else number](*operands)


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """loop_vars = ``body(*loop_vars)`` as long as ``cond(*loop_vars)``.

    Parameters
    ----------
    cond : callable
        Whether to go on.
    body : callable
        A step: the variables to their next values.
    loop_vars : object
        The first values.
    maximum_iterations : int, optional
        How many steps at most.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.while_loop.
    """
    single = not isinstance(loop_vars, (list, tuple))
    values = (loop_vars,) if single else tuple(loop_vars)
    count = 0
    while (maximum_iterations is None or count < maximum_iterations) and cond(*values):
        given = body(*values)
        values = tuple(given) if isinstance(given, (list, tuple)) else (given,)
        count += 1
    return values[0] if single else values


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """value = body_fun(i, value) for i from `lower` to below `upper`.

    Parameters
    ----------
    lower : int
        Where it begins.
    upper : int
        Where it ends.
    body_fun : callable
        A step: (number, value) to the next value.
    init_val : object
        The first value.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.
    """
    value = init_val
    for i in range(int(lower), int(upper)):
        value = body_fun(i, value)
    return value


def scan(
    f: Callable[[Any, Any], tuple[Any, Any]],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> tuple[Any, Any]:
    """carry, y = f(carry, x) for each x along the first axis of `xs`.

    Parameters
    ----------
    f : callable
        The function.
    init : object
        The first carry.
    xs : sequence of array_like, optional
        The tensors.
    length : int, optional
        How many steps.
    reverse : bool, default False
        From the last to the first.
    unroll : bool or int, default 1
        Accepted, without effect on a result.

    Returns
    -------
    tuple
        The last carry, and the ys stacked in the order of `xs`. unroll: accepted, no effect.

    Notes
    -----
    Source: keras.ops.scan.
    """
    parts = [] if xs is None else flatten(xs)
    count = length if length is not None or not parts else len(parts[0])
    if count is None:
        raise ValueError("scan needs xs or length")
    if xs is not None and any(len(part) != count for part in parts):
        raise ValueError(f"scan: all xs must have {count} rows, got {[len(x) for x in parts]}")
    carry, ys = init, []
    for i in reversed(range(count)) if reverse else range(count):
        carry, y = f(carry, None if xs is None else map_structure(lambda x, i=i: x[i], xs))
        ys.append(y)
    return carry, _stacked(ys[::-1] if reverse else ys)


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """f of each part along the first axis of `xs`, stacked.

    Parameters
    ----------
    f : callable
        The function.
    xs : sequence of array_like
        The tensors.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.map.
    """
    return scan(lambda carry, x: (carry, f(x)), None, xs)[1]


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """The same as `map`.

    Parameters
    ----------
    function : callable
        The function.
    elements : object
        What it is called on, along the first axis.

    Returns
    -------
    Tensor or KerasTensor
        The result, without a mask; symbolic if an argument is.

    Notes
    -----
    Source: keras.ops.vectorized_map.
    """
    return map(function, elements)


def _stacked(values: list[Any]) -> Any:
    """A list of structures as one structure of stacked arrays; None for none."""
    if not values or values[0] is None:
        return None
    columns = zip(*(flatten(value) for value in values), strict=True)
    made = iter([stack(list(column)) for column in columns])
    return map_structure(lambda _: next(made), values[0])
