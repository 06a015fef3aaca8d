"""Steps of training end at Keras's weights, and Keras goes on from our files."""

import numpy as np
import pytest

import maskseq

pytest.importorskip("jax")
keras = pytest.importorskip("keras", minversion="3.0")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

TIME, FEATURES, BATCH = 7, 3, 12


def batch(seed=0, holes=False):
    """x (batch, time, features) with -9 where a step is masked, targets of sequences and steps."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((BATCH, TIME, FEATURES)).astype(np.float32)
    real = np.arange(TIME) < rng.integers(1, TIME + 1, BATCH)[:, None]
    if holes:
        real &= rng.random((BATCH, TIME)) > 0.3
        real[:, 0] = True
    x[~real] = -9
    one = rng.standard_normal((BATCH, 1)).astype(np.float32)
    steps = rng.standard_normal((BATCH, TIME, 2)).astype(np.float32)
    return x, one, steps


# (name, layers after Masking, whether targets are for each step)
MODELS = {
    "LSTM": (lambda L: [L.LSTM(4), L.Dense(1)], False),
    "GRU before": (lambda L: [L.GRU(4, reset_after=False), L.Dense(1)], False),
    "GRU": (lambda L: [L.GRU(4, return_sequences=True), L.Dense(2)], True),
    "SimpleRNN": (lambda L: [L.SimpleRNN(4, return_sequences=True), L.Dense(2, "tanh")], True),
    "Bidirectional": (
        lambda L: [L.Bidirectional(L.LSTM(3, return_sequences=True)), L.Dense(2)],
        True,
    ),
    "stack": (lambda L: [L.LSTM(4, return_sequences=True), L.LSTM(3), L.Dense(1)], False),
    "norm": (lambda L: [L.LayerNormalization(), L.GRU(3), L.Dense(1)], False),
    "time distributed": (lambda L: [L.TimeDistributed(L.Dense(4, "relu")), L.LSTM(2)], None),
    "conv": (lambda L: [L.Conv1D(4, 3, padding="causal"), L.GlobalMaxPooling1D()], None),
    "average": (lambda L: [L.Dense(4), L.GlobalAveragePooling1D(), L.Dense(1)], False),
    "regularized": (
        lambda L: [L.LSTM(3, kernel_regularizer="l2"), L.Dense(1, bias_regularizer="l1")],
        False,
    ),
    "zero output": (
        lambda L: [L.LSTM(3, return_sequences=True, zero_output_for_mask=True), L.Dense(2)],
        True,
    ),
}


def built(package, make):
    inner = make(package.layers)
    front = [package.Input((TIME, FEATURES)), package.layers.Masking(-9.0)]
    return package.Sequential([*front, *inner])


def pair(name, optimizer):
    """The model in Keras and here, with the same weights, compiled."""
    make, per_step = MODELS[name]
    theirs, ours = built(keras, make), built(maskseq, make)
    rng = np.random.default_rng(5)
    weights = [0.4 * rng.standard_normal(w.shape) for w in theirs.get_weights()]
    for model in (theirs, ours):
        model.set_weights(weights)
    theirs.compile(optimizer(keras.optimizers), "mse")
    ours.compile(optimizer(maskseq.optimizers), "mse")
    return theirs, ours, per_step


def target(model, one, steps, per_step):
    if per_step is None:
        width = model.output_shape[-1]
        return steps[:, 0, :width] if width <= 2 else np.repeat(one, width, axis=1)
    return steps if per_step else one


def close(theirs, ours, rtol=1e-5):
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("holes", [False, True], ids=["right", "holes"])
@pytest.mark.parametrize("name", MODELS)
def test_twenty_steps_of_sgd(name, holes):
    theirs, ours, per_step = pair(name, lambda o: o.SGD(0.05, momentum=0.9))
    for step in range(20):
        x, one, steps = batch(step, holes)
        y = target(ours, one, steps, per_step)
        expected = theirs.train_on_batch(x, y)
        loss = ours.train_on_batch(x, y)
        assert loss == pytest.approx(float(np.asarray(expected)), rel=1e-4)
    close(theirs, ours)


@pytest.mark.parametrize("name", ["LSTM", "Bidirectional"])
def test_fifty_steps_of_adam(name):
    theirs, ours, per_step = pair(name, lambda o: o.Adam(0.002))
    for step in range(50):
        x, one, steps = batch(step)
        y = target(ours, one, steps, per_step)
        theirs.train_on_batch(x, y)
        ours.train_on_batch(x, y)
    close(theirs, ours)


OPTIMIZERS = {
    "sgd": lambda o: o.SGD(0.05, momentum=0.9, nesterov=True),
    "adam": lambda o: o.Adam(0.01),
    "adamw": lambda o: o.AdamW(0.01, weight_decay=0.01),
    "rmsprop": lambda o: o.RMSprop(0.01, momentum=0.5, centered=True),
    "nadam": lambda o: o.Nadam(0.01),
    "scheduled": lambda o: o.Adam(o.schedules.ExponentialDecay(0.01, 3, 0.5)),
}


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_keras_goes_on_from_our_file(tmp_path, kind):
    _, ours, per_step = pair("LSTM", OPTIMIZERS[kind])
    for step in range(3):
        x, one, steps = batch(step)
        ours.train_on_batch(x, target(ours, one, steps, per_step))
    ours.save(tmp_path / "half.keras")
    theirs = keras.models.load_model(tmp_path / "half.keras")
    again = maskseq.load_model(tmp_path / "half.keras")
    for step in range(3, 8):
        x, one, steps = batch(step)
        y = target(ours, one, steps, per_step)
        for model in (theirs, ours, again):
            model.train_on_batch(x, y)
    for a, b in zip(again.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    close(theirs, ours)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_we_go_on_from_a_file_of_keras(tmp_path, kind):
    theirs, _, per_step = pair("LSTM", OPTIMIZERS[kind])
    for step in range(3):
        x, one, steps = batch(step)
        theirs.train_on_batch(x, target(theirs, one, steps, per_step))
    theirs.save(tmp_path / "half.keras")
    ours = maskseq.load_model(tmp_path / "half.keras")
    for step in range(3, 8):
        x, one, steps = batch(step)
        y = target(theirs, one, steps, per_step)
        theirs.train_on_batch(x, y)
        ours.train_on_batch(x, y)
    close(theirs, ours)


def test_callbacks_are_called_as_keras_calls_them():
    seen = {}
    for package in (keras, maskseq):
        calls = seen.setdefault(package.__name__, [])

        class Watch(package.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None, calls=calls):
                calls.append(("epoch_begin", epoch))

            def on_epoch_end(self, epoch, logs=None, calls=calls):
                calls.append(("epoch_end", epoch, sorted(logs)))

            def on_train_batch_end(self, batch, logs=None, calls=calls):
                calls.append(("batch", batch, sorted(logs)))

            def on_test_batch_end(self, batch, logs=None, calls=calls):
                calls.append(("test", batch, sorted(logs)))

            def on_train_end(self, logs=None, calls=calls):
                calls.append(("end", sorted(logs)))

        model = built(package, MODELS["LSTM"][0])
        model.compile("sgd", "mse", metrics=["mae"])
        x, one, _ = batch()
        model.fit(
            x, one, batch_size=5, epochs=2, validation_split=0.25, callbacks=[Watch()], verbose=0
        )
    assert seen["maskseq"] == seen["keras"]
