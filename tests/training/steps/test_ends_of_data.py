"""Data that is not there, or that ends before the training does, is named."""

import numpy as np
import pytest

import maskseq
from maskseq import callbacks, layers
from tests.training.test_callbacks import data


def compiled():
    model = maskseq.Sequential([maskseq.Input((None, 3)), layers.GRU(2), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def batches(count):
    x, y = data(4)
    return ((x, y) for _ in range(count))


@pytest.mark.parametrize(
    "count, options, told, batches_of_last",
    [
        (3, {"epochs": 3}, "x gave 0 batches in epoch 2, expected some", None),
        (3, {"epochs": 3, "steps_per_epoch": 2}, "x gave 1 batches in epoch 2, expected 2", 1),
        (4, {"epochs": 3, "steps_per_epoch": 2}, "x gave 0 batches in epoch 3, expected 2", None),
        (0, {}, "x gave 0 batches in epoch 1, expected some", None),
    ],
)
def test_a_generator_that_ends_ends_the_training(count, options, told, batches_of_last):
    model = compiled()
    with pytest.warns(UserWarning, match=told) as found:
        history = model.fit(batches(count), verbose=0, **options)
    assert len(found) == 1
    epochs = -(-count // options.get("steps_per_epoch", 3))
    assert history.epoch == list(range(epochs)) and len(history.history.get("loss", ())) == epochs
    assert all(loss > 0 for loss in history.history.get("loss", ()))
    assert (0 if model.optimizer is None else int(model.optimizer.iterations)) == count


@pytest.mark.filterwarnings("error")
def test_a_generator_that_is_long_enough_says_nothing():
    history = compiled().fit(batches(4), steps_per_epoch=2, epochs=2, verbose=0)
    assert history.epoch == [0, 1]

    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True

    compiled().fit(batches(4), steps_per_epoch=3, callbacks=[Stop()], verbose=0)


def test_validation_data_that_has_ended_is_no_loss_of_0():
    x, y = data(4)
    with pytest.warns(UserWarning, match="validation_data gave no batch in epoch 2"):
        history = compiled().fit(x, y, epochs=2, validation_data=batches(1), verbose=0)
    assert len(history.history["loss"]) == 2 and len(history.history["val_loss"]) == 1


def test_an_evaluation_of_nothing_is_refused():
    with pytest.raises(ValueError, match="x: expected batches, got none"):
        compiled().evaluate(batches(0), verbose=0)


@pytest.mark.parametrize("call", ["train_on_batch", "test_on_batch"])
def test_a_batch_of_nothing_is_refused(call):
    with pytest.raises(ValueError, match="x must hold at least one sequence, got none"):
        getattr(compiled(), call)([], np.zeros((0, 1)))


def test_wrong_kinds_are_named():
    x, y = data(4)
    with pytest.raises(TypeError, match=r"validation_data must be \(x, y\).* got int"):
        compiled().fit(x, y, validation_data=3, verbose=0)
    with pytest.raises(TypeError, match="callbacks must be callbacks, got 3"):
        compiled().predict(x, callbacks=3)
