"""Dense layers: many rows (the projections of a model), few rows (a service), one output."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.support import reference

SHAPES = [(960, 256, 256), (960, 64, 10), (96, 512, 2048), (1, 128, 512), (1000, 128, 1)]


@pytest.mark.parametrize("rows, features, units", SHAPES)
@pytest.mark.parametrize("threads", [1, 2])
def bench_dense(benchmark, isa, rng, rows, features, units, threads):
    benchmark.group = f"dense {rows}x{features} -> {units} threads={threads}"
    shapes = (rows, features), (features, units), (units,)
    x, kernel, bias = (rng.normal(0, 0.1, shape).astype(np.float32) for shape in shapes)
    packed = _kernels.PackedDense(kernel, bias)
    y = benchmark(_kernels.dense, x, packed, num_threads=threads)
    np.testing.assert_allclose(y, reference.dense(x, kernel, bias), rtol=1e-4, atol=1e-5)
    flops = 2 * rows * features * units
    benchmark.extra_info["gflops"] = flops / benchmark.stats.stats.median / 1e9
