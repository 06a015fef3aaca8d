"""Matrix products with a fixed order of additions: no result depends on how many rows there are."""

import math
from functools import partial
from typing import Any

import numpy as np

from .. import _kernels
from ..numerics import reductions
from ..numerics.products import outer
from .operation import operation
from .steps import by_matrix, on_steps, without_label


def _kind_of(operands: Any) -> np.dtype:
    """The dtype of a product: float32, of integers one of at least 32 bits that holds them all."""
    kinds = [np.asarray(x).dtype for x in operands]
    whole = all(kind.kind in "iu" for kind in kinds)
    made = np.result_type(*kinds, np.int32)
    return made if whole and made.kind in "iu" else np.dtype(np.float32)


def _product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """x (batch, m, k), y (batch, k, n) -> (batch, m, n)."""
    out = np.zeros((*x.shape[:2], y.shape[2]), np.float32)
    if out.size and x.shape[2]:
        for b in range(len(out)):
            out[b] = _kernels.dense(x[b], _kernels.PackedDense(y[b]))
    return out


def _matmul(x1, x2):
    kind = _kind_of((x1, x2))
    x, y = np.asarray(x1, kind), np.asarray(x2, kind)
    row, column = x.ndim == 1, y.ndim == 1
    x, y = x[None] if row else x, y[:, None] if column else y
    if x.ndim < 2 or y.ndim < 2 or x.shape[-1] != y.shape[-2]:
        raise ValueError(f"x1 and x2 must fit, got shapes {x.shape} and {y.shape}")
    if kind != np.float32:
        out = np.matmul(x, y)
    elif y.ndim == 2:
        flat = x.reshape(1, math.prod(x.shape[:-1]), x.shape[-1])
        out = _product(flat, y[None]).reshape(*x.shape[:-1], y.shape[-1])
    else:
        batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
        x, y = (np.broadcast_to(z, (*batch, *z.shape[-2:])) for z in (x, y))
        count = math.prod(batch)
        flat = _product(*(z.reshape(count, *z.shape[-2:]) for z in (x, y)))
        out = flat.reshape(*batch, *flat.shape[1:])
    out = out[..., 0, :] if row else out
    return out[..., 0] if column else out


def _as_matrices(d, x1, x2):
    """The gradient of a product and its factors, vectors among them as a row and a column."""
    x, y = np.asarray(x1, np.float32), np.asarray(x2, np.float32)
    d = d[..., None] if y.ndim == 1 else d
    d = np.expand_dims(d, -2) if x.ndim == 1 else d
    return d, x[None] if x.ndim == 1 else x, y[:, None] if y.ndim == 1 else y


def _rows(x):
    return np.ascontiguousarray(x).reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _to_first(d, y, x1, x2):
    d, _, right = _as_matrices(d, x1, x2)
    found = _matmul(d, np.swapaxes(right, -1, -2))
    return found[..., 0, :] if np.ndim(x1) == 1 else found


def _to_second(d, y, x1, x2):
    d, left, right = _as_matrices(d, x1, x2)
    if right.ndim == 2:
        found = outer(*map(_rows, (left, d)))
    else:
        found = _matmul(np.swapaxes(left, -1, -2), d)
    return found[..., 0] if np.ndim(x2) == 1 else found


@on_steps(by_matrix)
@operation("Matmul", by_equality=True, gradient=(_to_first, _to_second))
def matmul(x1, x2):
    """The matrix product over the last axis of `x1` and the last but one of `x2`.

    Parameters
    ----------
    x1 : array_like or KerasTensor
        Numbers (..., n, k), or (k,).
    x2 : array_like or KerasTensor
        Numbers (..., k, m), or (k,).

    Returns
    -------
    Tensor or KerasTensor
        (..., n, m), the leading axes broadcast, without the axis of a vector; float32, of integers
        int32 or a wider kind that holds both, exact.

    Raises
    ------
    ValueError
        If the sizes of those axes differ, or an argument is a scalar.

    See Also
    --------
    dot, einsum, tensordot

    Notes
    -----
    Source: keras.ops.matmul.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.matmul([[1.0, 2.0], [3.0, 4.0]], [[1.0], [10.0]]))
    [[21.]
     [43.]]
    """
    return _matmul(x1, x2)


def _einsum_gradient(d, y, subscripts, operands):
    arrays = [np.asarray(z, np.float32) for z in operands]
    *labels, wanted = _labels(subscripts, *(z.ndim for z in arrays))
    terms = [*zip(arrays, labels, strict=True)]
    return [partial(_to_operand, (d, wanted), terms, k) for k in range(len(terms))]


def _to_operand(d: Any, terms: list[Any], k: int) -> np.ndarray:
    """The gradient of operand k: the product of d and all other operands, with its axes."""
    x, own = terms[k]
    others = [d, *terms[:k], *terms[k + 1 :]]
    distinct = list(dict.fromkeys(own))
    reached = [c for c in distinct if any(c in names for _, names in others)]
    found = _contract(others, reached)  # without the axes that were summed by themselves
    index = tuple(slice(None) if c in reached else None for c in distinct)
    sizes = dict(zip(own, x.shape, strict=True))
    spread = np.broadcast_to(found[index], [sizes[c] for c in distinct])
    if len(distinct) == len(own):
        return spread
    places, names = _diagonal(np.arange(x.size).reshape(x.shape), own)
    result = np.zeros(x.size, np.float32)
    result[places] = spread.transpose([distinct.index(c) for c in names])
    return result.reshape(x.shape)


