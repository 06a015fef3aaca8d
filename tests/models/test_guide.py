"""The guide "Masking and padding with Keras", snippet by snippet, with maskseq in its place.

Where the guide calls TensorFlow, the snippets use NumPy or maskseq.ops. Numbers are checked
against float64 definitions.
"""

import numpy as np
import pytest

import maskseq as keras
from maskseq import layers, ops
from tests.support import reference

RAW_INPUTS = [
    [711, 632, 71],
    [73, 8, 3215, 55, 927],
    [83, 91, 1, 645, 1253, 927],
]
PADDED = np.array([[711, 632, 71, 0, 0, 0], [73, 8, 3215, 55, 927, 0], [83, 91, 1, 645, 1253, 927]])
MASK = PADDED != 0


def lstm_of_ids(ids, embedding, lstm):
    """The last output of LSTM(Embedding(ids)) over the ids that are not 0, in float64."""
    (table,) = embedding.get_weights()
    sequences = [table[row[row != 0]] for row in np.asarray(ids)]
    return reference.rnn("lstm", sequences, lstm.get_weights())[1][0]


# Padding sequence data


def test_padding_post_gives_the_printed_array():
    padded_inputs = keras.utils.pad_sequences(RAW_INPUTS, padding="post")
    np.testing.assert_array_equal(padded_inputs, PADDED)
    assert padded_inputs.dtype == np.int32


def test_padding_is_pre_unless_asked_and_value_is_configurable():
    padded_inputs = keras.utils.pad_sequences(RAW_INPUTS, value=-1)
    np.testing.assert_array_equal(padded_inputs[0], [-1, -1, -1, 711, 632, 71])


# Mask-generating layers: Embedding and Masking


def test_embedding_attaches_the_printed_mask():
    embedding = layers.Embedding(input_dim=5000, output_dim=16, mask_zero=True)
    masked_output = embedding(PADDED)

    np.testing.assert_array_equal(masked_output._keras_mask, MASK)
    np.testing.assert_array_equal(masked_output, embedding.get_weights()[0][PADDED])


def test_masking_attaches_the_printed_mask():
    masking_layer = layers.Masking()
    unmasked_embedding = ops.cast(ops.tile(ops.expand_dims(PADDED, axis=-1), [1, 1, 10]), "float32")
    masked_embedding = masking_layer(unmasked_embedding)

    np.testing.assert_array_equal(masked_embedding._keras_mask, MASK)
    np.testing.assert_array_equal(masked_embedding, unmasked_embedding)


# Mask propagation in the Functional API and Sequential API


def test_sequential_lstm_receives_the_mask():
    model = keras.Sequential(
        [
            layers.Embedding(input_dim=5000, output_dim=16, mask_zero=True),
            layers.LSTM(32),
        ]
    )
    y = model(PADDED)

    assert y.shape == (3, 32)
    np.testing.assert_allclose(y, lstm_of_ids(PADDED, *model.layers), atol=1e-6)


def test_functional_lstm_receives_the_mask():
    inputs = keras.Input(shape=(None,), dtype="int32")
    x = layers.Embedding(input_dim=5000, output_dim=16, mask_zero=True)(inputs)
    outputs = layers.LSTM(32)(x)

    model = keras.Model(inputs, outputs)
    expected = lstm_of_ids(PADDED, *model.layers[1:])
    np.testing.assert_allclose(model(PADDED), expected, atol=1e-6)
    np.testing.assert_allclose(model.predict(PADDED), expected, atol=1e-6)
    np.testing.assert_allclose(model.predict(RAW_INPUTS), expected, atol=1e-6)


# Passing mask tensors directly to layers


class MyLayer(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.embedding = layers.Embedding(input_dim=5000, output_dim=16, mask_zero=True)
        self.lstm = layers.LSTM(32)

    def call(self, inputs):
        x = self.embedding(inputs)
        # Note that you could also prepare a `mask` tensor manually.
        # It only needs to be a boolean tensor
        # with the right shape, i.e. (batch_size, timesteps).
        mask = self.embedding.compute_mask(inputs)
        output = self.lstm(x, mask=mask)  # The layer will ignore the masked values
        return output


def test_mask_of_compute_mask_passed_by_hand_is_used(rng):
    layer = MyLayer()
    x = rng.random((32, 10)) * 100
    x = x.astype("int32")
    x[3, 4:] = 0
    y = layer(x)

    assert y.shape == (32, 32) and y.dtype == np.float32
    np.testing.assert_allclose(y, lstm_of_ids(x, layer.embedding, layer.lstm), atol=1e-6)


def test_mask_prepared_manually_is_used():
    layer = MyLayer()
    x = layer.embedding(PADDED)
    y = layer.lstm(np.asarray(x), mask=MASK)
    np.testing.assert_allclose(y, lstm_of_ids(PADDED, layer.embedding, layer.lstm), atol=1e-6)


# Supporting masking in your custom layers


class TemporalSplit(keras.layers.Layer):
    """Split the input tensor into 2 tensors along the time dimension."""

    def call(self, inputs):
        # Expect the input to be 3D and mask to be 2D, split the input tensor into 2
        # subtensors along the time axis (axis 1).
        return ops.split(inputs, 2, axis=1)

    def compute_mask(self, inputs, mask=None):
        # Also split the mask into 2 if it presents.
        if mask is None:
            return None
        return ops.split(mask, 2, axis=1)


def test_temporal_split_changes_the_mask_as_printed():
    masked_embedding = layers.Embedding(5000, 16, mask_zero=True)(PADDED)
    first_half, second_half = TemporalSplit()(masked_embedding)

    np.testing.assert_array_equal(first_half._keras_mask, np.ones((3, 3), bool))
    np.testing.assert_array_equal(
        second_half._keras_mask, [[False] * 3, [True, True, False], [True] * 3]
    )
    np.testing.assert_array_equal(np.concatenate([first_half, second_half], 1), masked_embedding)


def test_temporal_split_works_in_a_model():
    inputs = keras.Input(shape=(None,), dtype="int32")
    embedding = layers.Embedding(5000, 16, mask_zero=True)
    first_half, second_half = TemporalSplit()(embedding(inputs))
    lstm = layers.LSTM(4)
    model = keras.Model(inputs, [lstm(first_half), lstm(second_half)])
    first, second = model.predict(PADDED)

    np.testing.assert_allclose(first, lstm_of_ids(PADDED[:, :3], embedding, lstm), atol=1e-6)
    np.testing.assert_allclose(second, lstm_of_ids(PADDED[:, 3:], embedding, lstm), atol=1e-6)


class CustomEmbedding(keras.layers.Layer):
    def __init__(self, input_dim, output_dim, mask_zero=False, **kwargs):
        super().__init__(**kwargs)
        self.input_dim = input_dim
        self.output_dim = output_dim
        self.mask_zero = mask_zero

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            shape=(self.input_dim, self.output_dim),
            initializer="random_normal",
            dtype="float32",
        )

    def call(self, inputs):
        return ops.take(self.embeddings, inputs, axis=0)

    def compute_mask(self, inputs, mask=None):
        if not self.mask_zero:
            return None
        return ops.not_equal(inputs, 0)


