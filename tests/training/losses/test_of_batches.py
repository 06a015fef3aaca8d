"""Losses that take a batch as a whole, CTC and Circle: Keras's numbers, and how they are named."""

import numpy as np
import pytest

import maskseq
from maskseq import layers, losses
from maskseq.rows import Rows
from maskseq.tape import Tape
from maskseq.tensor import convert_to_tensor
from tests.training import recorded
from tests.training.loss_cases import of_batches

ANSWERS, CASES = recorded.load(), of_batches()
MASK = np.array([[1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 0, 0], [1, 0, 1, 1]], bool)


@pytest.mark.parametrize("name", CASES)
def test_values_and_gradients_are_those_of_keras(name):
    loss, options, y_true, y_pred = CASES[name]
    each = getattr(losses, loss)(reduction=None, **options)(y_true, y_pred)
    np.testing.assert_allclose(each, ANSWERS[f"{name}/none"], rtol=1e-5, atol=1e-7)
    tape = Tape()
    x = tape.watch(y_pred)
    mean = getattr(losses, loss)(**options)(y_true, x)
    np.testing.assert_allclose(mean.value, ANSWERS[f"{name}/mean"], rtol=1e-5)
    (gradient,) = tape.gradients(mean, of=[x])
    wanted = ANSWERS[f"{name}/gradient"]
    assert np.linalg.norm(gradient - wanted) < 1e-5 * np.linalg.norm(wanted)


@pytest.mark.filterwarnings("error")
def test_circle_is_its_definition():
    """Sums over pairs in float64; a sample without a pair of its class has loss 0, no NaN."""
    _, _, classes, x = CASES["Circle"]
    wide, gamma, m, wanted = x.astype(np.float64), 3.0, 0.4, []
    for i in range(len(x)):
        near = far = 0.0
        for j in range(len(x)):
            s = wide[i] @ wide[j]
            if classes[i] == classes[j] and i != j:
                near += np.exp(-gamma * max(1 + m - s, 0) * (s - 1 + m))
            if classes[i] != classes[j]:
                far += np.exp(gamma * max(s + m, 0) * (s - m))
        wanted.append(np.log1p(near * far))
    got = losses.circle(classes, x, gamma=gamma)
    np.testing.assert_allclose(got, wanted, rtol=2e-6)
    assert wanted[3] == wanted[6] == 0
    tape = Tape()
    given = tape.watch(x)
    (gradient,) = tape.gradients(losses.Circle()(classes, given), of=[given])
    assert np.isfinite(gradient).all()


def test_circle_of_references():
    _, _, classes, x = CASES["Circle"]
    whole = losses.circle(classes[:4], x[:4], classes[4:], x[4:], remove_diagonal=False, gamma=4.0)
    for i in range(4):
        one = losses.circle(
            classes[i : i + 1], x[i : i + 1], classes[4:], x[4:], remove_diagonal=False, gamma=4.0
        )
        np.testing.assert_allclose(one, whole[i : i + 1], rtol=1e-6)


def test_circle_takes_real_steps_for_samples(rng):
    x = rng.standard_normal((4, 4, 3)).astype(np.float32)
    x /= np.linalg.norm(x, axis=-1, keepdims=True)
    y = rng.integers(0, 3, (4, 4))
    wanted = losses.Circle()(y[MASK], x[MASK])
    tensor = convert_to_tensor(np.where(MASK[..., None], x, np.float32(np.nan)))
    tensor._keras_mask = MASK
    assert losses.Circle()(np.where(MASK, y, 99), tensor) == wanted
    assert losses.Circle()(y, Rows.view(x, MASK)) == wanted


@pytest.mark.parametrize("function, cls", [("ctc", losses.CTC), ("circle", losses.Circle)])
def test_a_function_is_compiled_as_its_class(function, cls):
    assert losses.get(function) is getattr(losses, function)
    for given in (function, losses.get(function)):
        made = losses.as_loss(given, "sum")
        assert (type(made), made.reduction, made.name) == (cls, "sum", function)
    assert losses.serialize(losses.get(function))["config"] == function


def test_circle_brings_classes_together():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 60)
    lists = [rng.normal(c, 0.7, (rng.integers(2, 6), 2)).astype(np.float32) for c in y]
    maskseq.set_random_seed(1)
    model = maskseq.Sequential(
        [maskseq.Input((None, 2)), layers.GRU(6), layers.Dense(4), layers.UnitNormalization()]
    )
    model.compile(maskseq.optimizers.Adam(0.02), losses.Circle(gamma=8))
    history = model.fit(lists, y, epochs=8, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([1, 2], np.ones((2, 3, 4))), r"y_pred \(samples, features\), got shape \(2, 3, 4\)"),
        (([1, 2, 3], np.ones((2, 4))), r"y_true \(2,\), got shape \(3,\)"),
        (([1, 2], np.ones((2, 4)), [1], np.ones((2, 4))), r"ref_labels \(2,\), got shape \(1,\)"),
    ],
)
def test_circle_names_what_does_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        losses.circle(*arguments)


def test_a_mask_of_cells_inside_steps_counts():
    random = np.random.default_rng(3)
    x, y = random.standard_normal((2, 3, 4, 3, 2)).astype(np.float32)
    x[0, 2:] = x[1, 1, 2] = 0
    inputs = maskseq.Input((4, 3, 2))
    dense = layers.Dense(2)
    model = maskseq.Model(inputs, dense(layers.Masking()(inputs)))
    model.compile("sgd", "mse", metrics=["mae"])
    real = x.any(-1)
    error = (model.predict(x) - y)[real].astype(np.float64)
    told = model.evaluate(x, y, verbose=0)
    np.testing.assert_allclose(told, [(error**2).mean(), abs(error).mean()], rtol=1e-5)
    rate, bias = 0.01, dense.bias.numpy()
    told = model.train_on_batch(x, y)
    np.testing.assert_allclose(told[0], (error**2).mean(), rtol=1e-5)
    step = 2 * error.mean(axis=0) / 2
    np.testing.assert_allclose(dense.bias.numpy(), bias - rate * step, rtol=1e-4, atol=1e-6)


def test_a_penalty_on_the_inputs_of_a_model_is_told():
    x = np.random.default_rng(4).standard_normal((3, 4, 2)).astype(np.float32)
    inputs = maskseq.Input((4, 2))
    layer = layers.ActivityRegularization(l1=0.1, l2=0.01)
    assert layer.get_config().keys() >= {"l1", "l2"}
    assert "activity_regularizer" not in layer.get_config()
    model = maskseq.Model(inputs, layers.Dense(2)(layer(inputs)))
    model.compile("sgd", "mse")
    expected = (model.predict(x) ** 2).mean() + (0.1 * abs(x).sum() + 0.01 * (x**2).sum()) / 3
    np.testing.assert_allclose(model.evaluate(x, 0 * x, verbose=0), expected, rtol=1e-5)
    np.testing.assert_allclose(model.train_on_batch(x, 0 * x), expected, rtol=1e-5)
