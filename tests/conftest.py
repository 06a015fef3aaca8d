"""Fixtures of all tests: `isa` runs a kernel test once on every instruction set of this CPU."""

import numpy as np
import pytest

from maskseq import _kernels


@pytest.fixture(autouse=True)
def keep_isa():
    before = _kernels.isa()
    yield
    _kernels.set_isa(before)


@pytest.fixture(params=_kernels.ISAS)
def isa(request, keep_isa):
    _kernels.set_isa(request.param)
    return request.param


@pytest.fixture
def rng():
    return np.random.default_rng(20261122)
