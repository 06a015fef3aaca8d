"""Every array in a file is read, or named in an error, however deep it lies; and the other way."""

import copy
import json
import zipfile

import numpy as np
import pytest

import maskseq
from maskseq import layers, load_model, read_weights
from maskseq.importers import FormatError
from tests.support import hdf5_writer as h5


def file_of(tree):
    """Nested dicts as groups; a shape as a dataset."""
    writer = h5.Writer()

    def put(value):
        if isinstance(value, dict):
            return writer.group({name: put(inner) for name, inner in value.items()})
        return writer.dataset(value)

    return writer.finish(put(tree))


def dense(inputs, units):
    return {"vars": {"0": (inputs, units), "1": (units,)}}


def entry(class_name, **config):
    return {"module": "keras.layers", "class_name": class_name, "config": config,
            "registered_name": None}  # fmt: skip


DENSE = entry("Dense", name="inner", units=2)
SOURCE = entry("InputLayer", name="i", batch_shape=[None, None, 3], dtype="float32")
LAYERS = [
    SOURCE,
    entry("TimeDistributed", name="td", layer=DENSE),
    entry("RNN", name="rnn", cell=entry("StackedRNNCells", name="s", cells=[
        entry("GRUCell", name="g", units=2), entry("SimpleRNNCell", name="r", units=2)])),
]  # fmt: skip
GRU = {"vars": {"0": (2, 6), "1": (2, 6), "2": (2, 6)}}
SIMPLE = {"vars": {"0": (2, 2), "1": (2, 2), "2": (2,)}}


def good():
    tree = {
        "layers": {
            "time_distributed": {"layer": dense(3, 2), "vars": {}},
            "rnn": {"cell": {"cells": {"gru_cell": GRU, "simple_rnn_cell": SIMPLE}}},
        },
        "optimizer": {"vars": {"0": (3,)}},
        "vars": {},
    }
    return copy.deepcopy(tree)


@pytest.fixture
def keras_file(tmp_path):
    def keras_file(tree):
        path = tmp_path / "model.keras"
        config = {"module": "keras", "class_name": "Sequential", "registered_name": None,
                  "config": {"name": "m", "layers": LAYERS}}  # fmt: skip
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
            file.writestr("config.json", json.dumps(config))
            file.writestr("model.weights.h5", file_of(tree))
        return path

    return keras_file


def test_a_whole_file_loads_without_what_training_keeps(keras_file):
    tree = good()
    tree["layers"]["time_distributed"]["layer"]["seed_generator"] = {"vars": {"0": (2,)}}
    path = keras_file(tree)
    assert len(load_model(path).weights) == 8
    assert len(read_weights(path)) == 8


@pytest.mark.parametrize(
    "at, name",
    [
        ((), "extra"),
        (("layers",), "lstm"),
        (("layers", "time_distributed"), "other"),
        (("layers", "time_distributed", "layer"), "kernel_quantizer"),
        (("layers", "rnn", "cell", "cells"), "gru_cell_1"),
        (("layers", "rnn", "cell", "cells", "gru_cell"), "optimizer"),
        (("layers", "rnn"), "metrics"),
    ],
)
def test_weights_that_nothing_reads_are_named(keras_file, at, name):
    tree = good()
    group = tree
    for part in at:
        group = group[part]
    group[name] = dense(1, 1)
    place = "/".join((*at, name))
    with pytest.raises(FormatError, match=f"no layer reads, .*'{place}/vars/0', '{place}/vars/1'"):
        load_model(keras_file(tree))


def test_a_dataset_beside_those_of_a_layer_is_told(keras_file):
    tree = good()
    tree["layers"]["time_distributed"]["layer"]["vars"]["7"] = (1,)
    with pytest.raises(FormatError, match=r"weights \['0', '1', '7'\] at layers/time_distributed"):
        load_model(keras_file(tree))


class Hidden(maskseq.Layer):
    """Keeps its layers where Keras's saving does not look."""

    def build(self, input_shape):
        self.inner = {"deep": [layers.Dense(2)]}
        self.inner["deep"][0].build(input_shape)

    def call(self, x):
        return self.inner["deep"][0](x)


def test_weights_of_the_model_that_the_file_has_not_are_named(tmp_path):
    path = tmp_path / "m.weights.h5"
    path.write_bytes(file_of({"layers": {"hidden": {"vars": {}}}, "vars": {}}))
    model = maskseq.Sequential([maskseq.Input((3,)), Hidden()])
    before = model.get_weights()
    with pytest.raises(FormatError, match="no weights for .*kernel"):
        model.load_weights(path)
    for ours, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, kept)


def legacy(weights, listed, layers_listed=("dense",)):
    writer = h5.Writer()
    sets = {name: writer.dataset(shape) for name, shape in weights.items()}
    names = h5.texts("weight_names", [name.encode() for name in listed])
    holder = writer.group(sets, [names])
    listed_layers = h5.texts("layer_names", [name.encode() for name in layers_listed])
    optimizer = writer.group({"iterations": writer.dataset((1,))})
    group = writer.group({"dense": holder, "optimizer_weights": optimizer}, [listed_layers])
    return writer.finish(group)


def test_weights_that_a_legacy_file_does_not_list_are_named(tmp_path):
    path = tmp_path / "m.h5"
    model = maskseq.Sequential([maskseq.Input((3,)), layers.Dense(2)])
    both = {"kernel": (3, 2), "bias": (2,)}
    path.write_bytes(legacy(both, ["kernel", "bias"]))
    model.load_weights(path)
    path.write_bytes(legacy({**both, "scale": (2,)}, ["kernel", "bias"]))
    with pytest.raises(FormatError, match=r"no layer lists, \['dense/scale'\]"):
        model.load_weights(path)


def test_groups_that_lead_to_one_another_take_no_time(tmp_path):
    """Two names each lead to the same group, twenty times: a million paths."""
    writer = h5.Writer()
    inside = writer.group({"vars": writer.group({"0": writer.dataset((1,))})})
    for _ in range(20):
        inside = writer.group({"a": inside, "b": inside})
    path = tmp_path / "m.weights.h5"
    path.write_bytes(writer.finish(writer.group({"layers": inside})))
    with pytest.raises(FormatError, match="more than"):
        read_weights(path)
    deep = writer.group({})
    for _ in range(200):
        deep = writer.group({"a": deep})
    path.write_bytes(writer.finish(deep))
    with pytest.raises(FormatError, match="nested too deep"):
        read_weights(path)
