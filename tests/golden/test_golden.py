"""Every layer and operation gives the committed bits: here, on older CPUs, in any memory order."""

import os
import subprocess
import sys

import numpy as np
import pytest

from maskseq import _kernels
from tests.golden.hashes import differences, hashes, read

try:
    from numpy._core import _multiarray_umath as inside
except ImportError:  # NumPy 1
    from numpy.core import _multiarray_umath as inside

NUMPYS_FEATURES, NUMPY_HAS = inside.__cpu_dispatch__, inside.__cpu_features__

ADVICE = "run `make golden`, and say in CHANGELOG why bits change"


def test_answers_have_the_committed_bits():
    assert not differences(read(), hashes()), ADVICE


def transposed(x):
    """The same values, the first axis next to each other."""
    return np.ascontiguousarray(x.T).T


def strided(x):
    """The same values, with others between them and backwards in memory."""
    return np.repeat(x[::-1], 2, axis=0)[::-2] if x.ndim else x


@pytest.mark.slow
@pytest.mark.sanitize
@pytest.mark.parametrize("order", [np.asfortranarray, transposed, strided])
def test_order_in_memory_changes_no_bit(order):
    x = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(order(x), x)
    assert not differences(read(), hashes(order))


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


LEVELS = [" ".join(NUMPYS_FEATURES[i:]) for i in range(len(NUMPYS_FEATURES) + 1)]


@pytest.mark.slow
def test_numpy_itself_gives_other_bits_on_older_cpus():
    code = "import numpy, zlib; print(zlib.crc32(numpy.sin(numpy.arange(999, dtype='f4'))))"
    answers = {run("-c", code, NPY_DISABLE_CPU_FEATURES=level).stdout for level in LEVELS}
    if not any(NUMPY_HAS[feature] for feature in NUMPYS_FEATURES):
        pytest.skip("this CPU is an old one")
    assert len(answers) > 1


@pytest.mark.slow
@pytest.mark.parametrize("isa", _kernels.ISAS)
@pytest.mark.parametrize("disabled", LEVELS)
def test_older_cpus_change_no_bit(disabled, isa):
    result = run("-m", "tests.golden", NPY_DISABLE_CPU_FEATURES=disabled, MASKSEQ_ISA=isa)
    assert result.stdout == "the same bits\n", result.stdout + result.stderr


@pytest.mark.slow
@pytest.mark.sanitize
def test_numpys_blas_and_threads_change_no_bit():
    for environment in ({"OPENBLAS_CORETYPE": "Prescott"}, {"MASKSEQ_NUM_THREADS": "1"}):
        result = run("-m", "tests.golden", **environment)
        assert result.stdout == "the same bits\n", result.stdout + result.stderr


def test_a_change_of_one_bit_is_seen():
    expected = read()
    name = next(iter(expected["layers"]))
    changed = {**expected, "layers": {**expected["layers"], name: "0"}}
    assert differences(expected, changed) == [f"layers, {name}: other bits"]
    del changed["layers"][name]
    assert differences(expected, changed) == [f"layers, {name}: gone"]
