"""Models: predict, subclasses, copies, configs and weights."""

import copy
import pickle
import threading
import tracemalloc

import numpy as np
import pytest

import maskseq
from maskseq import Ragged, layers, ops
from maskseq.nest import flatten
from tests.support.model_answers import BATCH, FEATURES, TIME, assert_same, last_outputs


@pytest.fixture
def x(rng):
    return rng.standard_normal((BATCH, TIME, FEATURES)).astype(np.float32)


# predict


@pytest.mark.parametrize("shape", [(None, 1), (None,)])
def test_predict_adds_or_drops_a_last_axis_of_size_1_in_sequences_as_in_arrays(rng, shape):
    first = layers.Masking() if len(shape) == 2 else layers.Embedding(9, 3, mask_zero=True)
    model = maskseq.Sequential([maskseq.Input(shape), first, layers.LSTM(2)])
    ids = [rng.integers(1, 9, n).astype(np.float32) for n in (3, 1, 0, 5)]
    fitting, other = [x[:, None] for x in ids], ids
    if len(shape) == 1:
        fitting, other = other, fitting
    expected = model.predict(fitting)
    for x in (other, maskseq.pad_sequences(other, dtype="float32", padding="post")):
        np.testing.assert_array_equal(model.predict(x), expected)


def test_predict_keeps_the_order_of_sequences(rng):
    model = maskseq.Sequential([maskseq.Input((None, 1)), layers.LSTM(2)])
    lengths = rng.permutation(40)
    sequences = [np.full((n, 1), n / 40, np.float32) for n in lengths]
    by_length = {n: model.predict([s])[0] for n, s in zip(lengths, sequences, strict=True)}
    np.testing.assert_array_equal(model.predict(sequences), [by_length[n] for n in lengths])


def test_predict_on_batch_and_plain_arrays(x):
    model = maskseq.Sequential([layers.Masking(), layers.LSTM(3, return_sequences=True)])
    y = model.predict_on_batch(x)
    assert type(y) is np.ndarray and type(model.predict(x)) is np.ndarray
    np.testing.assert_array_equal(y, model(x))


def test_predict_of_more_than_one_call_pads_all_to_one_length(monkeypatch, rng):
    monkeypatch.setattr(maskseq.models.batches, "STEPS_A_CALL", 8)
    model = maskseq.Sequential([maskseq.Input((None, 2)), layers.LSTM(3, return_sequences=True)])
    sequences = [rng.standard_normal((n, 2)) for n in (1, 9, 2, 3, 20, 1)]
    y = model.predict(sequences)
    assert y.shape == (6, 20, 3)
    for row, sequence in zip(y, sequences, strict=True):
        np.testing.assert_array_equal(row[: len(sequence)], model.predict([sequence])[0])


def test_stateful_model_goes_on_where_the_last_call_ended(x):
    inputs = maskseq.Input(batch_shape=(BATCH, None, FEATURES))
    lstm = layers.LSTM(3, stateful=True)
    model = maskseq.Model(inputs, lstm(inputs))
    first = model.predict(x[:, :4])
    second = model.predict(x[:, 4:])
    assert_same(second, last_outputs(x, np.ones((BATCH, TIME), bool), lstm))
    model.reset_state()
    np.testing.assert_array_equal(model.predict(x[:, :4]), first)


def test_threads_share_a_model(x):
    model = maskseq.Sequential(
        [layers.Masking(), layers.Bidirectional(layers.LSTM(8)), layers.Dense(2)]
    )
    expected, wrong = model.predict(x), []

    def work():
        for _ in range(50):
            if model.predict(x).tobytes() != expected.tobytes():
                wrong.append(1)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


# Subclasses


class Pooled(layers.Layer):
    """Mean over the real steps: a layer of the user's own that reads the mask."""

    def call(self, inputs, mask=None):
        weights = ops.expand_dims(ops.cast(mask, "float32"), -1)
        return ops.sum(inputs * weights, axis=1) / ops.sum(weights, axis=1)


@pytest.mark.filterwarnings("ignore:.*destroy the mask")
def test_layer_of_the_users_own_reads_the_mask_in_a_model(rng):
    model = maskseq.Sequential(
        [layers.Embedding(9, 3, mask_zero=True), layers.Dropout(0.5), Pooled()]
    )
    ids = rng.integers(0, 9, (BATCH, TIME))
    ids[:, 0] = 1
    table = model.layers[0]
    expected = [table(row)[row != 0].mean(axis=0) for row in ids]
    assert_same(model.predict(ids), expected)
    assert_same(model.predict([row[row != 0] for row in ids]), expected)


