"""Random graphs of layers: Keras's answers; padding, batch and threads change no bit of ours."""

import numpy as np
import pytest

import maskseq
from tests.conformance import recorded_graphs
from tests.conformance.harness import FEATURES, RIGHT, VOCABULARY
from tests.conformance.programs import PADDED, arrays, build, drawn
from tests.support.beside_keras import keras_on, random_weights

SEEDS = range(200)
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def answers():
    return recorded_graphs.load()


@pytest.mark.parametrize("seed", recorded_graphs.SEEDS)
def test_graph_gives_the_recorded_answers(answers, seed):
    check(seed, answers)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_graph_equals_keras(seed):
    check(seed, recorded_graphs.answers_of(keras_on("jax"), seed))


def check(seed, answers):
    """Outputs, masks, and with them the order of weights."""
    model, inputs, masks = recorded_graphs.built(maskseq, seed)
    for number, y in enumerate(model(inputs, mask=masks)):
        expected, mask = (answers.get(f"{seed}/{number}{end}") for end in ("", "/mask"))
        assert np.isfinite(y).all()
        real = np.isfinite(expected)  # Keras's average of nothing is NaN, ours is 0
        np.testing.assert_allclose(np.asarray(y)[real], expected[real], rtol=1e-4, atol=2e-5)
        found = getattr(y, "_keras_mask", None)
        assert (found is None) == (mask is None), f"mask of output {number}"
        if mask is not None:
            np.testing.assert_array_equal(found, mask)


def assert_same_bits(expected, outputs):
    for a, b in zip(expected, outputs, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("seed", SEEDS)
def test_batch_and_threads_change_no_bit(seed):
    program = drawn(seed)
    model, inputs = build(maskseq, program), list(arrays(program))
    random_weights(model, np.random.default_rng(seed))
    expected = model.predict(inputs)
    for size in (1, 3):
        assert_same_bits(expected, model.predict(inputs, batch_size=size))
    for count in (1, 3):
        with maskseq.num_threads(count):
            assert_same_bits(expected, model.predict(inputs))


@pytest.mark.parametrize("seed", SEEDS)
def test_padding_changes_no_bit(seed):
    """On both sides, of layers whose answer does not hang on it by Keras's rules."""
    model = build(maskseq, drawn(seed, without=PADDED)._replace(by_hand=False))
    rng = np.random.default_rng(seed)
    random_weights(model, rng)
    ids = rng.integers(1, VOCABULARY, RIGHT.shape) * RIGHT
    x = rng.standard_normal((*RIGHT.shape, FEATURES)).astype(np.float32) * RIGHT[::-1, :, None]
    more = [np.pad(a, [(0, 0), (2, 3), (0, 0)][: a.ndim]) for a in (ids, x)]
    assert_same_bits(map(real_steps, model([ids, x])), map(real_steps, model(more)))


def real_steps(y):
    mask = getattr(y, "_keras_mask", None)
    return np.asarray(y) if mask is None else np.asarray(y)[np.asarray(mask)]
