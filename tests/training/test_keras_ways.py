"""What users of Keras write around `fit`: callbacks' calls, names, forms of data, attributes.

The sequences of calls and the keys were recorded from Keras 3.15 on JAX.
"""

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers
from maskseq.callbacks import Callback
from maskseq.callbacks.base import EVENTS

RNG = np.random.default_rng(0)
X = RNG.standard_normal((10, 4, 3)).astype(np.float32)
Y = RNG.standard_normal((10, 1)).astype(np.float32)


class Recorder(Callback):
    """Every event as "name(number; keys of the logs)"."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def told(self):
        return " ".join(self.calls)


def _recording(event):
    def record(self, *arguments):
        number, logs = arguments if len(arguments) == 2 else ("", arguments[0])
        short = event.removeprefix("on_")
        keys = "" if "batch" in event else ",".join(sorted(logs))
        assert isinstance(logs, dict)
        self.calls.append(f"{short}({number};{keys})")

    return record


for _event in EVENTS:
    setattr(Recorder, _event, _recording(_event))


def model(outputs=1):
    source = maskseq.Input((4, 3))
    x = layers.Flatten()(source)
    if outputs == 1:
        return maskseq.Model(source, layers.Dense(1, name="o")(x))
    return maskseq.Model(source, [layers.Dense(1, name="a")(x), layers.Dense(2, name="b")(x)])


def compiled(**options):
    made = model()
    made.compile(**{"optimizer": "sgd", "loss": "mse", **options})
    return made


def fitted(made=None, x=X, y=Y, **options):
    recorder = Recorder()
    made = made or compiled()
    history = made.fit(x, y, batch_size=5, verbose=0, callbacks=[recorder], **options)
    return recorder.told(), history


BATCHES = "train_batch_begin(0;) train_batch_end(0;) train_batch_begin(1;) train_batch_end(1;)"
TEST = "test_begin(;) test_batch_begin(0;) test_batch_end(0;) test_end(;loss)"


def test_calls_of_callbacks_are_those_of_keras():
    told, history = fitted(
        epochs=2, validation_data=(X[:4], Y[:4]), validation_freq=2, initial_epoch=0
    )
    assert told == (
        f"train_begin(;) epoch_begin(0;) {BATCHES} epoch_end(0;loss) "
        f"epoch_begin(1;) {BATCHES} {TEST} epoch_end(1;loss,val_loss) "
        "train_end(;loss,val_loss)"
    )
    assert history.epoch == [0, 1]
    assert [len(history.history[name]) for name in ("loss", "val_loss")] == [2, 1]
    assert history.params == {"verbose": 0, "epochs": 2, "steps": 2}


def test_stopping_within_an_epoch_still_validates_and_ends_it():
    class Stops(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True

    recorder = Recorder()
    compiled().fit(
        X, Y, batch_size=5, epochs=3, verbose=0, callbacks=[recorder, Stops()],
        validation_data=(X[:4], Y[:4]),
    )  # fmt: skip
    assert recorder.told() == (
        "train_begin(;) epoch_begin(0;) train_batch_begin(0;) train_batch_end(0;) "
        f"{TEST} epoch_end(0;loss,val_loss) train_end(;loss,val_loss)"
    )


def test_callbacks_of_predict_and_steps():
    recorder, made = Recorder(), model()
    whole = made.predict(X)
    batched = made.predict(X, batch_size=4, steps=2, callbacks=[recorder])
    np.testing.assert_array_equal(batched, whole[:8])
    np.testing.assert_array_equal(made.predict(X, steps=1), whole)
    one = "predict_batch_begin({0};) predict_batch_end({0};)"
    assert recorder.told() == (f"predict_begin(;) {one.format(0)} {one.format(1)} predict_end(;)")


def test_predict_names_a_batch_that_holds_no_sequences():
    with pytest.raises(ValueError, match=r"\(Model\).*must have shape .*, got \(\)"):
        model().predict(iter([1]))


def test_predict_takes_batches():
    made = model()
    whole = made.predict(X)
    np.testing.assert_array_equal(made.predict((X[i : i + 4], None) for i in (0, 4)), whole[:8])
    tagger = maskseq.Sequential([layers.Input((None, 3)), layers.LSTM(2, return_sequences=True)])
    with pytest.raises(ValueError, match="other lengths in each batch"):
        tagger.predict((x,) for x in (X, X[:, :2]))
    with pytest.raises(ValueError, match="expected batches, got none"):
        made.predict(iter(()))


def test_names_and_their_order_with_several_outputs():
    """A list is the loss, the losses, then the metrics by the alphabet, as in Keras."""
    made = model(2)
    targets = [Y, np.repeat(Y, 2, 1)]
    made.compile(
        "sgd", ["mse", "mae"], metrics={"b": "mse", "a": ["mse", "mae"]},
        weighted_metrics={"b": ["mae"]},
    )  # fmt: skip
    logs = made.train_on_batch(X, targets, return_dict=True)
    wanted = ["loss", "a_loss", "b_loss", "a_mae", "a_mse", "b_mae", "b_mse"]
    assert [*logs] == made.metrics_names == wanted
    made.compile("sgd", ["mse", None], metrics=[None, ["mae"]])
    assert [*made.fit(X, targets, verbose=0).history] == ["b_mae", "loss"]


def test_metrics_of_one_name_are_all_reported():
    """The second one is numbered, or called weighted, as in Keras."""
    made, weights = compiled(metrics=["mae", "mae"], weighted_metrics=["mae", "mse"]), [1, 3, 0, 2]
    x, y = X[:4], Y[:4]
    found = made.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True)
    assert [*found] == made.metrics_names == ["loss", "mae", "mae_1", "weighted_mae", "mse"]
    apart = np.abs(made.predict(x) - y).reshape(4, -1).mean(axis=1)
    assert found["mae"] == found["mae_1"] == pytest.approx(apart.mean(), rel=1e-5)
    assert found["weighted_mae"] == pytest.approx(np.average(apart, weights=weights), rel=1e-5)


def test_results_and_resetting_of_metrics():
    made = compiled(metrics=["mae", "acc", "mse", maskseq.metrics.MeanSquaredError(name="own")])
    made.train_on_batch(X, Y)
    assert [*made.get_metrics_result()] == ["loss", "mae", "acc", "mse", "own"]
    made.reset_metrics()
    assert set(made.get_metrics_result().values()) == {0.0}


def test_what_compile_was_given_can_be_read():
    made = compiled(run_eagerly=True, jit_compile=False, steps_per_execution=2)
    assert (made.run_eagerly, made.jit_compile, made.steps_per_execution) == (True, False, 2)


class PyDataset:
    def __len__(self):
        return 2

    def __getitem__(self, i):
        return X[i * 5 : i * 5 + 5], Y[i * 5 : i * 5 + 5]


FORMS = {
    "list of one": ([X], [Y]),
    "tuple of one": ((X,), (Y,)),
    "lists": (X.tolist(), Y.tolist()),
    "one column": (X, Y[:, 0]),
    "frame": (X, lambda pandas: pandas.DataFrame(Y, columns=["a"])),
    "series": (X, lambda pandas: pandas.Series(Y[:, 0])),
    "dict of labels": (X, {"o": Y}),
    "PyDataset": (PyDataset(), None),
    "generator": (((X[i : i + 5], Y[i : i + 5]) for i in (0, 5)), None),
    "ragged": (Ragged(X.reshape(40, 3), np.arange(11) * 4), Y),
    "list of one ragged": ([Ragged(X.reshape(40, 3), np.arange(11) * 4)], Y),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_data_train_the_same(form):
    weights = model().get_weights()
    results = []
    for x, y in ((X, Y), FORMS[form]):
        if callable(y):
            y = y(pytest.importorskip("pandas"))
        made = compiled()
        made.set_weights(weights)
        made.fit(x, y, batch_size=5, shuffle=False, verbose=0)
        results.append(made.get_weights())
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


REFUSED = {
    "y beside a PyDataset": (dict(x=PyDataset(), y=Y), "y must not be given beside batches"),
    "y beside a generator": (dict(x=(b for b in ()), y=Y), "a generator, gives"),
    "weights beside batches": (
        dict(x=PyDataset(), sample_weight=Y), "sample_weight must not be given beside batches"
    ),
    "verbose": (dict(x=X, y=Y, verbose="loud"), "verbose must be 0, 1, 2 or 'auto', got 'loud'"),
    "short labels": (dict(x=X, y=Y[:7]), "y must be for 10 sequences, as x is, got 7"),
    "no labels": (dict(x=X), "y must be given for output 'o'"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    given, words = REFUSED[name]
    with pytest.raises(ValueError, match=words):
        compiled().fit(**{"verbose": 0, **given})
