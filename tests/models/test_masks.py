"""Masks in models: made inside, given by hand, shared, nested, lost."""

import warnings

import numpy as np
import pytest

import maskseq
from maskseq import layers, ops
from tests.support import reference
from tests.support.model_answers import BATCH, FEATURES, TIME, assert_same, last_outputs


@pytest.fixture
def x(rng):
    return rng.standard_normal((BATCH, TIME, FEATURES)).astype(np.float32)


@pytest.fixture
def mask(rng):
    mask = rng.random((BATCH, TIME)) < 0.6
    mask[0], mask[1] = True, False
    return mask


# Inputs and outputs


def two_branches(structure=list):
    """LSTM of input a, Dense of input b's last state; a joint output and one of each step."""
    a = maskseq.Input((None, FEATURES), name="a")
    b = maskseq.Input((None, FEATURES), name="b")
    lstm, dense = layers.LSTM(3, name="lstm"), layers.Dense(2, name="dense")
    joint = ops.concatenate([lstm(a), dense(lstm(b))], axis=-1)
    steps = dense(layers.LSTM(3, return_sequences=True, name="all")(a))
    if structure is dict:
        return maskseq.Model({"a": a, "b": b}, {"joint": joint, "steps": steps})
    return maskseq.Model([a, b], [joint, steps])


def test_several_inputs_with_masks_by_hand_equal_their_definition(x, mask):
    model = two_branches()
    joint, steps = model([x, x[::-1]], mask=[mask, None])
    lstm, dense = model.get_layer("lstm"), model.get_layer("dense")
    full = np.ones_like(mask)
    second = reference.dense(last_outputs(x[::-1], full, lstm), *dense.get_weights())
    assert_same(joint, np.concatenate([last_outputs(x, mask, lstm), second], axis=1))
    assert not hasattr(joint, "_keras_mask")
    np.testing.assert_array_equal(steps._keras_mask, mask)


def test_dicts_of_inputs_and_outputs_go_by_name(x):
    model = two_branches(dict)
    expected = maskseq.Model(model.inputs, model.outputs).predict([x, x[::-1]])
    for results in (
        model.predict({"b": x[::-1], "a": x}),
        model({"b": x[::-1], "a": x}),
        model.predict({"b": list(x[::-1]), "a": list(x)}, batch_size=2),
    ):
        assert set(results) == {"joint", "steps"}
        np.testing.assert_array_equal(results["joint"], expected[0])
        np.testing.assert_array_equal(results["steps"], expected[1])


def test_nested_inputs_may_be_ragged_and_padded_at_once(x):
    model = two_branches()
    lengths = [3, 7, 1, 5, 2]
    ragged = [row[:n] for row, n in zip(x, lengths, strict=True)]
    mask = np.arange(TIME) < np.array(lengths)[:, None]
    padded = model([x, x[::-1]], mask=[mask, None])
    for results in (model.predict([ragged, x[::-1]]), model.predict([ragged, x[::-1]], 2)):
        np.testing.assert_array_equal(results[0], padded[0])
        np.testing.assert_array_equal(results[1][mask], np.asarray(padded[1])[mask])


def test_output_that_is_an_input_keeps_its_mask_and_values(x, mask):
    inputs = maskseq.Input((None, FEATURES))
    model = maskseq.Model(inputs, [inputs, layers.LSTM(2)(inputs)])
    same, _ = model(x, mask=mask)
    np.testing.assert_array_equal(same, x)
    np.testing.assert_array_equal(same._keras_mask, mask)


def test_masked_tensor_and_mask_argument_are_the_same(x, mask):
    inputs = maskseq.Input((None, FEATURES))
    model = maskseq.Model(inputs, layers.LSTM(3)(inputs))
    tensor = maskseq.convert_to_tensor(x.copy())
    maskseq.set_keras_mask(tensor, mask)
    assert_same(model(tensor), last_outputs(x, mask, model.layers[-1]))
    np.testing.assert_array_equal(model(tensor), model(x, mask=mask))
    np.testing.assert_array_equal(tensor._keras_mask, mask)


