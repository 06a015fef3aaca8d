"""Steps of optimizers in C: the bits of Keras's order in NumPy, for any number of threads."""

import numpy as np
import pytest

from maskseq import _kernels

THREADS = 1, 2, 3, 5, 8
RATE, EPSILON, RHO, MOMENTUM = map(np.float32, (0.01, 1e-7, 0.9, 0.8))
ONE = np.float32(1)


def sgd(g, w, rate):
    return (w - g * rate,)


def momentum(g, w, m, rate, share):
    m = m * share - g * rate
    return w + m, m


def nesterov(g, w, m, rate, share):
    m = m * share - g * rate
    return w + (m * share - g * rate), m


def _rmsprop(g, v, mean, rate, epsilon, old, new):
    v = old * v + new * (g * g)
    if mean is None:
        return rate * g / np.sqrt(v + epsilon), v, None
    mean = old * mean + new * g
    return rate * g / np.sqrt(v - mean * mean + epsilon), v, mean


def rmsprop(g, w, v, *numbers):
    step, v, _ = _rmsprop(g, v, None, *numbers)
    return w - step, v


def rmsprop_momentum(g, w, v, m, *numbers):
    step, v, _ = _rmsprop(g, v, None, *numbers[:4])
    m = numbers[4] * m + step
    return w - m, v, m


def rmsprop_centered(g, w, v, mean, *numbers):
    step, v, mean = _rmsprop(g, v, mean, *numbers)
    return w - step, v, mean


def rmsprop_both(g, w, v, m, mean, *numbers):
    step, v, mean = _rmsprop(g, v, mean, *numbers[:4])
    m = numbers[4] * m + step
    return w - m, v, m, mean


def adam(g, w, m, v, of_mean, of_square, alpha, epsilon):
    m = m + (g - m) * of_mean
    v = v + (g * g - v) * of_square
    return w - m * alpha / (np.sqrt(v) + epsilon), m, v


def adam_largest(g, w, m, v, most, of_mean, of_square, alpha, epsilon):
    m = m + (g - m) * of_mean
    v = v + (g * g - v) * of_square
    most = np.maximum(most, v)
    return w - m * alpha / (np.sqrt(most) + epsilon), m, v, most


def adamax(g, w, m, u, of_mean, beta, rate, unbias, epsilon):
    m = m + (g - m) * of_mean
    u = np.maximum(beta * u, np.abs(g))
    return w - rate * m / (unbias * (u + epsilon)), m, u


def nadam(g, w, m, v, of_mean, of_square, times, over, g_times, g_over, unbias, rate, epsilon):
    m = m + (g - m) * of_mean
    v = v + (g * g - v) * of_square
    mean = times * m / over + g_times * g / g_over
    return w - mean * rate / (np.sqrt(v / unbias) + epsilon), m, v


def adagrad(g, w, a, rate, epsilon):
    a = a + g * g
    return w - rate * g / np.sqrt(a + epsilon), a


def adadelta(g, w, v, s, rate, epsilon, old, new):
    v = old * v + new * (g * g)
    change = -(np.sqrt(s + epsilon) * g / np.sqrt(v + epsilon))
    return w + rate * change, v, old * s + new * (change * change)


def lion(g, w, m, rate, now, rest, later, more):
    return w - rate * np.sign(now * m + rest * g), later * m + more * g


RULES = {
    sgd: (RATE,),
    momentum: (RATE, MOMENTUM),
    nesterov: (RATE, MOMENTUM),
    rmsprop: (RATE, EPSILON, RHO, ONE - RHO),
    rmsprop_momentum: (RATE, EPSILON, RHO, ONE - RHO, MOMENTUM),
    rmsprop_centered: (RATE, EPSILON, RHO, ONE - RHO),
    rmsprop_both: (RATE, EPSILON, RHO, ONE - RHO, MOMENTUM),
    adam: tuple(map(np.float32, (0.1, 0.001, 0.01, 1e-7))),
    adam_largest: tuple(map(np.float32, (0.1, 0.001, 0.01, 1e-7))),
    adamax: tuple(map(np.float32, (0.1, 0.999, 0.01, 0.3, 1e-7))),
    nadam: tuple(map(np.float32, (0.1, 0.001, 0.88, 0.4, 0.12, 0.5, 0.002, 0.01, 1e-7))),
    adagrad: (RATE, EPSILON),
    adadelta: (RATE, EPSILON, RHO, ONE - RHO),
    lion: tuple(map(np.float32, (0.01, 0.9, 0.1, 0.99, 0.01))),
}
SLOTS = {"sgd": 0, "momentum": 1, "nesterov": 1, "rmsprop": 1, "adagrad": 1, "lion": 1}
SLOTS |= {"rmsprop_both": 3, "adam_largest": 3}


def slots_of(rule):
    return SLOTS.get(rule.__name__, 2)


def arrays(rng, shape, slots):
    """A gradient, a weight, and slots, which are not below 0."""
    g, w = (rng.standard_normal(shape).astype(np.float32) for _ in range(2))
    return g, w, *(np.square(rng.standard_normal(shape)).astype(np.float32) for _ in range(slots))


