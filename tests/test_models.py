"""Models: what a graph of layers promises, whatever its shape."""

import copy
import pickle
import threading

import numpy as np
import pytest
import reference

import maskseq
from maskseq import layers, ops

BATCH, TIME, FEATURES = 5, 7, 4


@pytest.fixture
def x(rng):
    return rng.standard_normal((BATCH, TIME, FEATURES)).astype(np.float32)


@pytest.fixture
def mask(rng):
    mask = rng.random((BATCH, TIME)) < 0.6
    mask[0], mask[1] = True, False
    return mask


def last_outputs(x, mask, lstm):
    """The last output of an LSTM over the real steps, in float64."""
    sequences = [row[real] for row, real in zip(x, mask, strict=True)]
    return reference.rnn("lstm", sequences, lstm.get_weights())[1][0]


def assert_same(a, b):
    np.testing.assert_allclose(a, b, atol=2e-6)


# Inputs and outputs


def two_branches(structure=list):
    """LSTM of input a, Dense of input b's last state; a joint output and one of each step."""
    a = maskseq.Input((None, FEATURES), name="a")
    b = maskseq.Input((None, FEATURES), name="b")
    lstm, dense = layers.LSTM(3, name="lstm"), layers.Dense(2, name="dense")
    joint = ops.concatenate([lstm(a), dense(lstm(b))], axis=-1)
    steps = dense(layers.LSTM(3, return_sequences=True)(a))
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


# predict


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
    monkeypatch.setattr(maskseq.inputs, "STEPS_A_CALL", 8)
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
    assert "Mask" in lines[2] and "87" in lines[-1]


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
        assert recurrent.cell.packed().kept_bytes == 30 * 4 * 16 * 4
    assert copy.deepcopy(model).predict(batch).tobytes() == kept[0]


def test_gates_of_an_embedding_are_not_kept_beyond_the_limit(rng, monkeypatch):
    model = maskseq.Sequential([layers.Embedding(30, 8, mask_zero=True), layers.LSTM(16)])
    batch = [rng.integers(1, 30, n) for n in (40, 3, 25)]
    want = model.predict(batch).tobytes()
    monkeypatch.setattr(layers.LSTMCell, "max_kept_bytes", 30 * 4 * 16 * 4 - 1)
    assert {model.predict(batch).tobytes() for _ in range(3)} == {want}
    assert model.layers[1].cell.packed().kept_bytes == 0