class Tagger(maskseq.Model):
    """A model that writes its own call."""

    def __init__(self):
        super().__init__()
        self.embedding = layers.Embedding(9, 3, mask_zero=True)
        self.lstm = layers.LSTM(4, return_sequences=True)
        self.dense = layers.Dense(2)

    def call(self, inputs):
        return self.dense(self.lstm(self.embedding(inputs)))


def test_subclassed_model_runs_predicts_and_keeps_the_mask(rng):
    model, ids = Tagger(), rng.integers(0, 9, (BATCH, TIME))
    y = model(ids)
    np.testing.assert_array_equal(y._keras_mask, ids != 0)
    np.testing.assert_array_equal(model.predict(ids), y)
    np.testing.assert_array_equal(model.predict(ids, batch_size=2), y)
    assert len(model.weights) == 6 and [w.name for w in model.weights][0].endswith("embeddings")


def test_subclassed_model_takes_ragged_ids(rng):
    model = Tagger()
    sequences = [rng.integers(1, 9, n) for n in (3, 1, 6)]
    y = model.predict(sequences)
    for row, sequence in zip(y, sequences, strict=True):
        np.testing.assert_array_equal(row[: len(sequence)], model.predict(sequence[None])[0])


def test_subclassed_model_can_be_a_layer_of_a_graph(rng):
    tagger, inputs = Tagger(), maskseq.Input((None,), dtype="int32")
    model = maskseq.Model(inputs, layers.LSTM(2)(tagger(inputs)))
    ids = rng.integers(0, 9, (BATCH, TIME))
    np.testing.assert_array_equal(model.predict(ids), model.layers[-1](tagger(ids)))


# Copies, configs, weights


def every_kind():
    """A model with all that a config and a copy must keep."""
    ids = maskseq.Input((None,), dtype="int32", name="ids")
    table = layers.Embedding(9, 3, mask_zero=True)(ids)
    lstm = layers.LSTM(3, return_sequences=True, unit_forget_bias=False)
    both = layers.Bidirectional(layers.LSTM(2, return_sequences=True), merge_mode="mul")
    x = both(lstm(layers.Dropout(0.2)(table)))
    x = layers.TimeDistributed(layers.Dense(3, activation="relu"))(x)
    x = x * 2.0 + lstm(x)
    inner_input = maskseq.Input((None, 3))
    inner = maskseq.Model(inner_input, layers.Activation("tanh")(inner_input))
    last, *states = layers.LSTM(4, return_state=True)(inner(x))
    return maskseq.Model(ids, {"last": last, "h": states[0], "steps": x})


@pytest.mark.parametrize(
    "twin",
    [
        copy.deepcopy,
        lambda model: pickle.loads(pickle.dumps(model)),
        lambda model: with_weights(model, maskseq.Model.from_config(model.get_config())),
    ],
    ids=["deepcopy", "pickle", "config"],
)
def test_copy_gives_the_same_bits(twin, rng):
    model, ids = every_kind(), rng.integers(0, 9, (BATCH, TIME))
    other = twin(model)
    expected, got = model.predict(ids), other.predict(ids)
    assert expected.keys() == got.keys()
    for key in expected:
        np.testing.assert_array_equal(got[key], expected[key])
    assert [x.name for x in other.layers] == [x.name for x in model.layers]
    other.set_weights([0 * w for w in other.get_weights()])
    np.testing.assert_array_equal(model.predict(ids)["last"], expected["last"])


def with_weights(model, other):
    other.set_weights(model.get_weights())
    return other


def test_sequential_survives_config_and_pickle(rng):
    model = maskseq.Sequential([layers.Embedding(9, 3, mask_zero=True), layers.LSTM(2)])
    ids = rng.integers(0, 9, (BATCH, TIME))
    expected = model.predict(ids)
    other = with_weights(model, maskseq.Sequential.from_config(model.get_config()))
    np.testing.assert_array_equal(other.predict(ids), expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(ids), expected)


