"""Float32 inputs that reach every part of a function, and errors in units of the last place."""

import numpy as np

EXTREMES = [0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 3.4e38, -3.4e38, 1e-45, -1e-45, 1.2e-38]


def every_exponent(step=2**15 + 1):
    """One in `step` of all floats, NaN left out."""
    x = np.arange(0, 2**32, step, np.uint64).astype(np.uint32).view(np.float32)
    return x[~np.isnan(x)]


def ulps(y, want):
    """The error of float32 `y`, in units of the last place of the float64 results `want`.

    Infinite where one is NaN or infinite and the other is not the same.
    """
    with np.errstate(all="ignore"):
        rounded = want.astype(np.float32)
        error = np.abs(y - want) / np.spacing(np.abs(rounded))
    special = ~np.isfinite(rounded)
    same = (y == rounded) | (np.isnan(y) & np.isnan(rounded))
    error[special] = np.where(same[special], 0, np.inf)
    return error


def canonical(y):
    """The bytes of `y`, any NaN as good as another."""
    y = np.array(y)
    y[np.isnan(y)] = np.nan
    return y.tobytes()
