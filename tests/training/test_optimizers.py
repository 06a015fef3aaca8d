"""Optimizers and schedules give what Keras's give, step after step."""

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest

import maskseq
from maskseq import optimizers
from maskseq.optimizers import schedules
from maskseq.tape import SparseRows
from maskseq.variable import Variable
from tests.training import recorded
from tests.training.optimizer_cases import CASES, SCHEDULES, STEPS, gradients, weights

ANSWERS = recorded.load()
NAMES = sorted({case.optimizer for case in CASES})


def variables():
    return [Variable(w, f"w{i}") for i, w in enumerate(weights())]


def far(ours, theirs):
    """The largest distance, relative to the size of the array."""
    return max(
        np.linalg.norm(np.asarray(a, np.float64) - b) / max(np.linalg.norm(b), 1e-30)
        for a, b in zip(ours, theirs, strict=True)
    )


def listed(place):
    return [ANSWERS[f"{place}/{i}"] for i in range(len(ANSWERS)) if f"{place}/{i}" in ANSWERS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_fifty_steps_are_those_of_keras(case):
    optimizer = getattr(optimizers, case.optimizer)(learning_rate=0.01, **case.options)
    trained = variables()
    for step in gradients():
        optimizer.apply(step, trained)
    assert far([v.value for v in trained], listed(f"{case.name}/weights")) < 2e-6
    state = listed(f"{case.name}/state")
    assert [v.shape for v in optimizer.variables] == [x.shape for x in state]
    assert [v.dtype for v in optimizer.variables] == [x.dtype for x in state]
    assert far([v.value for v in optimizer.variables], state) < 2e-6


def descended(start, dtype, step):
    """Weights after STEPS of a small regression, of which `step` gives the next."""
    rng = np.random.default_rng(5)
    x, target, w = rng.standard_normal((32, 5)), rng.standard_normal((32, 3)), start
    for n in range(STEPS):
        rows = slice(n % 4 * 8, n % 4 * 8 + 8)
        hidden = np.tanh(x[rows] @ w)
        slope = x[rows].T @ ((hidden - target[rows]) * (1 - hidden**2)) / 8
        w = step(w, slope.astype(dtype))
    return w


def rmsprop():
    """RMSprop with momentum and clipvalue as Keras defines it, in the precision of its weights."""
    square, velocity = 0.0, 0.0

    def step(w, gradient):
        nonlocal square, velocity
        gradient = np.clip(gradient, -0.3, 0.3)
        square = 0.9 * square + 0.1 * gradient**2
        velocity = 0.9 * velocity + 0.06 * gradient / np.sqrt(square + 1e-7)
        return w - velocity

    return step


def test_a_training_grows_roundings_and_is_no_farther_from_float64_than_they_make_it():
    """Gradients that hang on the weights let RMSprop with momentum drift: trainings that begin an
    ulp from each other end as far apart as one in float32 is from one in float64."""
    start = np.random.default_rng(4).standard_normal((5, 3)).astype(np.float32)
    exact = descended(start.astype(np.float64), np.float64, rmsprop())

    def ours(first):
        optimizer = optimizers.RMSprop(0.06, momentum=0.9, clipvalue=0.3)
        weight = Variable(first, "w")

        def step(w, gradient):
            optimizer.apply([gradient], [weight])
            return weight.value

        return descended(first, np.float32, step)

    moved = [ours(np.nextafter(start, np.float32(side * 9))) for side in (-1, 1)]
    grown = max(np.abs(other - ours(start)).max() for other in moved)
    assert 1e-5 < grown < 1e-3
    assert np.abs(ours(start) - exact).max() < 2 * grown


@pytest.mark.parametrize("i", range(len(SCHEDULES)))
def test_rates_are_those_of_keras(i):
    name, options = SCHEDULES[i]
    schedule = getattr(schedules, name)(**options)
    rates = [schedule(np.int32(step)) for step in range(STEPS)]
    np.testing.assert_allclose(rates, ANSWERS[f"schedule/{i}"], rtol=2e-6, atol=1e-8)
    again = schedules.deserialize(schedules.serialize(schedule))
    assert [again(step) for step in range(STEPS)] == rates


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_keras_gives_what_it_gave():
    pytest.importorskip("jax")
    pytest.importorskip("keras", minversion="3.0")
    from tests.training import keras_side

    for name, value in keras_side.optimizer_answers().items():
        np.testing.assert_allclose(value, ANSWERS[name], rtol=1e-5, atol=1e-7, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_config_is_that_of_keras(name):
    pytest.importorskip("jax")
    keras = pytest.importorskip("keras", minversion="3.0")
    rate = {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.8}
    for scheduled in (False, True):
        ours, theirs = optimizers, keras.optimizers
        first, second = (
            getattr(m, name)(
                m.schedules.ExponentialDecay(**rate) if scheduled else 0.01, name="o", clipnorm=2.0
            )
            for m in (ours, theirs)
        )
        config = theirs.serialize(second)
        assert ours.serialize(first) == config
        assert ours.serialize(ours.get(config)) == config
        assert (
            ours.get(name.lower()).name.split("_")[0] == getattr(theirs, name)().name.split("_")[0]
        )


def test_a_rate_by_a_schedule_counts_steps():
    weight = Variable(np.ones(3, np.float32))
    optimizer = optimizers.SGD(schedules.PiecewiseConstantDecay([1], [1.0, 0.5]))
    for _ in range(3):
        optimizer.apply([np.full(3, 0.25, np.float32)], [weight])
    np.testing.assert_array_equal(weight.value, np.float32(1 - 0.25 - 0.25 - 0.125))
    assert len(optimizer.variables) == 1 and optimizer.learning_rate == np.float32(0.5)
    with pytest.raises(TypeError, match="PiecewiseConstantDecay"):
        optimizer.learning_rate = 0.1


def test_learning_rate_can_be_set_and_called():
    optimizer = optimizers.get("adam")
    optimizer.learning_rate = 0.5
    assert float(optimizer.learning_rate) == 0.5 and int(optimizer.iterations) == 0
    with pytest.raises(ValueError, match="learning_rate"):
        optimizer.learning_rate = np.nan
    assert optimizers.SGD(lambda: 0.25).learning_rate == 0.25


@pytest.mark.parametrize("options", [{}, {"clipnorm": 0.1}, {"weight_decay": 0.1}])
@pytest.mark.parametrize("name", NAMES)
def test_sparse_gradients_give_what_dense_ones_do(name, options):
    rng = np.random.default_rng(5)
    tables = [Variable(np.ones((9, 4), np.float32), "table") for _ in range(2)]
    pair = [getattr(optimizers, name)(learning_rate=0.1, **options) for _ in tables]
    for _ in range(4):
        ids = np.sort(rng.choice(9, 3, replace=False))
        sparse = SparseRows(ids, rng.standard_normal((3, 4)).astype(np.float32), (9, 4))
        pair[0].apply([sparse], [tables[0]])
        pair[1].apply([sparse.to_dense()], [tables[1]])
    np.testing.assert_array_equal(tables[0].value, tables[1].value)


def test_accumulated_gradients_are_weighted_by_their_counts():
    """Batches of 2, 6 and 1 steps make the update of one batch of 9."""
    weight, whole = (Variable(np.ones(3, np.float32)) for _ in range(2))
    parts = [(np.float32([k, 1, 2]), count) for k, count in ((1, 2), (2, 6), (5, 1))]
    optimizer = optimizers.SGD(0.5, gradient_accumulation_steps=3)
    for gradient, count in parts:
        assert weight.value[0] == 1
        optimizer.apply([gradient], [weight], count=count)
    mean = sum(g.astype(np.float64) * c for g, c in parts) / 9
    optimizers.SGD(0.5).apply([mean], [whole])
    np.testing.assert_allclose(weight.value, whole.value, rtol=1e-6)
    assert optimizer.iterations == 1
    before = weight.value
    for _ in range(3):  # of no valid steps at all
        optimizer.apply([np.zeros(3, np.float32)], [weight], count=0)
    np.testing.assert_array_equal(weight.value, before)


def test_a_step_that_fails_does_not_count_in_what_is_collected():
    class Odd(Variable):
        fails = False

        def checked(self, value):
            if self.fails:
                raise ArithmeticError
            return super().checked(value)

    weight = Odd(np.zeros(1, np.float32), "w")
    weight.constraint = lambda value: value
    optimizer = optimizers.SGD(1.0, gradient_accumulation_steps=2)
    optimizer.apply([np.ones(1, np.float32)], [weight], count=3)
    weight.fails = True
    with pytest.raises(ArithmeticError):
        optimizer.apply([np.ones(1, np.float32)], [weight], count=1)
    weight.fails = False
    optimizer.apply([5 * np.ones(1, np.float32)], [weight], count=1)
    assert weight.value.item() == -(3 * 1 + 1 * 5) / 4


def test_gradients_of_a_weight_that_is_frozen_meanwhile_are_dropped():
    one, two = (Variable(np.ones(1, np.float32), name) for name in "ab")
    optimizer = optimizers.SGD(1.0, gradient_accumulation_steps=2)
    ones = [np.ones(1, np.float32)] * 2
    optimizer.apply(ones, [one, two])
    optimizer.apply(ones[:1], [one])  # the update, in which two has no part
    for _ in range(2):
        optimizer.apply(ones, [one, two])
    assert (one.value.item(), two.value.item()) == (-1, 0)


def test_resumed_training_has_the_bits_of_uninterrupted():
    straight, first = variables(), variables()
    a, b = (optimizers.Adam(0.01, use_ema=True, clipnorm=1.0) for _ in range(2))
    for step in gradients():
        a.apply(step, straight)
    for step in gradients()[:20]:
        b.apply(step, first)
    second = [Variable(v.value, v.name) for v in first]
    resumed = optimizers.Optimizer.from_config.__func__(optimizers.Adam, b.get_config())
    resumed.build(second)
    resumed.set_weights([v.value for v in b.variables])
    for step in gradients()[20:]:
        resumed.apply(step, second)
    for x, y in zip(straight, second, strict=True):
        np.testing.assert_array_equal(x.value, y.value)


@pytest.mark.parametrize("how", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_goes_on_by_itself(how):
    optimizer, trained = optimizers.Adam(0.01), variables()
    optimizer.apply(gradients()[0], trained)
    twin, weights_of_twin = how((optimizer, trained))
    before = [v.value for v in trained]
    twin.apply(gradients()[1], weights_of_twin)
    assert all(v.value is x for v, x in zip(trained, before, strict=True))
    optimizer.apply(gradients()[1], trained)
    for a, b in zip(trained, weights_of_twin, strict=True):
        np.testing.assert_array_equal(a.value, b.value)


def test_decay_leaves_out_what_is_excluded():
    kernel, bias = (
        Variable(np.ones(2, np.float32), "kernel"),
        Variable(np.ones(2, np.float32), "bias"),
    )
    optimizer = optimizers.SGD(1.0, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply([np.zeros(2), np.zeros(2)], [kernel, bias])
    assert (kernel.value == 0.5).all() and (bias.value == 1).all()
    with pytest.raises(ValueError, match="before it is built"):
        optimizer.exclude_from_weight_decay(var_list=[kernel])


def test_constraints_hold_after_the_step_and_averages_become_the_weights():
    weight = Variable(np.ones(2, np.float32), constraint=maskseq.constraints.NonNeg())
    optimizer = optimizers.SGD(1.0, use_ema=True, ema_momentum=0.5)
    for _ in range(2):
        optimizer.apply([np.float32([2, 0.25])], [weight])
    np.testing.assert_array_equal(weight.value, np.float32([0, 0.5]))
    optimizer.finalize_variable_values([weight])
    np.testing.assert_array_equal(weight.value, np.float32([-1.5, 0.625]))


def test_nothing_changes_if_a_step_fails():
    def refuse(w):
        raise RuntimeError("no")

    first = Variable(np.ones(2, np.float32))
    second = Variable(np.ones(2, np.float32), constraint=refuse)
    optimizer = optimizers.Adam()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no"):
            optimizer.apply([np.ones(2), np.ones(2)], [first, second])
    assert (first.value == 1).all() and int(optimizer.iterations) == 0
    assert not optimizer.variables[2].value.any()


def test_a_weight_that_was_swapped_during_the_step_is_told():
    weight = Variable(np.ones(2, np.float32), "swapped")
    other = Variable(np.ones(2, np.float32), "other")

    class Meddling(optimizers.SGD):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(gradient, variable, learning_rate)
            import threading

            thread = threading.Thread(target=weight.assign, args=([5, 5],))
            thread.start()
            thread.join()

    with pytest.raises(RuntimeError, match="swapped"):
        Meddling().apply([np.ones(2), np.ones(2)], [weight, other])
    assert (weight.value == 5).all() and (other.value == 1).all()


def test_a_weight_that_was_replaced_during_a_step_in_one_pass_stays(monkeypatch):
    import threading

    weight, other = (Variable(np.ones(2, np.float32), name) for name in ("swapped", "other"))
    optimizer = optimizers.Adam()
    optimizer.build([weight, other])
    update = optimizers.fused._kernels.update_weights

    def meddling(*arguments):
        thread = threading.Thread(target=weight.assign, args=([5, 5],))
        thread.start()
        thread.join()
        return update(*arguments)

    before = [np.array(x) for x in optimizer.variables]
    with monkeypatch.context() as patched:
        patched.setattr(optimizers.fused, "_kernels", SimpleNamespace(update_weights=meddling))
        with pytest.raises(RuntimeError, match="weight swapped: another value was assigned"):
            optimizer.apply([np.ones(2, np.float32)] * 2, [weight, other])
    assert weight.value.tolist() == [5, 5] and other.value.tolist() == [1, 1]
    for old, now in zip(before, optimizer.variables, strict=True):
        np.testing.assert_array_equal(old, now)


def test_an_optimizer_of_ones_own_in_keras_style():
    class Signs(optimizers.Optimizer):
        def __init__(self, learning_rate=0.5, **kwargs):
            super().__init__(learning_rate, **kwargs)

        def build(self, variables):
            super().build(variables)
            self.counts = [self.add_variable_from_reference(v, name="count") for v in variables]

        def update_step(self, gradient, variable, learning_rate):
            count = self.counts[self._get_variable_index(variable)]
            count.assign(count + 1)  # not self.assign: seen in this step, too
            self.assign_add(count, np.float32(1))
            self.assign_sub(variable, learning_rate * np.sign(gradient) * count)

    weight = Variable(np.zeros(2, np.float32), "w")
    optimizer = Signs(name="signs")
    optimizer.apply_gradients([(np.float32([3, -4]), weight)])
    np.testing.assert_array_equal(weight.value, np.float32([-1, 1]))
    assert optimizer.variables[-1].name == "w_count" and optimizer.get_config()["name"] == "signs"


def test_what_is_wrong_is_named():
    weight = Variable(np.ones(2, np.float32), "w")
    with pytest.raises(ValueError, match="did you mean 'rmsprop'"):
        optimizers.get("rmsprob")
    with pytest.raises(TypeError, match="did you mean 'clipnorm'"):
        optimizers.Adam(clip_norm=1.0)
    with pytest.raises(ValueError, match="clipnorm, clipvalue, global_clipnorm at most"):
        optimizers.Adam(clipnorm=1.0, clipvalue=1.0)
    with pytest.raises(ValueError, match="gradient_accumulation_steps"):
        optimizers.Adam(gradient_accumulation_steps=1)
    with pytest.raises(ValueError, match="loss_scale_factor"):
        optimizers.Adam(loss_scale_factor=2.0)
    with pytest.raises(ValueError, match=r"gradient of w: expected shape \(2,\), got \(3,\)"):
        optimizers.SGD().apply([np.ones(3)], [weight])
    with pytest.raises(ValueError, match="None for every weight"):
        optimizers.SGD().apply([None], [weight])
    with pytest.warns(UserWarning, match=r"\['w'\]"):
        optimizers.SGD().apply([None, np.ones(2)], [weight, Variable(np.ones(2, np.float32), "v")])
    built = optimizers.SGD()
    built.build([weight])
    with pytest.raises(ValueError, match="none of the weights"):
        built.apply([np.ones(2)], [Variable(np.ones(2, np.float32), "v")])
    with pytest.raises(ValueError, match="got 2"):
        built.apply([np.ones(2), np.ones(2)])
    with pytest.raises(ValueError, match="decay_steps"):
        schedules.CosineDecay(0.1, 0)
    with pytest.raises(ValueError, match="not a class"):
        optimizers.get({"class_name": "Mine", "module": "mine", "config": {}})
