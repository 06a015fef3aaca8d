"""load_model has Keras's arguments and places; files name classes and functions of users."""

import io
import subprocess
import sys

import numpy as np
import pytest

import maskseq
from maskseq import layers, losses, models, ops, saving


class Scaled(layers.Layer):
    def __init__(self, by=2.0, **kwargs):
        super().__init__(**kwargs)
        self.by = by

    def call(self, inputs):
        return inputs * self.by


class Own(maskseq.Model):
    """A model of a graph, with a class of its own."""


def bent(x):
    return ops.maximum(x, 0.25 * x)


def far(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


X = np.arange(12, dtype=np.float32).reshape(2, 3, 2) / 5 - 1


def net(cls=maskseq.Model, scaled=Scaled, activation="tanh"):
    source = layers.Input((3, 2))
    y = layers.Dense(4, activation=activation)(scaled(3.0)(source))
    return cls(source, layers.LSTM(2)(y))


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_open_files_are_read_like_paths(tmp_path, ending):
    model = maskseq.Sequential([layers.Input((3, 2)), layers.LSTM(2)])
    model.save(path := tmp_path / f"net{ending}")
    with open(path, "rb") as file:
        assert np.array_equal(models.load_model(file)(X), model(X))
    raw = io.BytesIO(path.read_bytes())
    assert np.array_equal(saving.load_model(raw, compile=False, safe_mode=True)(X), model(X))


def test_weights_of_an_open_file_fill_a_config_in_another(tmp_path):
    model = maskseq.Sequential([layers.Input((3, 2)), layers.LSTM(2)])
    model.save_weights(tmp_path / "net.weights.h5")
    config = io.BytesIO(model.to_json().encode())
    with open(tmp_path / "net.weights.h5", "rb") as weights:
        assert np.array_equal(maskseq.load_model(config, weights=weights)(X), model(X))


def test_an_open_file_that_is_no_model_is_an_error_that_names_it(tmp_path):
    with pytest.raises(ValueError, match="the file"):
        maskseq.load_model(io.BytesIO(b"PK\3\4 and no more"))
    (path := tmp_path / "odd.keras").write_bytes(b"PK\3\4 and no more")
    with open(path, "rb") as file, pytest.raises(ValueError, match=r"odd\.keras"):
        maskseq.load_model(file)
    with pytest.raises(TypeError, match="opened in binary mode"):
        maskseq.load_model(io.StringIO("{}"))  # pyright: ignore[reportArgumentType]


def test_classes_and_functions_are_given_by_their_names(tmp_path):
    model = net(Own, activation=bent)
    model.compile("sgd", loss=far, metrics=[far])
    model.save(tmp_path / "net.keras")
    with pytest.raises(ValueError, match="Own"):
        maskseq.load_model(tmp_path / "net.keras")
    known = {"Own": Own, "Scaled": Scaled, "bent": bent, "far": far, "unused": far}
    again = maskseq.load_model(tmp_path / "net.keras", custom_objects=known)
    assert type(again) is Own and np.array_equal(again(X), model(X))
    found = [
        m.evaluate(X, np.ones((2, 2), np.float32), return_dict=True, verbose=0)
        for m in (model, again)
    ]
    assert found[0] == found[1]
    with saving.custom_object_scope(known):
        assert np.array_equal(maskseq.load_model(tmp_path / "net.keras")(X), model(X))
    with pytest.raises(ValueError, match="Own"):
        maskseq.load_model(tmp_path / "net.keras")


def test_what_is_registered_is_found(tmp_path):
    registered = saving.register_keras_serializable("tests")(type("Twice", (Scaled,), {}))
    assert saving.get_registered_name(registered) == "tests>Twice"
    assert saving.get_registered_object("tests>Twice") is registered
    model = net(scaled=registered)
    assert '"registered_name": "tests>Twice"' in model.to_json()
    model.save(tmp_path / "net.keras")
    assert np.array_equal(maskseq.load_model(tmp_path / "net.keras")(X), model(X))
    assert type(maskseq.Model.from_config(model.get_config()).layers[1]) is registered
    with pytest.raises(ValueError, match="tests>Twice is registered already"):
        saving.register_keras_serializable("tests", "Twice")(Own)
    del saving.get_custom_objects()["tests>Twice"]


def test_registered_losses_are_found(tmp_path):
    @saving.register_keras_serializable()
    class Far(losses.Loss):
        def call(self, y_true, y_pred):
            return far(y_true, y_pred)

    model = maskseq.Sequential([layers.Input((3, 2)), layers.LSTM(2)])
    model.compile("sgd", loss=Far())
    assert model.get_compile_config() is not None
    model.save(tmp_path / "net.keras")
    again = maskseq.load_model(tmp_path / "net.keras")
    y = np.ones((2, 2), np.float32)
    assert again.evaluate(X, y, verbose=0) == model.evaluate(X, y, verbose=0)
    del saving.get_custom_objects()["Custom>Far"]


def test_package_runs_as_the_command():
    run = [sys.executable, "-m", "maskseq", "--version"]
    found = subprocess.run(run, capture_output=True, text=True, check=True)
    assert maskseq.__version__ in found.stdout


@pytest.mark.slow
def test_keras_reads_registered_classes_that_are_saved_here(tmp_path):
    keras = pytest.importorskip("keras")
    pytest.importorskip("h5py")

    class Twice(Scaled):
        pass

    class Theirs(keras.layers.Layer):
        def __init__(self, by=2.0, **kwargs):
            super().__init__(**kwargs)
            self.by = by

        def call(self, inputs):
            return inputs * self.by

    saving.register_keras_serializable("tests", "Twice")(Twice)
    keras.saving.register_keras_serializable("tests", "Twice")(Theirs)
    model = net(scaled=Twice)
    model.save(tmp_path / "net.keras")
    theirs = keras.models.load_model(tmp_path / "net.keras", compile=False)
    np.testing.assert_allclose(np.asarray(theirs(X)), model(X), atol=1e-6)
    theirs.save(tmp_path / "theirs.keras")
    again = maskseq.load_model(tmp_path / "theirs.keras")
    np.testing.assert_allclose(again(X), model(X), atol=1e-6)
    del saving.get_custom_objects()["tests>Twice"]
