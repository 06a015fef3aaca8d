"""Losses give what Keras's give, on real steps only, however these are held."""

import numpy as np
import pytest

from maskseq import Ragged, losses
from maskseq.rows import Layout, Rows
from maskseq.tape import Tape, Traced
from maskseq.tensor import convert_to_tensor
from tests.training import recorded
from tests.training.loss_cases import CASES, MASK, REDUCTIONS, WEIGHTS, calls, given

ANSWERS = recorded.load()
LAYOUT = Layout.from_mask(MASK)


def loss_of(case, reduction="sum_over_batch_size"):
    return getattr(losses, case.loss)(reduction=reduction, **case.options)


def held(y_pred, how):
    """Predictions with MASK; what is at masked steps must not matter."""
    if how == "plain":
        return y_pred
    spoilt = np.where(MASK[..., None], y_pred, np.float32(np.nan))
    if how == "rows":
        return Rows(np.concatenate([spoilt[MASK], np.full((1, 3), np.nan, "f")]), LAYOUT)
    tensor = convert_to_tensor(spoilt)
    tensor._keras_mask = MASK
    return tensor


def labels(y_true, how):
    """Labels that have no number at a masked step."""
    if how == "plain":
        return y_true
    if how == "rows":
        return Ragged.from_padded(y_true, MASK)
    nothing = np.nan if y_true.dtype.kind == "f" else 99
    return np.where(MASK.reshape(MASK.shape + (1,) * (y_true.ndim - 2)), y_true, nothing)


