"""check_gradients passes right gradients and names the weight of a wrong one."""

import numpy as np
import pytest

import maskseq
from maskseq import layers, ops
from maskseq.testing import check_gradients


@pytest.fixture
def model():
    return maskseq.Sequential(
        [
            layers.Input((None, 3)),
            layers.Dense(4, activation="tanh"),
            layers.Dense(2, activation="softmax"),
        ]
    )


def test_gradients_of_ragged_and_padded_data(model, rng):
    ragged = [rng.standard_normal((n, 3)).astype(np.float32) for n in (3, 0, 5)]
    found = check_gradients(model, maskseq.Ragged.from_list(ragged))
    assert list(found) == [v.name for v in model.trainable_weights]
    check_gradients(model, rng.standard_normal((2, 5, 3)).astype(np.float32), inputs=True)


def test_gradients_of_a_loss(model, rng):
    x, y = rng.standard_normal((2, 4, 5, 3)).astype(np.float32)[:, :, :, :]
    y = y[..., :2]
    check_gradients(model, x, y, lambda y, p: ops.mean(ops.square(y - p)))


def test_a_wrong_gradient_is_named(model, rng, monkeypatch):
    wrong = lambda dz: 1.02 * dz.sum(0)  # noqa: E731
    monkeypatch.setattr("maskseq.layers.core.dense.column_sums", wrong)
    x = rng.standard_normal((2, 5, 3)).astype(np.float32)
    with pytest.raises(AssertionError, match=r"dense\w*/bias: differences show a slope of"):
        check_gradients(model, x)


def test_weights_stay_as_they_are(model, rng):
    before = model.get_weights()
    check_gradients(model, rng.standard_normal((2, 5, 3)).astype(np.float32))
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
