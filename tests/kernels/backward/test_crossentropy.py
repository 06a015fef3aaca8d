"""Crossentropy and its way back: float64 definitions; the same bits for any number of threads."""

import numpy as np
import pytest

from maskseq import _kernels

THREADS = 1, 2, 3, 5, 8
LEAST, MOST = (float(np.float32(p)) for p in (1e-7, np.float32(1) - np.float32(1e-7)))
SHAPES = [(0, 3), (1, 1), (5, 2), (7, 9), (33, 17), (3, 20_001), (9000, 5)]


def softmax(x):
    terms = np.exp(x - x.max(-1, keepdims=True))
    return terms / terms.sum(-1, keepdims=True)


def probabilities_of(y, from_logits):
    """And whether each is within what it is cut to."""
    p = softmax(y) if from_logits else y / y.sum(-1, keepdims=True)
    inside = np.ones(p.shape, bool) if from_logits else (p >= LEAST) & (p <= MOST)
    return (p if from_logits else np.clip(p, LEAST, MOST)), inside


def loss(y, labels, from_logits):
    p, _ = probabilities_of(y, from_logits)
    return -(labels * np.log(p)).sum(-1)


def gradient(d, y, labels, from_logits):
    p, inside = probabilities_of(y, from_logits)
    d = d[:, None]
    if from_logits:
        return d * (p * labels.sum(-1, keepdims=True) - labels)
    of_p, total = -d * labels / p * inside, y.sum(-1, keepdims=True)
    return of_p / total - (of_p * y / total**2).sum(-1, keepdims=True)


