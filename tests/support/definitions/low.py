"""Products in int8 and bfloat16, as csrc/low/low.h defines them; in float64 and integers."""

import numpy as np


def int8_columns(w):
    """w (depth, columns) -> codes int8, and the step of each column."""
    steps = (np.abs(w).max(axis=0) / np.float32(127)).astype(np.float32)
    codes = np.rint(w / np.where(steps == 0, np.float32(np.inf), steps))
    return np.ascontiguousarray(codes.astype(np.int8)), steps


def bfloat16(x):
    """float32 rounded to bfloat16, ties to even, as uint16."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def widened(codes):
    return (codes.astype(np.uint32) << 16).view(np.float32)


def int8_row_codes(x):
    """x (n, depth) float32 -> integers in [-127, 127], and the scale of each row."""
    largest = np.abs(x).max(axis=1, keepdims=True)
    zero = largest < np.float32(2.0**-100)
    factor = np.where(zero, np.float32(0), np.float32(127) / np.where(zero, np.float32(1), largest))
    scale = np.where(zero, np.float32(0), largest / np.float32(127))
    return np.rint(x * factor).astype(np.int64), scale


def int8_product(x, codes, steps, start):
    """start + x . (codes * steps): one rounding after an exact sum, in float32."""
    rows, scale = int8_row_codes(x)
    sums = rows @ codes.astype(np.int64)
    factors = (scale * steps).astype(np.float32)  # one float32 product each
    exact = sums.astype(np.float32).astype(np.longdouble) * factors.astype(np.longdouble)
    return (exact + start.astype(np.longdouble)).astype(np.float32)
