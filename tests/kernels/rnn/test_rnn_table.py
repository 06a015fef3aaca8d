"""Steps that are rows of a table, as an Embedding has one: computed once, and kept."""

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
        for _ in range(2 + rows // max(1, len(index))):
            got = _kernels.rnn(table, packed, offsets, keep=1 << 20, num_threads=threads, **options)
            assert same_bits(got, want)
        other = _kernels.PackedRNN(kind, *weights)
        pair = _kernels.rnn_pair(table, packed, other, offsets, keep=1 << 20, **options)
        assert same_bits(pair[0], want)
        assert packed.kept_bytes >= 4 * rows * reference.GATES[kind] * units or len(index) == 0


def test_a_table_is_kept_once_as_many_rows_were_computed(rng):
    table, _ = random_batch(rng, [100], 8)
    packed = _kernels.PackedRNN("gru", *random_weights(rng, "gru", 8, 16))

    def kept_after(steps, x=table, **options):
        options = {"index": np.arange(steps), "keep": 1 << 20, **options}
        _kernels.rnn(x, packed, [0, steps], **options)
        return packed.kept_bytes

    assert kept_after(60) == 0 and kept_after(40) == 0  # 100: the next call keeps them
    assert kept_after(1) == 4 * 100 * 3 * 16
    assert kept_after(1, keep=0) == 4 * 100 * 3 * 16  # a call that keeps nothing takes nothing away
    copy = table.copy()
    assert kept_after(100, copy) == 0  # another array: what was kept is gone
    assert kept_after(1, copy) > 0
    packed = _kernels.PackedRNN("gru", *random_weights(rng, "gru", 8, 16))
    limit = 4 * 100 * 3 * 16
    assert kept_after(100) == 0 and kept_after(1, keep=limit - 1) == 0
    assert kept_after(1, keep=limit) == limit


def test_rows_computed_once_for_many_steps_count_once(rng):
    table, _ = random_batch(rng, [2000], 8)
    packed = _kernels.PackedRNN("lstm", *random_weights(rng, "lstm", 8, 16))
    index = rng.integers(0, 10, 1000)
    for _ in range(5):
        _kernels.rnn(table, packed, [0, 1000], index=index, keep=1 << 20)
    assert packed.kept_bytes == 0


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
