"""Float32 inputs that reach every part of a function, and errors in units of the last place."""

import numpy as np

EXTREMES = [0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 3.4e38, -3.4e38, 1e-45, -1e-45, 1.2e-38]
WHOLE = [0, 1, 2, 3, 5, 2**23 + 1, 2**24 - 1, 2**24]  # and what lies between in powers
OPERANDS = np.float32([*EXTREMES, *WHOLE, *[-x for x in WHOLE], 0.5, -0.5, 1.5, -2.5, 0.99, 1.01])


def every_exponent(step=2**15 + 1):
    """One in `step` of all floats, NaN left out."""
    x = np.arange(0, 2**32, step, np.uint64).astype(np.uint32).view(np.float32)
    return x[~np.isnan(x)]


def pairs(rng, n):
    """Operands of a function of two: any floats, moderate ones (of each n / 2), and OPERANDS."""
    x, y = (rng.integers(0, 2**32, n // 2, dtype=np.uint32).view(np.float32) for _ in "xy")
    near = rng.uniform(0, 20, n // 2), rng.uniform(-30, 30, n // 2)
    grid = np.meshgrid(OPERANDS, OPERANDS)
    operands = zip((x, y), near, grid, strict=True)
    return [np.concatenate([a, np.float32(b), c.ravel()]) for a, b, c in operands]


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