def test_mask_survives_the_dropping_of_a_last_axis(rng, mask):
    inputs = maskseq.Input((None,))
    model = maskseq.Model(inputs, layers.Softmax()(inputs))
    x = rng.standard_normal((BATCH, TIME, 1)).astype(np.float32)
    assert_same(model(x, mask=mask), reference.masked_softmax(x[..., 0], mask))


# A mask by hand over cells that hold anything


@pytest.mark.parametrize("make", [layers.Dense, layers.LSTM])
def test_masked_cells_that_an_output_shows_are_computed_from_what_they_hold(x, mask, make):
    """Packing must not replace what a masked cell holds where somebody looks at it."""
    inputs = maskseq.Input((None, FEATURES))
    dense = layers.Dense(3)
    y = dense(inputs)
    outputs = [y, layers.LSTM(2)(y)] if make is layers.LSTM else y
    model = maskseq.Model(inputs, outputs)
    result = model(x, mask=mask)
    result = result[0] if isinstance(result, list) else result
    assert_same(result, reference.dense(x, *dense.get_weights()))


@pytest.mark.filterwarnings("ignore:.*as if every step were real")
def test_masked_cells_are_read_by_a_layer_that_runs_unmasked(x, mask):
    """initial_state switches the carried mask off: then all cells count."""
    inputs = maskseq.Input((None, FEATURES))
    states = [np.full((BATCH, 3), 0.5, np.float32)] * 2
    lstm = layers.LSTM(3)
    model = maskseq.Model(inputs, lstm(inputs, initial_state=states))
    expected = reference.rnn("lstm", list(x), lstm.get_weights(), initial=states)[1][0]
    assert_same(model(x, mask=mask), expected)


def test_masked_cells_that_another_mask_makes_real_are_read(x, mask):
    """Concatenate's mask is the OR of its inputs': what is masked in one input may be real."""
    a, b = maskseq.Input((None, FEATURES)), maskseq.Input((None, FEATURES))
    lstm = layers.LSTM(3)
    model = maskseq.Model([a, b], lstm(layers.Concatenate()([a, b])))
    both = np.concatenate([x, x[::-1]], axis=-1)
    result = model([x, x[::-1]], mask=[mask, ~mask])
    assert_same(result, last_outputs(both, np.ones_like(mask), lstm))


def test_poison_under_a_mask_by_hand_does_not_reach_the_outputs(x, mask):
    inputs = maskseq.Input((None, FEATURES))
    y = layers.Dense(3)(inputs)
    model = maskseq.Model(inputs, layers.Bidirectional(layers.LSTM(2))(y))
    clean = model(x, mask=mask)
    x[~mask] = np.nan
    np.testing.assert_array_equal(model(x, mask=mask), clean)


# Shared layers, nested models, explicit masks


def test_shared_layer_has_one_set_of_weights(x):
    lstm = layers.LSTM(3)
    a, b = maskseq.Input((None, FEATURES)), maskseq.Input((None, FEATURES))
    model = maskseq.Model([a, b], [lstm(a), lstm(b)])
    assert len(model.weights) == 3 and model.layers.count(lstm) == 1
    first, second = model.predict([x, x])
    np.testing.assert_array_equal(first, second)


def test_nested_model_gives_what_its_layers_give(x, mask):
    inner_input = maskseq.Input((None, FEATURES))
    inner = maskseq.Model(
        inner_input, layers.LSTM(3, return_sequences=True)(layers.Dense(5)(inner_input))
    )
    inputs = maskseq.Input((None, FEATURES))
    outer = maskseq.Model(inputs, layers.LSTM(2)(inner(layers.Masking()(inputs))))
    x[~mask] = 0
    y = layers.Masking()(x)
    for layer in (*inner.layers[1:], outer.layers[-1]):
        y = layer(y)
    np.testing.assert_array_equal(outer.predict(x), y)
    assert len(outer.weights) == len(inner.weights) + 3


