"""SwapEMAWeights evaluates with the averages, and training goes on from the weights."""

import numpy as np
import pytest

import maskseq
from maskseq import callbacks, layers, optimizers
from tests.training.test_callbacks import Interrupting, data


def compiled(**options):
    maskseq.set_random_seed(7)
    model = maskseq.Sequential([maskseq.Input((None, 3)), layers.GRU(4), layers.Dense(1)])
    options = {"use_ema": True, "ema_momentum": 0.8, **options}
    model.compile(optimizers.Adam(0.01, **options), "mse")
    return model


class Weights(callbacks.Callback):
    """The weights and the averages as each event finds them."""

    def __init__(self):
        super().__init__()
        self.seen = {}

    def _keep(self, event):
        averages = [x.numpy() for x in self.model.optimizer._averages]
        self.seen.setdefault(event, []).append((self.model.get_weights(), averages))

    def on_train_batch_end(self, batch, logs=None):
        self._keep("batch")

    def on_test_batch_end(self, batch, logs=None):
        self._keep("test")

    def on_epoch_end(self, epoch, logs=None):
        self._keep("epoch")


def fit(model, *args, **options):
    maskseq.set_random_seed(3)
    return model.fit(*args, verbose=0, **options)


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_evaluations_see_the_averages_and_training_does_not(swap_on_epoch):
    x, y = data(12)
    plain, model, seen = compiled(), compiled(), Weights()
    fit(plain, x, y, epochs=3, batch_size=6)
    used = [callbacks.SwapEMAWeights(swap_on_epoch), seen]
    fit(model, x, y, epochs=3, batch_size=6, validation_data=(x, y), callbacks=used)
    assert same(model.get_weights(), plain.get_weights())  # the averages, at the end of training
    for (weights, averages), (tested, kept) in zip(
        seen.seen["batch"][1::2], seen.seen["test"][1::2], strict=True
    ):
        assert same(tested, averages) and same(kept, weights) and not same(tested, weights)
    for (weights, averages), (ended, _) in zip(
        seen.seen["batch"][1::2], seen.seen["epoch"], strict=True
    ):
        assert same(ended, averages if swap_on_epoch else weights)


def test_a_training_that_was_stopped_ends_with_the_averages():
    class Stop(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    x, y = data(12)
    plain, model = compiled(), compiled()
    fit(plain, x, y, batch_size=4)
    used = [callbacks.SwapEMAWeights(swap_on_epoch=True), Stop()]
    fit(model, x, y, batch_size=4, epochs=5, callbacks=used)
    assert same(model.get_weights(), plain.get_weights())
    assert same(model.optimizer._averages, plain.optimizer._averages)


def test_evaluate_and_predict_put_the_weights_back():
    x, y = data(12)
    model = compiled()
    swap = callbacks.SwapEMAWeights()
    before = model.evaluate(x, y, callbacks=[swap], verbose=0)
    assert before == model.evaluate(x, y, verbose=0)  # no step yet: there are no averages
    model.train_on_batch(x, y)
    model.train_on_batch(x, y)
    weights, averages = model.get_weights(), [w.numpy() for w in model.optimizer._averages]
    found = model.predict(x, callbacks=[swap], verbose=0)
    loss = model.evaluate(x, y, callbacks=[swap], verbose=0)
    assert same(model.get_weights(), weights) and same(model.optimizer._averages, averages)
    model.set_weights(averages)
    np.testing.assert_array_equal(found, model.predict(x, verbose=0))
    assert loss == model.evaluate(x, y, verbose=0)


def test_training_goes_on_after_an_evaluation_that_was_interrupted():
    class Interrupts(callbacks.Callback):
        def on_test_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    x, y = data(12)
    plain, model = compiled(), compiled()
    for one in (plain, model):
        one.train_on_batch(x, y)
        one.train_on_batch(x, y)
    with pytest.raises(KeyboardInterrupt):
        model.evaluate(x, y, callbacks=[callbacks.SwapEMAWeights(), Interrupts()], verbose=0)
    assert not same(model.get_weights(), plain.get_weights())
    for one in (plain, model):
        fit(one, x, y)
    assert same(model.get_weights(), plain.get_weights())


def test_a_backup_keeps_the_weights_that_train(tmp_path):
    x, y = data(12)
    whole, again = compiled(), compiled()
    fit(whole, x, y, epochs=3, callbacks=[callbacks.SwapEMAWeights(True)])
    used = [callbacks.SwapEMAWeights(True), callbacks.BackupAndRestore(tmp_path)]
    with pytest.raises(KeyboardInterrupt):
        fit(compiled(), x, y, epochs=3, callbacks=[*used, Interrupting(2)])
    fit(again, x, y, epochs=3, callbacks=used)
    assert same(again.get_weights(), whole.get_weights())


def test_an_optimizer_without_averages_is_named():
    x, y = data(4)
    with pytest.raises(ValueError, match="expected an optimizer with use_ema=True, got adam"):
        compiled(use_ema=False).fit(x, y, callbacks=[callbacks.SwapEMAWeights()], verbose=0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_losses_and_weights_are_those_of_keras():
    pytest.importorskip("jax")
    keras = pytest.importorskip("keras", minversion="3.0")
    x, y = np.random.default_rng(0).standard_normal((2, 12, 5, 3)).astype("f")
    y, results = y[:, 0, :1], []
    theirs = keras.Sequential([keras.Input((5, 3)), keras.layers.GRU(4), keras.layers.Dense(1)])
    first = theirs.get_weights()
    for package in (keras, maskseq):
        model = package.Sequential(
            [package.Input((5, 3)), package.layers.GRU(4), package.layers.Dense(1)]
        )
        model.set_weights(first)
        rule = package.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.8)
        model.compile(rule, "mse")
        history = model.fit(
            *(x, y),
            batch_size=6,
            epochs=4,
            shuffle=False,
            validation_data=(x, y),
            callbacks=[package.callbacks.SwapEMAWeights(swap_on_epoch=True)],
            verbose=0,
        )
        results.append((history.history, model.get_weights()))
    (kept, weights), (ours, found) = results
    assert kept.keys() == ours.keys()
    for name in kept:
        np.testing.assert_allclose(ours[name], kept[name], rtol=1e-5)
    for w, expected in zip(found, weights, strict=True):
        np.testing.assert_allclose(w, expected, rtol=1e-5, atol=1e-6)
