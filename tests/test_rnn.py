"""Recurrent layers: right, and with bits that depend on the sequence and the weights alone."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import run_python

from maskseq import _kernels

KINDS = list(reference.STEPS)
GATES = {"lstm": 4, "gru": 3, "gru_reset_before": 3, "simple_rnn": 1}
LENGTHS = st.lists(st.integers(0, 12), min_size=1, max_size=40)
SEED = st.integers(0, 2**32 - 1)


def random_weights(rng, kind, features, units):
    columns = GATES[kind] * units
    bias = (2, columns) if kind == "gru" else (columns,)
    shapes = (features, columns), (units, columns), bias
    return [rng.normal(0, 0.5, shape).astype(np.float32) for shape in shapes]


def random_batch(rng, lengths, features):
    """Rows of sequences one after the other, and their offsets."""
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return rng.normal(0, 1, (offsets[-1], features)).astype(np.float32), offsets


def split(x, offsets):
    return [x[a:b] for a, b in zip(offsets[:-1], offsets[1:], strict=True)]


def assert_close(got, want):
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=2e-6)


def same_bits(got, want):
    return all(
        (a is None and b is None) or a.tobytes() == b.tobytes()
        for a, b in zip((got[0], *got[1]), (want[0], *want[1]), strict=True)
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
def test_rnn_without_bias_has_a_bias_of_zeros(isa, rng, kind):
    x, offsets = random_batch(rng, [4, 3], 3)
    kernel, recurrent, bias = random_weights(rng, kind, 3, 18)
    without = _kernels.rnn(x, _kernels.PackedRNN(kind, kernel, recurrent), offsets)
    zeros = _kernels.PackedRNN(kind, kernel, recurrent, np.zeros_like(bias))
    assert same_bits(_kernels.rnn(x, zeros, offsets), without)


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
        assert packed.kept_bytes >= 4 * rows * GATES[kind] * units or len(index) == 0


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
@pytest.mark.parametrize("lengths", [[150], [90, 100], [3] * 170, [200, 20, 30, 10, 20, 90, 1, 5]])
def test_rnn_has_the_same_bits_for_any_thread_count(rng, kind, lengths):
    x, offsets = random_batch(rng, lengths, 70)
    packed = _kernels.PackedRNN(kind, *random_weights(rng, kind, 70, 200))
    one = _kernels.rnn(x, packed, offsets, return_sequences=True, num_threads=1)
    for n in (2, 3, 5, 8):
        got = _kernels.rnn(x, packed, offsets, return_sequences=True, num_threads=n)
        assert same_bits(got, one)


def test_many_threads_of_python_may_share_one_layer(rng):
    packed = _kernels.PackedRNN("lstm", *random_weights(rng, "lstm", 20, 100))
    batches = [random_batch(rng, rng.integers(0, 30, 12), 20) for _ in range(8)]
    want = [_kernels.rnn(x, packed, offsets, num_threads=1) for x, offsets in batches]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            got = pool.map(lambda batch: _kernels.rnn(batch[0], packed, batch[1]), batches)
            assert all(same_bits(a, b) for a, b in zip(got, want, strict=True))


CHANGES = """
import threading, time, numpy as np
from maskseq import _kernels
rng = np.random.default_rng(0)
packed = _kernels.PackedRNN("lstm", *[rng.random(s).astype("f4") for s in ((8, 64), (16, 64))])
good = {"index": rng.integers(0, 40, 2000), "offsets": np.arange(0, 2001, 50)}
given = {name: array.copy() for name, array in good.items()}
end = time.monotonic() + 1
def change():
    while time.monotonic() < end:
        for name, array in given.items():
            array[1:] = 2**33
            array[:] = good[name]
            time.sleep(0)
thread = threading.Thread(target=change)
thread.start()
while time.monotonic() < end:
    try:
        _kernels.rnn(np.ones((40, 8), "f4"), packed, **given, return_sequences=True)
    except (IndexError, ValueError):
        pass
