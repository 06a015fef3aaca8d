"""Models that write compute_loss or compute_metrics, as Keras's users do; refused steps."""

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers, ops

RNG = np.random.default_rng(4)
X = [RNG.standard_normal((n, 3)).astype(np.float32) for n in (5, 2, 4, 1, 3, 5)]
Y = [x.sum(axis=1, keepdims=True) for x in X]


def made(base, seed=0):
    maskseq.set_random_seed(seed)
    source = maskseq.Input((None, 3))
    x = layers.Dense(1, name="out", kernel_regularizer="l2")(source)
    model = base(source, x)
    model.compile(maskseq.optimizers.SGD(0.1), "mse", metrics=["mae"])
    return model


class Handing(maskseq.Model):
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, y, y_pred, sample_weight, training)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return {**super().compute_metrics(x, y, y_pred, sample_weight), "steps": y_pred.shape[1]}


def test_handing_on_changes_no_bit_and_pads_nothing():
    plain, handing = made(maskseq.Model), made(Handing)
    histories = [
        model.fit(X, Y, epochs=2, batch_size=2, shuffle=False, verbose=0)
        for model in (plain, handing)
    ]
    for a, b in zip(plain.get_weights(), handing.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert [*histories[1].history] == ["loss", "mae", "steps"]
    assert histories[0].history["mae"] == histories[1].history["mae"]
    found = handing.evaluate(X, Y, verbose=0, return_dict=True)
    assert found["steps"] == 5
    assert found["mae"] == plain.evaluate(X, Y, verbose=0)[1]


class Own(maskseq.Model):
    seen: list

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        self.seen.append((np.shape(x), np.shape(y), y_pred.shape, training))
        kernel = self.get_layer("out").kernel.value
        return ops.mean(ops.square(y - y_pred)) + 0.5 * ops.sum(kernel * kernel)


def test_a_loss_of_ones_own():
    """Over padding too, as its writer says; against the gradient by hand."""
    model = made(Own)
    model.seen = []
    kernel, bias = model.get_weights()
    x, y = (Ragged.from_list(part) for part in (X, Y))
    loss = model.train_on_batch(x, y, return_dict=True)["loss"]
    real = x.to_padded().any(axis=-1, keepdims=True)
    p = np.where(real, x.to_padded() @ kernel + bias, 0)
    d = 2 * (p - y.to_padded()) / p.size
    assert loss == pytest.approx(np.square(p - y.to_padded()).mean() + 0.5 * (kernel**2).sum())
    wanted = np.einsum("btf,btu->fu", x.to_padded(), d * real) + kernel
    np.testing.assert_allclose(model.get_weights()[0], kernel - 0.1 * wanted, rtol=1e-4)
    assert model.seen == [((6, 5, 3), (6, 5, 1), (6, 5, 1), True)]
    model.evaluate(x, y, verbose=0)
    assert model.seen[-1][3] is False


def test_the_loss_told_is_the_mean_over_sequences():
    class Numbered(maskseq.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return 0.0 * ops.sum(y_pred) + float(len(y))

    model = made(Numbered)
    found = model.evaluate(X, Y, batch_size=4, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx((4 * 4 + 2 * 2) / 6)


def test_a_loss_that_the_weights_do_not_make_is_refused():
    class Constant(maskseq.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return 1.0

    with pytest.raises(TypeError, match="compute_loss must give a number that the weights make"):
        made(Constant).fit(X, Y, verbose=0)


def test_methods_of_steps_do_not_run_alone():
    with pytest.raises(RuntimeError, match="compute_loss runs in a step"):
        made(maskseq.Model).compute_loss(X, Y, Y)


@pytest.mark.parametrize("name", ["train_step", "test_step", "make_train_function"])
def test_a_step_of_keras_is_refused_by_name(name):
    model = made(type("Stepping", (maskseq.Model,), {name: lambda self, data: {}}))
    model.predict(X)
    with pytest.raises(TypeError, match=rf"\(Stepping\) writes {name}, .* write compute_loss"):
        model.fit(X, Y, verbose=0)