def test_nested_sequential_passes_its_mask_on(rng):
    encoder = maskseq.Sequential(
        [
            layers.Embedding(9, 3, mask_zero=True),
            layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
        ]
    )
    model = maskseq.Sequential([maskseq.Input((None,), dtype="int32"), encoder, layers.LSTM(4)])
    ids = rng.integers(0, 9, (BATCH, TIME))
    y = encoder(ids)
    np.testing.assert_array_equal(y._keras_mask, ids != 0)
    np.testing.assert_array_equal(model.predict(ids), model.layers[-1](y))


def test_mask_of_compute_mask_can_be_passed_in_a_graph(rng):
    ids = maskseq.Input((None,), dtype="int32")
    embedding, lstm = layers.Embedding(9, 3, mask_zero=True), layers.LSTM(4)
    plain = layers.Embedding(9, 3)
    model = maskseq.Model(ids, lstm(plain(ids), mask=embedding.compute_mask(ids)))
    values = rng.integers(0, 9, (BATCH, TIME))
    rows = plain.get_weights()[0][values]
    assert_same(model.predict(values), last_outputs(rows, values != 0, lstm))


def test_mask_may_be_an_input_of_its_own(x, mask):
    inputs, real = maskseq.Input((None, FEATURES)), maskseq.Input((None,), dtype="bool")
    lstm = layers.LSTM(3)
    model = maskseq.Model([inputs, real], lstm(inputs, mask=real))
    x[~mask] = np.inf
    assert_same(model.predict([x, mask]), last_outputs(x, mask, lstm))


def test_encoder_states_start_a_decoder(x, mask):
    source, target = maskseq.Input((None, FEATURES)), maskseq.Input((None, FEATURES))
    encoder, decoder = layers.LSTM(3, return_state=True), layers.LSTM(3)
    _, *states = encoder(source)
    model = maskseq.Model([source, target], decoder(target, initial_state=states))
    sequences = [row[real] for row, real in zip(x, mask, strict=True)]
    states = reference.rnn("lstm", sequences, encoder.get_weights())[1]
    expected = reference.rnn("lstm", list(x), decoder.get_weights(), initial=states)[1][0]
    assert_same(model([x, x], mask=[mask, None]), expected)


@pytest.mark.parametrize("wrap", [lambda x: x, layers.Bidirectional], ids=["lstm", "bidirectional"])
def test_decoder_with_states_and_a_mask_by_hand_runs_on_rows(rng, monkeypatch, wrap):
    ids = maskseq.Input((None,), dtype="int32")
    embedding = layers.Embedding(9, FEATURES, mask_zero=True)
    count = 2 if wrap is not layers.Bidirectional else 4
    states = [rng.standard_normal((BATCH, 3)).astype(np.float32) for _ in range(count)]
    decoder = wrap(layers.LSTM(3, return_sequences=True))
    hidden = embedding(ids)
    outputs = decoder(hidden, initial_state=states, mask=embedding.compute_mask(ids))
    values = rng.integers(0, 9, (BATCH, TIME))
    x, real = embedding(values), values != 0
    expected = decoder(np.asarray(x), initial_state=states, mask=real)

    def padded(self, *args, **options):
        raise AssertionError("a padded array was made")

    monkeypatch.setattr(type(decoder), "call", padded)
    result = maskseq.Model(ids, outputs)(values)
    np.testing.assert_array_equal(np.asarray(result)[real], np.asarray(expected)[real])


# Masks that are lost


class Opaque(layers.Layer):
    def call(self, inputs):
        return inputs * 2


def model_that_loses_a_mask(**options):
    inputs = maskseq.Input((None,), dtype="int32")
    x = layers.Embedding(9, 3, mask_zero=True)(inputs)
    with pytest.warns(UserWarning, match="Opaque"):
        y = Opaque(name="opaque")(x)
    return maskseq.Model(inputs, layers.LSTM(2)(y), **options)


