"""Activations over an array that stays in the L2 cache."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.support import reference


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "exponential", "gelu"])
def bench_activation(benchmark, isa, rng, name, n=65536):
    benchmark.group = f"{name} {n} threads=1"
    x = rng.normal(0, 3, n).astype(np.float32)
    y = benchmark(_kernels.activation, x, name, num_threads=1)
    want = reference.ACTIVATIONS[name](x.astype(np.float64))
    np.testing.assert_allclose(y, want, rtol=5e-7, atol=1e-30)
    benchmark.extra_info["values_per_s"] = n / benchmark.stats.stats.median
