"""Keras opens what we write, and answers the same."""

import numpy as np
import pytest

import maskseq
from maskseq.layers.base.table import IN_KERAS, names_in
from maskseq.nest import flatten
from maskseq.testing.examples import EXAMPLES
from tests.savers.test_saving import NAMES, model_of, shared_and_nested

pytest.importorskip("jax")
keras = pytest.importorskip("keras", minversion="3.0")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

KNOWN = set(names_in(IN_KERAS))
NEED_TENSORFLOW = {"Hashing", "IntegerLookup", "StringLookup", "TextVectorization"}


KERAS_FAILS = {
    "SpectralNormalization(Embedding)",  # it makes the answers integers, as the ids are
    "ThresholdedReLU",  # of Keras 2
}


def is_known(name):
    kind = type(EXAMPLES[name].make()).__name__
    return kind in KNOWN - NEED_TENSORFLOW and name not in KERAS_FAILS


@pytest.mark.parametrize("name", [name for name in NAMES if is_known(name)])
def test_keras_opens_every_layer(tmp_path, name):
    model, inputs = model_of(name)
    model.save(tmp_path / "model.keras")
    theirs = keras.models.load_model(tmp_path / "model.keras")
    given = inputs if len(inputs) > 1 else inputs[0]
    expected = theirs.predict(given, verbose=0)
    for ours, keras_answer in zip(flatten(model.predict(given)), flatten(expected), strict=True):
        np.testing.assert_allclose(ours, keras_answer, rtol=1e-5, atol=1e-5)
    for ours, kept in zip(model.get_weights(), weights_of(theirs), strict=True):
        np.testing.assert_array_equal(ours, kept)


def weights_of(theirs):
    """The weights of a model of Keras without the states of random generators."""
    return [np.asarray(w) for w in theirs.weights if "seed_generator" not in w.path]


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_keras_opens_shared_and_nested_layers(tmp_path, ending):
    model = shared_and_nested()
    model.save(tmp_path / f"model{ending}")
    theirs = keras.models.load_model(tmp_path / f"model{ending}", compile=False)
    ids = np.array([[1, 2, 3, 0], [4, 0, 0, 0], [5, 6, 7, 8]])
    expected = theirs.predict(ids, verbose=0)
    ours = model.predict(ids)
    for key in ("a", "b"):
        np.testing.assert_allclose(ours[key], expected[key], rtol=1e-5, atol=1e-5)


def test_keras_takes_weights_alone(tmp_path):
    model = shared_and_nested()
    model.save(tmp_path / "model.keras")
    theirs = keras.models.load_model(tmp_path / "model.keras")
    model.set_weights([w + 0.25 for w in model.get_weights()])
    model.save_weights(tmp_path / "model.weights.h5")
    theirs.load_weights(tmp_path / "model.weights.h5")
    for ours, kept in zip(model.get_weights(), weights_of(theirs), strict=True):
        np.testing.assert_array_equal(ours, kept)


def test_keras_names_the_loss_that_it_lacks(tmp_path):
    model = maskseq.Sequential([maskseq.Input((None, 4)), maskseq.layers.Dense(3)])
    model.compile("sgd", "crf")
    model.save(tmp_path / "model.keras")
    with pytest.raises(TypeError, match="Could not locate class 'CRF'.*'maskseq.losses'"):
        keras.models.load_model(tmp_path / "model.keras")
    assert keras.models.load_model(tmp_path / "model.keras", compile=False).built


@pytest.mark.parametrize("loss", ["mse", ["mse"], maskseq.losses.Huber(0.5)])
def test_keras_opens_a_compiled_legacy_file(tmp_path, loss):
    """Its optimizer begins anew, as that of Keras's own file does."""
    model = maskseq.Sequential([maskseq.Input((4,)), maskseq.layers.Dense(2)])
    model.compile(maskseq.optimizers.AdamW(0.02, clipnorm=1.0), loss, metrics=["mae"])
    x, y = np.ones((4, 4)), np.ones((4, 2))
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.h5")
    theirs = keras.models.load_model(tmp_path / "model.h5")
    assert theirs.optimizer.get_config()["clipnorm"] == 1.0
    expected = theirs.evaluate(x, y, verbose=0)
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), expected[:2], rtol=1e-5)
    theirs.fit(x, y, verbose=0)


def test_keras_takes_a_weight_that_was_frozen_alone(tmp_path):
    model = maskseq.Sequential([maskseq.Input((3,)), maskseq.layers.LayerNormalization()])
    model.set_weights([[1, 2, 3], [4, 5, 6]])
    model.layers[0].gamma.trainable = False
    for ending in (".keras", ".h5"):
        model.save(tmp_path / f"model{ending}")
        theirs = keras.models.load_model(tmp_path / f"model{ending}")
        for ours, kept in zip(model.get_weights(), weights_of(theirs), strict=True):
            np.testing.assert_array_equal(ours, kept)
