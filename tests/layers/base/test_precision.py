"""quantize: weights in fewer bits, of layers and of models."""

import copy
import pickle

import numpy as np
import pytest

from maskseq import Model, Sequential, layers, testing
from maskseq.layers import LSTM, Bidirectional, Dense, Embedding, Input, MultiHeadAttention
from tests.support.definitions import low

PRECISIONS = ["int8", "bfloat16"]


def sequences(rng, count=12, ids=50):
    return [rng.integers(1, ids, n).tolist() for n in rng.integers(1, 20, count)]


def tagger():
    return Sequential(
        [
            Input((None,), dtype="int32"),
            Embedding(50, 12, mask_zero=True),
            Bidirectional(LSTM(10, return_sequences=True)),
            layers.GRU(9, return_sequences=True),
            layers.SimpleRNN(8),
            Dense(4, activation="softmax"),
        ]
    )


@pytest.mark.parametrize("precision", PRECISIONS)
def test_dense_multiplies_in_fewer_bits(rng, precision):
    layer = Dense(7, bias_initializer="ones")
    x = rng.normal(0, 1, (5, 11)).astype(np.float32)
    layer.build(x.shape)
    kernel, bias = layer.get_weights()
    layer.quantize(precision)
    assert layer.precision == precision
    if precision == "int8":
        codes, steps = low.int8_columns(kernel)
        np.testing.assert_array_equal(layer(x), low.int8_product(x, codes, steps, bias))
        np.testing.assert_array_equal(layer.kernel.value, codes * steps)
    else:
        codes = low.bfloat16(kernel)
        np.testing.assert_allclose(layer(x), x @ low.widened(codes) + bias, atol=0.05)
        np.testing.assert_array_equal(layer.kernel.value, low.widened(codes))
    assert layer.kernel.dtype == np.float32
    assert [w.name.split("/")[1] for w in layer.weights] == ["kernel", "bias"]