def given(rng, shape, from_logits):
    y = rng.standard_normal(shape).astype(np.float32)
    y = 3 * y if from_logits else np.float32(np.abs(y) + 0.01)
    classes = rng.integers(0, shape[1], shape[0])
    labels = rng.random(shape).astype(np.float32)
    return y, classes, labels, rng.standard_normal(shape[0]).astype(np.float32)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("by_class", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_losses_and_gradients(isa, rng, shape, by_class, from_logits):
    y, classes, labels, d = given(rng, shape, from_logits)
    if by_class:
        arguments = classes, None
        labels = (classes[:, None] == np.arange(shape[1])).astype(np.float64)
    else:
        arguments = None, labels
    wide = y.astype(np.float64), labels.astype(np.float64), from_logits
    first = _kernels.crossentropy(y, *arguments, from_logits, num_threads=1)
    back = _kernels.crossentropy_backward(d, y, *arguments, from_logits, num_threads=1)
    if len(y):
        np.testing.assert_allclose(first, loss(*wide), rtol=3e-6, atol=3e-7)
        want = gradient(d.astype(np.float64), *wide)
        np.testing.assert_allclose(back, want, rtol=1e-5, atol=3e-6 * np.abs(want).max())
    for threads in THREADS:
        again = _kernels.crossentropy(y, *arguments, from_logits, num_threads=threads)
        np.testing.assert_array_equal(again, first)
        again = _kernels.crossentropy_backward(d, y, *arguments, from_logits, num_threads=threads)
        np.testing.assert_array_equal(again, back)


@pytest.mark.parametrize("by_class", [False, True])
def test_probabilities_are_cut(by_class):
    """Where they are, no gradient passes."""
    y = np.float32([[1, 0, 0], [0, 1, 0]])
    arguments = ([0, 0], None) if by_class else (None, np.float32([[1, 0, 0]] * 2))
    losses = _kernels.crossentropy(y, *arguments, False)
    np.testing.assert_allclose(losses, -np.log([MOST, LEAST]), rtol=2e-6)
    back = _kernels.crossentropy_backward(np.ones(2), y, *arguments, False)
    np.testing.assert_array_equal(back, np.zeros((2, 3)))


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("by_class", [False, True])
def test_nan_stays_in_its_row(isa, rng, by_class, from_logits):
    y, classes, labels, d = given(rng, (6, 19), from_logits)
    y[2, 7] = np.nan
    arguments = (classes, None) if by_class else (None, labels)
    losses = _kernels.crossentropy(y, *arguments, from_logits)
    np.testing.assert_array_equal(np.isnan(losses), np.arange(6) == 2)
    back = _kernels.crossentropy_backward(d, y, *arguments, from_logits)
    assert not np.isnan(np.delete(back, 2, 0)).any()


def binary_loss(y, labels, from_logits):
    """log of sigmoid as -log(1 + e^-y)."""
    if from_logits:
        yes, no = -np.logaddexp(0, -y), -np.logaddexp(0, y)
    else:
        p = np.clip(y, LEAST, MOST)
        yes, no = np.log(p), np.log1p(-p)
    return -(labels * yes + (1 - labels) * no)


def binary_gradient(d, y, labels, from_logits):
    if from_logits:
        return d * (1 / (1 + np.exp(-y)) - labels)
    inside, p = (y >= LEAST) & (y <= MOST), np.clip(y, LEAST, MOST)
    return -d * (labels / p - (1 - labels) / (1 - p)) * inside


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("shape", [(), (0,), (1,), (255, 1), (257,), (7, 5, 3), (300, 300)])
def test_binary_losses_and_gradients(isa, rng, shape, from_logits):
    y = rng.standard_normal(shape) if from_logits else rng.uniform(-0.02, 1.02, shape)
    y, labels = np.float32(y), np.float32(rng.random(shape))
    wide = y.astype(np.float64), labels.astype(np.float64), from_logits
    for axes in range(len(shape) + 1):
        d = np.asarray(rng.standard_normal(shape[:axes]), np.float32)
        spread = np.float64(d).reshape(d.shape + (1,) * (len(shape) - axes))
        first = _kernels.binary_crossentropy(y, labels, from_logits, num_threads=1)
        back = _kernels.binary_crossentropy_backward(d, y, labels, from_logits, num_threads=1)
        np.testing.assert_allclose(first, binary_loss(*wide), rtol=2e-5, atol=1e-6)
        want = binary_gradient(spread, *wide)
        np.testing.assert_allclose(back, want, rtol=2e-5, atol=1e-6)
        for threads in THREADS:
            again = _kernels.binary_crossentropy(y, labels, from_logits, num_threads=threads)
            np.testing.assert_array_equal(again, first)
            again = _kernels.binary_crossentropy_backward(
                d, y, labels, from_logits, num_threads=threads
            )
            np.testing.assert_array_equal(again, back)


def test_arrays_in_any_order_in_memory(rng):
    y, classes, labels, d = given(rng, (8, 6), False)
    for arguments in (classes, None), (None, labels):
        turned = [None if x is None else np.repeat(x, 2, 0)[::2] for x in arguments]
        pairs = [
            (_kernels.crossentropy(y, *arguments, False),),
            (_kernels.crossentropy(np.asfortranarray(y), *turned, False),),
        ]
        pairs[0] += (_kernels.crossentropy_backward(d, y, *arguments, False),)
        pairs[1] += (_kernels.crossentropy_backward(d[::-1].copy()[::-1], y, *turned, False),)
        for a, b in zip(*pairs, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("classes, bad", [([0, 3], 1), ([-1, 0], 0)])
def test_a_number_that_is_no_class(classes, bad):
    y = np.ones((2, 3), np.float32)
    with pytest.raises(IndexError, match=f"^{bad}$"):
        _kernels.crossentropy(y, classes, None, False)
    with pytest.raises(IndexError, match=f"^{bad}$"):
        _kernels.crossentropy_backward(np.ones(2), y, classes, None, False)


def test_shapes_that_do_not_fit():
    y = np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match=r"labels must be float32 \(2, 3\)"):
        _kernels.crossentropy(y, None, y[:, :2], False)
    with pytest.raises(ValueError, match=r"classes must be int64 \(2,\)"):
        _kernels.crossentropy(y, [1], None, False)
    with pytest.raises(ValueError, match=r"labels must be float32 \(2, 3\)"):
        _kernels.binary_crossentropy(y, y.T, False)
    with pytest.raises(ValueError, match=r"d must be for y \(2, 3\), got \(3,\)"):
        _kernels.binary_crossentropy_backward(np.ones(3), y, y, False)
