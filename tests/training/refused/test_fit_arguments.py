"""Arguments of compile, fit and their like that mean nothing are told by name."""

import numpy as np
import pytest

import maskseq
from maskseq import layers

X, Y = np.ones((4, 3), np.float32), np.ones((4, 1), np.float32)


def model(**options):
    made = maskseq.Sequential([maskseq.Input((3,)), layers.Dense(1)], name="m")
    made.compile("sgd", "mse", **options)
    return made


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: model().fit(X, Y, validation_split="x", verbose=0),
            ValueError,
            r"validation_split must be in \(0, 1\), got 'x'",
        ),
        (
            lambda: model().fit(X, Y, validation_data="x", verbose=0),
            TypeError,
            r"validation_data must be \(x, y\), .*, got str",
        ),
        (
            lambda: model().fit(X, Y, validation_data=(X, Y), validation_freq="x", verbose=0),
            ValueError,
            "validation_freq must be an int of 1 or more, got 'x'",
        ),
        (
            lambda: model().fit(X, Y, validation_data=(X, Y), validation_batch_size="x", verbose=0),
            ValueError,
            "batch_size .*got 'x'",
        ),
        (
            lambda: model(loss_weights="x").fit(X, Y, verbose=0),
            ValueError,
            r"loss_weights must be in \(-inf, inf\), got 'x'",
        ),
        (lambda: model().set_weights(3), TypeError, "'m': weights must be a list, got 3"),
        (lambda: model().get_layer(index=-3), IndexError, "model 'm' has 1 layers, none at -3"),
    ],
)
def test_the_argument_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_epochs_to_validate_may_be_a_range():
    history = model().fit(
        X, Y, epochs=3, validation_data=(X, Y), validation_freq=range(2, 3), verbose=0
    )
    assert len(history.history["val_loss"]) == 1
