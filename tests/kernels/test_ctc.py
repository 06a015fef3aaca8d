"""The loss of connectionist temporal classification: equal to its definition, same bits."""

import numpy as np
import pytest

from maskseq import _kernels
from tests.support.definitions import reference_lattice
from tests.support.definitions.differences import slopes

THREADS = (1, 2, 3, 5, 8)


class Case:
    """A batch of sequences with random logits and labels."""

    def __init__(self, rng, lengths, labels, classes=4, blank=0, size=1.0):
        self.lengths, self.blank = lengths, blank
        self.logits = (size * rng.standard_normal((sum(lengths), classes))).astype(np.float32)
        others = np.array([k for k in range(classes) if k != blank], np.int64)
        self.labels = rng.choice(others, sum(labels)) if sum(labels) else np.zeros(0, np.int64)
        self.offsets, self.label_offsets = (
            np.concatenate([[0], np.cumsum(x)]).astype(np.int64) for x in (lengths, labels)
        )
        self.d_losses = rng.standard_normal(len(lengths)).astype(np.float32)

    def arguments(self):
        return self.logits, self.labels, self.offsets, self.label_offsets, self.blank

    def run(self, **options):
        losses = _kernels.ctc(*self.arguments(), **options)
        return losses, _kernels.ctc_backward(self.d_losses, *self.arguments(), **options)

    def expected(self, loss, logits):
        parts = [
            (slice(*self.offsets[b : b + 2]), slice(*self.label_offsets[b : b + 2]))
            for b in range(len(self.lengths))
        ]
        return np.array([loss(logits[r], self.labels[k], self.blank) for r, k in parts])


@pytest.mark.parametrize("blank", (0, 2))
def test_losses_equal_those_of_all_alignments(rng, isa, blank):
    case = Case(rng, [4, 5, 1, 3, 2, 0], [2, 2, 1, 0, 2, 0], 3, blank)
    logits = case.logits.astype(np.float64)
    expected = case.expected(reference_lattice.ctc_of_all_alignments, logits)
    expected[5] = 0
    np.testing.assert_allclose(case.run()[0], expected, rtol=3e-6, atol=1e-6)
    again = case.expected(reference_lattice.ctc, logits)
    np.testing.assert_allclose(again, expected, rtol=1e-12)


@pytest.mark.slow
@pytest.mark.sanitize
@pytest.mark.parametrize("size", (1.0, 15.0))
def test_gradients_are_the_slopes_of_the_definition(rng, size):
    case = Case(rng, [7, 4, 1, 5, 3], [3, 2, 1, 0, 1], size=size)
    case.labels[1] = case.labels[0]  # a label twice, with a blank between

    def total(logits):
        return case.d_losses @ case.expected(reference_lattice.ctc, logits)

    expected = slopes(total, [case.logits])[0]
    np.testing.assert_allclose(case.run()[1], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_long_sequences_keep_their_digits(rng):
    case = Case(rng, [900], [120], classes=30, size=4.0)
    expected = case.expected(reference_lattice.ctc, case.logits.astype(np.float64))
    losses, d_logits = case.run()
    np.testing.assert_allclose(losses, expected, rtol=1e-6)
    np.testing.assert_allclose(d_logits.sum(1), 0, atol=2e-5)


def test_labels_that_need_more_rows_give_infinity_and_no_gradient(rng):
    case = Case(rng, [2, 3, 0], [3, 2, 1])
    case.labels[3] = case.labels[4] = 1  # twice the same: three rows are needed
    losses, d_logits = case.run()
    assert losses[0] == losses[2] == np.inf and np.isfinite(losses[1])
    assert not d_logits[:2].any() and d_logits[2:].any()


def test_the_same_bits_on_every_isa_and_number_of_threads(rng):
    case, results = Case(rng, [60, 3, 0, 150, 17] * 8, [9, 1, 0, 30, 2] * 8, classes=21), set()
    for name in _kernels.ISAS:
        _kernels.set_isa(name)
        for threads in THREADS:
            results.add(b"".join(x.tobytes() for x in case.run(num_threads=threads)))
    assert len(results) == 1


def test_a_sequence_has_the_bits_that_it_has_alone(rng):
    case = Case(rng, [9, 0, 30, 2], [4, 0, 10, 1])
    losses, d_logits = case.run()
    for b in range(4):
        rows, labels = (slice(*x[b : b + 2]) for x in (case.offsets, case.label_offsets))
        size = rows.stop - rows.start, labels.stop - labels.start
        arguments = case.logits[rows], case.labels[labels], [0, size[0]], [0, size[1]]
        assert _kernels.ctc(*arguments).tobytes() == losses[b : b + 1].tobytes()
        alone = _kernels.ctc_backward(case.d_losses[b : b + 1], *arguments)
        assert alone.tobytes() == d_logits[rows].tobytes()


def test_a_sequence_of_weight_0_passes_nothing_on_whatever_it_holds(rng):
    case = Case(rng, [3, 4], [1, 2])
    case.d_losses[0] = 0
    clean = case.run()[1]
    case.logits[:3] = np.nan
    assert case.run()[1].tobytes() == clean.tobytes() and clean[3:].any()


@pytest.mark.parametrize(
    "change, message",
    [
        (
            {"labels": [1, 4]},
            "labels must be from 0 to 3, .* got 4 at position 1",
        ),
        ({"labels": [-1, 2]}, "labels must be from 0 to 3"),
        ({"blank": 4}, "blank must be one of the 4 classes, got 4"),
        ({"offsets": [0, 6]}, "offsets must ascend"),
        ({"label_offsets": [0, 3]}, "offsets must ascend"),
        ({"label_offsets": [0, 1, 2]}, r"label_offsets must be int64 \(2,\)"),
    ],
)
def test_ctc_refuses_what_does_not_fit(rng, change, message):
    case = Case(rng, [5], [2])
    names = ("logits", "labels", "offsets", "label_offsets", "blank")
    arguments = dict(zip(names, case.arguments(), strict=True))
    with pytest.raises(ValueError, match=message):
        _kernels.ctc(**{**arguments, **change})