def test_custom_embedding_generates_a_mask(rng):
    layer = CustomEmbedding(10, 32, mask_zero=True)
    x = rng.random((3, 10)) * 9
    x = x.astype("int32")

    y = layer(x)
    mask = layer.compute_mask(x)

    np.testing.assert_array_equal(mask, x != 0)
    np.testing.assert_array_equal(y._keras_mask, x != 0)
    np.testing.assert_array_equal(y, layer.get_weights()[0][x])


def test_custom_embedding_feeds_a_lstm_in_a_model(rng):
    x = rng.integers(0, 10, (5, 8))
    embedding, lstm = CustomEmbedding(10, 6, mask_zero=True), layers.LSTM(3)
    model = keras.Sequential([embedding, lstm])
    np.testing.assert_allclose(model(x), lstm_of_ids(x, embedding, lstm), atol=1e-6)


# Opting-in to mask propagation on compatible layers


class MyActivation(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        # Signal that the layer is safe for mask propagation
        self.supports_masking = True

    def call(self, inputs):
        return ops.relu(inputs)


def test_supports_masking_passes_the_mask_along():
    inputs = keras.Input(shape=(None,), dtype="int32")
    embedding = layers.Embedding(input_dim=5000, output_dim=16, mask_zero=True)
    x = embedding(inputs)
    x = MyActivation()(x)  # Will pass the mask along
    assert x._keras_mask.shape == (None, None) and x._keras_mask.dtype == "bool"
    lstm = layers.LSTM(32)
    outputs = lstm(x)  # Will receive the mask

    model = keras.Model(inputs, outputs)
    table = np.maximum(embedding.get_weights()[0], 0)
    sequences = [table[row[row != 0]] for row in PADDED]
    expected = reference.rnn("lstm", sequences, lstm.get_weights())[1][0]
    np.testing.assert_allclose(model.predict(PADDED), expected, atol=1e-6)


def test_layer_without_supports_masking_destroys_the_mask_and_says_so():
    class Opaque(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2

    x = layers.Embedding(5000, 16, mask_zero=True)(PADDED)
    with pytest.warns(UserWarning, match="Opaque.*destroy the mask"):
        y = Opaque()(x)
    assert not hasattr(y, "_keras_mask")


# Writing layers that need mask information


class TemporalSoftmax(keras.layers.Layer):
    """As in the guide, but for its error: the sum is one of the exponentials."""

    def call(self, inputs, mask=None):
        broadcast_float_mask = ops.expand_dims(ops.cast(mask, "float32"), -1)
        inputs_exp = ops.exp(inputs) * broadcast_float_mask
        inputs_sum = ops.sum(inputs_exp, axis=1, keepdims=True)
        return inputs_exp / inputs_sum


@pytest.mark.filterwarnings("ignore:.*destroy the mask")
@pytest.mark.parametrize("softmax", [TemporalSoftmax, layers.TemporalSoftmax])
def test_temporal_softmax_sums_to_one_over_real_steps(softmax, rng):
    inputs = keras.Input(shape=(None,), dtype="int32")
    x = layers.Embedding(input_dim=10, output_dim=32, mask_zero=True)(inputs)
    x = layers.Dense(1)(x)
    outputs = softmax()(x)

    model = keras.Model(inputs, outputs)
    ids = rng.integers(0, 10, size=(32, 100))
    y = model(ids)

    table, kernel, bias = model.get_weights()
    logits = reference.dense(table, kernel, bias)[ids][..., 0]
    expected = reference.masked_softmax(logits, ids != 0)[..., None]
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(np.asarray(y).sum(axis=1), 1, rtol=1e-5)
    assert (np.asarray(y)[ids == 0] == 0).all()


def test_second_positional_argument_of_the_last_snippet_is_told():
    """`model(ids, floats)` ran in TF2 because floats were taken for `training`; Keras 3 raises."""
    inputs = keras.Input(shape=(None,), dtype="int32")
    x = layers.Embedding(input_dim=10, output_dim=32, mask_zero=True)(inputs)
    model = keras.Model(inputs, layers.TemporalSoftmax()(layers.Dense(1)(x)))
    with pytest.raises(TypeError, match="training"):
        model(np.random.randint(0, 10, size=(32, 100)), np.random.random((32, 100, 1)))
