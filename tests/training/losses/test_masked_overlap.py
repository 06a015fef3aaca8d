"""Losses along time: masked steps do not count, whatever is at them, and however many there are."""

import numpy as np
import pytest

import maskseq
from maskseq import losses
from maskseq.tape import Tape
from maskseq.tensor import convert_to_tensor

RNG = np.random.default_rng(0)
LENGTHS = [3, 1, 0, 4]
LABELS = [(RNG.random((n, 2)) > 0.5).astype(np.float32) for n in LENGTHS]
SCORES = [RNG.random((n, 2)).astype(np.float32) for n in LENGTHS]
LOSSES = [
    (losses.Dice, [1, 2]),
    (losses.Dice, 1),
    (losses.Tversky, [1, 2]),
    (losses.CosineSimilarity, 1),
]


def padded(time):
    """(labels, predictions with a mask); NaN stands at masked steps."""
    mask = np.arange(time) < np.array(LENGTHS)[:, None]
    y_true, y_pred = np.full((2, len(LENGTHS), time, 2), np.nan, np.float32)
    for i, n in enumerate(LENGTHS):
        y_true[i, :n], y_pred[i, :n] = LABELS[i], SCORES[i]
    tensor = convert_to_tensor(y_pred)
    maskseq.set_keras_mask(tensor, mask)
    return y_true, tensor


@pytest.mark.parametrize("time", [4, 7])
@pytest.mark.parametrize("kind, axis", LOSSES)
def test_each_sequence_counts_as_if_it_were_alone(kind, axis, time):
    loss = kind(axis=axis, reduction="none")
    wanted = [loss(y[None], p[None])[0] for y, p in zip(LABELS, SCORES, strict=True)]
    np.testing.assert_allclose(loss(*padded(time)), wanted, rtol=1e-6)


@pytest.mark.parametrize("kind, axis", LOSSES)
def test_no_gradient_reaches_a_masked_step(kind, axis):
    y_true, y_pred = padded(5)
    tape = Tape()
    x = tape.watch(y_pred)
    (gradient,) = tape.gradients(kind(axis=axis)(y_true, x), of=[x])
    assert np.isfinite(gradient).all() and np.any(gradient)
    assert not np.any(gradient[~y_pred._keras_mask])


@pytest.mark.parametrize("kind", [losses.Dice, losses.Tversky])
def test_one_value_for_all_steps_is_not_spread_over_cells(kind):
    y, p = np.concatenate(LABELS), np.concatenate(SCORES)
    both = float((y * p).sum(dtype=np.float64))
    wanted = 1 - 2 * both / float(y.sum(dtype=np.float64) + p.sum(dtype=np.float64))
    for reduction in ("none", None, "sum", "mean"):
        assert kind(reduction=reduction)(*padded(6)) == pytest.approx(wanted, rel=1e-5)
    weighted = kind(reduction="none")(*padded(6), np.array([1, 2, 3, 4]))
    assert weighted.shape == (4, 6)
    np.testing.assert_allclose(weighted[3, :4], 4 * wanted, rtol=1e-5)


@pytest.mark.filterwarnings("error")
def test_a_loss_of_users_that_adds_up_masked_steps_says_so_once():
    def mean(y_true, y_pred):
        return maskseq.ops.mean(maskseq.ops.abs(y_true - y_pred))

    y_true, y_pred = padded(5)
    y_pred[~y_pred._keras_mask] = 1
    loss = losses.LossFunctionWrapper(mean, name="far")
    with pytest.warns(
        UserWarning, match="loss far gives no value for each step: what is predicted"
    ):
        loss(y_true, y_pred)
    loss(y_true, y_pred)
    real = losses.LossFunctionWrapper(mean, stepwise=True)(y_true, y_pred)
    y, p = np.concatenate(LABELS), np.concatenate(SCORES)
    assert real == pytest.approx(float(np.abs(y - p).mean(dtype=np.float64)), rel=1e-6)
    losses.LossFunctionWrapper(mean)(np.ones((2, 3)), np.ones((2, 3), np.float32))
    losses.Dice(axis=1)(y_true, y_pred)


def test_focal_crossentropy_weighs_each_class():
    alpha, gamma = [0.1, 0.7, 0.4], 2.0
    y = np.eye(3, dtype=np.float32)[[0, 2, 1, 2]]
    p = RNG.random((4, 3)).astype(np.float32) + 0.1
    p /= p.sum(axis=1, keepdims=True)
    loss = losses.CategoricalFocalCrossentropy(alpha, gamma, reduction="none")
    wanted = -(np.array(alpha) * (1 - p) ** gamma * y * np.log(p)).sum(axis=1)
    np.testing.assert_allclose(loss(y, p), wanted, rtol=1e-5)
    again = losses.deserialize(losses.serialize(loss))
    np.testing.assert_array_equal(again(y, p), loss(y, p))
    with pytest.raises(ValueError, match="alpha must be a weight for each of 3 classes"):
        losses.CategoricalFocalCrossentropy([0.1, 0.2])(y, p)
    for wrong in ("x", [0.1, None], [[0.1]], np.nan, None):
        with pytest.raises(ValueError, match="CategoricalFocalCrossentropy: alpha must be in"):
            losses.CategoricalFocalCrossentropy(wrong)
