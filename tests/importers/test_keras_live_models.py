"""Models saved by the Keras at hand, in each of its formats, give the same numbers here."""

import numpy as np
import pytest

from maskseq import load_model
from maskseq.nest import flatten

keras = pytest.importorskip("keras", minversion="3.0")
pytest.importorskip("h5py")
pytestmark = pytest.mark.slow
kl = keras.layers

IDS = np.array([[3, 1, 4, 1, 5], [2, 6, 0, 0, 0], [0, 0, 5, 0, 3], [0, 0, 0, 0, 0]], "int32")
STEPS = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32") * (IDS > 0)[..., None]


def build_nested_twice():
    """A model with two outputs inside a model, called twice; a Sequential called three times."""
    x = kl.Input((None, 3))
    inner_input = kl.Input((None, 3))
    inner = keras.Model(inner_input, [kl.Dense(3)(inner_input), kl.LSTM(4)(inner_input)])
    chain = keras.Sequential([kl.Input((None, 3)), kl.Dense(3, "tanh")])
    masked = kl.Masking()(x)
    first = inner(chain(masked))
    second = inner(chain(first[0]))
    return keras.Model(x, [second[1], first[0], chain(second[0]), first[1]]), STEPS


def build_nested_mask():
    """A mask that is born inside a nested model is used outside it, though no node says so."""
    x = kl.Input((5,), dtype="int32")
    inner = keras.Sequential([kl.Input((5,)), kl.Embedding(9, 4, mask_zero=True)])
    return keras.Model(x, kl.LSTM(3)(inner(x))), IDS


def build_inputs_and_outputs_by_name():
    x, y = kl.Input((None,), dtype="int32", name="b"), kl.Input((None, 3), name="a")
    e = kl.Embedding(9, 3, mask_zero=True)(x)
    outputs = {"z": kl.LSTM(3)(e), "a": {"c": kl.Dense(2)(y), "b": [kl.LSTM(2)(kl.Masking()(y))]}}
    return keras.Model({"b": x, "a": y}, outputs), {"b": IDS, "a": STEPS}


def build_states():
    """Encoder and decoder: initial_state switches the carried mask off, an explicit mask on."""
    x = kl.Input((None,), dtype="int32")
    e = kl.Embedding(9, 3, mask_zero=True)
    _, h, c = kl.LSTM(4, return_state=True)(e(x))
    decoder = kl.LSTM(4, return_sequences=True)
    plain = decoder(e(x), initial_state=[h, c])
    masked = decoder(e(x), initial_state=[h, c], mask=e.compute_mask(x))
    both = kl.Bidirectional(kl.LSTM(4))(e(x), initial_state=[h, c, c, h])
    return keras.Model(x, [plain, masked, both]), IDS


def build_others():
    """Layers with weights of unusual kinds: a vector beside a kernel, a table used both ways."""
    x = kl.Input((6, 4))
    table = kl.ReversibleEmbedding(9, 4, tie_weights=False, mask_zero=True)
    words = kl.Input((5,), dtype="int32")
    outputs = [
        kl.Normalization(mean=1.0, variance=4.0)(x),
        kl.Rescaling(np.float32([1, 2, 3, 4]))(x),
        kl.SpectralNormalization(kl.Conv1D(3, 2))(x),
        kl.Conv1DTranspose(3, 3, strides=2)(x),
        kl.ConvLSTM1D(2, 2, return_sequences=True)(kl.Reshape((3, 2, 4))(x)),
        table(kl.Dense(4)(table(words)), reverse=True),
        kl.CategoryEncoding(9)(words),
        kl.Discretization([0.0, 1.0])(x),
    ]
    steps = np.random.default_rng(1).normal(size=(4, 6, 4)).astype("float32")
    return keras.Model([x, words], outputs), [steps, IDS]


def build_bidirectional():
    x = kl.Input((None, 3))
    m = kl.Masking()(x)
    outputs = [
        kl.Bidirectional(kl.LSTM(3, return_sequences=True), merge_mode=mode)(m)
        for mode in ("sum", "mul", "ave", "concat", None)
    ]
    own = kl.Bidirectional(
        kl.LSTM(3, return_state=True),
        backward_layer=kl.LSTM(3, activation="relu", go_backwards=True, return_state=True),
    )
    return keras.Model(x, [*outputs[:4], *outputs[4], *own(m)]), STEPS