def windows_of(x, before, size):
    """All windows of stride 1 of x (batch, time, features), beside zeros: (n, size, features)."""
    x = np.pad(x, [(0, 0), (before, size - 1 - before), (0, 0)])
    return (
        np.lib.stride_tricks.sliding_window_view(x, size, 1)
        .swapaxes(2, 3)
        .reshape(-1, size, x.shape[2])
    )


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("kind", [layers.Conv1D, layers.MaskedConv1D])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_convolutions_multiply_in_fewer_bits(rng, precision, kind, groups, isa):
    layer = kind(6, 3, padding="causal", groups=groups, bias_initializer="ones")
    x = rng.normal(0, 1, (2, 70, 8)).astype(np.float32)
    layer.build(x.shape)
    kernel, bias = layer.get_weights()
    layer.quantize(precision)
    y, windows, width = np.asarray(layer(x)).reshape(-1, 6), windows_of(x, 2, 3), 8 // groups
    for g in range(groups):
        own = slice(6 // groups * g, 6 // groups * (g + 1))
        rows = windows[:, :, g * width : (g + 1) * width].reshape(len(windows), -1)
        matrix = kernel[:, :, own].reshape(3 * width, -1)
        if precision == "int8":
            codes, steps = low.int8_columns(matrix)
            wanted = low.int8_product(np.ascontiguousarray(rows), codes, steps, bias[own])
            np.testing.assert_array_equal(y[:, own], wanted)
        else:
            wanted = rows @ low.widened(low.bfloat16(matrix)) + bias[own]
            np.testing.assert_allclose(y[:, own], wanted, atol=0.05)
    again = layer(np.concatenate([x[1:], x[:1], x[:1] * 3]))
    np.testing.assert_array_equal(again[:2], y.reshape(2, 70, 6)[::-1])


@pytest.mark.parametrize("equation, shape", [("abc,cd->abd", 5), ("abcd,cde->abe", 5)])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_einsum_dense_multiplies_in_fewer_bits(rng, precision, equation, shape):
    axes = len(equation.split(",")[0])
    layer = layers.EinsumDense(equation, (None, shape), bias_axes=equation[-1])
    x = rng.normal(0, 1, (2, 3, 4, 6)[:axes]).astype(np.float32)
    layer.build(x.shape)
    kernel = rng.normal(0, 1, layer.kernel.shape).astype(np.float32)
    layer.set_weights([kernel, np.arange(5)])
    layer.quantize(precision)
    rows, matrix = x.reshape(6, -1), kernel.reshape(-1, 5)
    y = np.asarray(layer(x)).reshape(6, 5)
    if precision == "int8":
        codes, steps = low.int8_columns(matrix)
        bias = np.arange(5, dtype=np.float32)
        np.testing.assert_array_equal(y, low.int8_product(rows, codes, steps, bias))
    else:
        wanted = rows @ low.widened(low.bfloat16(matrix)) + np.arange(5)
        np.testing.assert_allclose(y, wanted, atol=0.1)


def test_einsum_dense_with_summed_axes_last_stays_float32(rng):
    layer = layers.EinsumDense("abc,dc->abd", (None, 5))
    x = rng.normal(0, 1, (2, 3, 4)).astype(np.float32)
    before = np.asarray(layer(x))
    with pytest.raises(ValueError):
        layer.quantize("int8")
    np.testing.assert_array_equal(layer(x), before)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_an_embedding_has_a_scale_for_each_row(rng, precision):
    layer = Embedding(9, 5)
    layer.build()
    table = rng.normal(0, 1, (9, 5)).astype(np.float32) * np.arange(9, dtype=np.float32)[:, None]
    layer.set_weights([table])
    layer.quantize(precision)
    got = layer(np.array([[0, 8, 1]]))
    assert (got[0, 0] == 0).all()
    np.testing.assert_allclose(got[0], table[[0, 8, 1]], rtol=0, atol=np.abs(table[8]).max() / 120)
    np.testing.assert_allclose(got[0, 2], table[1], rtol=0, atol=np.abs(table[1]).max() / 120)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_model_answers_the_same_however_it_is_called(rng, precision):
    model, x = tagger(), sequences(rng)
    before = model.predict(x)
    model.quantize(precision)
    y = model.predict(x)
    assert 0 < np.abs(y - before).max() < 0.02
    assert testing.check_invariance(model, x) == 0
    for batch_size in (1, 5):
        np.testing.assert_array_equal(model.predict(x, batch_size=batch_size), y)
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(copied.predict(x), y)
    model.set_weights(model.get_weights())
    np.testing.assert_array_equal(model.predict(x), y)


def test_weights_take_half_and_a_quarter_of_the_bytes():
    for precision, share in (("int8", 0.26), ("bfloat16", 0.5)):
        layer = Dense(256)
        layer.build((None, 512))
        layer.quantize(precision)
        assert layer.kernel.held()[1].nbytes <= 512 * 256 * 4 * share


@pytest.mark.parametrize("precision", PRECISIONS)
def test_projections_of_attention(rng, precision):
    x = Input((None, 16))
    model = Model(x, MultiHeadAttention(2, 8)(x, x))
    data = rng.normal(0, 1, (3, 6, 16)).astype(np.float32)
    before = model.predict(data)
    model.quantize(precision)
    y = model.predict(data)
    assert 0 < np.abs(y - before).max() < 0.05
    np.testing.assert_array_equal(model.predict(data[1:2])[0], y[1])


def test_activations_of_ones_own_run_on_rounded_weights(rng):
    layer = LSTM(5, activation=lambda x: x / 2)
    x = rng.normal(0, 1, (2, 3, 4)).astype(np.float32)
    layer(x)
    layer.quantize("int8")
    plain = LSTM(5, activation=layer.cell.activation)
    plain(x)
    plain.set_weights(layer.get_weights())
    np.testing.assert_array_equal(layer(x), plain(x))


def test_check_precision_tells_what_changes(rng):
    model, x = tagger(), sequences(rng, 30)
    found = testing.check_precision(model, x, "int8")
    low_model = copy.deepcopy(model)
    low_model.quantize("int8")
    a, b = model.predict(x), low_model.predict(x)
    assert found.largest == pytest.approx(np.abs(a - b).max())
    assert found.typical == pytest.approx(np.median(np.abs(a - b)))
    assert found.changed == (a.argmax(1) != b.argmax(1)).sum()
    assert found.decisions == 30
    assert f"{found.changed} of 30 decisions changed" in str(found)
    assert model.layers[1].precision == "float32"


def test_check_precision_without_decisions(rng):
    model = Sequential([Input((3,)), Dense(1)])
    found = testing.check_precision(model, rng.normal(0, 9, (5, 3)).astype(np.float32), "bfloat16")
    assert found.decisions == 0
    assert "decisions" not in str(found)


def test_what_cannot_be_quantized_is_named(rng):
    with pytest.raises(ValueError, match=r"'masking.*has no weights that are kept in fewer bits"):
        layers.Masking().quantize("int8")
    with pytest.raises(ValueError, match="'dense.*must be built first"):
        Dense(3).quantize("int8")
    model = Sequential([Input((3,)), Dense(2, name="one"), Dense(2, name="two")])
    with pytest.raises(ValueError, match="mode must be one of int8, bfloat16, got 'int4'"):
        model.quantize("int4")
    model.layers[-1].quantize("bfloat16")
    with pytest.raises(
        ValueError, match="'two'.*its weights are bfloat16 already, got mode 'int8'"
    ):
        model.quantize("int8")
    assert model.layers[-2].precision == "float32"
    model.quantize("bfloat16")
    assert model.layers[-2].precision == "bfloat16"


def test_int8_refuses_numbers_that_are_not_finite():
    layer = Dense(2, name="d")
    layer.build((None, 1))
    layer.kernel.assign([[np.inf, 1]])
    with pytest.raises(ValueError, match="layer 'd'.*weight d/kernel: int8 holds no number"):
        layer.quantize("int8")
    assert layer.precision == "float32"
    layer.quantize("bfloat16")
    assert np.isinf(layer.kernel.value[0, 0])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_quantized_model_is_evaluated_and_not_trained(rng, precision):
    model, x, y = tagger(), sequences(rng), np.zeros(12, int)
    model.quantize(precision)
    model.compile("sgd", "sparse_categorical_crossentropy")
    want = -np.log(model.predict(x)[:, 0]).mean()
    assert model.evaluate(x, y, verbose=0) == pytest.approx(want, rel=1e-5)
    with pytest.raises(ValueError, match=f"'embedding.*its weights are {precision}, which are not"):
        model.fit(x, y, verbose=0)
    part = tagger()
    part.compile("sgd", "sparse_categorical_crossentropy")
    part.train_on_batch(x, y)
    part.layers[-1].quantize(precision)
    with pytest.raises(ValueError, match=f"'dense.*its weights are {precision}"):
        part.train_on_batch(x, y)
