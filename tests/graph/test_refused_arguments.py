"""What operations do not take: every argument of each, given values that it cannot mean."""

import inspect
import warnings

import numpy as np
import pytest

from maskseq import ops

X = np.arange(12, dtype=np.float32).reshape(3, 4)
WRONG = [
    *("nope", b"x", -9, 9, 1.5, None, object(), [[1], [1, 2]], [], {}),
    *(np.array(["a"]), np.array([1j]), np.ones((5, 7), np.float32), np.array(5.0)),
]
INDEXES = {"get_item", "scatter_update", "take_along_axis"}  # an index beyond is an IndexError
VARIABLE = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
NAMES = [name for name in ops.__all__ if inspect.isfunction(getattr(ops, name))]


@pytest.mark.parametrize("name", NAMES)
def test_what_an_operation_does_not_take_is_told(name):
    function = getattr(ops, name)
    parameters = [*inspect.signature(function).parameters.values()]
    needed = [p for p in parameters if p.default is p.empty and p.kind not in VARIABLE]
    told = (ValueError, TypeError, NotImplementedError)
    told += (IndexError,) if name in INDEXES else ()
    for parameter in parameters:
        for value in WRONG if parameter.kind not in VARIABLE else ():
            given = {p.name: X for p in needed} | {parameter.name: value}
            if any(p.kind is p.POSITIONAL_ONLY or p.kind in VARIABLE for p in parameters):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                try:
                    function(**given)
                except told:
                    continue


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.max(None), TypeError, "max: expected arrays of numbers, got None"),
        (lambda: ops.fmod(X, None), TypeError, "fmod: expected arrays of numbers, got float32"),
        (
            lambda: ops.split(X, 2, axis=9),
            ValueError,
            "split: expected arrays with all axes .*3, 4",
        ),
        (lambda: ops.tensordot(X, X, 9), ValueError, "axes must be those of 2 and 2 axes, got 9"),
        (
            lambda: ops.in_top_k(1, X, 2),
            ValueError,
            r"in_top_k: expected targets \(batch,\) .* \(\)",
        ),
        (lambda: ops.hstack([]), ValueError, "hstack: expected arrays, got none"),
        (
            lambda: ops.segment_sum(X, [0, 1]),
            ValueError,
            r"an id for each row of data \(3, 4\), got",
        ),
        (
            lambda: ops.sparse_categorical_crossentropy([1, 0, 1], X, axis=5),
            ValueError,
            "axis must be below 2, the number of axes, got 5",
        ),
    ],
)
def test_the_error_says_what_would_be_right(call, error, message):
    with pytest.raises(error, match=message):
        call()
