"""Rows that an Embedding without a mask looks up for recurrent layers: the answers of the array."""

import numpy as np
import pytest

import maskseq
from maskseq import _kernels, layers
from maskseq.graph import tables
from maskseq.rows import Rows

RNG = np.random.default_rng(5)
IDS = RNG.integers(0, 9, (3, 4))
STATE = RNG.standard_normal((3, 5)).astype(np.float32)


class Doubled(layers.Embedding):
    """Rows of the table, doubled."""

    def call(self, inputs):
        return 2 * super().call(inputs)


class Flipped(layers.LSTM):
    """An LSTM of a user's."""

    def call(self, sequences, initial_state=None, mask=None, training=False):
        return -super().call(sequences, initial_state, mask, training)


READERS = {
    "lstm": lambda: layers.LSTM(5),
    "all steps": lambda: layers.GRU(5, return_sequences=True),
    "backwards": lambda: layers.SimpleRNN(5, return_sequences=True, go_backwards=True),
    "states": lambda: layers.LSTM(5, return_sequences=True, return_state=True),
    "a function of Python's": lambda: layers.LSTM(5, activation=lambda x: np.tanh(x) / 2),
    "a stack": lambda: layers.RNN([layers.LSTMCell(5), layers.GRUCell(4)], return_sequences=True),
    "both ways": lambda: layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
    "both, added": lambda: layers.Bidirectional(
        layers.GRU(5, return_sequences=True, return_state=True), merge_mode="sum"
    ),
    "both, apart": lambda: layers.Bidirectional(layers.LSTM(5), merge_mode=None),
    "a user's": lambda: Flipped(5),
    "no recurrent layer": lambda: layers.Dense(2),
}


def model_of(embedding, reader):
    ids = maskseq.Input((4,), dtype="int64")
    return maskseq.Model(ids, reader(embedding(ids)))


def by_layers(embedding, reader, ids, **given):
    """The answer of layers called one by one, so that the rows are an array."""
    found = reader(np.asarray(embedding(ids)), **given)
    return [np.asarray(x) for x in (found if isinstance(found, list) else [found])]


def same(found, expected):
    found = found if isinstance(found, list) else [found]
    assert len(found) == len(expected)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("ids", [IDS, IDS.astype(np.int32), IDS + np.float32(0.5), IDS[:1]])
def test_the_answer_is_that_of_the_rows_as_an_array(name, ids):
    embedding, reader = layers.Embedding(9, 6), READERS[name]()
    model = model_of(embedding, reader)
    for _ in range(3):  # products are kept from call to call
        same(model.predict(ids), by_layers(embedding, reader, ids))


def test_products_of_the_table_are_kept(monkeypatch):
    """Rows of the input are multiplied in calls that meet them first."""
    seen = []
    run = _kernels.rnn
    monkeypatch.setattr(
        "maskseq.layers.rnn.rnn.rnn", lambda x, *a, **k: seen.append((x, k)) or run(x, *a, **k)
    )
    embedding, lstm = layers.Embedding(9, 6), layers.LSTM(5)
    model_of(embedding, lstm).predict(IDS)
    ((x, given),) = seen
    assert x is embedding.embeddings.value and given["keep"] == lstm.cell.max_kept_bytes
    np.testing.assert_array_equal(given["index"], IDS.ravel())


def test_other_weights_show_at_once():
    embedding, lstm = layers.Embedding(9, 6), layers.LSTM(5)
    model = model_of(embedding, lstm)
    model.predict(IDS)
    for layer in (embedding, lstm):
        layer.set_weights([x + np.float32(0.1) for x in layer.get_weights()])
        same(model.predict(IDS), by_layers(embedding, lstm, IDS))


def test_states_handed_in_and_out():
    first, h, c = maskseq.Input((1,), dtype="int32"), maskseq.Input((5,)), maskseq.Input((5,))
    embedding, lstm = layers.Embedding(9, 6), layers.LSTM(5, return_state=True)
    model = maskseq.Model([first, h, c], lstm(embedding(first), initial_state=[h, c]))
    for ids in (IDS[:, :1].astype(np.int32), IDS[:, 1:2].astype(np.int64)):
        given = [STATE, STATE * 2]
        expected = by_layers(embedding, lstm, ids, initial_state=given)
        same(model.predict([ids, *given]), expected)
        same([np.asarray(y) for y in model([ids, *given])], expected)
    one = maskseq.Model([first, h], layers.GRU(5)(embedding(first), [h]))  # by position
    gru = one.layers[-1]
    expected = by_layers(embedding, gru, IDS[:, :1], initial_state=[STATE])
    same(one.predict([IDS[:, :1], STATE]), expected)


def test_a_stateful_layer_goes_on():
    ids = maskseq.Input(batch_shape=(3, 4), dtype="int64")
    embedding, lstm = layers.Embedding(9, 6), layers.LSTM(5, stateful=True)
    model = maskseq.Model(ids, lstm(embedding(ids)))
    found = [model.predict(IDS), model.predict(IDS)]
    lstm.reset_state()
    same(found, [by_layers(embedding, lstm, IDS)[0], by_layers(embedding, lstm, IDS)[0]])


