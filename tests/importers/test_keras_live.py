"""Models saved by the Keras at hand, in each of its formats, give the same numbers here."""

import numpy as np
import pytest

import maskseq
from maskseq import Layer, constraints, layers, load_model, regularizers
from maskseq.configured import Unknown
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


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "mixed_float16"])
def test_weights_of_other_widths_become_float32(tmp_path, dtype):
    net = keras.Sequential([kl.Input((None, 3)), kl.Masking(), kl.Dense(2, dtype=dtype)])
    randomised(net).save(tmp_path / "model.keras")
    model = load_model(tmp_path / "model.keras")
    for ours, theirs in zip(model.get_weights(), net.get_weights(), strict=True):
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, np.asarray(theirs).astype("float32"))


def test_compiled_and_trained_model_is_read_without_its_optimizer(tmp_path):
    net = keras.Sequential([kl.Input((None, 3)), kl.Masking(), kl.LSTM(4), kl.Dense(1)])
    net.compile("adam", "mse", metrics=["mae"])
    net.fit(STEPS, np.ones((4, 1)), verbose=0)
    for name in ("model.keras", "model.h5"):
        net.save(tmp_path / name)
        outputs = load_model(tmp_path / name).predict(STEPS)
        np.testing.assert_allclose(outputs, np.asarray(net(STEPS)), rtol=0, atol=1e-5)


def test_sequential_that_was_built_by_its_first_call_is_read(tmp_path):
    net = keras.Sequential([kl.Masking(), kl.LSTM(4)])
    expected = np.asarray(net(STEPS))
    net.save(tmp_path / "model.keras")
    np.testing.assert_allclose(load_model(tmp_path / "model.keras")(STEPS), expected, atol=1e-5)


def gate_of(base, kl):
    """The same class for Keras and for maskseq: own weights, a layer, and layers in lists."""

    class Gate(base):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.supports_masking = True
            self.inner = kl.Dense(units, "sigmoid")
            self.steps = [kl.Dense(units, "tanh"), kl.Dense(units), kl.Activation("relu")]

        def build(self, input_shape):
            self.scale = self.add_weight(shape=(self.units,), initializer="ones", name="scale")
            self.inner.build(input_shape)
            self.steps[0].build(input_shape)
            self.steps[1].build((*input_shape[:-1], self.units))
            self.built = True

        def call(self, x):
            y = x
            for step in self.steps:
                y = step(y)
            return self.inner(x) * y * self.scale

        def compute_output_shape(self, input_shape):
            return (*input_shape[:-1], self.units)

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    return Gate


@pytest.mark.filterwarnings("ignore")
def test_custom_layer_gets_its_own_weights_and_those_of_the_layers_it_holds(tmp_path):
    theirs, ours = gate_of(keras.layers.Layer, kl), gate_of(Layer, layers)
    x = kl.Input((None, 3))
    y = kl.Bidirectional(kl.GRU(2, return_sequences=True))(theirs(4)(kl.Masking()(x)))
    net = randomised(keras.Model(x, [kl.LSTM(2)(y), kl.TimeDistributed(theirs(3))(y)]))
    net.save(tmp_path / "model.keras")
    model = load_model(tmp_path / "model.keras", custom_layers={"Gate": ours})
    for mine, expected in zip(model.predict(STEPS), net(STEPS), strict=True):
        np.testing.assert_allclose(mine, np.asarray(expected), rtol=0, atol=1e-5)


@keras.saving.register_keras_serializable("mine")
class Far(keras.regularizers.Regularizer):
    def __init__(self, by):
        self.by = by

    def __call__(self, x):
        return self.by * keras.ops.sum(x)

    def get_config(self):
        return {"by": self.by}


def build_for_training():
    """Regularizers and constraints of every kind, one of them of a class of a user's own."""
    r, c = keras.regularizers, keras.constraints
    x = kl.Input((5, 3))
    y = kl.Conv1D(3, 2, kernel_regularizer=r.L1(0.5), bias_constraint="non_neg")(x)
    y = kl.BatchNormalization(gamma_constraint=c.MaxNorm(3.0), beta_regularizer=Far(0.5))(y)
    inner = kl.LSTM(
        2,
        kernel_regularizer=r.L1L2(0.25, 0.75),
        recurrent_regularizer=r.OrthogonalRegularizer(0.5, "columns"),
        recurrent_constraint=c.MinMaxNorm(0.5, 2.0, 0.5, [0]),
        activity_regularizer="l2",
    )
    y = kl.Bidirectional(inner)(y)
    return keras.Model(x, kl.Dense(1, kernel_constraint=c.UnitNorm(1), name="last")(y))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_regularizers_and_constraints_are_kept(tmp_path, name):
    theirs = build_for_training()
    theirs.save(tmp_path / name)
    model = load_model(tmp_path / name)
    again = maskseq.Model.from_config(model.get_config())
    for ours in (model, again):
        kept = 0
        for mine, yours in zip(ours.weights, theirs.weights, strict=True):
            for part in ("regularizer", "constraint"):
                a, b = getattr(mine, part), getattr(yours, part)
                kept += a is not None
                config = getattr(a, "config", None) or (a and regularizers.serialize(a))
                config = constraints.serialize(a) if config is a else config
                assert (config and config["config"]) == (b and b.get_config())
                assert (a is None) == (b is None)
        assert kept == 11
        direction = ours.layers[3].backward_layer
        assert isinstance(direction.activity_regularizer, regularizers.L2)
        beta = ours.layers[2].beta
        assert isinstance(beta.regularizer, Unknown) and beta.regularizer.name == "mine>Far"


def test_every_known_layer_is_a_layer_of_keras():
    from maskseq.importers.keras.config import LAYERS

    theirs = {getattr(value, "__name__", None) for value in vars(kl).values()} | set(dir(kl))
    assert theirs >= LAYERS - {"ThresholdedReLU"}  # of Keras 2
    assert set(layers.__all__) >= LAYERS


def test_load_weights_tells_layers_of_one_shape_apart_by_keras_order(tmp_path):
    """The operations of masks count in Keras's order of layers."""

    def model(package):
        a, b = package.Input((5,)), package.Input((5,))
        plain = package.layers.Embedding(9, 3)(a)
        masked = package.layers.Embedding(9, 3, mask_zero=True)(b)
        joined = package.layers.Concatenate()([plain, masked])
        return package.Model([a, b], package.layers.SimpleRNN(2)(joined))

    theirs, ours = model(keras), model(maskseq)
    theirs.save_weights(tmp_path / "two.weights.h5")
    ours.load_weights(tmp_path / "two.weights.h5")
    x = [IDS, IDS[:, ::-1]]
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), 1e-5, 1e-6)