def test_lost_mask_is_told_as_asked(recwarn):
    ids = np.ones((1, 2), np.int32)
    with pytest.raises(ValueError, match="opaque.*Opaque.*destroy the mask"):
        model_that_loses_a_mask(on_mask_loss="error").predict(ids)
    model_that_loses_a_mask(on_mask_loss="ignore").predict(ids)
    with pytest.raises(ValueError, match="on_mask_loss must be .*got 'loud'"):
        model_that_loses_a_mask(on_mask_loss="loud")


def test_a_mask_by_hand_makes_no_step_real_that_ragged_data_lacks(rng):
    model = maskseq.Sequential([maskseq.Input((None, 2)), layers.LSTM(3)])
    sequences = [rng.normal(size=(n, 2)).astype(np.float32) for n in (4, 2, 3)]
    hand = np.array([[1, 1, 0, 1], [1, 1, 1, 1], [0, 1, 1, 1]], bool)
    kept = [x[m[: len(x)]] for x, m in zip(sequences, hand, strict=True)]
    found = model(maskseq.Ragged.from_list(sequences), mask=hand)
    np.testing.assert_array_equal(found, model.predict(kept))


@pytest.mark.parametrize("batch_size", [1, 2, 3])
def test_the_mask_that_an_array_carries_is_cut_with_it(rng, batch_size):
    model = maskseq.Sequential([maskseq.Input((4, 2)), layers.LSTM(3)])
    mask = np.array([[1, 1, 0, 1], [1, 0, 0, 0], [0, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 1]], bool)
    x = maskseq.convert_to_tensor(rng.normal(size=(5, 4, 2)).astype(np.float32))
    maskseq.set_keras_mask(x, mask)
    expected = model.layers[0](np.asarray(x), mask=mask)
    np.testing.assert_array_equal(model.predict(x, batch_size=batch_size), expected)


def test_a_mask_goes_along_when_numbers_are_converted():
    x = np.ones((1, 3, 2)).view(type(maskseq.convert_to_tensor([0.0])))
    maskseq.set_keras_mask(x, np.array([[True, False, True]]))
    found = maskseq.convert_to_tensor(x)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(maskseq.get_keras_mask(found), [[True, False, True]])


ENDS = {
    "LSTM": lambda: [layers.LSTM(3)],
    "both ways": lambda: [layers.Bidirectional(layers.GRU(2, return_sequences=True))],
    "mean": lambda: [layers.Dense(2), layers.GlobalAveragePooling1D()],
    "reads all": lambda: [layers.LSTM(2, return_sequences=True), layers.Flatten()],
}


@pytest.mark.parametrize("make", ENDS.values(), ids=ENDS)
def test_a_mask_of_one_sequence_is_that_of_each_sequence_of_a_model(make, rng):
    model = maskseq.Sequential([layers.Input((5, 4)), *make()])
    x, one = rng.normal(size=(3, 5, 4)).astype(np.float32), np.array([[1, 1, 0, 1, 0]], bool)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = model(x, mask=np.repeat(one, 3, axis=0))
        carrying = maskseq.convert_to_tensor(x.copy())
        maskseq.set_keras_mask(carrying, one)
        np.testing.assert_array_equal(model(x, mask=one), expected)
        np.testing.assert_array_equal(model(carrying), expected)
        np.testing.assert_array_equal(maskseq.get_keras_mask(carrying), one)
        assert not np.array_equal(model(x), expected)


@pytest.mark.parametrize("shape", [(3, 4), (3, 6), (2, 5), (4, 5), (1, 4), (15, 1)])
def test_a_carried_mask_of_another_shape_is_refused(shape, rng):
    model = maskseq.Sequential([layers.Input((5, 4), name="steps"), layers.LSTM(3)])
    x = maskseq.convert_to_tensor(rng.normal(size=(3, 5, 4)).astype(np.float32))
    maskseq.set_keras_mask(x, np.ones(shape, bool))
    with pytest.raises(ValueError, match=r"input 'steps' carries a mask .* must be bool \(3, 5\)"):
        model(x)
