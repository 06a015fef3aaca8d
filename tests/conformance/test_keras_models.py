"""Whole models in Keras and in maskseq, written once: how masks travel through them."""

import pytest

pytest.importorskip("jax")
pytest.importorskip("keras")
pytestmark = pytest.mark.slow

import jax  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402

import maskseq  # noqa: E402
from tests.conformance.harness import BATCH, FEATURES, MIXED, TIME, VOCABULARY  # noqa: E402
from tests.support.beside_keras import compare, random_weights  # noqa: E402


def nested(package):
    L = package.layers
    inner_ids = package.Input((None,), dtype="int32")
    y = L.Embedding(VOCABULARY, 3, mask_zero=True)(inner_ids)
    inner = package.Model(inner_ids, L.LSTM(4, return_sequences=True)(y))
    ids = package.Input((None,), dtype="int32")
    return package.Model(ids, L.Bidirectional(L.LSTM(2))(L.Dense(3)(inner(ids))))


def nested_sequential(package):
    L = package.layers
    inner = package.Sequential([L.Dense(3), L.LSTM(4, return_sequences=True)])
    ids = package.Input((None,), dtype="int32")
    y = inner(L.Embedding(VOCABULARY, 3, mask_zero=True)(ids))
    return package.Model(ids, [y, L.LSTM(2)(y)])


def translation(package):
    """Encoder states start a decoder, which therefore runs unmasked."""
    L = package.layers
    ids = package.Input((None,), dtype="int32")
    embedding = L.Embedding(VOCABULARY, 3, mask_zero=True)
    _, h, c = L.LSTM(4, return_state=True)(embedding(ids))
    decoder = L.LSTM(4, return_sequences=True)
    return package.Model(ids, decoder(embedding(ids), initial_state=[h, c]))


def explicit(package):
    """A mask from compute_mask beats the one that is carried."""
    L = package.layers
    ids = package.Input((None,), dtype="int32")
    masking = L.Embedding(VOCABULARY, 3, mask_zero=True)
    y = L.Embedding(VOCABULARY, 4)(ids)
    return package.Model(ids, L.LSTM(3)(y, mask=masking.compute_mask(ids)))


def arithmetic(package):
    """Operators and ops end a mask."""
    L = package.layers
    ids = package.Input((None,), dtype="int32")
    y = L.Embedding(VOCABULARY, 4, mask_zero=True)(ids)
    z = L.LSTM(4, return_sequences=True)(y) * 0.5 + y
    z = package.ops.concatenate([z, y[:, :, :2]], axis=-1)
    return package.Model(ids, [z, L.LSTM(3)(z)])


def shared(package):
    L = package.layers
    ids, others = (package.Input((None,), dtype="int32") for _ in range(2))
    embedding, lstm = L.Embedding(VOCABULARY, 3, mask_zero=True), L.LSTM(4)
    a, b = lstm(embedding(ids)), lstm(embedding(others))
    return package.Model([ids, others], L.Dense(2)(package.ops.abs(a - b)))


def branches(package):
    """Several depths: the order of weights is that of Keras."""
    L = package.layers
    ids = package.Input((None,), dtype="int32")
    y = L.Embedding(VOCABULARY, 4, mask_zero=True)(ids)
    short = L.Dense(4)(y)
    long = L.Bidirectional(L.LSTM(2, return_sequences=True))(L.TimeDistributed(L.Dense(4))(y))
    longer = L.LSTM(4, return_sequences=True)(L.Dense(4)(L.Dense(4)(long)))
    return package.Model(
        ids, {"short": L.LSTM(4)(short), "long": L.LSTM(4)(long), "longer": L.LSTM(4)(longer)}
    )


def late(package):
    """Masks that inner models and reshapes pass on in a run alone, beside one that is recorded."""
    L = package.layers
    ids = package.Input((TIME,), dtype="int32")
    y = L.Embedding(VOCABULARY, 3, mask_zero=True)(ids)
    ends = []
    for z in (package.Sequential([L.Dense(3)])(y), L.Reshape((TIME, 3))(y), L.Lambda(abs)(y)):
        joined = L.Concatenate()([z, y])
        ends += [joined, L.LSTM(4)(joined), L.LSTM(4)(L.Add()([z, y]))]
    return package.Model(ids, ends)


