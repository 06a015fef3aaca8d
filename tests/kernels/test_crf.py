"""The loss of a CRF and its way back: equal to its definition, the same bits everywhere."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.support.definitions import reference_lattice
from tests.support.definitions.differences import slopes

THREADS = (1, 2, 3, 5, 8)
LENGTHS = [3, 0, 1, 4, 2]


class Case:
    """A batch of sequences with random scores and paths."""

    def __init__(self, rng, lengths, tags, boundaries=True, size=1.0):
        self.offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        floats = lambda *shape: (size * rng.standard_normal(shape)).astype(np.float32)  # noqa: E731
        self.emissions, self.transitions = floats(sum(lengths), tags), floats(tags, tags)
        self.start, self.end = (floats(tags), floats(tags)) if boundaries else (None, None)
        self.path = rng.integers(0, tags, sum(lengths))
        self.d_losses = rng.standard_normal(len(lengths)).astype(np.float32)

    def arguments(self):
        weights = self.transitions, self.start, self.end
        return self.emissions, self.path, self.offsets, *weights

    def run(self, **options):
        losses, alphas = _kernels.crf(*self.arguments(), **options)
        return losses, _kernels.crf_backward(self.d_losses, alphas, *self.arguments(), **options)

    def expected(self, loss, emissions, transitions, start=None, end=None):
        start, end = (np.zeros(len(transitions)) if x is None else x for x in (start, end))
        rows = [slice(*self.offsets[b : b + 2]) for b in range(len(self.d_losses))]
        return np.array([loss(emissions[r], self.path[r], transitions, start, end) for r in rows])


@pytest.mark.parametrize("boundaries", (True, False))
@pytest.mark.parametrize("tags", (1, 2, 5))
def test_losses_equal_those_of_all_paths(rng, isa, tags, boundaries):
    case = Case(rng, LENGTHS, tags, boundaries)
    weights = case.transitions, case.start, case.end
    expected = case.expected(reference_lattice.crf_of_all_paths, case.emissions, *weights)
    losses, _ = case.run()
    np.testing.assert_allclose(losses, expected, rtol=3e-6, atol=1e-6)
    again = case.expected(reference_lattice.crf, case.emissions, *weights)
    np.testing.assert_allclose(again, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("boundaries", (True, False))
@pytest.mark.parametrize("size", (1.0, 20.0))
def test_gradients_are_the_slopes_of_the_definition(rng, boundaries, size):
    case = Case(rng, LENGTHS, 4, boundaries, size)
    weights = [case.transitions] + ([case.start, case.end] if boundaries else [])

    def total(*arrays):
        return case.d_losses @ case.expected(reference_lattice.crf, *arrays)

    expected = slopes(total, [case.emissions, *weights])
    found = case.run()[1]
    for x, y in zip(found, expected, strict=False):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=2e-5)
    assert boundaries or found[2:] == (None, None)


def test_long_sequences_keep_their_digits(rng):
    case = Case(rng, [2000], 7, size=3.0)
    losses, (d_emissions, *_) = case.run()
    weights = (x.astype(np.float64) for x in (case.transitions, case.start, case.end))
    expected = case.expected(reference_lattice.crf, case.emissions.astype(np.float64), *weights)
    np.testing.assert_allclose(losses, expected, rtol=1e-6)
    np.testing.assert_allclose(d_emissions.sum(1), 0, atol=2e-5)


def test_the_same_bits_on_every_isa_and_number_of_threads(rng):
    case, results = Case(rng, [90, 3, 0, 200, 17] * 30, 19), set()
    for name in _kernels.ISAS:
        _kernels.set_isa(name)
        for threads in THREADS:
            losses, gradients = case.run(num_threads=threads)
            results.add(b"".join(x.tobytes() for x in (losses, *gradients)))
    assert len(results) == 1


def test_a_sequence_has_the_bits_that_it_has_alone(rng):
    case = Case(rng, [9, 0, 30, 2], 6)
    losses, (d_emissions, *_) = case.run()
    for b in range(4):
        rows = slice(*case.offsets[b : b + 2])
        alone = Case(rng, [rows.stop - rows.start], 6)
        alone.emissions, alone.path = case.emissions[rows], case.path[rows]
        alone.transitions, alone.start, alone.end = case.transitions, case.start, case.end
        alone.d_losses = case.d_losses[b : b + 1]
        loss, gradients = alone.run()
        assert loss.tobytes() == losses[b : b + 1].tobytes()
        assert gradients[0].tobytes() == d_emissions[rows].tobytes()


def test_a_sequence_of_weight_0_passes_nothing_on_whatever_it_holds(rng):
    case = Case(rng, [3, 4], 3)
    case.d_losses[0] = 0
    clean = case.run()[1]
    case.emissions[:3] = np.nan
    found = case.run()[1]
    assert not found[0][:3].any() and found[0][3:].any()
    assert [x.tobytes() for x in found] == [x.tobytes() for x in clean]


def test_forbidden_transitions(rng):
    case = Case(rng, [4, 3], 3)
    case.transitions[0, 1] = -np.inf
    case.path[:] = 2
    losses, gradients = case.run()
    weights = case.transitions, case.start, case.end
    expected = case.expected(reference_lattice.crf, case.emissions, *weights)
    np.testing.assert_allclose(losses, expected, rtol=3e-6)
    assert all(np.isfinite(x).all() for x in gradients) and gradients[1][0, 1] == 0


def test_no_sequences(rng):
    losses, gradients = Case(rng, [], 3).run()
    assert losses.shape == (0,) and not any(x.any() for x in gradients)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"path": [0, 1, 3]}, "path must be from 0 to 2, one of the 3 tags, got 3 at position 2"),
        ({"path": [0, 1]}, r"path must be int64 \(3,\)"),
        ({"offsets": [0, 2, 1]}, "offsets must ascend"),
        ({"offsets": [0, 4]}, "offsets must ascend"),
        ({"transitions": np.zeros((3, 2))}, r"transitions must be float32 \(3, 3\)"),
        ({"start": np.zeros(2)}, r"start must be float32 \(3,\)"),
        ({"emissions": np.zeros((3, 0))}, "at least one tag"),
    ],
)
def test_crf_refuses_what_does_not_fit(rng, change, message):
    case = Case(rng, [3], 3)
    names = ("emissions", "path", "offsets", "transitions", "start", "end")
    arguments = dict(zip(names, case.arguments(), strict=True))
    with pytest.raises(ValueError, match=message):
        _kernels.crf(**{**arguments, **change})