class Doubled(maskseq.Model):
    """A model with a call of its own, at module level, so that pickle finds it."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(2)

    def call(self, x):
        return 2 * self.dense(x)


@pytest.mark.parametrize(
    "make",
    [lambda: maskseq.Sequential([layers.LSTM(3), layers.Dense(2)]), Doubled],
    ids=["sequential", "subclass"],
)
def test_models_without_a_graph_can_be_pickled_before_and_after_building(make, x):
    model = make()
    assert pickle.loads(pickle.dumps(model)).predict(x).shape == model.predict(x).shape
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(x), model.predict(x))
    np.testing.assert_array_equal(copy.deepcopy(model).predict(x), model.predict(x))


def test_new_weights_are_used_at_once(rng, x):
    model = maskseq.Sequential([layers.LSTM(3), layers.Dense(2)])
    first = model.predict(x)
    weights = [w + 0.1 for w in model.get_weights()]
    model.set_weights(weights)
    assert not np.array_equal(model.predict(x), first)
    model.set_weights([w - np.float32(0.1) for w in weights])
    assert_same(model.predict(x), first)


def test_sequential_grows_and_shrinks(x):
    model = maskseq.Sequential([maskseq.Input((None, FEATURES)), layers.LSTM(3)])
    shorter = model.predict(x)
    model.add(layers.Dense(2))
    assert model.predict(x).shape == (BATCH, 2)
    model.pop()
    np.testing.assert_array_equal(model.predict(x), shorter)


def test_summary_shows_what_each_layer_does_to_the_mask():
    model = maskseq.Sequential(
        [
            maskseq.Input((None,), dtype="int32"),
            layers.Embedding(9, 3, mask_zero=True),
            layers.Dense(3),
            layers.LSTM(2),
        ]
    )
    lines = []
    model.summary(print_fn=lambda text: lines.extend(text.splitlines()))
    roles = [line.split()[-1] for line in lines if "(" in line and "," in line][-3:]
    assert roles == ["makes", "passes", "uses"]
    assert "Mask" in lines[2] and "87" in lines[-2]
    assert lines[-1] == "Mask rule: keras3 (that of Keras 3.15)"


@pytest.mark.parametrize("wrap", [lambda layer: layer, layers.Bidirectional])
def test_gates_kept_of_an_embedding_follow_the_weights(rng, wrap):
    def make():
        embedding = layers.Embedding(30, 8, mask_zero=True)
        return maskseq.Sequential([embedding, wrap(layers.LSTM(16)), layers.Dense(2)])

    model, fresh = make(), make()
    batch = [rng.integers(1, 30, n) for n in (40, 3, 25)]
    for layer in (None, *model.layers):
        if layer is not None:
            layer.set_weights([w + rng.normal(0, 0.1, w.shape) for w in layer.get_weights()])
        kept = [model.predict(batch).tobytes() for _ in range(3)]
        fresh.predict(batch)
        fresh.set_weights(model.get_weights())
        assert set(kept) == {fresh.predict(batch).tobytes()}
        recurrent = getattr(model.layers[1], "forward_layer", model.layers[1])
        seen = len(set(np.concatenate(batch)))
        assert seen * 4 * 16 * 4 <= recurrent.cell.packed().kept_bytes <= 30 * 4 * 16 * 4
    assert copy.deepcopy(model).predict(batch).tobytes() == kept[0]


def test_gates_of_an_embedding_are_not_kept_beyond_the_limit(rng, monkeypatch):
    model = maskseq.Sequential([layers.Embedding(30, 8, mask_zero=True), layers.LSTM(16)])
    batch = [rng.integers(1, 30, n) for n in (40, 3, 25)]
    want = model.predict(batch).tobytes()
    monkeypatch.setattr(layers.LSTMCell, "max_kept_bytes", 20 * 4 * 16 * 4)
    assert {model.predict(batch).tobytes() for _ in range(3)} == {want}
    assert model.layers[1].cell.packed().kept_bytes == 20 * 4 * 16 * 4


def test_answers_of_batches_are_put_in_one_array_as_they_come(rng):
    """Beside the answer there is at most that of two batches."""
    model = maskseq.Sequential([layers.Input((None, 4)), layers.LSTM(64, return_sequences=True)])
    batch = Ragged.from_lengths(rng.normal(0, 1, (40_000, 4)).astype(np.float32), np.full(4000, 10))
    want = model.predict(batch)
    tracemalloc.start()
    got = model.predict(batch, batch_size=400)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(got, want, strict=True)
    assert peak < 1.4 * want.nbytes


def test_answers_of_batches_keep_their_structure(rng):
    x = maskseq.Input((None, 4))
    y, h, c = layers.LSTM(3, return_sequences=True, return_state=True)(x)
    model = maskseq.Model(x, {"y": y, "states": [h, c], "again": h})
    batch = rng.normal(0, 1, (7, 5, 4)).astype(np.float32)
    want, got = model.predict(batch), model.predict(batch, batch_size=3)
    assert list(got) == list(want)
    for one, other in zip(flatten(got), flatten(want), strict=True):
        np.testing.assert_array_equal(one, other, strict=True)
