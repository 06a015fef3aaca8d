"""Wrapper: what users put around a layer of Keras's, and what TimeDistributed is made from."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import twin
from tests.support.beside_keras import carrying
from tests.support.masks import SMALL_MASKS


def wrappers(package):
    """Scaled and Masked, wrappers of a user's, over the layers of `package`."""
    of = package.layers

    class Scaled(of.Wrapper):
        def __init__(self, layer, by=2.0, **kwargs):
            super().__init__(layer, **kwargs)
            self.by = by

        def call(self, inputs, **kwargs):
            return package.ops.multiply(self.layer(inputs, **kwargs), self.by)

        def get_config(self):
            return {**super().get_config(), "by": self.by}

    class Masked(of.Wrapper):
        def call(self, inputs, mask=None):
            return self.layer(inputs, mask=mask)

        def compute_mask(self, inputs, mask=None):
            return self.layer.compute_mask(inputs, mask)

    return {"Scaled": Scaled, "Masked": Masked}


def model_of(package):
    own, of = wrappers(package), package.layers
    masked = own["Masked"](of.LSTM(3, return_sequences=True, name="lstm"), name="masked")
    return package.Sequential(
        [
            of.Input((4, 2)),
            of.Masking(),
            masked,
            of.LSTM(3, return_sequences=True),
            own["Scaled"](of.BatchNormalization(name="inside"), by=3.0, name="scaled"),
            own["Scaled"](of.Dense(2), name="frozen", trainable=False),
        ]
    )


@pytest.fixture
def x(rng):
    x = rng.normal(size=(3, 4, 2)).astype(np.float32)
    x[0, 2:] = x[1, 0] = 0
    return x


def test_call_build_config_and_weights():
    own = wrappers(maskseq)
    layer = own["Scaled"](layers.Dense(3, name="inside"), by=-1.0)
    assert not layer.built and layer.weights == []
    y = layer(np.ones((2, 4), np.float32))
    kernel, bias = layer.get_weights()
    np.testing.assert_array_equal(y, np.repeat(-kernel.sum(axis=0)[None], 2, axis=0))
    assert layer.built and layer.layer.built and bias.shape == (3,)
    assert len(layer.trainable_weights) == 2
    config = layer.get_config()
    assert config["by"] == -1.0 and config["layer"]["config"]["name"] == "inside"
    again = type(layer).from_config(config)
    assert (again.by, again.layer.units, again.layer.built) == (-1.0, 3, False)


def test_a_wrapper_is_what_keras_says():
    assert issubclass(layers.TimeDistributed, layers.Wrapper)
    assert issubclass(layers.SpectralNormalization, layers.Wrapper)
    assert not issubclass(layers.Bidirectional, layers.Wrapper)


@pytest.mark.parametrize("layer", ["dense", None, layers.Dense, [layers.Dense(2)]])
@pytest.mark.parametrize("name", ["Wrapper", "TimeDistributed", "SpectralNormalization"])
def test_what_is_no_layer_is_refused(name, layer):
    with pytest.raises(ValueError, match=f"^{name}: layer must be a Layer, got "):
        getattr(layers, name)(layer)


def test_a_bare_one_has_no_call():
    with pytest.raises(NotImplementedError, match="call"):
        layers.Wrapper(layers.Dense(2))(np.ones((2, 3)))


def test_errors_inside_name_both():
    layer = wrappers(maskseq)["Scaled"](layers.Dense(3, name="inside"), name="outside")
    layer(np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"^layer 'inside' \(Dense\) in layer 'outside' \(Scaled"):
        layer(np.ones((2, 5)))


def test_masks_end_at_a_wrapper_that_says_nothing(rng):
    own, x = wrappers(maskseq), rng.normal(size=(3, 6, 2))
    with pytest.warns(UserWarning, match="Scaled.*destroy the mask"):
        y = own["Scaled"](layers.Dense(2))(carrying(maskseq, x, SMALL_MASKS["right"]))
    assert maskseq.get_keras_mask(y) is None
    y = own["Masked"](layers.LSTM(2, return_sequences=True))(
        carrying(maskseq, x, SMALL_MASKS["right"])
    )
    np.testing.assert_array_equal(maskseq.get_keras_mask(y), SMALL_MASKS["right"])


