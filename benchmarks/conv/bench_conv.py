"""Convolutions: of whole batches, of windows with gaps, of each feature by itself."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.support.definitions import reference_conv as reference

SHAPES = [(3, 1, 128, 128), (5, 1, 128, 128), (3, 8, 64, 64), (256, 1, 1, 64)]
"""Size, dilation, features, filters."""


@pytest.mark.parametrize("size, dilation, features, filters", SHAPES)
@pytest.mark.parametrize("threads", [1, 2])
def bench_convolve(benchmark, isa, rng, size, dilation, features, filters, threads):
    benchmark.group = f"conv {size} by {dilation}, {features} -> {filters} threads={threads}"
    x = rng.normal(0, 0.1, (4 * 300, features)).astype(np.float32)
    kernel = rng.normal(0, 0.1, (size, features, filters)).astype(np.float32)
    place = 4, 300, 300, size, 1, dilation, (size - 1) * dilation
    packed = [_kernels.PackedDense(kernel.reshape(-1, filters))]
    windows = _kernels.Windows(*place)
    y = benchmark(_kernels.convolve, x, packed, windows, num_threads=threads)
    want = reference.convolve(x, kernel, 0, reference.window_rows(len(x), *place, None, None))
    np.testing.assert_allclose(y, want, rtol=1e-4, atol=1e-5)
    flops = 2 * len(y) * kernel.size
    benchmark.extra_info["gflops"] = flops / benchmark.stats.stats.median / 1e9


@pytest.mark.parametrize("size, features, multiplier", [(5, 128, 1), (3, 64, 2)])
def bench_depthwise(benchmark, isa, rng, size, features, multiplier):
    benchmark.group = f"depthwise {size}, {features} x {multiplier}"
    x = rng.normal(0, 0.1, (4 * 300, features)).astype(np.float32)
    kernel = rng.normal(0, 0.1, (size, features, multiplier)).astype(np.float32)
    place = 4, 300, 300, size, 1, 1, size // 2
    windows = _kernels.Windows(*place)
    y = benchmark(_kernels.depthwise, x, kernel, None, windows, num_threads=1)
    want = reference.depthwise(x, kernel, 0, reference.window_rows(len(x), *place, None, None))
    np.testing.assert_allclose(y, want, rtol=1e-4, atol=1e-5)
