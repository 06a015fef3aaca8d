"""Loops and branches, as plain Python: on arrays, and in the `call` of a layer.

Source: keras.ops, version 3.15. On symbolic tensors there is nothing to decide by: put the loop
into a layer's call.
"""

from collections.abc import Callable, Sequence
from typing import Any

from ..nest import flatten, map_structure
from .shaping import stack


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """`true_fn()` if `pred` holds, else `false_fn()`; only one of them is called.

    Parameters
    ----------
    pred : bool or scalar
        The condition; no symbolic tensor.
    true_fn : callable
        Called if it holds.
    false_fn : callable
        Called if not.

    Returns
    -------
    object
        What the function gives.

    See Also
    --------
    where, switch

    Notes
    -----
    Source: keras.ops.cond.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.cond(3 > 2, lambda: "yes", lambda: "no"))
    yes
    """
    return true_fn() if pred else false_fn()


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """`branches[index](*operands)`; an index outside means the nearest.

    Parameters
    ----------
    index : int
        Which branch.
    branches : sequence of callable
        The functions.
    *operands : object
        What the branch is called with.

    Returns
    -------
    object
        What the branch gives.

    See Also
    --------
    cond

    Notes
    -----
    Source: keras.ops.switch.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.switch(1, [lambda x: x + 1, lambda x: x * 10], 5))
    50
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
    """``loop_vars = body(*loop_vars)`` as long as ``cond(*loop_vars)`` holds.

    Parameters
    ----------
    cond : callable
        Of the variables: whether to go on.
    body : callable
        Of the variables: their next values.
    loop_vars : tuple, list or object
        The first values.
    maximum_iterations : int, optional
        How many steps at most.

    Returns
    -------
    object
        The last variables, in the form of `loop_vars`.

    See Also
    --------
    fori_loop, scan

    Notes
    -----
    Source: keras.ops.while_loop.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (0, 1)))
    (3, 8)
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
        The first number.
    upper : int
        The number behind the last.
    body_fun : callable
        A step: of (number, value) the next value.
    init_val : object
        The first value.

    Returns
    -------
    object
        The last value; `init_val` if there is no step.

    See Also
    --------
    while_loop, scan

    Notes
    -----
    Source: keras.ops.fori_loop.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.fori_loop(0, 4, lambda i, total: total + i, 10))
    16
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
        A step: of (carry, x) the pair (carry, y).
    init : object
        The first carry.
    xs : array_like or nested arrays, optional
        (steps, ...); None: x is None `length` times.
    length : int, optional
        How many steps, without `xs`.
    reverse : bool, default False
        From the last to the first.
    unroll : bool or int, default 1
        Accepted, without effect on a result.

    Returns
    -------
    tuple
        The last carry, and the ys stacked in the order of `xs`.

    Raises
    ------
    ValueError
        If there are neither `xs` nor `length`.

    See Also
    --------
    fori_loop, map, cumsum

    Notes
    -----
    Source: keras.ops.scan.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.scan(lambda total, x: (total + x, total), 0, ops.array([1, 2, 3])))
    (np.int64(6), array([0, 1, 3]))
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
        Of one part, (...), a tensor or several.
    xs : array_like or nested arrays
        (n, ...).

    Returns
    -------
    Tensor or nested Tensors
        (n, ...), in the form that `f` gives.

    See Also
    --------
    vectorized_map, scan

    Notes
    -----
    Source: keras.ops.map.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.map(lambda row: ops.sum(row), ops.array([[1, 2], [3, 4]])))
    [3 7]
    """
    return scan(lambda carry, x: (carry, f(x)), None, xs)[1]


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """`function` of each part along the first axis of `elements`, stacked: `map`.

    Parameters
    ----------
    function : callable
        Of one part, (...), a tensor or several.
    elements : array_like or nested arrays
        (n, ...).

    Returns
    -------
    Tensor or nested Tensors
        (n, ...), in the form that `function` gives.

    See Also
    --------
    map

    Notes
    -----
    Source: keras.ops.vectorized_map.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.vectorized_map(lambda row: ops.max(row), ops.array([[1, 2], [4, 3]])))
    [2 4]
    """
    return map(function, elements)


def _stacked(values: list[Any]) -> Any:
    """A list of structures as one structure of stacked arrays; None for none."""
    if not values or values[0] is None:
        return None
    columns = zip(*(flatten(value) for value in values), strict=True)
    made = iter([stack(list(column)) for column in columns])
    return map_structure(lambda _: next(made), values[0])