thread.join()
"""


def test_index_and_offsets_changed_during_a_call_lead_nowhere_outside_the_arrays():
    done = run_python(CHANGES)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_rnn_works_in_a_forked_child(rng):
    x, offsets = random_batch(rng, [150, 100], 20)
    packed = _kernels.PackedRNN("lstm", *random_weights(rng, "lstm", 20, 128))
    want = _kernels.rnn(x, packed, offsets, num_threads=2)
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # a hang ends the child, and the test fails
        same = same_bits(_kernels.rnn(x, packed, offsets, num_threads=2), want)
        os._exit(0 if same else 3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("batch", [0, 1, 2, 63, 64, 65])
@pytest.mark.parametrize("time", [0, 1, 4])
def test_a_dense_batch_has_the_bits_of_its_rows(rng, kind, reverse, batch, time):
    x = rng.normal(0, 1, (batch, time, 3)).astype(np.float32)
    packed = _kernels.PackedRNN(kind, *random_weights(rng, kind, 3, 17))
    rows, offsets = x.reshape(-1, 3), np.arange(batch + 1) * time
    steps, states = _kernels.rnn(rows, packed, offsets, return_sequences=True, reverse=reverse)
    last = _kernels.rnn_dense(x, packed, reverse=reverse)
    every = _kernels.rnn_dense(x, packed, return_sequences=True, reverse=reverse)
    np.testing.assert_array_equal(last, states[0])
    np.testing.assert_array_equal(every, steps.reshape(batch, time, 17))


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (1, 2, 3, 3)])
def test_rnn_dense_names_the_bad_shape(rng, shape):
    packed = _kernels.PackedRNN("gru", *random_weights(rng, "gru", 3, 5))
    with pytest.raises(ValueError, match=r"x must be float32 \(any, any, 3\), got float32 \("):
        _kernels.rnn_dense(np.zeros(shape, np.float32), packed)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_batch_gives_empty_results(isa, kind):
    packed = _kernels.PackedRNN(kind, *random_weights(np.random.default_rng(0), kind, 3, 4))
    sequences, states = _kernels.rnn(np.empty((0, 3)), packed, [0], return_sequences=True)
    assert sequences.shape == (0, 4) and {s.shape for s in states} == {(0, 4)}
    _, states = _kernels.rnn(np.empty((0, 3)), packed, [0, 0, 0])
    assert all(not s.any() and s.shape == (2, 4) for s in states)


def call(x=(4, 3), offsets=(0, 4), **arguments):
    packed = _kernels.PackedRNN("lstm", np.ones((3, 8)), np.ones((2, 8)), np.ones(8))
    return _kernels.rnn(np.ones(x), packed, np.array(offsets, np.int64), **arguments)


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"x": (4, 2)}, ValueError, r"x must be float32 \(any, 3\), got float32 \(4, 2\)"),
        (
            {"offsets": (1, 4)},
            ValueError,
            "offsets must start at 0 and never fall, got 1 at position 0",
        ),
        (
            {"offsets": (0, 3, 2)},
            ValueError,
            "offsets must start .* never fall, got 2 at position 2",
        ),
        (
            {"offsets": (0, 5)},
            ValueError,
            "offsets must rise from 0 to at most the 4 rows of x, got 5",
        ),
        ({"offsets": ()}, ValueError, "offsets must be int64"),
        ({"index": [0, 1, 4, 9]}, IndexError, r"index must be in \[0, 4\), got 4 at position 2"),
        ({"index": [0, -1, 0, 0]}, IndexError, r"index must be in \[0, 4\), got -1 at position 1"),
        ({"index": [0, 1]}, ValueError, r"index must be int64 \(4,\), got int64 \(2,\)"),
        (
            {"initial_state": [np.ones((1, 2))]},
            ValueError,
            "initial_state must have 2 arrays, got 1",
        ),
        (
            {"initial_state": [np.ones((1, 2)), np.ones((1, 3))]},
            ValueError,
            r"initial_state\[1\] must be float32 \(1, 2\), got float32 \(1, 3\)",
        ),
        (
            {"out": np.ones((3, 2), "f4")},
            ValueError,
            r"out must be float32 \(4 or more, 2\), got f",
        ),
        ({"out": np.ones((4, 2))}, ValueError, r"out must be float32 \(4 or more, 2\), got d"),
        (
            {"out": np.ones((2, 4), "f4").T},
            ValueError,
            "out must be aligned, with the values of a row",
        ),
        ({"out": [[1.0, 1.0]] * 4}, TypeError, "out must be a writable float32 array"),
    ],
)
def test_rnn_names_the_bad_argument(arguments, error, message):
    with pytest.raises(error, match=message):
        call(**arguments)


def test_out_must_not_overlap_the_input():
    packed = _kernels.PackedRNN("simple_rnn", np.ones((3, 3)), np.ones((3, 3)))
    x = np.ones((4, 3), np.float32)
    with pytest.raises(ValueError, match="out must not overlap x or initial_state"):
        _kernels.rnn(x, packed, [0, 4], out=x)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wrong", [0, 1, 2])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("by", [-1, 1])
def test_weights_of_any_wrong_shape_are_refused(kind, wrong, axis, by):
    shapes = [list(w.shape) for w in random_weights(np.random.default_rng(0), kind, 3, 4)]
    axis = min(axis, len(shapes[wrong]) - 1)
    shapes[wrong][axis] += by
    if (wrong, axis) == (0, 0):
        pytest.skip("any number of features is right")
    with pytest.raises(ValueError, match="kernel must be float32|bias must be float32"):
        _kernels.PackedRNN(kind, *map(np.ones, shapes))


def test_packed_rnn_names_the_known_kinds():
    with pytest.raises(ValueError, match="kind must be one of lstm, gru, .*, got 'GRU'"):
        _kernels.PackedRNN("GRU", np.ones((1, 3)), np.ones((1, 3)))
