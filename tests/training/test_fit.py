"""fit, evaluate and train_on_batch: what goes in, what comes out, and what does not change it."""

from itertools import pairwise

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers
from tests.training.fit_cases import STEPS, X, Y, classifier, padded, tagger

FORMS = {
    "lists": lambda: [x.tolist() for x in X],
    "arrays": lambda: X,
    "ragged": lambda: Ragged.from_list(X),
    "padded": lambda: padded(X),
    "padded before": lambda: padded(X, "pre"),
    "padded more": lambda: padded(X, extra=7),
    "masked array": lambda: np.ma.masked_values(padded(X), -9.0),
}


def trained(form, fit=(), **options):
    given = {"epochs": 2, "batch_size": 16, "verbose": 0, **options}
    x = [np.reshape(s, (-1, 3)) for s in FORMS[form]()] if form == "lists" else FORMS[form]()
    model = classifier()
    history = model.fit(x, Y, *fit, **given)
    return model.get_weights(), history.history


@pytest.fixture(scope="module")
def expected():
    return trained("arrays")


@pytest.mark.parametrize("form", FORMS)
def test_form_and_padding_change_no_bit(form, expected):
    weights, history = trained(form)
    for ours, theirs in zip(weights, expected[0], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert history == expected[1]


@pytest.mark.parametrize("threads", [1, 2, 3, 5, 8])
def test_threads_change_no_bit(threads, expected):
    with maskseq.num_threads(threads):
        weights, history = trained("ragged")
    for ours, theirs in zip(weights, expected[0], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert history == expected[1]


def test_loss_falls_and_predict_uses_the_new_weights():
    model = classifier()
    before = model.evaluate(X, Y, verbose=0)
    model.optimizer.learning_rate = 0.02
    model.fit(X, Y, epochs=40, verbose=0)
    after = model.evaluate(X, Y, verbose=0)
    assert after < 0.6 * before
    again = classifier()
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


@pytest.mark.parametrize("size", [1, 7, 32, 60])
def test_evaluate_does_not_hang_on_the_batch_size(size):
    model = tagger(metrics=["mse"])
    loss, metric = model.evaluate(X, STEPS, batch_size=size, verbose=0)
    whole = tagger(metrics=["mse"]).evaluate(X, STEPS, batch_size=1000, verbose=0)
    assert loss == pytest.approx(whole[0], rel=1e-6) and loss == pytest.approx(metric, rel=1e-6)


def test_loss_of_steps_is_their_mean():
    """Against float64: the mean over all real steps of all sequences."""
    model = tagger()
    answers = model.predict(X)
    errors = [(answers[b, : len(y)] - y) ** 2 for b, y in enumerate(STEPS)]
    exact = np.concatenate(errors).astype(np.float64).mean()
    assert model.evaluate(X, STEPS, verbose=0) == pytest.approx(exact, rel=1e-6)
    assert model.test_on_batch(X, STEPS) == pytest.approx(exact, rel=1e-6)


def test_ragged_labels_and_padded_ones_are_the_same():
    weights = []
    for targets in (
        STEPS,
        Ragged.from_list(STEPS),
        padded(STEPS),
        np.where(padded(STEPS) == -9, np.nan, padded(STEPS)),  # masked: never read
    ):
        model = tagger()
        model.fit(X, targets, epochs=2, verbose=0)
        weights.append(model.get_weights())
    for other in weights[1:]:
        for a, b in zip(weights[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_labels_that_do_not_line_up_are_named():
    short = [*STEPS]
    place = next(i for i, y in enumerate(STEPS) if len(y) > 1)
    short[place] = short[place][:-1]
    with pytest.raises(ValueError, match=rf"sequence {place} has .* expected {len(STEPS[place])}"):
        tagger().fit(X, short, batch_size=8, verbose=0)
    with pytest.raises(ValueError, match="y must be for 60 sequences, as x is, got 59"):
        tagger().fit(X, STEPS[:-1], verbose=0)
    with pytest.raises(ValueError, match="y_true: expected a value for each step"):
        tagger().fit(X, Y, verbose=0)


def test_weights_of_sequences_spread_over_their_steps():
    rng = np.random.default_rng(5)
    of_sequences = rng.random(len(X)).astype(np.float32)
    of_steps = [np.full(len(x), w, np.float32) for x, w in zip(X, of_sequences, strict=True)]
    results = []
    for weights in (of_sequences, of_steps, Ragged.from_list(of_steps)):
        model = tagger()
        model.fit(X, STEPS, sample_weight=weights, verbose=0)
        results.append(model.get_weights())
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_weight_zero_takes_a_sequence_out():
    weights = np.ones(len(X), np.float32)
    weights[3] = 0
    results = []
    for value in (0, 1e6):
        targets = [*STEPS]
        targets[3] = np.full((len(X[3]), 1), value, np.float32)
        model = tagger()
        model.fit(X, targets, sample_weight=weights, batch_size=60, verbose=0)
        results.append(model.get_weights())
    assert len(X[3]) > 0
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_class_weight_counts_labels_of_steps():
    """A class of weight 2 counts as steps that are there twice."""
    labels = [(y > 0).astype(np.float32) for y in STEPS]
    model = tagger()
    loss = model.train_on_batch(X, labels, class_weight={1: 2.0, 0: 0.5})
    model = tagger()
    weights = [np.where(y[:, 0] > 0, np.float32(2.0), np.float32(0.5)) for y in labels]
    assert loss == model.train_on_batch(X, labels, sample_weight=weights)


def test_batch_of_nothing_but_padding_changes_nothing():
    empty = [np.zeros((0, 3), np.float32)] * 4
    model = tagger()
    before = model.get_weights()
    assert model.train_on_batch(empty, [np.zeros((0, 1), np.float32)] * 4) == 0.0
    for ours, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, kept)


def two_outputs():
    maskseq.set_random_seed(3)
    x = maskseq.Input((None, 3))
    steps = layers.GRU(4, return_sequences=True, name="steps")(layers.Masking(-9.0)(x))
    a, b = layers.Dense(1, name="a")(steps), layers.Dense(1, name="b")(layers.LSTM(3)(steps))
    return maskseq.Model(x, [a, b])


@pytest.mark.parametrize(
    "y", [[STEPS, Y], {"a": STEPS, "b": Y}, (STEPS, Y)], ids=["list", "dict", "tuple"]
)
def test_several_outputs(y):
    model = two_outputs()
    model.compile("sgd", ["mse", "mse"], loss_weights={"a": 0.5, "b": 2.0}, metrics=[["mse"], None])
    logs = model.evaluate(X, y, verbose=0, return_dict=True)
    assert list(logs) == ["loss", "a_loss", "b_loss", "a_mse"]
    assert logs["loss"] == pytest.approx(0.5 * logs["a_loss"] + 2 * logs["b_loss"], rel=1e-12)
    history = model.fit(X, y, epochs=2, verbose=0).history
    assert history["loss"][1] < history["loss"][0]


def test_metrics_of_one_output_of_several_come_by_the_alphabet():
    model = two_outputs()  # as Keras returns them, whichever output they are of
    model.compile("sgd", "mse", metrics=[["mse", "mae"], []])
    found = model.evaluate(X, [STEPS, Y], verbose=0)
    logs = model.evaluate(X, [STEPS, Y], verbose=0, return_dict=True)
    assert found == [logs[x] for x in ("loss", "a_loss", "b_loss", "a_mae", "a_mse")]


def test_penalties_are_part_of_the_loss():
    x = maskseq.Input((None, 3))
    y = layers.LSTM(4, kernel_regularizer="l2", activity_regularizer="l1")(x)
    model = maskseq.Model(x, layers.Dense(1, bias_regularizer="l2")(y))
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    model.set_weights([rng.standard_normal(w.shape) for w in model.get_weights()])
    kernel, bias = model.get_weights()[0], model.get_weights()[-1]
    hidden = maskseq.Model(x, y).predict(X)
    error = ((model.predict(X)[:, 0] - Y) ** 2).astype(np.float64).mean()
    sums = [0.01 * (kernel.astype(float) ** 2).sum(), 0.01 * (bias.astype(float) ** 2).sum()]
    penalty = 0.01 * abs(hidden.astype(float)).sum() / len(X)
    expected = error + sum(sums) + penalty
    assert model.evaluate(X, Y, batch_size=60, verbose=0) == pytest.approx(expected, rel=1e-5)
    assert model.train_on_batch(X, Y) == pytest.approx(expected, rel=1e-5)


class Sized(layers.Layer):
    """Adds the size of its inputs to the loss."""

    supports_masking = True

    def call(self, inputs):
        self.add_loss(0.25 * maskseq.ops.mean(maskseq.ops.square(inputs)))
        return inputs


def test_layer_of_a_user_adds_to_the_loss():
    x = maskseq.Input((4,))
    model = maskseq.Model(x, Sized()(layers.Dense(2, use_bias=False)(x)))
    model.compile(maskseq.optimizers.SGD(1.0))
    data = np.eye(4, dtype=np.float32)
    kernel = model.get_weights()[0]
    loss = model.train_on_batch(data)
    assert loss == pytest.approx(0.25 * (kernel.astype(float) ** 2).mean(), rel=1e-6)
    np.testing.assert_allclose(model.get_weights()[0], kernel * (1 - 0.5 / 8), rtol=1e-6)


@pytest.mark.parametrize("place", ["first", "last", "inner model", "lambda"])
def test_what_layers_add_to_the_loss_counts_in_each_way_to_it(place):
    sized, x, inner = Sized(), maskseq.Input((4,)), maskseq.Input((4,))
    dense = layers.Dense(4, use_bias=False, kernel_initializer="identity")
    within = {
        "inner model": maskseq.Model(inner, sized(inner)),
        "lambda": layers.Lambda(lambda values: sized(values)),
    }.get(place, sized)
    model = maskseq.Model(x, dense(within(x)) if place == "first" else within(dense(x)))
    model.compile(maskseq.optimizers.SGD(0.0), "mse", metrics=["mse"])
    data = 2 * np.eye(4, dtype=np.float32)
    expected = pytest.approx([1 + 0.25, 1.0], rel=1e-6)
    assert model.evaluate(data, 0 * data, verbose=0) == expected
    assert model.test_on_batch(data, 0 * data) == expected
    assert model.train_on_batch(data, 0 * data) == expected
    history = model.fit(data, 0 * data, validation_data=(data, 0 * data), verbose=0).history
    assert history["val_loss"] == pytest.approx([1.25], rel=1e-6)


class Subclassed(maskseq.Model):
    def __init__(self):
        super().__init__()
        self.recurrent, self.head = layers.GRU(4), layers.Dense(1)

    def call(self, inputs):
        return self.head(self.recurrent(inputs))


def test_subclassed_model_trains():
    model = Subclassed()
    model.compile("adam", "mse")
    history = model.fit(padded(X), Y, epochs=5, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_objects_of_losses_and_metrics_come_back(tmp_path):
    model = tagger(metrics=[maskseq.metrics.MeanAbsoluteError(name="mine"), "mse"])
    model.compile(
        maskseq.optimizers.AdamW(0.01, weight_decay=0.1),
        maskseq.losses.Huber(delta=0.5),
        metrics=[maskseq.metrics.MeanAbsoluteError(name="mine"), "mse"],
        weighted_metrics=["mae"],
    )
    model.fit(X, STEPS, verbose=0)
    model.save(tmp_path / "model.keras")
    again = maskseq.load_model(tmp_path / "model.keras")
    expected = model.evaluate(X, STEPS, verbose=0, return_dict=True)
    assert again.evaluate(X, STEPS, verbose=0, return_dict=True) == expected
    assert list(expected) == ["loss", "mine", "mse", "mae"]
    for one in (model, again):
        one.fit(X, STEPS, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert maskseq.load_model(tmp_path / "model.keras", compile=False).optimizer is None


def test_frozen_layers_stay():
    model = tagger()
    model.layers[1].trainable = False
    kept = model.layers[1].get_weights()
    model.fit(X, STEPS, verbose=0)
    for ours, before in zip(model.layers[1].get_weights(), kept, strict=True):
        np.testing.assert_array_equal(ours, before)
    model.trainable = False
    with pytest.raises(ValueError, match="has no trainable weight"):
        model.fit(X, STEPS, verbose=0)


def test_a_layer_that_a_callback_freezes_stays_from_that_epoch_on():
    seen = []

    class Freezes(maskseq.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append(self.model.layers[1].get_weights())
            self.model.layers[1].trainable = epoch != 1

    model = tagger()
    model.fit(X, STEPS, epochs=3, batch_size=2, verbose=0, callbacks=[Freezes()])
    seen.append(model.layers[1].get_weights())
    same = [all(np.array_equal(x, y) for x, y in zip(a, b, strict=True)) for a, b in pairwise(seen)]
    assert same == [False, True, False]


def test_errors_come_before_any_step():
    model = maskseq.Sequential([maskseq.Input((None, 3)), layers.LSTM(2)])
    with pytest.raises(ValueError, match="call compile before fit"):
        model.fit(X, Y)
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="batch_size must be an int of 1 or more, got 0"):
        model.fit(X, Y, batch_size=0)
    with pytest.raises(ValueError, match="y must be given for output"):
        model.fit(X, verbose=0)
    with pytest.raises(ValueError, match=r"validation_split must be in \[0, 1\), got 1.5"):
        model.fit(X, Y, validation_split=1.5)
    with pytest.raises(ValueError, match="there is none called 'msee'; did you mean 'mse'"):
        model.compile("sgd", "msee")
    with pytest.raises(ValueError, match="there is none called 'acuracy'; did you mean 'acc"):
        model.compile("sgd", "mse", metrics=["acuracy"])
    with pytest.raises(ValueError, match="loss has no output of the names .'c'."):
        model.compile("sgd", {"c": "mse"})
        model.fit(X, Y, verbose=0)


def test_interrupt_leaves_whole_weights_and_the_history():
    model = tagger()

    def stop(batch, logs=None):
        if batch == 2:
            raise KeyboardInterrupt

    used = maskseq.callbacks.LambdaCallback(on_train_batch_begin=stop)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, STEPS, batch_size=8, shuffle=False, callbacks=used, verbose=0)
    other = tagger()
    other.fit(X[:16], STEPS[:16], batch_size=8, shuffle=False, verbose=0)
    for ours, expected in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert model.history.epoch == []