def test_saved_and_loaded(tmp_path, x):
    model = model_of(maskseq)
    model.save(tmp_path / "a.keras")
    with pytest.raises(ValueError, match="Masked"):
        maskseq.load_model(tmp_path / "a.keras")
    again = maskseq.load_model(tmp_path / "a.keras", custom_objects=wrappers(maskseq))
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_from_config_takes_custom_objects_of_what_is_inside():
    class Cell(layers.Layer):
        state_size = 3

        def call(self, inputs, states):
            return states[0], states

    class Inside(layers.Layer):
        def call(self, inputs):
            return inputs

    made = {
        layers.RNN: layers.RNN(Cell()),
        layers.StackedRNNCells: layers.StackedRNNCells([Cell(), layers.GRUCell(2)]),
        layers.Bidirectional: layers.Bidirectional(layers.RNN(Cell())),
        layers.TimeDistributed: layers.TimeDistributed(Inside()),
    }
    for cls, layer in made.items():
        with pytest.raises(ValueError, match="no layer class named '(Cell|Inside)'"):
            cls.from_config(layer.get_config())
        known = {"Cell": Cell, "Inside": Inside}
        assert cls.from_config(layer.get_config(), custom_objects=known).name == layer.name


def test_gradients_of_a_wrapped_layer(rng):
    layer = wrappers(maskseq)["Scaled"](layers.Dense(3, activation="tanh"))
    layer.build((2, 4))
    assert len(maskseq.testing.check_gradients(layer, rng.normal(size=(2, 4)))) == 2


@pytest.mark.slow
def test_model_equals_keras_and_files_go_both_ways(tmp_path, x, rng):
    keras = pytest.importorskip("keras")
    theirs, ours = model_of(keras), model_of(maskseq)
    shapes = [w.shape for w in theirs.weights]
    assert [w.shape for w in ours.weights] == shapes
    theirs.set_weights([np.float32(rng.uniform(0.1, 0.7, size=shape)) for shape in shapes])
    ours.set_weights(theirs.get_weights())
    wanted = theirs.predict(x, verbose=0)
    np.testing.assert_allclose(ours.predict(x), wanted, rtol=2e-6, atol=2e-6)
    theirs.save(tmp_path / "theirs.keras")
    ours.save(tmp_path / "ours.keras")
    read = maskseq.load_model(tmp_path / "theirs.keras", custom_objects=wrappers(maskseq))
    np.testing.assert_array_equal(read.predict(x), ours.predict(x))
    read = keras.models.load_model(tmp_path / "ours.keras", custom_objects=wrappers(keras))
    np.testing.assert_array_equal(read.predict(x, verbose=0), wanted)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Scaled", "Masked"])
def test_call_equals_keras(name, x):
    def make(of):
        package = maskseq if of is layers else twin.keras()
        return wrappers(package)[name](of.GRU(3) if name == "Masked" else of.Dense(3))

    twin.check_eager(make, x, np.array([[1, 1, 0, 0], [0, 1, 1, 1], [1, 1, 1, 1]], bool))


def test_models_from_configs_take_custom_objects_as_in_keras():
    own, inputs = wrappers(maskseq), layers.Input((4,))
    outputs = own["Scaled"](layers.Dense(3), by=-2.0, name="mine")(inputs)
    functional = maskseq.Model(inputs, outputs)
    sequential = maskseq.Sequential([layers.Input((4,)), own["Scaled"](layers.Dense(3), by=-2.0)])
    for model in (functional, sequential):
        with pytest.raises(ValueError, match="Scaled"):
            type(model).from_config(model.get_config())
        for made in (
            type(model).from_config(model.get_config(), custom_objects=own),
            maskseq.models.model_from_json(model.to_json(), custom_objects=own),
        ):
            made.set_weights(model.get_weights())
            x = np.ones((2, 4), np.float32)
            np.testing.assert_array_equal(made.predict(x), model.predict(x))
