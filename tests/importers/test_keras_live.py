"""What a live Keras saves beside the structure: widths, users' classes, training options."""

import numpy as np
import pytest

import maskseq
from maskseq import Layer, constraints, layers, load_model, regularizers
from maskseq.configured import Unknown
from tests.importers.test_keras_live_models import IDS, STEPS, randomised

keras = pytest.importorskip("keras", minversion="3.0")
pytest.importorskip("h5py")
pytestmark = pytest.mark.slow
kl = keras.layers


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


def test_every_known_layer_is_a_layer_of_keras_or_ours():
    from maskseq.importers.keras.config import LAYERS
    from maskseq.layers.base.table import OURS, names_in

    theirs = {getattr(value, "__name__", None) for value in vars(kl).values()} | set(dir(kl))
    assert theirs >= LAYERS - {"ThresholdedReLU", *names_in(OURS)}  # the first of Keras 2
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
