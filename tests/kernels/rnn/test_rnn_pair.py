"""Both directions in one call: the bits of the layers alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskseq import _kernels
from tests.support.batches import KINDS, LENGTHS, SEED, random_batch, random_weights, same_bits


@settings(max_examples=30, deadline=None)
@given(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS)),
    LENGTHS,
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from([1, 2, 3, 4, 5, 8]),
    st.booleans(),
    SEED,
)
def test_a_pair_has_the_bits_of_its_layers_alone(kinds, lengths, units, threads, reverse, seed):
    rng = np.random.default_rng(seed)
    x, offsets = random_batch(rng, lengths, 6)
    index = rng.permutation(len(x)) if seed % 2 else None
    pair, starts, want = [], [], []
    for kind, width, backwards in zip(kinds, units, (reverse, not reverse), strict=True):
        pair.append(_kernels.PackedRNN(kind, *random_weights(rng, kind, 6, width)))
        start = rng.normal(0, 1, (2 if kind == "lstm" else 1, len(lengths), width)).astype("f4")
        starts.append(start if seed % 3 else None)
        options = {"index": index, "initial_state": starts[-1], "reverse": backwards}
        want.append(_kernels.rnn(x, pair[-1], offsets, return_sequences=True, **options))
    got = _kernels.rnn_pair(
        x,
        *pair,
        offsets,
        index=index,
        initial_states=starts,
        return_sequences=True,
        reverse=reverse,
        num_threads=threads,
    )
    assert same_bits(got[0], want[0]) and same_bits(got[1], want[1])


@pytest.mark.slow
@pytest.mark.sanitize
@pytest.mark.parametrize("lengths", [[150], [90, 100], [3] * 170, [200, 20, 30, 10, 20, 90, 1, 5]])
@pytest.mark.parametrize("units", [(200, 200), (64, 200)])
def test_a_large_pair_has_the_same_bits_for_any_thread_count(rng, lengths, units):
    x, offsets = random_batch(rng, lengths, 70)
    pair = [_kernels.PackedRNN("lstm", *random_weights(rng, "lstm", 70, width)) for width in units]
    want = [
        _kernels.rnn(x, packed, offsets, reverse=back, return_sequences=True, num_threads=1)
        for back, packed in enumerate(pair)
    ]
    both = np.full((len(x) + 1, sum(units)), np.nan, np.float32)
    out = both[:, : units[0]], both[:, units[0] :]
    for n in (1, 2, 3, 4, 5, 8):
        both[:] = np.nan
        got = _kernels.rnn_pair(x, *pair, offsets, out=out, num_threads=n)
        for a, b, part in zip(got, want, out, strict=True):
            assert same_bits((part[:-1], a[1]), b)
        assert np.isnan(both[-1]).all()
        upwards = np.arange(len(x))[::-1]
        _kernels.rnn_pair(x, *pair, offsets, out=out, cells=upwards, num_threads=n)
        for b, part in zip(want, out, strict=True):
            assert part[upwards].tobytes() == b[0].tobytes()


def test_a_pair_checks_its_arguments(rng):
    x, offsets = random_batch(rng, [4, 3], 6)
    packed = _kernels.PackedRNN("lstm", *random_weights(rng, "lstm", 6, 4))
    other = _kernels.PackedRNN("gru", *random_weights(rng, "gru", 5, 4))
    with pytest.raises(ValueError, match=r"x must be float32 \(any, 5\), got float32 \(7, 6\)"):
        _kernels.rnn_pair(x, packed, other, offsets)
    with pytest.raises(IndexError, match=r"index must be in \[0, 7\), got 7 at position 6"):
        _kernels.rnn_pair(x, packed, packed, offsets, index=np.arange(1, 8))
    with pytest.raises(TypeError, match="PackedRNN"):
        _kernels.rnn_pair(x, packed, None, offsets)
