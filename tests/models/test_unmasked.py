"""Behind a layer that takes masks off, cells that show a pad row are computed once: same bits."""

import contextlib
from collections.abc import Iterator

import numpy as np
import pytest

import maskseq
from maskseq import layers, ops
from maskseq.context import changed
from maskseq.models import Model
from maskseq.nest import flatten
from maskseq.rows import Layout, Rows, Unmasked
from maskseq.tensor import Tensor
from maskseq.testing.examples import EXAMPLES

FEATURES, TIME = 6, 9


@contextlib.contextmanager
def computing_everything(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Masks are taken off by padding."""
    with monkeypatch.context() as m:
        m.setattr(Unmasked, "of", lambda rows: rows.to_padded().view(Tensor))
        yield


def bits(outputs: object) -> list[bytes]:
    return [np.asarray(x).tobytes() for x in flatten(outputs)]


def some_mask(rng: np.random.Generator, batch: int) -> np.ndarray:
    """Any pattern: right-padded, with holes, empty, full; or one cell of the batch alone."""
    if rng.random() < 0.2:
        return np.arange(batch * TIME).reshape(batch, TIME) != TIME - 1
    mask = np.arange(TIME) < rng.integers(0, TIME + 1, (batch, 1))
    holes = rng.random((batch, TIME)) < 0.5
    mask[::3] &= holes[::3]
    return mask


def unmasked(rng: np.random.Generator, layout: Layout, shape: tuple, own_pads: bool) -> Unmasked:
    rows = layout.steps + (layout.batch if own_pads else 1)
    values = rng.standard_normal((rows, *shape)).astype(np.float32)
    return Unmasked(Rows(values, layout))


def heads(rng: np.random.Generator) -> layers.Layer:
    options = [{}, {"sliding_window": 2}, {"use_gate": True}, {"dropout": 0.5}, {"use_bias": False}]
    return layers.MultiHeadAttention(2, 4, **options[rng.integers(len(options))])


def to_itself(x, rng):
    by_hand = [{}, {"use_causal_mask": True}, {"attention_mask": np.tri(TIME, dtype=bool)}]
    return heads(rng)(x, x, **by_hand[max(0, rng.integers(-2, 3))])


STEPS = [
    lambda x, other, rng: layers.Add()([x, to_itself(x, rng)]),
    lambda x, other, rng: x + to_itself(x, rng),
    lambda x, other, rng: heads(rng)(x, other),
    lambda x, other, rng: heads(rng)(other, x),
    lambda x, other, rng: layers.GroupQueryAttention(3, 4, 2)(x, x),
    lambda x, other, rng: layers.Attention()([x, other]),
    lambda x, other, rng: layers.LayerNormalization()(x),
    lambda x, other, rng: layers.BatchNormalization()(x),
    lambda x, other, rng: layers.Dense(FEATURES, activation="gelu")(x),
    lambda x, other, rng: layers.TimeDistributed(layers.Dense(FEATURES))(x),
    lambda x, other, rng: layers.Activation("softmax")(x),
    lambda x, other, rng: layers.Dropout(0.5)(x),
    lambda x, other, rng: layers.Multiply()([x, other]),
    lambda x, other, rng: layers.Maximum()([x, other]),
    lambda x, other, rng: layers.Concatenate()([x[..., :2], other[..., 2:]]),
    lambda x, other, rng: layers.Add()([x, other, x]),
    lambda x, other, rng: ops.tanh(x) * 0.5 - other,
    lambda x, other, rng: x * np.linspace(-1, 1, FEATURES, dtype=np.float32),
    lambda x, other, rng: x + np.linspace(-1, 1, TIME, dtype=np.float32)[:, None],
    lambda x, other, rng: ops.maximum(x, other[:, :1]),
    lambda x, other, rng: ops.clip(x, -1, 1) - ops.mean(other, axis=-1, keepdims=True),
    lambda x, other, rng: ops.matmul(ops.softmax(x), np.eye(FEATURES, dtype=np.float32)[::-1]),
    lambda x, other, rng: ops.where(x > other, ops.gelu(x), 0.0),
    lambda x, other, rng: layers.Conv1D(FEATURES, 3, padding="same")(x),
    lambda x, other, rng: layers.LSTM(FEATURES, return_sequences=True)(x),
    lambda x, other, rng: Model(i := maskseq.Input((TIME, FEATURES)), layers.Dense(FEATURES)(i))(x),
    lambda x, other, rng: layers.Lambda(lambda v: v[:, ::-1])(x),
]
ENDS = [
    lambda x, mask: x,
    lambda x, mask: layers.GlobalAveragePooling1D()(x),
    lambda x, mask: layers.GlobalAveragePooling1D()(x, mask=mask),
    lambda x, mask: layers.Flatten()(x),
    lambda x, mask: x[:, 0],
    lambda x, mask: {"both": [x, layers.Dense(2)(x)]},
]


def some_model(rng: np.random.Generator) -> Model:
    """Ids -> an attention layer that takes their mask off -> any steps -> some end."""
    ids = maskseq.Input((TIME,), dtype="int32")
    x = layers.Embedding(7, FEATURES, mask_zero=True)(ids)
    mask = x._keras_mask
    if rng.random() < 0.2:
        x = layers.LSTM(FEATURES, return_sequences=True)(x)
    past = [x, to_itself(x, rng)]
    x = layers.Add()([*past])
    for _ in range(rng.integers(1, 6)):
        step = STEPS[rng.integers(len(STEPS))]
        past.append(step(x, past[rng.integers(len(past))], rng))
        x = past[-1]
    model = Model(ids, ENDS[rng.integers(len(ENDS))](x, mask), on_mask_loss="ignore")
    for weight in model.weights:
        weight.assign(rng.standard_normal(weight.shape).astype(np.float32))
    return model


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs_give_the_bits_of_all_cells_computed(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        model = some_model(rng)
        ids = rng.integers(1, 7, (6, TIME)).astype(np.int32) * some_mask(rng, 6)
        once = model.predict_on_batch(ids)
        with computing_everything(monkeypatch):
            assert bits(once) == bits(model.predict_on_batch(ids))


@pytest.mark.parametrize(
    "step",
    [
        lambda x: layers.TimeDistributed(layers.Dense(FEATURES))(x),
        lambda x: layers.BatchNormalization()(x),
        lambda x: layers.LSTM(FEATURES, return_sequences=True)(x),
    ],
    ids=["TimeDistributed", "BatchNormalization", "LSTM"],
)
def test_a_mask_that_a_graph_recorded_goes_on_however_full_the_batch_is(step):
    ids = maskseq.Input((TIME,), dtype="int32")
    x = layers.Embedding(7, FEATURES, mask_zero=True)(ids)
    x = step(layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)]))
    model = Model(ids, layers.Attention()([x, x]), on_mask_loss="ignore")
    rng = np.random.default_rng(4)
    nearly_full = rng.integers(1, 7, (6, TIME)).astype(np.int32)
    nearly_full[0, -1] = 0
    padded = np.concatenate([nearly_full, np.zeros((20, TIME), np.int32)])
    assert bits(model.predict_on_batch(nearly_full)) == bits(model.predict_on_batch(padded)[:6])


def test_arguments_may_be_given_by_name(monkeypatch):
    rng = np.random.default_rng(3)
    ids = maskseq.Input((TIME,), dtype="int32")
    x = layers.Embedding(7, FEATURES, mask_zero=True)(ids)
    a = layers.MultiHeadAttention(2, 4)(query=x, value=x, training=False)
    x = layers.Add()(inputs=[x, a], training=False)
    y = layers.MultiHeadAttention(2, 4)(x, x, None, use_causal_mask=True)
    z = layers.MultiHeadAttention(2, 4)(x, value=x, attention_mask=np.tri(TIME, dtype=bool))
    y = layers.Add()([layers.Dense(FEATURES)(inputs=y), z, layers.Dropout(0.5)(x, training=False)])
    model = Model(ids, y, on_mask_loss="ignore")
    numbers = rng.integers(1, 7, (6, TIME)).astype(np.int32) * some_mask(rng, 6)
    once = model.predict_on_batch(numbers)
    with computing_everything(monkeypatch):
        assert bits(once) == bits(model.predict_on_batch(numbers))


def test_losses_and_models_inside_models_see_arrays():
    """What leaves a walk is padded: evaluate, a nested model, a model that is called."""
    ids = maskseq.Input((TIME,), dtype="int32")
    x = layers.Embedding(7, FEATURES, mask_zero=True)(ids)
    inner = Model(ids, layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)]))
    inner.on_mask_loss = "ignore"
    outer = Model(ids, layers.Dense(1)(inner(ids)), on_mask_loss="ignore")
    numbers = np.array([[1, 2, *[0] * 7], [3, *[0] * 8]], np.int32)
    assert type(inner(numbers)) is Tensor
    answer = outer.predict_on_batch(numbers)
    outer.compile(loss="mse")
    labels = np.ones((2, TIME, 1), np.float32)
    loss = outer.evaluate(numbers, labels, verbose=0)
    np.testing.assert_allclose(loss, np.mean(np.square(answer - labels)), rtol=1e-6)


@pytest.mark.parametrize("own_pads", [False, True])
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_layer_answers_as_for_the_array(name, own_pads):
    example = EXAMPLES[name]
    floats = [x.dtype == np.float32 and x.ndim > 2 for x in example.inputs]
    if not all(floats):
        pytest.skip("takes no steps of numbers")
    rng = np.random.default_rng(len(name))
    layer = example.make()
    call = example.call or (lambda layer, *x: layer(x[0] if len(x) == 1 else list(x)))
    layout = Layout.from_mask(some_mask(rng, 5))
    given = [unmasked(rng, layout, x.shape[2:], own_pads) for x in example.inputs]
    same = [g.rows.to_padded() for g in given]
    wanted = call(layer, *same)
    with changed(padded_output=False):
        found = call(layer.apply, *given)
    found = [x.to_tensor() if type(x) in (Rows, Unmasked) else x for x in flatten(found)]
    assert bits(found) == bits(wanted)


def test_rows_of_padding_are_computed_once_a_sequence(monkeypatch):
    """Dense sees the 2 + 1 real steps, and a pad row of each sequence; not 2 x 9 cells."""
    seen = []

    class Seen(layers.Dense):
        stepwise = True

        def call(self, inputs):
            seen.append(inputs.shape)
            return super().call(inputs)

    ids = maskseq.Input((TIME,), dtype="int32")
    x = layers.Embedding(7, FEATURES, mask_zero=True)(ids)
    x = x + layers.MultiHeadAttention(2, 4)(x, x)
    x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(x, x)])
    model = Model(ids, Seen(3)(layers.LayerNormalization()(x)), on_mask_loss="ignore")
    seen.clear()
    answer = model.predict_on_batch(np.array([[1, 2, *[0] * 7], [3, *[0] * 8]], np.int32))
    assert answer.shape == (2, TIME, 3)
    assert seen == [(2 + 1 + 2, FEATURES)]
    with computing_everything(monkeypatch):
        model.predict_on_batch(np.array([[1, 2, *[0] * 7], [3, *[0] * 8]], np.int32))
    assert seen[1:] == [(2, TIME, FEATURES)]


class OwnConv1D(layers.Conv1D):
    def call(self, inputs):
        return 0 * super().call(inputs) + 1


class OwnPooling1D(layers.MaxPooling1D):
    def call(self, inputs):
        return 0 * super().call(inputs) + 1


@pytest.mark.parametrize("layer", [OwnConv1D(3, 2, padding="same"), OwnPooling1D(1)])
def test_a_call_of_a_subclass_is_the_one_that_runs(layer):
    """What the class below does to padding without making it is not what the subclass does."""
    model = Model(
        inputs := maskseq.Input((None,)), layer(layers.Embedding(9, 3, mask_zero=True)(inputs))
    )
    found = model.predict(np.int32([[3, 1, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0]]))
    np.testing.assert_array_equal(found, np.ones((2, 6, 3)))