def characters(package):
    """Words of characters: a mask of three axes through TimeDistributed."""
    L = package.layers
    ids = package.Input((TIME, 5), dtype="int32")
    y = L.Embedding(VOCABULARY, 3, mask_zero=True)(ids)
    words = L.TimeDistributed(L.LSTM(4))(y)
    return package.Model(ids, L.LSTM(2)(words))


def ids_of(rng, shape=(BATCH, TIME)):
    mask = MIXED if len(shape) == 2 else rng.random(shape) < 0.5
    return (rng.integers(1, VOCABULARY, shape) * mask).astype(np.int32)


INPUTS = {
    shared: lambda rng: [ids_of(rng), ids_of(rng)[::-1].copy()],
    characters: lambda rng: ids_of(rng, (BATCH, TIME, 5)),
}
MODELS = [
    nested,
    nested_sequential,
    translation,
    explicit,
    arithmetic,
    shared,
    branches,
    late,
    characters,
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_model_equals_keras(make):
    x = INPUTS.get(make, ids_of)(np.random.default_rng(2))
    theirs, ours = make(keras), make(maskseq)
    random_weights(theirs, np.random.default_rng(3))
    ours.set_weights(theirs.get_weights())
    with jax.disable_jit():
        expected = theirs(x)
    compare(expected, ours(x))


@pytest.mark.filterwarnings("ignore")
def test_mask_by_hand_of_a_model_equals_keras(rng):
    def make(package):
        x = package.Input((None, FEATURES))
        y = package.layers.Dense(3)(x)
        return package.Model(x, [y, package.layers.LSTM(2)(y)])

    x = rng.standard_normal((BATCH, TIME, FEATURES)).astype(np.float32)
    theirs, ours = make(keras), make(maskseq)
    ours.set_weights(theirs.get_weights())
    with jax.disable_jit():
        expected = theirs(x, mask=keras.ops.convert_to_tensor(MIXED))
    compare(expected, ours(x, mask=MIXED))


@pytest.mark.filterwarnings("ignore")
def test_stateful_model_equals_keras_over_calls(rng):
    def make(package):
        x = package.Input(batch_shape=(BATCH, TIME, FEATURES))
        y = package.layers.Masking()(x)
        return package.Model(x, package.layers.LSTM(3, stateful=True, return_sequences=True)(y))

    theirs, ours = make(keras), make(maskseq)
    ours.set_weights(theirs.get_weights())
    for call in range(3):
        x = rng.standard_normal((BATCH, TIME, FEATURES)).astype(np.float32)
        x[~np.roll(MIXED, call, axis=0)] = 0
        with jax.disable_jit():
            expected = theirs(x)
        compare(expected, ours(x))


def test_subclassed_model_and_layer_equal_keras(rng):
    def make(package):
        class Block(package.layers.Layer):
            def __init__(self):
                super().__init__()
                self.supports_masking = True
                self.dense = package.layers.Dense(3)

            def build(self, input_shape):
                self.scale = self.add_weight(shape=(3,), initializer="ones", name="scale")
                self.dense.build(input_shape)

            def call(self, inputs):
                return self.dense(inputs) * self.scale

        class Tagger(package.Model):
            def __init__(self):
                super().__init__()
                self.embedding = package.layers.Embedding(VOCABULARY, 4, mask_zero=True)
                self.block = Block()
                self.lstm = package.layers.LSTM(2, return_sequences=True)

            def call(self, inputs):
                return self.lstm(self.block(self.embedding(inputs)))

        return Tagger()

    ids = ids_of(rng)
    theirs, ours = make(keras), make(maskseq)
    with jax.disable_jit():
        theirs(ids), ours(ids)
        random_weights(theirs, rng)
        ours.set_weights(theirs.get_weights())
        compare(theirs(ids), ours(ids))
