"""What an estimator is given: sequences of any lengths, or a table of numbers."""

# pyright: reportMissingImports=false
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from ..data.ragged import Ragged, as_batch


def as_sequences(estimator: Any, X: Any, reset: bool) -> Any:
    """X as a Ragged, or as an array (samples, time, features) of sequences of one length.

    A table (samples, columns), which scikit-learn checks, is sequences of one number a step. What
    was fit to one reads lists of lists so; what was fit to lists of lists reads a table as these.
    reset: learn `n_features_in_` from it; otherwise it must be that.
    Raises: ValueError, TypeError as scikit-learn, and naming the sequence at fault.
    """
    table = _is_table(X)
    if reset:
        estimator._of_table = table
    elif len(X.shape) == 2 if hasattr(X, "shape") else isinstance(X, list):
        table = estimator._of_table
    if not table:
        batch = as_batch(X)
        features = batch.features if isinstance(batch, Ragged) else batch.shape[2:]
        _check_values(batch.values if isinstance(batch, Ragged) else batch)
        if not len(batch):
            raise ValueError("X: expected at least 1 sequence, got 0 samples")
        return _checked(estimator, batch, int(np.prod(features)), reset)
    numbers: Any = validate_data(estimator, X, reset=reset, dtype=np.float64)
    return numbers[:, :, None].astype(np.float32)


def _is_table(X: Any) -> bool:
    """True for what scikit-learn checks: arrays, and lists of what has no length."""
    if isinstance(X, Ragged):
        return False
    if isinstance(X, list | tuple):
        return not X or not hasattr(X[0], "__len__") or isinstance(X[0], str)
    if hasattr(X, "__arrow_c_stream__") or hasattr(X, "__arrow_c_array__"):
        return len(getattr(X, "shape", (0,))) == 2 and not _has_lists(X)
    if isinstance(X, np.ndarray) and X.dtype.hasobject:
        return X.ndim != 1 or not len(X) or not hasattr(X[0], "__len__") or isinstance(X[0], str)
    return not (isinstance(X, np.ndarray) and X.ndim == 3)


def _has_lists(frame: Any) -> bool:
    from ..data import frames

    return frames.library_of(frame) is not None and not frames.is_numbers(frame)


def _check_values(values: np.ndarray) -> None:
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError("X: expected finite numbers, got NaN or infinity")


def _checked(estimator: Any, batch: Any, features: int, reset: bool) -> Any:
    known = getattr(estimator, "n_features_in_", features)
    if reset:
        estimator.n_features_in_ = features
    elif known != features:
        raise ValueError(
            f"X has {features} features a step, but {type(estimator).__name__} is expecting {known}"
        )
    return batch
