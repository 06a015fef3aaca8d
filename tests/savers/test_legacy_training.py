"""What a legacy `.h5` file says about training is kept when it is loaded, of Keras 2 too."""

import json
import zipfile

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.savers.hdf5 import hdf5_bytes
from maskseq.savers.legacy import legacy_tree


def test_a_compiled_legacy_file_is_compiled_when_it_is_loaded(tmp_path):
    x, y, path = np.ones((4, 3), np.float32), np.zeros((4, 1)), tmp_path / "model.h5"
    model = maskseq.Sequential([maskseq.Input((3,)), layers.Dense(1)])
    schedule = maskseq.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    optimizer = maskseq.optimizers.SGD(schedule, momentum=0.9)
    model.compile(optimizer, maskseq.losses.Huber(0.5), metrics=["mae"])
    model.save(path)
    told = model.evaluate(x, y, verbose=0)
    assert maskseq.load_model(path).evaluate(x, y, verbose=0) == told
    assert not maskseq.load_model(path, compile=False).compiled
    again = maskseq.load_model(path)
    again.save(tmp_path / "model.keras")  # not trained meanwhile: as the file had it
    again = maskseq.load_model(tmp_path / "model.keras")
    again.fit(x, y, verbose=0)
    model.fit(x, y, verbose=0)
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])
    assert again.optimizer.momentum == 0.9


def with_training(model, path, training):
    """The model in a legacy file with this `training_config`."""
    root = legacy_tree(model, json.loads(model.to_json()), "2.15.0")
    root.attributes["training_config"] = training
    path.write_bytes(hdf5_bytes(root))
    return path


@pytest.mark.parametrize("kind", ["SGD", "Custom>SGD"])
def test_what_keras_2_compiled_is_compiled(tmp_path, kind):
    x, y = np.float32([[1, 2], [3, 4]]), np.array([[1.0], [0.0]])
    model = maskseq.Sequential([maskseq.Input((2,)), layers.Dense(1, activation="sigmoid")])
    optimizer = {"name": "SGD", "lr": 0.5, "decay": 0.0, "momentum": 0.0, "nesterov": False}
    options = {"from_logits": False, "label_smoothing": 0.1, "reduction": "auto", "name": "bce"}
    options["fn"] = "binary_crossentropy"
    metric = {"name": "accuracy", "dtype": "float32", "fn": "binary_accuracy"}
    training = {
        "optimizer_config": {
            "class_name": kind,
            "config": {**optimizer, "jit_compile": False, "is_legacy_optimizer": False},
        },
        "loss": {"class_name": "BinaryCrossentropy", "config": options},
        "metrics": [[{"class_name": "MeanMetricWrapper", "config": metric}]],
        "weighted_metrics": None,
        "loss_weights": None,
        "sample_weight_mode": None,
    }
    again = maskseq.load_model(with_training(model, tmp_path / "m.h5", json.dumps(training)))
    model.compile(
        maskseq.optimizers.SGD(0.5),
        maskseq.losses.BinaryCrossentropy(label_smoothing=0.1),
        metrics=["accuracy"],
    )
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    assert again.metrics_names == ["loss", "accuracy"]
    for trained in (again, model):
        trained.fit(x, y, verbose=0)
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def test_of_a_keras_file_of_keras_2_the_optimizer_begins_anew(tmp_path):
    """It lists its variables in another order there, and the learning rate not at all."""
    x, y = np.ones((4, 3), np.float32), np.zeros((4, 1))
    model = maskseq.Sequential([maskseq.Input((3,)), layers.Dense(1)])
    model.compile("adam", maskseq.losses.Huber(2.0))
    model.fit(x, y, epochs=3, verbose=0)
    model.save(tmp_path / "new.keras")
    with (
        zipfile.ZipFile(tmp_path / "new.keras") as new,
        zipfile.ZipFile(tmp_path / "old.keras", "w") as old,
    ):
        config = json.loads(new.read("config.json"))
        config["compile_config"]["optimizer"]["config"]["jit_compile"] = False
        loss = {"reduction": "auto", "name": "huber", "fn": "huber", "delta": 2.0}
        kind = {"module": "keras.losses", "class_name": "Huber", "registered_name": None}
        config["compile_config"]["loss"] = {**kind, "config": loss}
        written = {
            "metadata.json": '{"keras_version": "2.15.0"}',
            "config.json": json.dumps(config),
        }
        for name in new.namelist():
            old.writestr(name, written.get(name, new.read(name)))
    again = maskseq.load_model(tmp_path / "old.keras")
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    again.fit(x, y, verbose=0)
    model.compile("adam", maskseq.losses.Huber(2.0))
    model.fit(x, y, verbose=0)
    assert int(again.optimizer.iterations) == 1
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def test_a_training_that_is_not_known_here_is_told_when_it_is_wanted(tmp_path):
    model = maskseq.Sequential([maskseq.Input((2,)), layers.Dense(1)])
    unknown = {"optimizer_config": {"class_name": "Adafactor", "config": {}}, "loss": "mse"}
    loaded = maskseq.load_model(with_training(model, tmp_path / "m.h5", json.dumps(unknown)))
    x = np.ones((1, 2), np.float32)
    np.testing.assert_array_equal(loaded.predict(x), model.predict(x))
    with pytest.raises(ValueError, match="cannot be compiled as it was saved.*Adafactor"):
        loaded.evaluate(x, x[:, :1])
    with pytest.raises(maskseq.importers.FormatError, match="training_config"):
        maskseq.load_model(with_training(model, tmp_path / "m.h5", "{"))
    without = with_training(model, tmp_path / "m.h5", '{"loss": "mse"}')
    assert not maskseq.load_model(without).compiled
