"""Recurrent layers: right, and with bits that depend on the sequence and the weights alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskseq import _kernels
from tests.support import reference
from tests.support.batches import (
    KINDS,
    LENGTHS,
    SEED,
    assert_close,
    random_batch,
    random_weights,
    same_bits,
    split,
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("units", [1, 7, 8, 9, 15, 16, 17, 33])
@pytest.mark.parametrize("reverse", [False, True])
def test_rnn_equals_reference(isa, rng, kind, units, reverse):
    lengths, features = [3, 0, 1, 7, 2, 7, 5], 5
    x, offsets = random_batch(rng, lengths, features)
    weights = random_weights(rng, kind, features, units)
    packed = _kernels.PackedRNN(kind, *weights)
    got = _kernels.rnn(x, packed, offsets, return_sequences=True, reverse=reverse)
    outputs, states = reference.rnn(kind, split(x, offsets), weights, reverse=reverse)
    assert_close(got[0], np.concatenate(outputs))
    for state, want in zip(got[1], states, strict=True):
        assert_close(state, want)
    last_only = _kernels.rnn(x, packed, offsets, reverse=reverse)
    assert same_bits(last_only, (None, got[1]))


def test_weights_in_large_pages_give_the_same_bits(isa, rng):
    """4 MB and a little, of which units beyond 33 say nothing and hear nothing."""
    x, offsets = random_batch(rng, [2, 0, 3], 5)
    small = random_weights(rng, "lstm", 5, 33)
    large = [np.zeros((*w.shape[:-1], 4, 529), np.float32) for w in small]
    large[1] = np.zeros((529, 4, 529), np.float32)
    for to, w in zip(large, small, strict=True):
        gates = w.reshape(*w.shape[:-1], 4, 33)
        to[(slice(len(gates)), ..., slice(33)) if w.ndim == 2 else (..., slice(33))] = gates
    packed = _kernels.PackedRNN("lstm", *[w.reshape(*w.shape[:-2], 4 * 529) for w in large])
    outputs, states = _kernels.rnn(x, packed, offsets, return_sequences=True)
    want = _kernels.rnn(x, _kernels.PackedRNN("lstm", *small), offsets, return_sequences=True)
    assert same_bits((outputs[:, :33], tuple(s[:, :33] for s in states)), want)
    assert not outputs[:, 33:].any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "names", [("relu", "hard_sigmoid"), ("softsign", "sigmoid"), ("tanh", "elu")]
)
def test_rnn_takes_any_activations(isa, rng, kind, names):
    x, offsets = random_batch(rng, [4, 2, 0, 3], 3)
    weights = [w * np.float32(0.5) for w in random_weights(rng, kind, 3, 18)]
    packed = _kernels.PackedRNN(kind, *weights, *names)
    got = _kernels.rnn(x, packed, offsets, return_sequences=True)
    outputs, states = reference.rnn(kind, split(x, offsets), weights, *names)
    assert_close(got[0], np.concatenate(outputs))
    assert_close(got[1][0], states[0])


@pytest.mark.parametrize("kind", KINDS)
def test_initial_state_starts_each_sequence(isa, rng, kind):
    x, offsets = random_batch(rng, [4, 0, 3], 3)
    weights = random_weights(rng, kind, 3, 18)
    initial = rng.normal(0, 1, (2 if kind == "lstm" else 1, 3, 18)).astype(np.float32)
    got = _kernels.rnn(x, _kernels.PackedRNN(kind, *weights), offsets, initial_state=initial)
    _, states = reference.rnn(kind, split(x, offsets), weights, initial=initial)
    for state, want, start in zip(got[1], states, initial, strict=True):
        assert_close(state, want)
        np.testing.assert_array_equal(state[1], start[1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("names", [("tanh", "sigmoid"), ("elu", "hard_sigmoid")])
@pytest.mark.parametrize("weight", [0.1, np.inf, np.nan])
def test_no_initial_state_is_one_of_zeros(isa, rng, kind, names, weight):
    x, offsets = random_batch(rng, [1, 0, 3, 1, 2], 3)
    kernel, recurrent, bias = random_weights(rng, kind, 3, 18)
    recurrent[7, 5] = weight
    packed = _kernels.PackedRNN(kind, kernel, recurrent, bias, *names)
    zeros = np.zeros((2 if kind == "lstm" else 1, 5, 18), np.float32)
    want = _kernels.rnn(x, packed, offsets, return_sequences=True, initial_state=zeros)
    got = _kernels.rnn(x, packed, offsets, return_sequences=True)
    np.testing.assert_array_equal(got[0], want[0])
    assert np.isnan(got[0][:, 5]).all() == (not np.isfinite(weight))
    for state, same in zip(got[1], want[1], strict=True):
        np.testing.assert_array_equal(state, same)


@pytest.mark.parametrize("kind", KINDS)
def test_rnn_without_bias_has_a_bias_of_zeros(isa, rng, kind):
    x, offsets = random_batch(rng, [4, 3], 3)
    kernel, recurrent, bias = random_weights(rng, kind, 3, 18)
    without = _kernels.rnn(x, _kernels.PackedRNN(kind, kernel, recurrent), offsets)
    zeros = _kernels.PackedRNN(kind, kernel, recurrent, np.zeros_like(bias))
    assert same_bits(_kernels.rnn(x, zeros, offsets), without)


def test_rows_past_the_last_offset_are_not_read(isa, rng):
    x, offsets = random_batch(rng, [4, 3], 3)
    packed = _kernels.PackedRNN("lstm", *random_weights(rng, "lstm", 3, 18))
    padded = np.concatenate([x, np.full((1, 3), np.nan, np.float32)])
    assert same_bits(_kernels.rnn(padded, packed, offsets), _kernels.rnn(x, packed, offsets))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
def test_out_is_written_at_any_row_distance_and_nowhere_else(isa, rng, kind, reverse):
    x, offsets = random_batch(rng, [4, 3, 6], 3)
    packed = _kernels.PackedRNN(kind, *random_weights(rng, kind, 3, 18))
    want = _kernels.rnn(x, packed, offsets, return_sequences=True, reverse=reverse)
    both = np.full((14, 40), np.nan, np.float32)
    got = _kernels.rnn(x, packed, offsets, out=both[:, 20:38], reverse=reverse)
    np.testing.assert_array_equal(both[:13, 20:38], want[0])
    assert (
        np.isnan(both[13]).all() and np.isnan(both[:, :20]).all() and np.isnan(both[:, 38:]).all()
    )
    assert same_bits((None, got[1]), (None, want[1]))
    upside_down = np.empty((13, 18), np.float32)[::-1]
    _kernels.rnn(x, packed, offsets, out=upside_down, reverse=reverse)
    np.testing.assert_array_equal(upside_down, want[0])


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(KINDS), LENGTHS, st.integers(1, 40), st.sampled_from([1, 2, 3, 5]), SEED)
def test_outputs_go_to_their_cells_and_nowhere_else(kind, lengths, units, threads, seed):
    rng = np.random.default_rng(seed)
    x, offsets = random_batch(rng, lengths, 6)
    packed = _kernels.PackedRNN(kind, *random_weights(rng, kind, 6, units))
    options = {"index": rng.permutation(len(x)) if seed % 2 else None, "reverse": seed % 3 == 0}
    want = _kernels.rnn(x, packed, offsets, return_sequences=True, **options)
    cells = rng.permutation(len(x) + 5)[: len(x)]
    out = np.full((len(x) + 5, units + 3), np.nan, np.float32)
    got = _kernels.rnn(
        x, packed, offsets, out=out[:, :units], cells=cells, num_threads=threads, **options
    )
    assert same_bits((out[cells, :units], got[1]), want)
    out[cells, :units] = np.nan
    assert np.isnan(out).all()


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(KINDS), LENGTHS, st.integers(1, 40), st.booleans(), SEED)
def test_a_sequence_has_the_same_bits_in_any_batch_on_any_isa(kind, lengths, units, reverse, seed):
    rng = np.random.default_rng(seed)
    x, offsets = random_batch(rng, lengths, 6)
    weights = random_weights(rng, kind, 6, units)
    want = None
    for isa in _kernels.ISAS:
        _kernels.set_isa(isa)
        packed = _kernels.PackedRNN(kind, *weights)
        got = _kernels.rnn(x, packed, offsets, return_sequences=True, reverse=reverse)
        want = want or got
        assert same_bits(got, want)
    for b, alone in enumerate(split(x, offsets)):
        _, states = _kernels.rnn(alone, packed, [0, len(alone)], reverse=reverse)
        for state, whole in zip(states, want[1], strict=True):
            assert state[0].tobytes() == whole[b].tobytes()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("batch", [0, 1, 2, 63, 64, 65])
@pytest.mark.parametrize("time", [0, 1, 4])
def test_a_dense_batch_has_the_bits_of_its_rows(rng, kind, reverse, batch, time):
    x = rng.normal(0, 1, (batch, time, 3)).astype(np.float32)
    packed = _kernels.PackedRNN(kind, *random_weights(rng, kind, 3, 17))
    rows, offsets = x.reshape(-1, 3), np.arange(batch + 1) * time
    steps, states = _kernels.rnn(rows, packed, offsets, return_sequences=True, reverse=reverse)
    none, last = _kernels.rnn(x, packed, reverse=reverse)
    every, same = _kernels.rnn(x, packed, return_sequences=True, return_c=False, reverse=reverse)
    assert same_bits((none, last), (None, states))
    assert every.shape == (batch, time, 17) and same_bits((every, same), (steps, states[:1]))


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_batch_gives_empty_results(isa, kind):
    packed = _kernels.PackedRNN(kind, *random_weights(np.random.default_rng(0), kind, 3, 4))
    sequences, states = _kernels.rnn(np.empty((0, 3)), packed, [0], return_sequences=True)
    assert sequences.shape == (0, 4) and {s.shape for s in states} == {(0, 4)}
    _, states = _kernels.rnn(np.empty((0, 3)), packed, [0, 0, 0])
    assert all(not s.any() and s.shape == (2, 4) for s in states)