def assert_same(got, want):
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        assert a.dtype == np.float32 and a.shape == b.shape
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_steps_have_the_bits_of_numpy(isa, rng, rule):
    shapes = (), (0,), (7,), (16,), (17, 3), (70_001,), (2, 0)
    given = [arrays(rng, shape, slots_of(rule)) for shape in shapes]
    with np.errstate(invalid="ignore"):  # a mean square less the square of a mean
        want = [rule(*map(np.asarray, x), *RULES[rule]) for x in given]
    for threads in THREADS:
        got = _kernels.update_weights(rule.__name__, RULES[rule], given, num_threads=threads)
        for a, b in zip(got, want, strict=True):
            assert_same(a, list(map(np.asarray, b)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_nan_and_infinity_reach_their_own_weights_only(isa, rng, rule):
    given = arrays(rng, (40,), slots_of(rule))
    clean = _kernels.update_weights(rule.__name__, RULES[rule], [given])[0]
    given[0][[3, 20]] = np.nan, np.inf
    given[-1][33] = np.nan
    with np.errstate(all="ignore"):
        want = rule(*given, *RULES[rule])
    got = _kernels.update_weights(rule.__name__, RULES[rule], [given])[0]
    assert_same(got, want)
    assert np.isnan(got[0][3])
    for a, b in zip(got, clean, strict=True):
        np.testing.assert_array_equal(*(np.delete(x, [3, 20, 33]) for x in (a, b)))


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_decay_comes_first_and_of_some_weights(rng, name):
    rule = {sgd.__name__: sgd, adam.__name__: adam}[name]
    given = [arrays(rng, (33,), slots_of(rule)) for _ in range(2)]
    share, rate = np.float32(0.1), np.float32(0.5)
    g, w, *slots = given[0]
    want = [rule(g, w - w * share * rate, *slots, *RULES[rule]), rule(*given[1], *RULES[rule])]
    got = _kernels.update_weights(name, RULES[rule], given, (share, rate), [True, False])
    for a, b in zip(got, want, strict=True):
        assert_same(a, b)


@pytest.mark.parametrize("ids", [[], [0], [4], [0, 1, 4], [0, 1, 2, 3, 4]])
@pytest.mark.parametrize("features", [1, 5, 16, 20_001])
@pytest.mark.parametrize("rule", [sgd, adagrad, adam, lion], ids=lambda rule: rule.__name__)
def test_a_gradient_of_some_rows_is_zero_in_the_others(rng, rule, features, ids):
    whole, w, *slots = arrays(rng, (5, features), slots_of(rule))
    absent = np.setdiff1d(np.arange(5), ids)
    whole[absent] = 0
    want = list(rule(whole, w, *slots, *RULES[rule]))
    for threads in THREADS:
        given = [((np.array(ids, np.int64), whole[ids]), w, *slots)]
        got = _kernels.update_weights(rule.__name__, RULES[rule], given, num_threads=threads)
        assert_same(got[0], want)


def test_rows_without_gradient_stay_but_for_the_decay():
    """0 / sqrt(0 + 0) is NaN: such a rule does not touch rows that have no gradient."""
    w, a = np.ones((3, 2), np.float32), np.zeros((3, 2), np.float32)
    given = [((np.array([1]), np.ones((1, 2), np.float32)), w, a)]
    (new_w, new_a), *_ = _kernels.update_weights("adagrad", (0.5, 0.0), given, (0.5, 0.5))
    np.testing.assert_array_equal(new_w, [[0.75] * 2, [0.25] * 2, [0.75] * 2])
    np.testing.assert_array_equal(new_a, [[0, 0], [1, 1], [0, 0]])


def test_arrays_in_any_order_in_memory(rng):
    given = arrays(rng, (6, 9), 2)
    turned = [np.asfortranarray(given[0]), given[1].T.copy().T, given[2], given[3][:, ::1]]
    for a, b in zip(
        _kernels.update_weights("adam", RULES[adam], [given])[0],
        _kernels.update_weights("adam", RULES[adam], [turned])[0],
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


ONES = np.ones((3, 2), np.float32)


@pytest.mark.parametrize(
    "rule, numbers, given, message",
    [
        ("adams", (1,), [], "name must be one of stay, sgd"),
        ("sgd", (1, 2), [], "sgd has 1 numbers"),
        ("sgd", (1,), [(ONES, ONES, ONES)], "sgd has 0 slots, got 1"),
        ("sgd", (1,), [(ONES[:2], ONES)], r"g must be float32 \(3, 2\), got float32 \(2, 2\)"),
        ("momentum", (1, 2), [(ONES, ONES, ONES[0])], r"slot must be float32 \(3, 2\)"),
        ("sgd", (1,), [(([0], ONES), ONES)], "g must have rows"),
        ("sgd", (1,), [(([0, 3], ONES[:2]), ONES)], "ids of a gradient must ascend"),
        ("sgd", (1,), [(([-1, 0], ONES[:2]), ONES)], "ids of a gradient must ascend"),
        ("sgd", (1,), [(([1, 1], ONES[:2]), ONES)], "ids of a gradient must ascend"),
    ],
)
def test_what_does_not_fit_is_named(rule, numbers, given, message):
    with pytest.raises(ValueError, match=message):
        _kernels.update_weights(rule, numbers, given)
