"""Fixtures of all benchmarks: `isa` times a kernel on every instruction set but the generic one,
which is there to run anywhere, not to be fast."""

import numpy as np
import pytest

from maskseq import _kernels


@pytest.fixture(params=_kernels.ISAS[1:])
def isa(request):
    before = _kernels.isa()
    _kernels.set_isa(request.param)
    yield request.param
    _kernels.set_isa(before)


@pytest.fixture
def rng():
    return np.random.default_rng(20261122)
