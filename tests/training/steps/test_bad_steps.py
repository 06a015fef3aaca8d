"""What goes wrong in a step: it is named once, and weights are all old or all new."""

import threading

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers, ops

RNG = np.random.default_rng(3)
LENGTHS = (4, 2, 5, 1)
X = Ragged.from_list([RNG.standard_normal((n, 3)).astype(np.float32) for n in LENGTHS])
Y = np.array([0, 1, 1, 0], np.float32)
STEPS = Ragged(RNG.random(12).astype(np.float32), X.offsets)


def model(loss="mse", steps=False, **options):
    made = maskseq.Sequential(
        [
            layers.Input((None, 3)),
            layers.LSTM(4, return_sequences=steps),
            layers.Dense(1, name="out", **options),
        ],
        name="model",
    )
    made.compile("adam", loss)
    return made


def state(made):
    return [*made.get_weights(), *(np.array(v) for v in made.optimizer.variables)]


def unchanged(made, before):
    for a, b in zip(state(made), before, strict=True):
        np.testing.assert_array_equal(a, b)


def in_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def test_an_error_in_the_middle_of_an_update_changes_nothing():
    asked = []

    def constraint(w):
        asked.append(w)
        if len(asked) == 3:
            raise ArithmeticError("planted")
        return w

    made = model(kernel_constraint=constraint)
    for _ in range(2):
        made.train_on_batch(X, Y)
    before = state(made)
    with pytest.raises(ArithmeticError, match="planted"):
        made.train_on_batch(X, Y)
    unchanged(made, before)
    made.train_on_batch(X, Y)
    assert int(made.optimizer.iterations) == 3


@pytest.mark.parametrize("when", ["before the way back", "in the update"])
def test_weights_that_were_swapped_meanwhile_are_kept(when):
    """A step whose gradients are those of other weights must not change the new ones."""
    swaps = []

    def swap():
        if len(swaps) == 0 and armed:
            swaps.append(True)
            in_thread(lambda: made.set_weights([w + 1 for w in made.get_weights()]))

    def loss(y_true, y_pred):
        if when == "before the way back":
            swap()
        return ops.mean(ops.square(y_true - y_pred), axis=-1)

    def constraint(w):
        if when == "in the update":
            swap()
        return w

    armed = False
    made = model(loss, kernel_constraint=constraint)
    made.train_on_batch(X, Y)
    wanted, armed = [w + 1 for w in made.get_weights()], True
    with pytest.raises(RuntimeError, match="another value was assigned during this step"):
        made.train_on_batch(X, Y)
    for a, b in zip(made.get_weights(), wanted, strict=True):
        np.testing.assert_array_equal(a, b)
    made.train_on_batch(X, Y)


def test_a_layer_may_assign_its_own_weights_in_a_step():
    made = maskseq.Sequential(
        [layers.Input((3,)), layers.SpectralNormalization(layers.Dense(2)), layers.Dense(1)]
    )
    made.compile("sgd", "mse")
    made.fit(RNG.standard_normal((4, 3)), Y, verbose=0)


NAN = {
    "a label": (dict(y=np.array([0, 1, np.nan, 0])), "y of sequence 2 is nan"),
    "a label of a step": (
        dict(y=Ragged(np.where(np.arange(12) == 5, np.nan, 0), X.offsets), steps=True),
        "y of sequence 1 is nan",
    ),
    "a weight": (dict(sample_weight=np.array([1, np.inf, 1, 1])), "sample_weight of sequence 1"),
    "an input": (
        dict(x=Ragged(np.where(np.arange(12)[:, None] == 11, np.nan, X.values), X.offsets)),
        "x of sequence 3 has nan",
    ),
}


@pytest.mark.parametrize("name", NAN)
def test_a_loss_of_nan_is_told_once_with_its_cause(name):
    given, words = NAN[name]
    given = {"x": X, "y": Y, **given}
    made = model(steps=given.pop("steps", False))
    with pytest.warns(UserWarning, match=rf"the loss is (nan|inf) .*{words}") as told:
        made.fit(**given, epochs=3, batch_size=2, shuffle=False, verbose=0)
    assert sum("the loss is" in str(w.message) for w in told) == 1


COUNTS = {
    "epochs": 1.5,
    "initial_epoch": -1,
    "steps_per_epoch": 0,
    "validation_steps": -2,
    "validation_freq": 0,
}


@pytest.mark.parametrize("name", COUNTS)
def test_numbers_of_epochs_and_steps_are_checked(name):
    with pytest.raises(ValueError, match=rf"{name} must be an int of \d or more, got"):
        model().fit(X, Y, verbose=0, **{name: COUNTS[name]})


def test_ragged_labels_for_an_output_of_one_value():
    with pytest.raises(ValueError, match=r"sequence 0 has 4 .*as many as the output \(4, 1\) has"):
        model().fit(X, STEPS, shuffle=False, verbose=0)


def test_a_call_without_return_is_named():
    class Forgets(layers.Layer):
        def call(self, inputs):
            inputs * 2

    with pytest.raises(TypeError, match=r"layer 'mine' \(Forgets\): call gave None"):
        maskseq.Sequential([layers.Input((3,)), Forgets(name="mine")])


@pytest.mark.parametrize("ragged", [True, False])
def test_a_label_that_is_no_class_is_named_by_its_sequence_and_step(ragged):
    made = maskseq.Sequential(
        [
            layers.Input((None, 3)),
            layers.LSTM(4, return_sequences=ragged),
            layers.Dense(2, "softmax"),
        ]
    )
    made.compile("adam", "sparse_categorical_crossentropy")
    if ragged:
        labels = Ragged(np.array([0, 1, 1, 0, 1, 1, 0, 0, 5, 1, 0, 0]), X.offsets)
        where = "label 5 of sequence 2, step 2 is"
    else:
        labels, where = np.array([0, 1, 1, -1]), "label -1 of sequence 3 is"
    with pytest.raises(ValueError, match=where):
        made.fit(X, labels, batch_size=2, shuffle=False, verbose=0)
    with pytest.raises(ValueError, match="label -?[15] of row"):
        flat = labels.values if ragged else labels
        maskseq.losses.sparse_categorical_crossentropy(flat, np.full((len(flat), 2), 0.5))