def test_an_output_is_an_array_without_a_mask():
    ids = maskseq.Input((4,), dtype="int64")
    embedding, lstm = layers.Embedding(9, 6), layers.LSTM(5)
    rows = embedding(ids)
    found = maskseq.Model(ids, [lstm(rows), rows])(IDS)
    same(np.asarray(found[0]), by_layers(embedding, lstm, IDS))
    np.testing.assert_array_equal(found[1], np.asarray(embedding(IDS)))
    assert maskseq.get_keras_mask(found[1]) is None


def test_other_readers_get_arrays():
    ids = maskseq.Input((4,), dtype="int64")
    embedding, lstm, gru = layers.Embedding(9, 6), layers.LSTM(5), layers.GRU(5)
    rows = embedding(ids)
    state = layers.Lambda(lambda x: x[:, 0, :5], output_shape=(5,))(rows)
    found = maskseq.Model(ids, [lstm(rows), gru(rows, initial_state=[state])]).predict(IDS)
    same(found[0], by_layers(embedding, lstm, IDS))
    first = np.asarray(embedding(IDS))[:, 0, :5]
    same(found[1], by_layers(embedding, gru, IDS, initial_state=[first]))


def test_a_layer_called_by_name():
    ids = maskseq.Input((4,), dtype="int64")
    embedding, lstm = layers.Embedding(9, 6), layers.LSTM(5)
    model = maskseq.Model(ids, lstm(sequences=embedding(ids)))
    same(model.predict(IDS), by_layers(embedding, lstm, IDS))


def test_two_layers_look_up_the_same_rows():
    ids = maskseq.Input((4,), dtype="int64")
    embedding, readers = layers.Embedding(9, 6), [layers.LSTM(5), layers.GRU(3)]
    rows = embedding(ids)
    found = maskseq.Model(ids, [reader(rows) for reader in readers]).predict(IDS)
    for y, reader in zip(found, readers, strict=True):
        same(y, by_layers(embedding, reader, IDS))


def test_a_call_of_ones_own_is_made():
    embedding, lstm = Doubled(9, 6), layers.LSTM(5)
    same(model_of(embedding, lstm).predict(IDS), by_layers(embedding, lstm, IDS))


@pytest.mark.parametrize("precision", ["int8", "bfloat16"])
def test_of_fewer_bits(precision):
    embedding, lstm = layers.Embedding(9, 6), layers.LSTM(5)
    model = model_of(embedding, lstm)
    model.quantize(precision)
    same(model.predict(IDS), by_layers(embedding, lstm, IDS))


def test_a_mask_by_hand_is_lost_as_before():
    """The Embedding drops it; what reads the rows gets no mask."""
    embedding, lstm = layers.Embedding(9, 6), layers.LSTM(5)
    model = model_of(embedding, lstm)
    with pytest.warns(UserWarning, match="mask"):
        found = model(IDS, mask=IDS > 3)
    same(np.asarray(found), by_layers(embedding, lstm, IDS))


def test_ids_outside_are_named_with_the_layer():
    model = model_of(layers.Embedding(9, 6, name="words"), layers.LSTM(5))
    ids = IDS.copy()
    ids[1, 2] = 9
    with pytest.raises(IndexError, match=r"words.*must be in 0\.\.8, got 9 at \[1, 2\]"):
        model.predict(ids)
    first, state = maskseq.Input((4,), dtype="int64"), maskseq.Input((None,))
    lstm = layers.LSTM(5, name="reader", return_state=True)
    model = maskseq.Model(
        [first, state], lstm(layers.Embedding(9, 6)(first), initial_state=[state, state])
    )
    with pytest.raises(ValueError, match=r"reader.*initial_state must have shapes"):
        model.predict([IDS, STATE[:, :4]])


def test_training_drops_and_has_gradients():
    ids = maskseq.Input((4,), dtype="int64")
    embedding, lstm = layers.Embedding(9, 6), layers.LSTM(5, dropout=0.5, seed=1)
    model = maskseq.Model(ids, layers.Dense(1)(lstm(embedding(ids))))
    dropped = np.asarray(model(IDS, training=True))
    assert (dropped != model.predict(IDS)).any()
    model.compile("sgd", "mse")
    before = embedding.get_weights()[0]
    model.train_on_batch(IDS, np.ones((3, 1), np.float32))
    changed = (embedding.get_weights()[0] != before).any(axis=1)
    np.testing.assert_array_equal(np.flatnonzero(changed), np.unique(IDS))


def test_of_what_is_not_an_array_of_steps():
    """What `look_up` leaves to the layer: other axes, Rows, a weight of no use."""
    embedding = layers.Embedding(9, 6)
    embedding.build()
    assert type(embedding.look_up(IDS)) is Rows
    for ids in (IDS[0], IDS[None]):
        assert embedding.look_up(ids).shape == (*ids.shape, 6)
    assert not layers.Embedding(9, 6, mask_zero=True).gives_table


def test_each_call_is_asked_once_what_it_reads(monkeypatch):
    ids = [maskseq.Input((None,), dtype="int64") for _ in range(50)]
    model = maskseq.Model(ids, [layers.LSTM(2)(layers.Embedding(3, 2)(x)) for x in ids])
    nodes, asked = model._plan.nodes, []
    read_otherwise = tables._read_otherwise
    monkeypatch.setattr(tables, "_read_otherwise", lambda x: asked.append(x) or read_otherwise(x))
    assert len(tables.left_in_table(nodes, model.outputs)) == 50
    assert len(asked) == len(nodes) == 100