@on_steps(without_label)
@operation("Einsum", by_equality=True, gradient=(None, _einsum_gradient))
def einsum(subscripts, *operands):
    """Sums of products by Einstein's rule; more than two operands from the left on.

    Parameters
    ----------
    subscripts : str
        The equation, as of numpy.einsum: "bij,bjk->bik".
    *operands : array_like or KerasTensor
        The tensors, one for each part left of the arrow.

    Returns
    -------
    Tensor or KerasTensor
        The shape that the right side of `subscripts` names; the dtype as of `matmul`.

    Raises
    ------
    ValueError
        If `subscripts` does not fit the operands.

    See Also
    --------
    matmul, tensordot

    Notes
    -----
    Source: keras.ops.einsum.

    Examples
    --------
    >>> from maskseq import ops
    >>> print(ops.einsum("bi,bi->b", [[1.0, 2.0], [3.0, 4.0]], [[1.0, 1.0], [2.0, 2.0]]))
    [ 3. 14.]
    """
    kind = _kind_of(operands)
    arrays = [np.asarray(z, kind) for z in operands]
    *labels, wanted = _labels(subscripts, *(z.ndim for z in arrays))
    if kind != np.float32:
        return np.einsum(subscripts, *arrays)
    return _contract([*zip(arrays, labels, strict=True)], wanted)


def _contract(terms: list[tuple[np.ndarray, list[str]]], wanted: list[str]) -> np.ndarray:
    """The product of operands, from the left on, with axes `wanted`."""
    terms = [_diagonal(z, own) for z, own in terms]
    x, own = terms[0]
    for i, (y, other) in enumerate(terms[1:], start=2):
        later = [c for _, names in terms[i:] for c in names]
        seen = [*own, *(c for c in other if c not in own)]
        kept = wanted if not later else [c for c in seen if c in wanted or c in later]
        x, own = _joined(x, own, y, other, kept), kept
    x, own = _summed(x, own, wanted)
    return x.transpose([own.index(c) for c in wanted])


def _joined(
    x: np.ndarray, x_labels: list[str], y: np.ndarray, y_labels: list[str], wanted: list[str]
) -> np.ndarray:
    """The product of two operands, with axes `wanted`."""
    x, x_labels = _summed(x, x_labels, y_labels + wanted)
    y, y_labels = _summed(y, y_labels, x_labels + wanted)
    shared = [c for c in x_labels if c in y_labels]
    for c in shared:
        sizes = x.shape[x_labels.index(c)], y.shape[y_labels.index(c)]
        if sizes[0] != sizes[1]:
            raise ValueError(f"einsum: axis {c!r} must have one size in all operands, got {sizes}")
    batch = [c for c in shared if c in wanted]
    over = [c for c in shared if c not in wanted]
    x_free, y_free = ([c for c in z if c not in shared] for z in (x_labels, y_labels))
    x = x.transpose([x_labels.index(c) for c in batch + x_free + over])
    y = y.transpose([y_labels.index(c) for c in batch + over + y_free])
    batch_shape, x_shape, over_shape = np.split(x.shape, [len(batch), x.ndim - len(over)])
    y_shape = y.shape[len(batch) + len(over) :]
    count, inner = math.prod(batch_shape), math.prod(over_shape)
    out = _product(
        x.reshape(count, math.prod(x_shape), inner), y.reshape(count, inner, math.prod(y_shape))
    )
    order = batch + x_free + y_free
    out = out.reshape([*batch_shape, *x_shape, *y_shape])
    return out.transpose([order.index(c) for c in wanted])


def _labels(subscripts: str, *ndims: int) -> list[list[str]]:
    """The label of each axis of the operands and of the result; "..." becomes digits."""
    terms, arrow, result = subscripts.replace(" ", "").partition("->")
    parts = terms.split(",")
    if len(parts) != len(ndims):
        raise ValueError(f"subscripts must name {len(ndims)} operands, got {subscripts!r}")
    widest, labels = 0, []
    for part, ndim in zip(parts, ndims, strict=True):
        extra = ndim - len(part.replace("...", ""))
        if extra < 0 or (extra and "..." not in part):
            raise ValueError(f"subscripts must name all axes, got {subscripts!r} for {ndims}")
        widest = max(widest, extra)
        labels.append(list(part.replace("...", _digits(extra))))
    if not arrow:
        seen = terms.replace(",", "").replace("...", "")
        result = "..." + "".join(sorted(c for c in set(seen) if seen.count(c) == 1))
    return [*labels, list(result.replace("...", _digits(widest)))]


def _digits(count: int) -> str:
    """Labels for the axes under "...", the last always the same."""
    return "9876543210"[:count][::-1]


def _diagonal(x: np.ndarray, labels: list[str]) -> tuple[np.ndarray, list[str]]:
    """`x` with one axis for each label, and the labels: two axes of one label are a diagonal."""
    for label in [c for i, c in enumerate(labels) if c in labels[:i]]:
        first = labels.index(label)
        second = labels.index(label, first + 1)
        if x.shape[first] != x.shape[second]:
            raise ValueError(f"axes {label!r} must be of one size, got shape {x.shape}")
        x = np.diagonal(x, axis1=first, axis2=second)
        labels = [c for i, c in enumerate(labels) if i not in (first, second)] + [label]
    return x, labels


def _summed(x: np.ndarray, labels: list[str], wanted: list[str]) -> tuple[np.ndarray, list[str]]:
    """`x` without the axes that nothing else names: summed."""
    alone = tuple(i for i, label in enumerate(labels) if label not in wanted)
    return (reductions.reduce(x, "sum", alone) if alone else x), [c for c in labels if c in wanted]
