"""Products in fewer bits: int8 to the bit as it is defined, on every instruction set; bfloat16."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.support import reference
from tests.support.batches import KINDS, random_batch, random_weights, same_bits, split
from tests.support.definitions import low

WAYS = [(isa, extensions) for isa in _kernels.ISAS for extensions in (False, True)]


@pytest.fixture(autouse=True)
def keep_extensions():
    before = _kernels.use_extensions(True)
    yield
    _kernels.use_extensions(before)


def on_every_way(run):
    """What `run` gives on each instruction set, with and without its extensions."""
    answers = {}
    for isa, extensions in WAYS:
        _kernels.set_isa(isa)
        _kernels.use_extensions(extensions)
        answers[isa, extensions] = run()
    return answers


def case(rng, rows, depth, units):
    shapes = (rows, depth), (depth, units), (units,)
    return [rng.normal(0, 1, shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize("units", [1, 7, 8, 9, 16, 17, 33, 130])
@pytest.mark.parametrize("rows, depth", [(0, 3), (1, 1), (2, 2), (5, 3), (9, 64), (100, 31)])
def test_int8_is_the_integer_definition_on_every_instruction_set(rng, rows, depth, units):
    x, w, bias = case(rng, rows, depth, units)
    codes, steps = low.int8_columns(w)
    want = low.int8_product(x, codes, steps, bias)
    run = lambda: _kernels.dense(x, _kernels.PackedDense((codes, steps), bias))  # noqa: E731
    for way, got in on_every_way(run).items():
        np.testing.assert_array_equal(got, want, err_msg=str(way))


def test_int8_holds_the_largest_sums(rng):
    depth = 5000
    codes = np.full((depth, 3), 127, np.int8) * np.array([1, -1, 1], np.int8)
    x = np.ones((2, depth), np.float32) * np.array([[1], [-1]], np.float32)
    steps = np.ones(3, np.float32)
    want = low.int8_product(x, codes, steps, np.zeros(3, np.float32))
    assert abs(want[0, 0]) == pytest.approx(depth * 127)
    for got in on_every_way(
        lambda: _kernels.dense(x, _kernels.PackedDense((codes, steps)))
    ).values():
        np.testing.assert_array_equal(got, want)


def test_int8_rows_of_nothing_tiny_and_not_finite_numbers():
    x = np.array([[0, 0, 0], [1e-38, 0, 0], [np.nan, 1, 1], [1, np.inf, 1], [1, 2, 3]], np.float32)
    codes, steps = np.ones((3, 2), np.int8), np.array([0.5, 2], np.float32)
    bias = np.array([1, -1], np.float32)
    for got in on_every_way(
        lambda: _kernels.dense(x, _kernels.PackedDense((codes, steps), bias))
    ).values():
        assert np.isnan(got[2:4]).all()
        np.testing.assert_array_equal(got[:2], [bias, bias])
        np.testing.assert_array_equal(got[4:], low.int8_product(x[4:], codes, steps, bias))


@pytest.mark.parametrize("rows, depth, units", [(1, 1, 1), (5, 3, 17), (30, 64, 33), (3, 301, 20)])
def test_bfloat16_is_near_its_definition(rng, rows, depth, units):
    x, w, bias = case(rng, rows, depth, units)
    codes = low.bfloat16(w)
    exact = x.astype(np.float64) @ low.widened(codes) + bias
    rounded = low.widened(low.bfloat16(x)).astype(np.float64) @ low.widened(codes) + bias
    packed = lambda: _kernels.PackedDense((codes, None), bias)  # noqa: E731
    answers = on_every_way(
        lambda: (_kernels.has_products_in("bfloat16"), _kernels.dense(x, packed()))
    )
    for in_codes, got in answers.values():
        np.testing.assert_allclose(got, rounded if in_codes else exact, rtol=1e-5, atol=3e-5)
    widened = {got.tobytes() for in_codes, got in answers.values() if not in_codes}
    float32 = _kernels.dense(x, _kernels.PackedDense(low.widened(codes), bias))
    assert widened == {float32.tobytes()}


def packed_rnn(kind, weights, precision, **activations):
    kernel, recurrent, bias = weights
    if precision == "int8":
        both = low.int8_columns(kernel), low.int8_columns(recurrent)
    else:
        both = (low.bfloat16(kernel), None), (low.bfloat16(recurrent), None)
    return _kernels.PackedRNN(kind, *both, bias, **activations)


def rounded(weights, precision):
    """The weights that the codes stand for."""
    if precision == "int8":
        pairs = [low.int8_columns(w) for w in weights[:2]]
        return [(codes * steps).astype(np.float32) for codes, steps in pairs] + [weights[2]]
    return [low.widened(low.bfloat16(w)) for w in weights[:2]] + [weights[2]]


@pytest.mark.parametrize("precision, most", [("int8", 0.1), ("bfloat16", 0.06)])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("features, units", [(1, 1), (5, 9), (33, 16), (7, 40)])
def test_recurrent_layers_are_near_the_reference(isa, rng, kind, features, units, precision, most):
    x, offsets = random_batch(rng, [3, 0, 1, 7, 2, 7, 5], features)
    weights = random_weights(rng, kind, features, units)
    packed = packed_rnn(kind, weights, precision)
    got = _kernels.rnn(x, packed, offsets, return_sequences=True)
    want, _ = reference.rnn(kind, split(x, offsets), rounded(weights, precision))
    np.testing.assert_allclose(got[0], np.concatenate(want), atol=most)


@pytest.mark.parametrize("units", [3, 16, 37])
def test_an_int8_step_is_its_definition(rng, units):
    """Each step from the state that the kernel gave before: codes of x and h, exact sums."""
    x, offsets = random_batch(rng, [12], 6)
    kernel, recurrent, bias = random_weights(rng, "lstm", 6, units)
    y, _ = _kernels.rnn(
        x, packed_rnn("lstm", (kernel, recurrent, bias), "int8"), offsets, return_sequences=True
    )
    before, c = np.zeros((1, units), np.float32), np.zeros(units)
    for step in range(12):
        z = low.int8_product(x[step : step + 1], *low.int8_columns(kernel), bias)
        z = low.int8_product(before, *low.int8_columns(recurrent), z)[0].astype(np.float64)
        i, f, candidate, o = z.reshape(4, units)
        c = reference.sigmoid(f) * c + reference.sigmoid(i) * np.tanh(candidate)
        np.testing.assert_allclose(y[step], reference.sigmoid(o) * np.tanh(c), atol=1e-6)
        before = y[step : step + 1]


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("precision", ["int8", "bfloat16"])
def test_a_sequence_has_the_same_bits_in_any_batch_on_any_threads(rng, kind, precision, activation):
    lengths = [9, 0, 3, 17, 1, 4, 4, 2, 11]
    x, offsets = random_batch(rng, lengths, 12)
    weights = random_weights(rng, kind, 12, 40)

    def answers():
        packed = packed_rnn(kind, weights, precision, activation=activation)
        one = _kernels.rnn(x, packed, offsets, return_sequences=True, num_threads=1)
        for threads in (2, 3, 5):
            many = _kernels.rnn(x, packed, offsets, return_sequences=True, num_threads=threads)
            assert same_bits(many, one)
        for b in range(len(lengths)):
            part = x[offsets[b] : offsets[b + 1]]
            alone = _kernels.rnn(part, packed, np.array([0, len(part)]), return_sequences=True)
            np.testing.assert_array_equal(alone[0], one[0][offsets[b] : offsets[b + 1]])
        return _kernels.has_products_in(precision), one[0].tobytes()

    found = set(on_every_way(answers).values())
    if precision == "int8":
        assert len({bits for _, bits in found}) == 1
    else:  # the bits of vdpbf16ps, and those of float32
        assert len(found) == len({in_codes for in_codes, _ in found})


@pytest.mark.parametrize("precision", ["int8", "bfloat16"])
def test_a_folded_table_changes_no_bit(rng, precision):
    table = rng.normal(0, 1, (11, 12)).astype(np.float32)
    index = rng.integers(0, 11, 700)
    offsets = np.array([0, 300, 301, 700])
    packed = packed_rnn("gru", random_weights(rng, "gru", 12, 20), precision)
    want = _kernels.rnn(table[index], packed, offsets, return_sequences=True)
    for keep in (0, 1 << 20, 1 << 20):
        got = _kernels.rnn(table, packed, offsets, index=index, return_sequences=True, keep=keep)
        assert same_bits(got, want)
    assert packed.kept_bytes > 0


@pytest.mark.parametrize("rows, depth, units", [(300, 64, 200), (3, 700, 2000)])
def test_dense_has_the_same_bits_for_any_thread_count(rng, rows, depth, units):
    x, w, bias = case(rng, rows, depth, units)
    for matrix in (low.int8_columns(w), (low.bfloat16(w), None)):
        packed = _kernels.PackedDense(matrix, bias)
        one = _kernels.dense(x, packed, "tanh", num_threads=1)
        for threads in (2, 3, 8):
            np.testing.assert_array_equal(
                _kernels.dense(x, packed, "tanh", num_threads=threads), one
            )


def test_wrong_codes_are_refused(rng):
    codes, steps = low.int8_columns(rng.normal(0, 1, (4, 3)).astype(np.float32))
    with pytest.raises(TypeError, match="kernel must be int8"):
        _kernels.PackedDense((codes.astype(np.int16), steps))
    with pytest.raises(ValueError, match=r"steps of kernel must be float32 \(3,\)"):
        _kernels.PackedDense((codes, steps[:2]))
    with pytest.raises(ValueError, match="at most 131072 inputs"):
        _kernels.PackedDense((np.zeros((131073, 1), np.int8), np.ones(1, np.float32)))
    with pytest.raises(TypeError, match="one precision"):
        _kernels.PackedRNN("simple_rnn", (codes, steps), (np.zeros((3, 3), np.uint16), None))
