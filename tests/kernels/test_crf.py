"""The loss of a CRF, its way back and its best path: as defined, the same bits everywhere."""

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

    def decode(self, **options):
        weights = self.transitions, self.start, self.end
        return _kernels.crf_decode(self.emissions, self.offsets, *weights, **options)

    def expected_decode(self):
        nothing = np.zeros(len(self.transitions), np.float32)
        ends = (nothing if x is None else x for x in (self.start, self.end))
        weights = self.transitions, *ends
        parts = np.split(self.emissions, self.offsets[1:-1])
        found = [reference_lattice.viterbi(part, *weights) for part in parts]
        tags = np.array([tag for path, _ in found for tag in path], np.int32)
        return tags, np.array([score for _, score in found], np.float32)

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


@pytest.mark.slow
@pytest.mark.sanitize
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


def same(found, expected):
    for x, y in zip(found, expected, strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("boundaries", (True, False))
@pytest.mark.parametrize("tags", (1, 2, 3, 15, 16, 17, 20, 31, 33, 48, 56, 64, 65, 130))
def test_best_paths(rng, isa, tags, boundaries):
    case = Case(rng, [3, 0, 1, 20, 2, 2, 9, 0, 5], tags, boundaries)
    same(case.decode(), case.expected_decode())


def test_of_equal_scores_the_first_tag_wins(rng, isa):
    case = Case(rng, [9, 4, 1], 37, size=0.0)
    tags, scores = case.decode()
    assert not tags.any() and not scores.any()
    case.emissions[:] = rng.integers(0, 2, case.emissions.shape)
    case.transitions[:] = rng.integers(0, 2, case.transitions.shape)
    same(case.decode(), case.expected_decode())


@pytest.mark.parametrize("value", (np.nan, np.inf, -np.inf, 3e38, -3e38))
@pytest.mark.parametrize("name", ("emissions", "transitions", "start", "end"))
def test_best_paths_of_what_is_no_plain_number(rng, isa, name, value):
    case = Case(rng, [5, 1, 7, 6, 2], 19)
    array = getattr(case, name)
    for share in (0.02, 0.3, 1.0):
        array[rng.random(array.shape) < share] = value
        with np.errstate(invalid="ignore", over="ignore"):
            same(case.decode(), case.expected_decode())


def test_a_forbidden_transition_is_in_no_best_path(rng):
    case = Case(rng, [200], 5)
    case.transitions[1, 2] = case.start[0] = case.end[3] = -np.inf
    tags, _ = case.decode()
    pairs = set(zip(tags[:-1].tolist(), tags[1:].tolist(), strict=True))
    assert (1, 2) not in pairs and tags[0] != 0 and tags[-1] != 3
    same(case.decode(), case.expected_decode())


def test_best_paths_have_the_same_bits_everywhere(rng):
    case, results = Case(rng, [90, 3, 0, 200, 17] * 30, 33), set()
    for name in _kernels.ISAS:
        _kernels.set_isa(name)
        for threads in THREADS:
            results.add(b"".join(x.tobytes() for x in case.decode(num_threads=threads)))
    assert len(results) == 1


def test_rows_of_no_sequence_get_tag_0(rng):
    case = Case(rng, [2, 3], 4)
    case.emissions = np.concatenate([case.emissions, np.full((2, 4), np.nan, np.float32)])
    tags, _ = case.decode()
    assert tags.shape == (7,) and not tags[5:].any()
    case.emissions = case.emissions[:5]
    same((tags[:5], case.decode()[1]), case.expected_decode())


def test_no_sequences_to_decode(rng):
    tags, scores = Case(rng, [], 3).decode()
    assert tags.shape == scores.shape == (0,)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"offsets": [0, 2, 1]}, "offsets must ascend"),
        ({"offsets": np.zeros(0, np.int64)}, "offsets must have at least one value"),
        ({"transitions": np.zeros((3, 2))}, r"transitions must be float32 \(3, 3\)"),
        ({"end": np.zeros(2)}, r"end must be float32 \(3,\)"),
        ({"emissions": np.zeros((3, 0))}, "at least one tag"),
    ],
)
def test_crf_decode_refuses_what_does_not_fit(rng, change, message):
    case = Case(rng, [3], 3)
    names = ("emissions", "offsets", "transitions", "start", "end")
    values = (case.emissions, case.offsets, case.transitions, case.start, case.end)
    with pytest.raises(ValueError, match=message):
        _kernels.crf_decode(**{**dict(zip(names, values, strict=True)), **change})
