"""Which weights of a file belong to which layer: their names, numbers, order and shapes."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.importers import FormatError
from maskseq.importers.hdf5 import read_hdf5
from maskseq.importers.keras.keras2 import config_in_keras3
from maskseq.importers.keras.tree import Tree
from tests.support import hdf5_writer as h5


class File:
    """Groups and float32 datasets, written by hand. Nested dicts are groups."""

    def __init__(self):
        self.writer = h5.Writer()

    def group(self, tree, *attributes):
        members = {}
        for name, value in tree.items():
            if isinstance(value, dict):
                members[name] = self.group(value)
            elif isinstance(value, int):
                members[name] = value
            else:
                raw = np.ascontiguousarray(value, "<f4").tobytes()
                members[name] = self.writer.dataset(np.shape(value), raw)
        return self.writer.group(members, attributes)

    def save(self, path, root):
        path.write_bytes(self.writer.finish(root))
        return path


def a_dense_model(count):
    layers_of_it = [layers.Dense(1, use_bias=False, name=f"d{i}") for i in range(count)]
    return maskseq.Sequential([maskseq.Input((1,)), *layers_of_it])


def test_numbers_in_a_file_count_as_numbers_and_may_have_gaps(tmp_path):
    """As of Keras 2.13: dense_10 comes after dense_9."""
    numbers = [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]
    names = ["dense" + (f"_{n}" if n else "") for n in numbers]
    tree = {name: {"vars": {"0": [[i]]}} for i, name in enumerate(names)}
    file = File()
    path = file.save(tmp_path / "m.weights.h5", file.group({"layers": tree}))
    model = a_dense_model(len(numbers))
    model.load_weights(path)
    assert [float(w[0, 0]) for w in model.get_weights()] == list(range(len(numbers)))


def test_a_weight_of_another_shape_names_its_layer(tmp_path):
    file = File()
    tree = {"dense": {"vars": {"0": [[1]]}}, "dense_1": {"vars": {"0": [[1, 2]]}}}
    path = file.save(tmp_path / "m.weights.h5", file.group({"layers": tree}))
    message = r"layer 'd1' \(Dense\): weight d1/kernel: expected shape \(1, 1\), got \(1, 2\)"
    with pytest.raises(FormatError, match=message):
        a_dense_model(2).load_weights(path)


@pytest.mark.parametrize("beside", [{}, {"layers": {}}])
def test_what_training_keeps_beside_a_model_is_left_alone(beside):
    file = File()
    root = file.group({"optimizer": {"vars": {"0": [1.0]}}, **beside})
    Tree(read_hdf5(file.writer.finish(root), "x"), "x").check_all_taken()


def test_a_legacy_file_has_the_trainable_weights_of_a_layer_first(tmp_path):
    """Those of a frozen layer inside are not trainable: they come behind."""
    inner = maskseq.Sequential(
        [
            layers.Dense(2, use_bias=False),
            layers.Dense(2, use_bias=False, trainable=False),
            layers.BatchNormalization(),
        ],
        name="inner",
    )
    model = maskseq.Sequential([maskseq.Input((2,)), inner])
    stored = {  # gamma and beta train; so does the first kernel; what follows does not
        "a": np.full((2, 2), 1),
        "b": [2, 2],
        "c": [3, 3],
        "d": np.full((2, 2), 4),
        "e": [5, 5],
        "f": [6, 6],
    }
    file = File()
    names = h5.texts("weight_names", [name.encode() for name in stored])
    holder = file.group(stored, names)
    root = file.group({"inner": holder}, h5.texts("layer_names", [b"inner"]))
    model.load_weights(file.save(tmp_path / "m.h5", root))
    found = [float(np.ravel(w)[0]) for w in model.get_weights()]
    assert found == [1, 4, 2, 3, 5, 6]  # kernel, frozen kernel, gamma, beta, mean, variance


def test_a_legacy_file_has_long_lists_of_names_in_parts(tmp_path):
    file = File()
    names = [f"d{i}" for i in range(3)]
    groups = {
        name: file.group({"kernel": [[i]]}, h5.texts("weight_names", [b"kernel"]))
        for i, name in enumerate(names)
    }
    parts = [h5.texts(f"layer_names{i}", [name.encode()]) for i, name in enumerate(names)]
    model = a_dense_model(3)
    model.load_weights(file.save(tmp_path / "m.h5", file.group(groups, *parts)))
    assert [float(w[0, 0]) for w in model.get_weights()] == [0, 1, 2]


@pytest.mark.parametrize(
    "class_name, config, reset_after",
    [
        ("GRU", {}, False),
        ("GRUCell", {}, False),
        ("GRU", {"reset_after": True}, True),
        ("CuDNNGRU", {}, True),
    ],
)
def test_a_gru_without_a_word_on_it_is_of_keras_2_1_and_resets_before(
    class_name, config, reset_after
):
    assert config_in_keras3(class_name, {"units": 2, **config})["reset_after"] is reset_after