def build_arithmetic():
    """Operations on tensors drop the mask; operators put the number on either side."""
    ops = keras.ops
    x = kl.Input((5, 3))
    m = kl.Masking()(x)
    y = 1.0 - (2 * m + 0.5) / 3.0
    parts = ops.split(ops.concatenate([y, -m], axis=-1), [1, 4], axis=-1)
    outputs = [
        kl.LSTM(2)(y),
        parts[1][:, 1:4, ::-1],
        ops.where(ops.greater(y, 0.0), y, ops.abs(m) ** 2),
        ops.sum(m, axis=1, keepdims=True),
        ops.softmax(ops.transpose(m, (0, 2, 1)), axis=1),
        ops.expand_dims(ops.max(y, axis=-1), -1),
        ops.reshape(y, (-1, 15)),
        ops.cast(ops.not_equal(m, 0.0), "float32"),
        ops.matmul(m, np.ones((3, 2), "float32")),
    ]
    return keras.Model(x, outputs), STEPS


def build_recurrent():
    x = kl.Input((None, 3))
    m = kl.Masking()(x)
    cells = [kl.LSTMCell(3), kl.GRUCell(2, reset_after=False), kl.SimpleRNNCell(2)]
    outputs = [
        kl.GRU(3, return_sequences=True, go_backwards=True)(m),
        kl.SimpleRNN(3, use_bias=False)(m),
        *kl.RNN(cells, return_sequences=True, return_state=True)(m)[:1],
        kl.Bidirectional(kl.GRU(2), merge_mode="mul")(m),
    ]
    return keras.Model(x, outputs), STEPS


def build_merges():
    """Every merge of masked and unmasked tensors, and what a layer after it makes of the mask."""
    x = kl.Input((5,), dtype="int32")
    e, f = kl.Embedding(9, 3, mask_zero=True)(x), kl.Embedding(9, 3)(x)
    m = kl.Masking()(f)
    merges = [kl.Add(), kl.Subtract(), kl.Multiply(), kl.Average(), kl.Maximum(), kl.Minimum()]
    merged = [merge([e, m]) for merge in merges] + [kl.Multiply()([e, f])]
    merged += [kl.Concatenate(axis=axis)([e, other]) for axis in (1, 2) for other in (f, m)]
    outputs = [kl.LSTM(2)(y) for y in merged] + [kl.Dot(axes=(2, 2))([e, f])]
    return keras.Model(x, outputs), IDS


def build_shapes():
    x = kl.Input((5, 4))
    m = kl.Masking()(x)
    outputs = [
        kl.Flatten()(m),
        kl.Reshape((10, 2))(m),
        kl.Permute((2, 1))(m),
        kl.Cropping1D((1, 2))(m),
        kl.ZeroPadding1D(2)(m),
        kl.UpSampling1D(2)(m),
        kl.RepeatVector(3)(kl.LSTM(2)(kl.Identity()(m))),
    ]
    return keras.Model(x, outputs), np.pad(STEPS, [(0, 0), (0, 0), (0, 1)])


def build_transformer():
    """One block: from the second on Keras lacks the mask, which its attention deletes."""
    x = kl.Input((5,), dtype="int32")
    y = kl.Embedding(9, 4, mask_zero=True)(x)
    y = kl.LayerNormalization()(kl.Add()([y, kl.MultiHeadAttention(2, 2)(y, y)]))
    y = kl.LayerNormalization()(kl.Add()([y, kl.Dense(4)(kl.Dense(6, "gelu")(y))]))
    pooled = kl.GlobalAveragePooling1D()(y)
    return keras.Model(x, [kl.Dense(2, "softmax")(pooled), kl.LSTM(2)(y)]), IDS[:3]


def build_convolutions():
    x = kl.Input((5, 3))
    m = kl.Masking()(x)
    outputs = [
        kl.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu")(m),
        kl.Conv1D(4, 2, strides=2, padding="same", use_bias=False)(m),
        kl.Conv1D(3, 3, groups=3)(m),
        kl.SeparableConv1D(4, 3, depth_multiplier=2)(m),
        kl.DepthwiseConv1D(2, depth_multiplier=2, padding="same")(m),
        kl.AveragePooling1D(2, padding="same")(m),
        kl.MaxPooling1D(2, strides=1)(m),
        kl.GlobalAveragePooling1D(keepdims=True)(x),
        kl.GlobalMaxPooling1D()(m),
    ]
    return keras.Model(x, outputs), STEPS


