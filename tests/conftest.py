"""Fixtures of all tests: `isa` runs a kernel test once on every instruction set of this CPU."""

import numpy as np
import pytest

from maskseq import _kernels


@pytest.fixture(params=_kernels.ISAS)
def isa(request):
    before = _kernels.isa()
    _kernels.set_isa(request.param)
    yield request.param
    _kernels.set_isa(before)


@pytest.fixture
def rng():
    return np.random.default_rng(20261122)
