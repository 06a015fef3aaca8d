"""Steps that are rows of a table, as an Embedding has one: computed once, and kept."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskseq import _kernels
from tests.support import reference
from tests.support.batches import KINDS, SEED, random_batch, random_weights, same_bits


@pytest.mark.parametrize("kind", KINDS)
def test_steps_may_be_rows_of_a_table(isa, rng, kind):
    table, _ = random_batch(rng, [6], 5)
    offsets = np.array([0, 9, 9, 30, 34])
    index = rng.integers(0, len(table), offsets[-1])
    packed = _kernels.PackedRNN(kind, *random_weights(rng, kind, 5, 20))
    want = _kernels.rnn(table[index], packed, offsets, return_sequences=True)
    got = _kernels.rnn(table, packed, offsets, index=index, return_sequences=True)
    assert same_bits(got, want)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [[400], [30] * 20, [300, 5, 0, 60]])
def test_rows_read_again_and_again_give_the_same_bits(isa, rng, kind, lengths):
    table, _ = random_batch(rng, [50], 9)  # so few rows that their projections are shared
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    index = rng.integers(0, len(table), offsets[-1])
    packed = _kernels.PackedRNN(kind, *random_weights(rng, kind, 9, 36))
    want = _kernels.rnn(table[index], packed, offsets, return_sequences=True)
    for n in (1, 2, 3):
        got = _kernels.rnn(
            table, packed, offsets, index=index, return_sequences=True, num_threads=n
        )
        assert same_bits(got, want)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.lists(st.integers(0, 40), min_size=1, max_size=20),
    st.integers(1, 60),
    st.integers(1, 40),
    st.sampled_from([1, 2, 3, 5, 8]),
    st.booleans(),
    SEED,
)
def test_a_kept_table_gives_the_same_bits(kind, lengths, rows, units, threads, reverse, seed):
    rng = np.random.default_rng(seed)
    table, _ = random_batch(rng, [rows], 5)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    index = rng.integers(0, rows, offsets[-1])
    options = {"index": index, "reverse": reverse, "return_sequences": True}
    weights = random_weights(rng, kind, 5, units)
    for isa in _kernels.ISAS:
        _kernels.set_isa(isa)
        packed = _kernels.PackedRNN(kind, *weights)
        want = _kernels.rnn(table, packed, offsets, **options)
        assert packed.kept_bytes == 0
        for _ in range(3):
            got = _kernels.rnn(table, packed, offsets, keep=1 << 20, num_threads=threads, **options)
            assert same_bits(got, want)
        other = _kernels.PackedRNN(kind, *weights)
        pair = _kernels.rnn_pair(table, packed, other, offsets, keep=1 << 20, **options)
        assert same_bits(pair[0], want)
        row_bytes = 4 * reference.GATES[kind] * units
        assert packed.kept_bytes >= len(set(index)) * row_bytes


ROW = 4 * 3 * 16  # bytes of a row of a GRU of 16 units


def kept_rows(packed):
    assert packed.kept_bytes % ROW == 0
    return packed.kept_bytes // ROW


def run(packed, table, index, keep=1 << 20):
    """A call of two sequences; with `keep`, beside the same without."""
    index = np.asarray(index)
    options = {"index": index, "return_sequences": True}
    offsets = [0, len(index) // 3, len(index)]
    want = _kernels.rnn(table[index], packed, offsets, return_sequences=True)
    assert same_bits(_kernels.rnn(table, packed, offsets, keep=keep, **options), want)
    return kept_rows(packed)


def of_gru(rng, rows):
    table, _ = random_batch(rng, [rows], 8)
    return _kernels.PackedRNN("gru", *random_weights(rng, "gru", 8, 16)), table


def test_a_call_keeps_half_as_many_rows_as_it_has_steps(rng):
    packed, table = of_gru(rng, 1000)
    assert run(packed, table, np.arange(100)) == 66  # 50 and 16 more
    assert run(packed, table, np.arange(100)) == 100
    assert run(packed, table, np.arange(100)) == 113  # an eighth more, though no step reads them


def test_a_table_that_fits_is_kept_whole_before_long(rng):
    packed, table = of_gru(rng, 300)
    for _ in range(40):
        run(packed, table, rng.integers(0, 4, 64))
    assert kept_rows(packed) == 300


def test_another_table_or_another_limit_begins_anew(rng):
    packed, table = of_gru(rng, 200)
    assert run(packed, table, np.arange(8)) == 8
    assert run(packed, table, np.arange(8), keep=0) == 8  # keeps nothing, takes nothing away
    assert run(packed, table.copy(), [3]) == 1
    assert run(packed, table, [3, 3]) == 1
    assert run(packed, table, [5], keep=100 * ROW) == 1


def test_a_table_beyond_the_limit_keeps_the_rows_that_calls_read(rng):
    """Rows that each call reads stay; others come and go."""
    packed, table = of_gru(rng, 1000)
    hot = np.arange(40)
    for _ in range(20):
        index = np.concatenate([hot, rng.integers(40, 1000, 24)])
        assert run(packed, table, index, keep=64 * ROW + 5) <= 64
    assert kept_rows(packed) == 64
    table = np.ascontiguousarray(table)
    options = {"index": hot, "keep": 64 * ROW + 5}
    before = _kernels.rnn(table, packed, [0, 40], **options)
    table[hot] = np.nan  # no call reads them any more, what was kept of them is enough
    options["keep"] = 64 * ROW + 5
    for x, y in zip(before[1], _kernels.rnn(table, packed, [0, 40], **options)[1], strict=True):
        assert x.tobytes() == y.tobytes()


def test_a_limit_below_one_row_keeps_nothing(rng):
    packed, table = of_gru(rng, 50)
    assert run(packed, table, np.arange(50), keep=ROW - 1) == 0
    assert run(packed, table, np.arange(50), keep=ROW) == 1
    assert run(packed, table, np.arange(50)[::-1], keep=ROW) == 1


@pytest.mark.parametrize("capacity", [30, 400])
def test_calls_at_the_same_time_may_share_what_is_kept(rng, capacity):
    packed, table = of_gru(rng, 400)
    indices = [rng.integers(0, 400, 90) for _ in range(24)]
    want = [_kernels.rnn(table[i], packed, [0, 30, 90], return_sequences=True) for i in indices]

    def call(number):
        options = {"index": indices[number], "return_sequences": True, "keep": capacity * ROW}
        got = _kernels.rnn(table, packed, [0, 30, 90], **options)
        return same_bits(got, want[number])

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(call, [*range(24)] * 8))
    assert 0 < kept_rows(packed) <= capacity


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_table_of_many_rows_gives_the_same_bits(rng, kind):
    """More rows than are multiplied together."""
    table, _ = random_batch(rng, [500], 6)
    index = rng.permutation(500)
    packed = _kernels.PackedRNN(kind, *random_weights(rng, kind, 6, 9))
    want = _kernels.rnn(table[index], packed, [0, 120, 500], return_sequences=True)
    for threads in (1, 1, 2, 3):
        options = {"index": index, "keep": 1 << 20, "num_threads": threads}
        got = _kernels.rnn(table, packed, [0, 120, 500], return_sequences=True, **options)
        assert same_bits(got, want)
    assert packed.kept_bytes > 0


def test_more_rows_that_are_lacking_than_a_chunk_has_room_for(isa, rng):
    table, _ = random_batch(rng, [1500], 3)
    index = rng.permutation(1500)
    packed = _kernels.PackedRNN("lstm", *random_weights(rng, "lstm", 3, 130))
    offsets = [0, 500, 510, 1500]
    want = _kernels.rnn(table[index], packed, offsets, return_sequences=True)
    for _ in range(3):
        options = {"index": index, "keep": 1 << 24, "num_threads": 2}
        got = _kernels.rnn(table, packed, offsets, return_sequences=True, **options)
        assert same_bits(got, want)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_too_many_for_a_chunk_begins_the_next(isa, rng, kind):
    """A chunk has room for 2,048 rows: 682 steps of three sequences, and two rows more."""
    table, _ = random_batch(rng, [50], 4)
    index, offsets = rng.integers(0, 50, 2100), np.arange(4) * 700
    packed = _kernels.PackedRNN(kind, *random_weights(rng, kind, 4, 20))
    want = _kernels.rnn(table[index], packed, offsets, return_sequences=True)
    got = _kernels.rnn(table, packed, offsets, index=index, return_sequences=True, num_threads=1)
    assert same_bits(got, want)