@pytest.mark.parametrize("how", ["plain", "rows", "tensor"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_reduction_is_that_of_keras(case, how):
    y_true, y_pred = given(case.kind)
    for reduction, masked, weighted in calls():
        if bool(masked) != (how != "plain"):
            continue
        weights = WEIGHTS if weighted else None
        value = loss_of(case, reduction)(labels(y_true, how), held(y_pred, how), weights)
        wanted = ANSWERS[f"{case.name}/{reduction}/{masked}{weighted}"]
        np.testing.assert_allclose(value, wanted, rtol=2e-5, atol=1e-6, err_msg=reduction)


@pytest.mark.parametrize("how", ["plain", "rows", "tensor"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_gradients_are_those_of_keras(case, how):
    y_true, y_pred = given(case.kind)
    tape = Tape()
    x = tape.watch(held(y_pred, how))
    (gradient,) = tape.gradients(loss_of(case)(labels(y_true, how), x, WEIGHTS), of=[x])
    wanted = ANSWERS[f"{case.name}/gradient/{int(how != 'plain')}"]
    if how == "rows":
        gradient, wanted = gradient[: LAYOUT.steps], wanted[MASK]
    np.testing.assert_allclose(gradient, wanted, rtol=2e-5, atol=2e-7)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_keras_gives_what_it_gave():
    pytest.importorskip("jax")
    pytest.importorskip("keras", minversion="3.0")
    from tests.training import keras_side

    answers = keras_side.loss_answers() | keras_side.whole_loss_answers()
    for name, value in answers.items():
        np.testing.assert_allclose(value, ANSWERS[name], rtol=1e-5, atol=1e-7, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_config_is_that_of_keras(case):
    pytest.importorskip("jax")
    keras = pytest.importorskip("keras", minversion="3.0")
    theirs = keras.losses.serialize(getattr(keras.losses, case.loss)(**case.options))
    ours = losses.serialize(loss_of(case))
    assert theirs["config"].items() <= ours["config"].items()  # Keras leaves some out
    assert {k: v for k, v in ours.items() if k != "config"} == {
        k: v for k, v in theirs.items() if k != "config"
    }
    assert losses.serialize(losses.get(ours)) == ours
    if case.loss in keras.src.losses.ALL_OBJECTS_DICT:  # it does not know all of its own
        keras.losses.get({**ours, "config": dict(ours["config"])})


@pytest.mark.slow
def test_names_are_those_of_keras():
    pytest.importorskip("jax")
    keras = pytest.importorskip("keras", minversion="3.0")
    known = keras.src.losses.ALL_OBJECTS_DICT
    assert known.keys() - {"Loss", "LossFunctionWrapper"} <= losses.KNOWN.keys()
    for name, function in losses.FUNCTIONS.items():
        if name in known:
            assert losses.serialize(function) == keras.losses.serialize(known[name])


def test_all_masked_gives_0_and_gradients_of_0():
    y_pred = np.full((2, 3, 4), np.nan, np.float32)
    for reduction in REDUCTIONS[:4]:
        tensor = convert_to_tensor(y_pred.copy())
        tensor._keras_mask = np.zeros((2, 3), bool)
        tape = Tape()
        x = tape.watch(tensor)
        loss = losses.MeanSquaredError(reduction)(y_pred, x)
        assert float(loss.value) == 0
        assert not tape.gradients(loss, of=[x])[0].any()


def test_labels_of_two_axes_are_one_for_each_step():
    """(batch, time) and (batch, time, 1) are the same labels; Keras's mean goes over time then."""
    rng = np.random.default_rng(3)
    x, y = rng.random((4, 5, 1)).astype("f"), rng.random((4, 5)).astype("f")
    for labels_of_steps in (y, y[..., None]):
        values = losses.MeanSquaredError("none")(labels_of_steps, x)
        np.testing.assert_allclose(values, np.square(x[..., 0] - y), rtol=1e-6)


def test_weights_of_sequences_spread_over_their_steps():
    y_true, y_pred = given("numbers")
    weights = np.float32([2, 3, 5, 7])
    loss = losses.MeanAbsoluteError("mean_with_sample_weight")
    spread = np.repeat(weights[:, None], 5, axis=1)
    for how in ("plain", "rows", "tensor"):
        one, other = (loss(labels(y_true, how), held(y_pred, how), w) for w in (weights, spread))
        np.testing.assert_array_equal(one, other)


def test_weights_of_classes_are_those_of_each_step():
    y_true, y_pred = given("numbered")
    by_class = {0: 2.0, 2: 0.5}
    weights = np.select([y_true == 0, y_true == 2], [2.0, 0.5], 1.0)
    loss = losses.SparseCategoricalCrossentropy()
    for how in ("rows", "tensor"):
        value, count = loss.measured(labels(y_true, how), held(y_pred, how), class_weight=by_class)
        assert value == loss(labels(y_true, how), held(y_pred, how), weights)
        assert count == MASK.sum()
    hot = losses.CategoricalCrossentropy()
    y_hot = np.eye(3, dtype=np.float32)[y_true]
    value, _ = hot.measured(y_hot, held(y_pred, "tensor"), class_weight=by_class)
    np.testing.assert_allclose(value, loss(y_true, held(y_pred, "tensor"), weights), rtol=1e-6)
    with pytest.raises(ValueError, match="one-hot"):
        hot.measured(y_hot, y_pred, class_weight=by_class)


def test_labels_of_sequences_of_which_a_mask_left_out_steps():
    """Embedding masks id 0 within a sequence: its label came all the same, and is not read."""
    lengths = [5, 5, 2, 3]
    y_true, y_pred = given("numbers")
    came = Ragged.from_padded(y_true, lengths=lengths)
    loss = losses.MeanSquaredError()
    value, count = loss.measured(came, held(y_pred, "rows"), came=Layout.from_offsets(came.offsets))
    assert value == loss(y_true, held(y_pred, "rows")) and count == MASK.sum()
    with pytest.raises(ValueError, match="sequence 1 has 5 values, expected 3"):
        loss(came, held(y_pred, "rows"))


def test_a_loss_of_ones_own_sees_whole_sequences():
    seen = []

    def steps_apart(y_true, y_pred):
        seen.append(y_pred.shape)
        return ((y_true - y_pred) ** 2).mean(axis=-1) if not isinstance(y_pred, Traced) else None

    y_true, y_pred = given("numbers")
    clean = convert_to_tensor(y_pred)
    clean._keras_mask = MASK
    loss = losses.as_loss(steps_apart)
    value = loss(labels(y_true, "rows"), clean)
    assert seen == [(4, 5, 3)]
    np.testing.assert_allclose(value, losses.MeanSquaredError()(y_true, clean), rtol=1e-6)


def test_what_is_wrong_is_named():
    y_true, y_pred = given("numbers")
    loss = losses.MeanSquaredError()
    with pytest.raises(ValueError, match="did you mean 'mean_squared_error'"):
        losses.get("mean_square_error")
    with pytest.raises(ValueError, match="reduction"):
        losses.MeanSquaredError("average")
    short = Ragged.from_padded(y_true, lengths=[5, 2, 0, 2])
    with pytest.raises(ValueError, match="y_true: sequence 1 has 2 values, expected 3"):
        loss(short, held(y_pred, "rows"))
    with pytest.raises(ValueError, match="expected 4 sequences or samples, got 3"):
        loss(y_true[:3], held(y_pred, "rows"))
    with pytest.raises(ValueError, match=r"shape \(4, 5, ...\).*got shape \(4, 4, 3\)"):
        loss(y_true[:, 1:], held(y_pred, "tensor"))
    with pytest.raises(ValueError, match="sample_weight: expected 4 sequences, got 3"):
        loss(y_true, held(y_pred, "rows"), np.ones(3))
    with pytest.raises(ValueError, match="label 3 of sequence 0, step 0 is none of the 3 classes"):
        losses.SparseCategoricalCrossentropy()(np.full((4, 5), 3), y_pred)
    with pytest.raises(ValueError, match="expected y_true of the shape"):
        losses.CategoricalCrossentropy()(y_true[..., :2], y_pred)
