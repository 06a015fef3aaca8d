"""numpy.ma arrays: what they mask is never read; where the mask cannot be kept, it is an error."""

import numpy as np
import pytest

import maskseq
from maskseq import Input, Model, Ragged, Sequential, layers, ops, pad_sequences

MASKED = np.array(
    [[0, 0, 0, 0, 1, 1], [1, 1, 0, 0, 0, 0], [0, 1, 0, 1, 0, 0], [1] * 6, [0] * 6], bool
)


def sequences(garbage=np.nan, features=(3,)):
    """(5, 6, *features) whose masked steps hold garbage, as numpy.ma array and as plain rows."""
    x = np.random.default_rng(4).standard_normal((5, 6, *features)).astype(np.float32)
    x[MASKED] = garbage
    mask = np.broadcast_to(MASKED.reshape(5, 6, *[1] * len(features)), x.shape)
    return np.ma.array(x, mask=mask.copy()), [
        row[~hidden] for row, hidden in zip(x, MASKED, strict=True)
    ]


SEQUENTIALS = {
    "LSTM": lambda: [Input((None, 3)), layers.LSTM(4)],
    "Masking, LSTM": lambda: [Input((None, 3)), layers.Masking(-7.0), layers.LSTM(4)],
    "Bidirectional": lambda: [Input((None, 3)), layers.Bidirectional(layers.GRU(4))],
    "average": lambda: [Input((None, 3)), layers.Dense(2), layers.GlobalAveragePooling1D()],
    "largest": lambda: [Input((None, 3)), layers.MaskedGlobalMaxPooling1D()],
    "without a graph": lambda: [layers.Dense(2), layers.SimpleRNN(4)],
}


@pytest.mark.parametrize("name", SEQUENTIALS)
@pytest.mark.parametrize("batch_size", [None, 1, 2])
def test_predict_reads_the_steps_that_are_not_masked(name, batch_size):
    model = Sequential(SEQUENTIALS[name]())
    given, rows = sequences()
    wanted = np.concatenate([model.predict([row]) for row in rows[:3]])
    got = model.predict(given, batch_size=batch_size)
    np.testing.assert_array_equal(got[:3], wanted)
    np.testing.assert_array_equal(got[3], model.predict([np.zeros((0, 3), np.float32)])[0])
    np.testing.assert_array_equal(got, np.asarray(model(given)))


def test_outputs_of_steps_stay_in_their_places():
    model = Sequential(
        [Input((None, 3)), layers.Dense(2), layers.SimpleRNN(4, return_sequences=True)]
    )
    given, rows = sequences(np.inf)
    outputs = model(given)
    np.testing.assert_array_equal(outputs._keras_mask, ~MASKED)
    for output, hidden, row in zip(np.asarray(outputs)[:3], MASKED, rows, strict=False):
        np.testing.assert_array_equal(output[~hidden], model.predict([row])[0])
    np.testing.assert_array_equal(np.asarray(outputs), model.predict(given, batch_size=2))


def test_ids_under_the_mask_are_not_looked_up():
    model = Sequential([Input((None,)), layers.Embedding(9, 3, mask_zero=True), layers.LSTM(4)])
    ids = np.full((2, 4), 777)
    ids[0, :2], ids[1, 1:] = [3, 5], [1, 2, 8]
    given = np.ma.masked_equal(ids, 777)
    np.testing.assert_array_equal(model.predict(given), model.predict([[3, 5], [1, 2, 8]]))
    loses_it = Sequential([layers.Embedding(9, 3), layers.LSTM(4)], on_mask_loss="ignore")
    np.testing.assert_array_equal(loses_it.predict(given), loses_it.predict(given.filled(0)))


def test_a_mask_by_hand_is_combined_with_that_of_the_array():
    model = Sequential([Input((None, 3)), layers.LSTM(4)])
    given, rows = sequences()
    by_hand = np.ones((5, 6), bool)
    by_hand[:, 3:] = False
    got = np.asarray(model(given, mask=by_hand))
    np.testing.assert_array_equal(got[0], model.predict([rows[0][:3]])[0])
    np.testing.assert_array_equal(got[1], model.predict([rows[1][:1]])[0])


def test_several_inputs_have_masks_of_their_own():
    a, b = Input((None, 3)), Input((None, 3))
    model = Model([a, b], layers.Concatenate()([layers.LSTM(2)(a), layers.GRU(2)(b)]))
    given, rows = sequences()
    whole = np.ones((5, 6, 3), np.float32)
    got = model.predict([given, whole])
    np.testing.assert_array_equal(got[:3], model.predict([rows[:3], list(whole[:3])]))


def test_arrays_without_a_masked_number_are_plain_arrays():
    x = np.random.default_rng(1).standard_normal((2, 4, 3)).astype(np.float32)
    model = Sequential([Input((None, 3)), layers.Conv1D(2, 2), layers.LSTM(4)])
    for mask in (np.ma.nomask, np.zeros(x.shape, bool)):
        given = np.ma.array(x, mask=mask)
        np.testing.assert_array_equal(model.predict(given), model.predict(x))
        np.testing.assert_array_equal(layers.ReLU()(given), np.maximum(x, 0))
        np.testing.assert_array_equal(ops.sum(given), ops.sum(x))
        assert Ragged(given[0], [0, 4]).equals(Ragged(x[0], [0, 4]))
    features = Sequential([Input((3,)), layers.Dense(2)])
    np.testing.assert_array_equal(features.predict(np.ma.array(x[0])), features.predict(x[0]))


