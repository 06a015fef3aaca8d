"""dense: right, and its bits depend on nothing but the row, the weights and the activation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskseq import _kernels
from tests.support import reference

SIZES = [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 130]


def case(rng, rows, features, units):
    shapes = (rows, features), (features, units), (units,)
    return [rng.normal(0, 1, shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize("units", SIZES)
@pytest.mark.parametrize("rows, features", [(0, 3), (1, 1), (5, 2), (6, 16), (7, 33), (13, 8)])
def test_dense_equals_reference(isa, rng, rows, features, units):
    x, kernel, bias = case(rng, rows, features, units)
    y = _kernels.dense(x, _kernels.PackedDense(kernel, bias))
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, reference.dense(x, kernel, bias), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_dense_applies_the_activation(isa, rng, activation):
    x, kernel, bias = case(rng, 9, 20, 21)
    packed = _kernels.PackedDense(kernel, bias)
    want = _kernels.activation(_kernels.dense(x, packed), activation)
    np.testing.assert_array_equal(_kernels.dense(x, packed, activation), want)


def test_weights_in_large_pages_give_the_same_bits(isa, rng):
    x, kernel, bias = case(rng, 5, 1025, 1041)  # 4 MB and a little
    y = _kernels.dense(x, _kernels.PackedDense(kernel, bias))
    np.testing.assert_allclose(y, reference.dense(x, kernel, bias), rtol=1e-4, atol=1e-4)
    few = _kernels.PackedDense(kernel[:, 1030:], bias[1030:])
    np.testing.assert_array_equal(y[:, 1030:], _kernels.dense(x, few))


def test_dense_without_bias_starts_from_zero(isa, rng):
    x, kernel, bias = case(rng, 5, 6, 7)
    without = _kernels.dense(x, _kernels.PackedDense(kernel))
    with_zeros = _kernels.dense(x, _kernels.PackedDense(kernel, np.zeros_like(bias)))
    np.testing.assert_array_equal(without, with_zeros)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 130), st.integers(1, 40), st.integers(1, 140), st.integers(0, 2**32 - 1))
def test_a_row_has_the_same_bits_in_any_batch_on_any_isa(rows, features, units, seed):
    rng = np.random.default_rng(seed)
    x, kernel, bias = case(rng, rows, features, units)
    results = set()
    for isa in _kernels.ISAS:
        _kernels.set_isa(isa)
        packed = _kernels.PackedDense(kernel, bias)
        results.add(_kernels.dense(x, packed, "tanh").tobytes())
        alone = [_kernels.dense(row[None], packed, "tanh") for row in x]
        results.add(np.concatenate(alone).tobytes())
    assert len(results) == 1


@pytest.mark.parametrize("rows, features, units", [(300, 64, 200), (3, 700, 2000)])
def test_dense_has_the_same_bits_for_any_thread_count(rng, rows, features, units):
    x, kernel, bias = case(rng, rows, features, units)
    packed = _kernels.PackedDense(kernel, bias)
    one = _kernels.dense(x, packed, "tanh", num_threads=1)
    for n in (2, 3, 5, 8):
        np.testing.assert_array_equal(_kernels.dense(x, packed, "tanh", num_threads=n), one)


@pytest.mark.parametrize("rows", [0, 1, 24, 300])
def test_layers_beside_each_other_have_the_bits_of_each_alone(rng, rows):
    x = rng.normal(size=(rows, 64)).astype(np.float32)
    codes = rng.integers(-9, 9, (64, 7), np.int8), np.ones(7, np.float32)
    for isa in _kernels.ISAS:
        _kernels.set_isa(isa)
        layers = [_kernels.PackedDense(*case(rng, 1, 64, units)[1:]) for units in (130, 64)]
        layers.append(_kernels.PackedDense(codes))
        for threads in (1, 2, 3):
            made = _kernels.dense_beside(x, layers, num_threads=threads)
            assert len(made) == 3
            for y, layer in zip(made, layers, strict=True):
                np.testing.assert_array_equal(y, _kernels.dense(x, layer, num_threads=1))


def test_layers_beside_each_other_are_of_one_width(rng):
    x, kernel, bias = case(rng, 2, 3, 4)
    packed = _kernels.PackedDense(kernel, bias)
    with pytest.raises(ValueError, match=r"layers must have 3 features, got 2"):
        _kernels.dense_beside(x, [packed, _kernels.PackedDense(kernel[:2])])
    for count in (0, 4):
        with pytest.raises(ValueError, match=f"layers must be 1 to 3, got {count}"):
            _kernels.dense_beside(x, [packed] * count)


def test_packed_weights_keep_the_isa_they_were_packed_for(rng):
    x, kernel, bias = case(rng, 9, 20, 21)
    want = _kernels.dense(x, _kernels.PackedDense(kernel, bias))
    for packed_for in _kernels.ISAS:
        _kernels.set_isa(packed_for)
        packed = _kernels.PackedDense(kernel, bias)
        for used_on in _kernels.ISAS:
            _kernels.set_isa(used_on)
            np.testing.assert_array_equal(_kernels.dense(x, packed), want)


def test_packed_weights_are_a_copy(rng):
    x, kernel, bias = case(rng, 2, 3, 4)
    packed = _kernels.PackedDense(kernel, bias)
    want = _kernels.dense(x, packed)
    kernel[:], bias[:] = np.nan, np.nan
    np.testing.assert_array_equal(_kernels.dense(x, packed), want)


@pytest.mark.parametrize(
    "x, kernel, bias, message",
    [
        ((2, 3), (4, 5), (5,), r"x must be float32 \(any, 4\), got float32 \(2, 3\)"),
        ((2,), (2, 5), (5,), r"x must be float32 \(any, 2\), got float32 \(2,\)"),
        ((2, 4), (4, 5), (6,), r"bias must be float32 \(5,\), got float32 \(6,\)"),
        ((2, 4), (4, 5, 1), (5,), r"kernel must be float32 \(any, any\), got float32 \(4, 5, 1\)"),
        ((2, 0), (0, 5), (5,), r"kernel must have inputs and outputs, got shape \(0, 5\)"),
    ],
)
def test_dense_names_the_argument_of_the_wrong_shape(x, kernel, bias, message):
    with pytest.raises(ValueError, match=message):
        _kernels.dense(np.ones(x), _kernels.PackedDense(np.ones(kernel), np.ones(bias)))


def test_dense_writes_into_out():
    packed = _kernels.PackedDense(np.ones((3, 2), np.float32))
    room = np.zeros((5, 2), np.float32)
    assert _kernels.dense(np.ones((4, 3)), packed, out=room[:4]).base is room
    np.testing.assert_array_equal(room, [[3, 3]] * 4 + [[0, 0]])
    room.flags.writeable = False
    with pytest.raises(ValueError, match="out must be a writable, C-contiguous float32 array"):
        _kernels.dense(np.ones((4, 3)), packed, out=room[:4])
    misaligned = memoryview(bytearray(33))[1:].cast("f", shape=[4, 2])  # NumPy's say so themselves
    with pytest.raises(ValueError, match="out must be a writable, C-contiguous float32 array"):
        _kernels.dense(np.ones((4, 3)), packed, out=misaligned)
    with pytest.raises(ValueError, match=r"out must be .* float32 array \(4, 2\), got array"):
        _kernels.dense(np.ones((4, 3)), packed, out=room)
