"""The way back through recurrent layers in C: against differences of a float64 definition."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.support.recurrent_run import KINDS, random_run, same_arrays, slope

LENGTHS = [3, 0, 5, 1, 2]


def worst_error(rng, run):
    """The largest error of a gradient along a random direction, by the gradient's length."""
    arguments, worst = run.arguments(), 0.0
    for number, gradient in enumerate(run.gradients()):
        random = rng.normal(size=gradient.shape)
        length = np.linalg.norm(gradient)
        direction = gradient / length + random / np.linalg.norm(random) / 2
        want = slope(run.loss, arguments, number, direction)
        worst = max(worst, abs(want - np.vdot(gradient, direction)) / length)
    return worst


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("starts", [False, True])
def test_gradients_are_the_slopes_of_the_definition(rng, kind, reverse, starts):
    for units in (1, 2, 5, 8, 13):
        run = random_run(rng, kind, LENGTHS, 3, units, reverse=reverse, starts=starts)
        assert worst_error(rng, run) < 3e-6


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_at_widths_around_those_of_vectors(rng, isa, kind):
    for units in (7, 9, 15, 16, 17, 31, 32, 33, 40, 65, 128):
        assert worst_error(rng, random_run(rng, kind, [4, 2, 0, 6], 5, units)) < 3e-6


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lengths", [[60], [40, 45], [3] * 150, [90, 20, 30, 10, 0, 20, 40, 1, 5]])
def test_bits_are_the_same_on_any_number_of_threads_and_instruction_set(rng, kind, lengths):
    run = random_run(rng, kind, lengths, 20, 100)
    want = None
    for name in _kernels.ISAS:
        _kernels.set_isa(name)
        run.__post_init__()
        for run.num_threads in (1, 2, 3, 5, 8):
            outputs, last, *_ = run.there()
            got = [outputs, *last, *run.back()]
            want = want or got
            assert same_arrays(got, want), (name, run.num_threads)


def test_two_directions_side_by_side_have_the_bits_of_each_alone(rng):
    for kind, units in (("lstm", 100), ("gru", 100), ("lstm", 7), ("simple_rnn", 20)):
        one = random_run(rng, kind, [90, 20, 30, 10, 0, 20, 40, 1, 5], 20, units, starts=True)
        other = random_run(rng, kind, [90, 20, 30, 10, 0, 20, 40, 1, 5], 20, units, reverse=True)
        other.x = one.x
        want = [a for run in (one, other) for a in (*run.there()[1], *run.back())]
        for threads in (1, 2, 3, 5, 8):
            assert same_arrays(pair_there_and_back(one, other, threads), want), (kind, threads)


def pair_there_and_back(one, other, threads):
    outputs = [np.zeros((len(one.x) + 1, run.units), np.float32) for run in (one, other)]
    found = _kernels.rnn_taped_pair(
        one.x,
        one.packed,
        other.packed,
        one.offsets,
        initial_states=(one.initial, other.initial),
        out=outputs,
        num_threads=threads,
    )
    ways = [
        run.way_back(outputs, kept, c)
        for run, outputs, (_, kept, c) in zip((one, other), outputs, found, strict=True)
    ]
    carries = _kernels.rnn_backward(*ways, num_threads=threads)
    return [
        a
        for run, (last, kept, _), carry in zip((one, other), found, carries, strict=True)
        for a in (*last, *run.parts(kept), carry)
    ]