def partly_masked():
    given, _ = sequences(0)
    given[0, 1, 2] = np.ma.masked
    return given


@pytest.mark.parametrize(
    "use",
    [
        lambda: Sequential([Input((None, 3)), layers.LSTM(2)]).predict(partly_masked()),
        lambda: Ragged.from_padded(partly_masked()),
        lambda: Ragged.from_list(partly_masked()),
        lambda: pad_sequences(partly_masked()),
    ],
)
def test_steps_that_are_masked_in_part_are_refused(use):
    with pytest.raises(TypeError, match=r"masked as a whole, got .* step \[(0, )?1\] are masked"):
        use()


ONE = np.ma.array([1.0, 777.0, 2.0], mask=[0, 1, 0])


@pytest.mark.parametrize(
    "use",
    [
        lambda: layers.LSTM(2)(sequences()[0]),
        lambda: layers.Dense(2)(sequences()[0]),
        lambda: layers.Add()([np.ones((5, 6, 3)), sequences()[0]]),
        lambda: layers.LSTM(2)(np.ones((1, 3, 3)), mask=np.ma.array([[1, 1, 1]], mask=[[0, 1, 0]])),
        lambda: layers.LSTM(3)(np.ones((1, 3, 3)), initial_state=[ONE[None], ONE[None]]),
        lambda: Sequential([Input((3, 3)), layers.LSTM(2)])(
            np.ones((1, 3, 3)), mask=np.ma.array([[1, 1, 1]], mask=[[0, 1, 0]])
        ),
        lambda: maskseq.set_keras_mask(
            maskseq.convert_to_tensor(np.ones((1, 3))), ONE[None].astype(bool)
        ),
        lambda: maskseq.convert_to_tensor(ONE),
        lambda: maskseq.convert_to_tensor([ONE, ONE]),
        lambda: ops.sum(ONE),
        lambda: ops.add(np.ones(3), ONE),
        lambda: Ragged(ONE, [0, 3]),
        lambda: Ragged([1, 2, 3], np.ma.array([0, 1, 3], mask=[0, 1, 0])),
        lambda: Ragged.from_lengths(np.ones(3), np.ma.array([1, 2], mask=[0, 1])),
        lambda: Ragged.from_padded(np.ones((1, 3)), ONE[None].astype(bool)),
        lambda: Ragged.from_padded(ONE[None], np.ones((1, 3), bool)),
        lambda: Ragged.from_list([[ONE, ONE], [ONE]]),
        lambda: Ragged.from_list([[1.0, np.ma.masked]]),
        lambda: pad_sequences([[[1, 2, 3], ONE]]),
        lambda: Sequential([Input((3,)), layers.Dense(2)]).predict(ONE),
    ],
)
def test_masks_that_cannot_be_kept_are_refused(use):
    with pytest.raises(TypeError, match="must have no masked numbers, got a numpy.ma array with"):
        use()


@pytest.mark.parametrize("layer", [layers.Dense(2), layers.Activation("softmax")])
def test_a_masked_feature_is_not_read_as_one(layer):
    model = Sequential([Input((3,)), layer])
    for given in (np.ma.array(np.ones((4, 3)), mask=np.eye(4, 3)), [[1, 2], [1, 2, 3]]):
        with pytest.raises(ValueError, match="batch, features.*, got samples of 2 to 3 features"):
            model.predict(given)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "relu"])
def test_lists_of_as_many_features_are_an_array(name):
    model = Sequential([Input((3,)), layers.Activation(name), layers.Dense(2)])
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(model.predict(x.tolist()), model.predict(x))
    np.testing.assert_array_equal(model.predict([x[0].tolist()])[0], model.predict(x)[0])


def test_masked_ends_of_rows_are_padding():
    rows = [np.ma.array([1, 777], mask=[0, 1]), [4, 5, 6], np.ma.array([7, 8]), np.ma.masked_all(2)]
    assert pad_sequences(rows).tolist() == [[0, 0, 1], [4, 5, 6], [0, 7, 8], [0, 0, 0]]
    assert Ragged.from_list(rows).to_list() == [[1], [4, 5, 6], [7, 8], []]
    steps = np.ma.array(np.ones((3, 2)), mask=[[0, 0], [1, 1], [1, 1]])
    assert Ragged.from_list([steps]).to_list() == [[[1, 1]]]
    batch = np.ma.masked_equal([[1, 2, 0], [3, 0, 0]], 0)
    assert pad_sequences(batch).tolist() == [[1, 2], [0, 3]]
    model = Sequential([Input((None, 1)), layers.LSTM(2)])
    np.testing.assert_array_equal(model.predict(rows), model.predict([[1], [4, 5, 6], [7, 8], []]))


def test_a_masked_step_before_a_real_one_has_no_place_in_a_list():
    for read in (pad_sequences, Ragged.from_list):
        with pytest.raises(
            TypeError, match="position 1 is a numpy.ma array whose step 1 is masked"
        ):
            read([[1, 2], ONE])


def test_from_padded_leaves_out_what_is_masked():
    given, rows = sequences()
    ragged = Ragged.from_padded(given)
    for got, wanted in zip(ragged, rows, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_a_masked_array_of_no_sequences_or_steps_is_an_empty_batch():
    model = Sequential([Input((None, 3)), layers.LSTM(4)])
    for shape in ((0, 4, 3), (2, 0, 3), (0, 0, 3)):
        given = np.ma.array(np.ones(shape, np.float32), mask=True)
        np.testing.assert_array_equal(model.predict(given), np.zeros((shape[0], 4)))
