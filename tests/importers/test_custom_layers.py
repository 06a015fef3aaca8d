"""Classes of the caller's for layers in a file: by the file's name, with all that is in them."""

import json
import zipfile

import numpy as np
import pytest

from maskseq import Layer, layers, load_model
from maskseq.importers import UnsupportedLayerError
from tests.importers.test_unread_weights import SOURCE, dense, entry, file_of


@pytest.fixture
def keras_file(tmp_path):
    """keras_file(layers, tree of weights, version) -> path."""

    def keras_file(items, tree, version="3.15.1"):
        path = tmp_path / "model.keras"
        config = {"class_name": "Sequential", "config": {"name": "m", "layers": [SOURCE, *items]}}
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("metadata.json", json.dumps({"keras_version": version}))
            file.writestr("config.json", json.dumps(config))
            file.writestr("model.weights.h5", file_of({"layers": tree}))
        return path

    return keras_file


class Gate(Layer):
    """Holds a layer and a list of layers, which the file describes."""

    def __init__(self, mix, more=(), factor=1.0, **options):
        super().__init__(**options)
        self.mix, self.more, self.factor = mix, list(more), factor

    def call(self, x):
        for layer in (self.mix, *self.more):
            x = layer(x)
        return x * self.factor


def test_class_of_another_name_takes_the_weights_of_the_name_in_the_file(keras_file):
    inner = entry("Dense", name="d", units=2)
    config = {"name": "a", "mix": inner, "more": [inner, entry("Theirs", name="t", units=2)]}
    item = {"module": "their.code", "class_name": "TheirGate", "config": config,
            "registered_name": "theirs>TheirGate"}  # fmt: skip
    tree = {
        "their_gate": {
            "mix": dense(3, 2),
            "more": {"dense": dense(2, 2), "theirs": dense(2, 2)},
        }
    }

    class Mine(layers.Dense):
        pass

    given = {"TheirGate": Gate, "Theirs": Mine}
    model = load_model(keras_file([item], tree), custom_layers=given)
    gate = model.layers[0]
    assert type(gate) is Gate and type(gate.more[1]) is Mine and len(model.weights) == 6


def test_class_given_for_a_known_name_is_used(keras_file):
    class Half(Layer):
        def __init__(self, units, activation="linear", **options):
            super().__init__(name=options["name"])
            self.units, self.activation = units, activation

        def call(self, x):
            return x / 2

    item = entry("Dense", name="d", units=2, activation="relu")
    model = load_model(keras_file([item], {}), custom_layers={"Dense": Half})
    assert model.layers[0].units == 2
    np.testing.assert_array_equal(model(np.ones((1, 2, 3), np.float32)), np.full((1, 2, 3), 0.5))


class Wide(layers.LSTM):
    """With an argument of its own, and one of its base that it hides."""

    def __init__(self, units, scale=1.0, recurrent_activation="tanh", **options):
        super().__init__(units, recurrent_activation=recurrent_activation, **options)
        self.scale = scale


OLD = {
    "units": 2, "scale": 2.5, "recurrent_activation": "hard_sigmoid", "time_major": False,
    "activation": "hard_sigmoid", "implementation": 1, "dtype": "float32", "trainable": True,
    "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
}  # fmt: skip
LSTM = {"wide": {"cell": {"vars": {"0": (3, 8), "1": (2, 8), "2": (8,)}}}}


def test_class_derived_from_a_layer_is_translated_like_it(keras_file):
    path = keras_file([entry("Wide", name="w", **OLD)], LSTM, "2.15.0")
    layer = load_model(path, custom_layers={"Wide": Wide}).layers[0]
    assert layer.scale == 2.5 and layer.mask_rule == "keras2"
    cell = layer.cell
    names = cell.activation.__name__, cell.recurrent_activation.__name__
    assert names == ("hard_sigmoid_keras2",) * 2
    path = keras_file([entry("Wide", name="w", **{**OLD, "time_major": True})], LSTM, "2.15.0")
    with pytest.raises(UnsupportedLayerError, match=r"'w' \(Wide\): time_major=True"):
        load_model(path, custom_layers={"Wide": Wide})


def test_class_from_nothing_of_ours_gets_what_is_in_the_file(keras_file):
    seen = {}

    class Own(Layer):
        def __init__(self, **options):
            seen.update(options)
            super().__init__(name=options.pop("name"))

        def call(self, x):
            return x

    item = entry("Own", name="o", batch_input_shape=[None, 3], size={"a": [1, 2]}, dtype="float32")
    load_model(keras_file([item], {}), custom_layers={"Own": Own})
    assert seen == {"name": "o", "batch_input_shape": [None, 3], "size": {"a": [1, 2]}}


def test_initializers_regularizers_and_constraints_are_no_layers(keras_file):
    """An initializer may have the name of a layer."""

    class Own(Layer):
        def __init__(self, kernel_initializer, kernel_regularizer, kernel_constraint, **options):
            super().__init__(**options)
            self.given = kernel_initializer, kernel_regularizer, kernel_constraint

        def call(self, x):
            return x

    same = {"module": "keras.initializers", "class_name": "Identity", "config": {"gain": 2.0}}
    item = entry(
        "Own", name="o", kernel_initializer=same, kernel_regularizer=same, kernel_constraint=same
    )
    model = load_model(keras_file([item], {}), custom_layers={"Own": Own})
    assert model.layers[0].given == (same, same, same)


def test_without_a_class_the_error_proposes_one(keras_file):
    with pytest.raises(UnsupportedLayerError, match=r"'o' is a Own.*custom_layers=\{'Own': \.\.\."):
        load_model(keras_file([entry("Own", name="o")], {}))