def build_rest():
    """Normalisation, regularisation, activations."""
    x = kl.Input((5, 4))
    m = kl.Masking()(x)
    norms = [
        kl.BatchNormalization(scale=False),
        kl.LayerNormalization(axis=[1, 2], center=False),
        kl.RMSNormalization(),
        kl.UnitNormalization(),
        kl.GroupNormalization(2),
    ]
    inert = [
        kl.Dropout(0.5, noise_shape=(None, 1, 4)),
        kl.SpatialDropout1D(0.5),
        kl.AlphaDropout(0.5),
        kl.GaussianDropout(0.5),
        kl.GaussianNoise(1.0),
        kl.ActivityRegularization(0.1),
    ]
    acts = [
        kl.ReLU(1.0, 0.1, 0.2),
        kl.LeakyReLU(0.1),
        kl.PReLU(shared_axes=[1]),
        kl.ELU(0.7),
        kl.Softmax(axis=1),
        kl.Activation("hard_silu"),
    ]
    einsum = kl.EinsumDense("btf,fg->btg", (None, 3), "tanh", bias_axes="g")
    outputs = [layer(m if layer not in acts else x) for layer in [*norms, *inert, *acts, einsum]]
    return keras.Model(x, outputs), np.pad(STEPS + 0.1, [(0, 0), (0, 0), (0, 1)])


def build_deep_residual():
    """Each mask is made of the one before it, twice: 2 ** 40 ways down if one took them all."""
    x = kl.Input((5,), dtype="int32")
    y = kl.Embedding(9, 3, mask_zero=True)(x)
    for _ in range(40):
        y = kl.Add()([y, kl.Dense(3, "tanh")(y)])
    return keras.Model(x, kl.LSTM(2)(y)), IDS


def build_frozen_in_nested():
    """The legacy format puts the weights of frozen layers last."""
    frozen = kl.Dense(3, trainable=False)
    inner = keras.Sequential([kl.Input((5, 3)), frozen, kl.LSTM(3), kl.Dense(3)])
    x = kl.Input((5, 3))
    return keras.Model(x, inner(kl.Masking()(x))), STEPS


def build_attention():
    """Each kind of attention over masked steps. Keras's MultiHeadAttention deletes their masks."""
    x = kl.Input((5, 3))
    m, own = kl.Masking()(x), kl.Masking()(x)
    h = kl.LSTM(4, return_sequences=True)(own)
    outputs = [
        kl.Attention(use_scale=True, score_mode="concat")([m, m]),
        kl.AdditiveAttention()([m, m], use_causal_mask=True),
        kl.MultiHeadAttention(2, 3, output_shape=5)(h, own, use_causal_mask=True),
        kl.GroupQueryAttention(3, 4, 2, use_gate=True)(m, m),
        *kl.Attention()([m, m], return_attention_scores=True),
    ]
    return keras.Model(x, outputs), STEPS


BUILDERS = {name.removeprefix("build_"): f for name, f in globals().items() if "build_" in name}


def randomised(net):
    """`net` with other weights; positive, as some are variances."""
    rng = np.random.default_rng(1)
    net.set_weights([rng.uniform(0.1, 0.9, size=w.shape) for w in net.get_weights()])
    return net


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("builder", BUILDERS.values(), ids=BUILDERS.keys())
def test_saved_model_gives_the_same_outputs_from_every_format(tmp_path, builder):
    """`.keras`, legacy `.h5`, and a model of other weights that is given a `.weights.h5`."""
    net, inputs = builder()
    net.save(tmp_path / "other.keras")
    randomised(net)
    net.save(tmp_path / "model.keras")
    net.save(tmp_path / "model.h5")
    net.save_weights(tmp_path / "model.weights.h5")
    other = load_model(tmp_path / "other.keras")
    other.load_weights(tmp_path / "model.weights.h5")
    loaded = [load_model(tmp_path / name) for name in ("model.keras", "model.h5")]
    expected = [np.asarray(y) for y in keras.tree.flatten(net(inputs))]
    for model in (*loaded, other):
        for outputs in (model(inputs), model.predict(inputs)):
            for ours, theirs in zip(flatten(outputs), expected, strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