def weights_gradients(runs, wanted, threads=1, table=None):
    """What `rnn_gradients` gives of runs over the same rows; table: x and an index into it."""
    there = [run.there() for run in runs]
    x, index = table or (runs[0].x, None)
    return _kernels.rnn_gradients(
        [run.way_back(h, kept, c) for run, (h, _, kept, c) in zip(runs, there, strict=True)],
        x,
        [h for h, *_ in there],
        wanted,
        index,
        num_threads=threads,
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reverse", [False, True])
def test_gradients_of_weights_are_those_of_the_definition(rng, isa, kind, reverse):
    for units in (1, 5, 16, 33):
        run = random_run(rng, kind, LENGTHS, 3, units, reverse=reverse)
        ((*found, carry),) = weights_gradients([run], [[True] * 3])
        for got, want in zip(found, run.gradients()[1:4], strict=True):
            assert got.shape == want.shape
            assert np.abs(got - want).max() <= 2e-6 * np.abs(want).max()
        assert same_arrays([carry], run.back()[-1:])


def test_gradients_of_the_weights_of_two_runs_are_those_of_each(rng):
    order = rng.permutation(8)
    for kind in KINDS:
        one = random_run(rng, kind, [4, 0, 3], 6, 20)
        other = random_run(rng, kind, [4, 0, 3], 6, 20, reverse=True)
        other.x = one.x
        table = np.zeros((8, 6), np.float32)
        table[order[:7]] = one.x
        for wanted in ([True] * 3, [True, False, True], [False, True, False]):
            alone = [weights_gradients([run], [wanted])[0] for run in (one, other)]
            assert [x is not None for x in alone[0]] == [*wanted, True]
            for threads in (1, 2, 3, 5, 8):
                pair = weights_gradients([one, other], [wanted] * 2, threads, (table, order[:7]))
                assert all(map(same_arrays, pair, alone)), (kind, wanted, threads)
    with pytest.raises(ValueError, match="expected outputs of 2 runs .* got 2 and 1"):
        weights_gradients([one, other], [wanted])


@pytest.mark.parametrize("kind", KINDS)
def test_a_taped_run_has_the_bits_of_rnn(rng, isa, kind):
    for units in (3, 8, 20, 24, 33):
        run = random_run(rng, kind, LENGTHS, 4, units, starts=True)
        outputs, last, *_ = run.there()
        want = _kernels.rnn(
            run.x, run.packed, run.offsets, initial_state=run.initial, return_sequences=True
        )
        assert same_arrays([outputs[:-1], *last], [want[0], *want[1]])


@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_has_the_gradients_that_it_has_alone(rng, kind):
    run = random_run(rng, kind, [4, 7, 0, 7, 2], 6, 35, starts=True)
    together = run.back()
    for b, (first, end) in enumerate(zip(run.offsets, run.offsets[1:], strict=False)):
        alone = random_run(rng, kind, [end - first], 6, 35)
        alone.weights, alone.x = run.weights, run.x[first:end]
        alone.initial = [h[b : b + 1] for h in run.initial]
        alone.d_outputs = run.d_outputs[first:end]
        alone.d_states = [d[b : b + 1] for d in run.d_states]
        alone.__post_init__()
        *rows, carry = alone.back()
        assert same_arrays(rows, [x[first:end] for x in together[:2]])
        assert same_arrays(carry, [together[2][b]])


def test_saturated_gates_have_no_nan(rng):
    for kind in KINDS:
        run = random_run(rng, kind, [5, 3], 2, 9)
        run.weights = [w * np.float32(1e4) for w in run.weights]
        run.__post_init__()
        assert all(np.isfinite(a).all() for a in run.back())


def test_arguments_that_do_not_fit(rng):
    run = random_run(rng, "lstm", [2, 3], 4, 5)
    outputs, _, kept, c = run.there()
    turned = _kernels.PackedDense(run.weights[1], turned=True)
    back = lambda turned=turned, offsets=run.offsets, kept=kept, state=c, **new: (  # noqa: E731
        _kernels.rnn_backward(_kernels.RnnWayBack(run.packed, turned, offsets, kept, state, **new))
    )
    with pytest.raises(ValueError, match=r"turned .* got \(4, 20\)"):
        back(turned=_kernels.PackedDense(run.weights[0]))
    with pytest.raises(ValueError, match=r"state must be float32 \(5 or more, 5\)"):
        back(state=c[:4])
    with pytest.raises(ValueError, match=r"d_outputs must be float32 \(5 or more, 5\)"):
        back(d_outputs=np.zeros((5, 4)))
    with pytest.raises(ValueError, match="offsets must start at 0"):
        back(offsets=[0, 6, 5])
    with pytest.raises(ValueError, match=r"out must be float32 \(5 or more, 20\)"):
        back(kept=outputs)
    with pytest.raises(ValueError, match="packed must be"):
        general = _kernels.PackedRNN("lstm", *run.weights, activation="relu")
        _kernels.rnn_taped(run.x, general, run.offsets, out=outputs)


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (16, 33), (40, 17)])
def test_dense_rows_are_those_of_dense(rng, isa, shape):
    kernel = rng.normal(size=shape).astype(np.float32)
    for rows in (0, 1, 5, 100):
        x = rng.normal(size=(rows, shape[1] + 3)).astype(np.float32)[:, 1:-2]
        turned = _kernels.dense_rows(x, _kernels.PackedDense(kernel, turned=True))
        assert same_arrays([turned], [_kernels.dense(x, _kernels.PackedDense(kernel.T))])
    with pytest.raises(ValueError, match=r"x must be float32 \(any, \d+\), got \(2, 99\)"):
        _kernels.dense_rows(np.zeros((2, 99)), _kernels.PackedDense(kernel, turned=True))
    with pytest.raises(ValueError, match=r"x must be float32 \(any, any\)"):
        _kernels.dense_rows(np.zeros(3), _kernels.PackedDense(kernel, turned=True))
    with pytest.raises(ValueError, match="kernel must have inputs and outputs"):
        _kernels.PackedDense(kernel[:0], turned=True)


def test_outer_and_column_sums_take_rows_some_distance_apart(rng):
    wide = rng.normal(size=(150, 60)).astype(np.float32)
    x, dz = wide[:, 3:10], wide[::-1, 20:45]
    whole = [np.ascontiguousarray(a) for a in (x, dz)]
    assert same_arrays([_kernels.outer(x, dz)], [_kernels.outer(*whole)])
    assert same_arrays([_kernels.column_sums(dz)], [_kernels.column_sums(whole[1])])
