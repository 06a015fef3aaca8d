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
            r"validation_split must be in \[0, 1\), got 'x'",
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


def kind(value):
    return type(value).__name__


NO_ARGUMENT = [5, -1, 1.0, "x", "batch", [1], np.array([1, 0]), object(), 1j, b"1"]
FLAGS = {
    "shuffle": lambda value: model().fit(X, Y, shuffle=value, verbose=0),
    "return_dict": lambda value: model().evaluate(X, Y, return_dict=value, verbose=0),
    "return_dict of train_on_batch": lambda value: model().train_on_batch(X, Y, return_dict=value),
    "return_dict of test_on_batch": lambda value: model().test_on_batch(X, Y, return_dict=value),
    "run_eagerly": lambda value: model(run_eagerly=value),
    "jit_compile": lambda value: model(jit_compile=value),
    "auto_scale_loss": lambda value: model(auto_scale_loss=value),
    "ragged": lambda value: model().predict(X, ragged=value),
    "as_frame": lambda value: model().predict(X, as_frame=value),
}
COUNTS = {
    "epochs": lambda value: model().fit(X, Y, epochs=value, verbose=0),
    "initial_epoch": lambda value: model().fit(X, Y, initial_epoch=value, verbose=0),
    "batch_size": lambda value: model().fit(X, Y, batch_size=value, verbose=0),
    "steps_per_epoch": lambda value: model().fit(X, Y, steps_per_epoch=value, verbose=0),
    "steps": lambda value: model().evaluate(X, Y, steps=value, verbose=0),
    "steps of predict": lambda value: model().predict(X, steps=value),
    "steps of predict, shown": lambda value: model().predict(X, steps=value, ragged=True),
    "batch_size of predict": lambda value: model().predict(X, batch_size=value, steps=1),
    "steps_per_execution": lambda value: model(steps_per_execution=value),
}


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("value", NO_ARGUMENT, ids=kind)
def test_what_is_neither_true_nor_false_is_no_flag(name, value):
    with pytest.raises(ValueError, match=f"{name.split()[0]} must be True or False, got "):
        FLAGS[name](value)


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("value", [*NO_ARGUMENT[1:], True, -np.inf], ids=kind)
def test_what_is_no_int_is_no_count(name, value):
    with pytest.raises(ValueError, match=f"{name.split()[0]} must be an int of [01] or more, got "):
        COUNTS[name](value)


@pytest.mark.parametrize("value", [5, -1, "x", [1], np.array([1, 0]), object()], ids=kind)
def test_verbose_is_a_number_or_auto(value):
    with pytest.raises(ValueError, match="verbose must be 0, 1, 2 or 'auto', got "):
        model().fit(X, Y, verbose=value)


def test_flags_may_be_of_numpy_and_0_or_1():
    for value in (True, np.True_, 1):
        assert list(model().evaluate(X, Y, return_dict=value, verbose=0)) == ["loss"]
    for value in (False, np.False_, 0):
        assert isinstance(model().evaluate(X, Y, return_dict=value, verbose=0), float)


@pytest.mark.parametrize("name", ["loss", "metrics", "weighted_metrics", "optimizer"])
@pytest.mark.parametrize("value", [5, [5], {"dense": 5}, object(), b"mse"], ids=kind)
def test_what_compile_cannot_use_is_told_by_compile(name, value):
    made, options = model(), {"optimizer": "sgd", "loss": "mse", name: value}
    with pytest.raises(
        ValueError, match=f"{name.split('_')[-1].removesuffix('s')[:6]}.*expected a"
    ):
        made.compile(**options)
    assert made.loss == "mse"


@pytest.mark.parametrize("weights", ["x", ["x"], {"dense": None, "other": "x"}, [1j]], ids=kind)
def test_loss_weights_are_told_by_compile(weights):
    with pytest.raises(ValueError, match=r"loss_weights must be in \(-inf, inf\), got "):
        model(loss_weights=weights)


def test_epochs_to_validate_may_be_a_range():
    history = model().fit(
        X, Y, epochs=3, validation_data=(X, Y), validation_freq=range(2, 3), verbose=0
    )
    assert len(history.history["val_loss"]) == 1


def test_a_model_without_an_optimizer_evaluates_and_is_saved(tmp_path):
    made = model()
    made.compile(None, "mse")
    loss = made.evaluate(X, Y, verbose=0)
    for train in (made.fit, made.train_on_batch):
        with pytest.raises(
            ValueError, match="was compiled without an optimizer: it evaluates only"
        ):
            train(X, Y)
    made.save(tmp_path / "model.keras")
    again = maskseq.load_model(tmp_path / "model.keras")
    again.compile(None, "mse")
    assert again.evaluate(X, Y, verbose=0) == loss


def test_weights_of_one_loss_are_one_number():
    made = model(loss_weights=[1, 2])
    with pytest.raises(ValueError, match=r"loss_weights of one output must be in .*, got \[1, 2\]"):
        made.fit(X, Y, verbose=0)
