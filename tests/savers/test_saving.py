"""Models are written so that they come back whole: layers, weights, vocabularies, every bit."""

import errno
import io
import json
import os
import zipfile

import numpy as np
import pytest

import maskseq
from maskseq import layers, load_model
from maskseq.importers.hdf5 import read_hdf5
from maskseq.layers.base.table import IN_KERAS, names_in
from maskseq.nest import flatten
from maskseq.savers.hdf5 import Group, hdf5_bytes
from maskseq.testing.examples import EXAMPLES

pytestmark = pytest.mark.filterwarnings("ignore")


def model_of(name):
    """The example of a layer as a model with odd weights."""
    example = EXAMPLES[name]
    fixed = "axis=[1, 2]" in name  # its weights hang on time
    inputs = [
        maskseq.Input(x.shape[1:] if fixed or x.ndim < 3 else (None, *x.shape[2:]), dtype=_kind(x))
        for x in example.inputs
    ]
    layer = example.make()
    if example.call is not None:
        outputs = example.call(layer, *inputs)
    else:
        outputs = layer(inputs if len(inputs) > 1 else inputs[0])
    model = maskseq.Model(inputs, outputs)
    rng = np.random.default_rng(3)
    model.set_weights([rng.random(w.shape) for w in model.get_weights()])
    return model, list(example.inputs)


def _kind(x):
    return "string" if x.dtype.kind in "OU" else str(x.dtype)


SKIPPED = {"Lambda"}  # a function of a user's is in no file
NAMES = [name for name in EXAMPLES if name.split("(")[0].split(",")[0] not in SKIPPED]


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", NAMES)
def test_every_layer_comes_back(tmp_path, name, ending):
    model, inputs = model_of(name)
    path = tmp_path / f"model{ending}"
    model.save(path)
    again = load_model(path)
    assert again.to_json() == model.to_json()
    for ours, kept in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, kept, strict=True)
    expected, got = model.predict(inputs), again.predict(inputs)
    for a, b in zip(flatten(got), flatten(expected), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", NAMES)
def test_weights_of_every_layer_come_back(tmp_path, name):
    model, _ = model_of(name)
    kept = model.get_weights()
    model.save_weights(tmp_path / "model.weights.h5")
    model.set_weights([w * 0 for w in kept])
    model.load_weights(tmp_path / "model.weights.h5")
    for ours, before in zip(model.get_weights(), kept, strict=True):
        np.testing.assert_array_equal(ours, before)


def shared_and_nested():
    inner = maskseq.Sequential(
        [maskseq.Input((None, 4)), layers.LSTM(3, return_sequences=True)], name="inner"
    )
    ids = maskseq.Input((None,), dtype="int32", name="ids")
    x = layers.Embedding(9, 4, mask_zero=True)(ids)
    shared = layers.Dense(4, name="shared")
    x = layers.Add()([shared(x), shared(shared(x))])
    return maskseq.Model(ids, {"a": inner(x), "b": layers.GRU(2)(x * 2.0)}, name="outer")


def test_shared_and_nested_layers_come_back(tmp_path):
    model = shared_and_nested()
    lists = [[1, 2, 3], [4], [5, 6, 7, 8, 0, 1]]
    model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    for key, expected in model.predict(lists).items():
        np.testing.assert_array_equal(again.predict(lists)[key], expected)


def test_archive_has_the_members_that_keras_writes(tmp_path):
    shared_and_nested().save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert {x.compress_type for x in archive.infolist()} == {zipfile.ZIP_STORED}
        metadata = json.loads(archive.read("metadata.json"))
        root = read_hdf5(archive.read("model.weights.h5"), "model.weights.h5")
    assert metadata["keras_version"].startswith("3.")
    assert root["layers/dense/vars"].attribute("name") == "shared"
    assert root["layers/sequential/layers/lstm/cell/vars/0"].shape == (4, 12)


def test_vocabulary_learnt_is_in_the_file(tmp_path):
    layer = layers.TextVectorization()
    layer.adapt(["the cat sat", "the dog"])
    model = maskseq.Sequential([maskseq.Input((1,), dtype="string"), layer])
    model.save(tmp_path / "text.keras")
    again = load_model(tmp_path / "text.keras")
    assert again.layers[-1].get_vocabulary() == layer.get_vocabulary()


@pytest.mark.parametrize("path", ["model", "model.h5.keras.txt", "model.weights.h5", "m.weights"])
def test_other_endings_are_refused(tmp_path, path):
    with pytest.raises(ValueError, match=r"must end in .keras or .h5 or .safetensors, got"):
        shared_and_nested().save(tmp_path / path)
    with pytest.raises(ValueError, match=r"must end in .weights.h5, got"):
        shared_and_nested().save_weights(tmp_path / path.replace("weights.h5", "h5"))
    assert not list(tmp_path.iterdir())


def test_unbuilt_model_says_what_to_do(tmp_path):
    with pytest.raises(ValueError, match="must be built before it is saved"):
        maskseq.Sequential([layers.Dense(2)]).save(tmp_path / "model.keras")


def test_overwrite_false_keeps_what_is_there(tmp_path):
    path = tmp_path / "model.keras"
    path.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        shared_and_nested().save(path, overwrite=False)
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
def test_full_disk_leaves_the_old_file(tmp_path, monkeypatch, ending):
    path = tmp_path / f"model{ending}"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    model = shared_and_nested()
    save = model.save_weights if ending == ".weights.h5" else model.save
    with pytest.raises(OSError, match="No space"):
        save(path)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def with_unknown_loss(path):
    """A file that a loss of the user's was compiled into, and a state of its optimizer."""
    model = maskseq.Sequential([maskseq.Input((3,)), layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3), np.float32), np.ones((4, 1), np.float32), verbose=0)
    model.save(path)
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()}
    config = json.loads(members["config.json"])
    config["compile_config"]["loss"] = "my\x1bloss"
    members["config.json"] = json.dumps(config)
    with zipfile.ZipFile(path, "w") as file:
        for name, body in members.items():
            file.writestr(name, body)
    return config["compile_config"]


def test_training_that_is_not_known_here_is_told_each_time_and_saved_as_it_was(tmp_path):
    compiled = with_unknown_loss(tmp_path / "a.keras")
    model = load_model(tmp_path / "a.keras")
    for _ in range(2):
        with pytest.raises(ValueError, match=r"a\.keras: .* cannot be compiled .*my\\x1bloss"):
            model.evaluate(np.ones((1, 3), np.float32), np.ones((1, 1), np.float32))
    model.save(tmp_path / "b.keras")
    with zipfile.ZipFile(tmp_path / "b.keras") as file:
        assert json.loads(file.read("config.json"))["compile_config"] == compiled
        root = read_hdf5(file.read("model.weights.h5"), "b")
    with zipfile.ZipFile(tmp_path / "a.keras") as file:
        before = read_hdf5(file.read("model.weights.h5"), "a")["optimizer/vars"]
    assert root["optimizer/vars"].attribute("name") == before.attribute("name") == "adam"
    assert sorted(root["optimizer/vars"]) == sorted(before)
    for name in before:
        np.testing.assert_array_equal(root[f"optimizer/vars/{name}"].read(), before[name].read())
    model.save(tmp_path / "c.h5")
    model.compile("sgd", "mse")
    model.fit(np.ones((1, 3), np.float32), np.ones((1, 1), np.float32), verbose=0)


def test_layers_that_keras_lacks_are_named(tmp_path):
    model = maskseq.Sequential([maskseq.Input((None, 4)), layers.LastStep()])
    with pytest.warns(UserWarning, match="LastStep are layers of maskseq"):
        model.save(tmp_path / "model.keras")
    assert "LastStep" not in names_in(IN_KERAS)


@pytest.mark.parametrize("given", ["crf", maskseq.losses.CRF, maskseq.losses.CRF("sum", "mine")])
def test_a_loss_that_keras_lacks_is_named_and_comes_back(rng, tmp_path, given):
    x, y = rng.standard_normal((2, 5, 4)).astype(np.float32), rng.integers(0, 3, (2, 5))
    tagger = [maskseq.Input((None, 4)), layers.Dense(3), layers.CRF(name="tags")]
    model = maskseq.Sequential(tagger)
    model.compile("sgd", {"tags": given} if given == "crf" else given, metrics=["accuracy"])
    expected = model.train_on_batch(x, y), model.evaluate(x, y, verbose=0)
    with pytest.warns(UserWarning, match="CRF are layers of maskseq and CRF in compile is of mas"):
        model.save(tmp_path / "model.keras")
    again = load_model(tmp_path / "model.keras")
    assert again.evaluate(x, y, verbose=0) == expected[1]
    written = again.get_compile_config()["loss"]
    written = written.get("tags", written)
    assert (written["module"], written["registered_name"]) == ("maskseq.losses", "CRF")
    object_given = isinstance(given, maskseq.losses.CRF)
    assert written["config"] == (given if object_given else maskseq.losses.CRF()).get_config()


_ARGUMENTS = {
    **dict.fromkeys(("PrecisionAtRecall", "RecallAtPrecision"), (0.5,)),
    **dict.fromkeys(("SensitivityAtSpecificity", "SpecificityAtSensitivity"), (0.5,)),
    **dict.fromkeys(("IoU", "OneHotIoU"), (3, [1])),
    **dict.fromkeys(("MeanIoU", "OneHotMeanIoU"), (3,)),
}


def test_losses_and_metrics_of_keras_are_written_under_its_names():
    for module, name in ((maskseq.losses, "keras.losses"), (maskseq.metrics, "keras.metrics")):
        for cls in set(module.KNOWN.values()) - {maskseq.losses.CRF}:
            if isinstance(cls, type):
                arguments = _ARGUMENTS.get(cls.__name__, ())
                entry = module.serialize(cls(*arguments))
                assert (entry["module"], entry["registered_name"]) == (name, None)
                assert type(module.deserialize(entry)) is cls
            else:
                assert module.serialize(cls)["class_name"] == "function"


def test_metrics_given_as_functions_are_written_by_name(tmp_path):
    model = maskseq.Sequential([maskseq.Input((4,)), layers.Dense(3, activation="softmax")])
    functions = [maskseq.metrics.categorical_accuracy, maskseq.losses.mean_squared_error]
    model.compile("sgd", maskseq.losses.CategoricalCrossentropy, metrics=functions)
    x, y = np.ones((2, 4), np.float32), np.eye(3, dtype=np.float32)[:2]
    expected = model.evaluate(x, y, verbose=0)
    model.save(tmp_path / "model.keras")
    assert load_model(tmp_path / "model.keras").evaluate(x, y, verbose=0) == expected


# The HDF5 writer by itself.


def random_tree(rng, depth=0):
    group = Group()
    for number in range(int(rng.integers(0, 40 if depth else 8))):
        name = f"{'abc'[number % 3]}{number}ü"
        if depth < 3 and rng.random() < 0.3:
            group.members[name] = random_tree(rng, depth + 1)
        else:
            shape = tuple(rng.integers(0, 4, int(rng.integers(0, 4))))
            dtype = rng.choice(["<f2", "<f4", ">f4", "<f8", "i1", "<i4", "<i8", "u1", "<u8"])
            group.members[name] = (100 * rng.random(shape)).astype(dtype)
    group.attributes = {"name": "x" * int(rng.integers(0, 9)), "names": ["a", "", "bcd é"]}
    return group


def check_same(ours, theirs):
    assert sorted(ours.members) == sorted(theirs)
    for name, member in ours.members.items():
        if isinstance(member, Group):
            check_same(member, theirs[name])
        else:
            np.testing.assert_array_equal(theirs[name].read(), member)
            assert theirs[name].shape == member.shape


@pytest.mark.parametrize("seed", range(20))
def test_tree_is_read_as_it_was_written(seed):
    tree = random_tree(np.random.default_rng(seed))
    root = read_hdf5(hdf5_bytes(tree), "tree.h5")
    check_same(tree, root)
    assert root.attribute("name") == tree.attributes["name"]
    assert root.attribute("names") == tree.attributes["names"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_h5py_reads_the_tree_too(seed):
    h5py = pytest.importorskip("h5py")

    def check(ours, theirs):
        assert set(ours.members) == set(theirs)
        assert theirs.attrs["name"] == ours.attributes["name"]
        assert [x.decode() for x in theirs.attrs["names"]] == ours.attributes["names"]
        for name, member in ours.members.items():
            if isinstance(member, Group):
                check(member, theirs[name])
            else:
                np.testing.assert_array_equal(theirs[name][()], member)

    tree = random_tree(np.random.default_rng(seed))
    with h5py.File(io.BytesIO(hdf5_bytes(tree))) as file:
        check(tree, file)


@pytest.mark.parametrize("count", [0, 1, 8, 9, 255, 256, 257, 3000])
def test_groups_of_any_size(count):
    tree = Group()
    for number in range(count):
        tree.members[str(number)] = np.float32(number).reshape(())
    root = read_hdf5(hdf5_bytes(tree), "wide.h5")
    assert sorted(root, key=int) == [str(i) for i in range(count)]
    assert all(root[name].read() == float(name) for name in root)


def test_names_ascend_and_nodes_have_room_for_their_children():
    """What the HDF5 library relies on: it searches names by halves, in trees of one level."""
    tree = Group()
    for number in range(3000):
        tree.group("inner").members[f"{number * 7919 % 3000}"] = np.zeros((), np.float32)
    raw = hdf5_bytes(tree)
    names = list(read_hdf5(raw, "wide.h5")["inner"])
    assert names == sorted(names) and len(names) == 3000
    at = raw.find(b"TREE")
    while at >= 0:
        assert int.from_bytes(raw[at + 6 : at + 8], "little") <= 2 * 16
        at = raw.find(b"TREE", at + 1)


def test_text_of_any_length_is_an_attribute():
    tree = Group()
    tree.attributes["model_config"] = "ä{}" * 100_000
    root = read_hdf5(hdf5_bytes(tree), "text.h5")
    assert root.attribute("model_config") == "ä{}" * 100_000


def test_what_holds_no_numbers_is_refused():
    tree = Group()
    tree.members["x"] = np.array(["a"])
    with pytest.raises(TypeError, match="must hold numbers"):
        hdf5_bytes(tree)
    tree = Group()
    tree.attributes["names"] = ["x" * 100] * 1000
    with pytest.raises(ValueError, match="attribute names has"):
        hdf5_bytes(tree)


def test_training_in_a_legacy_file_is_as_keras_writes_it(tmp_path):
    """The optimizer beside the rest, losses by their long names: Keras reads no others there."""
    x = maskseq.Input((2,))
    model = maskseq.Model(x, {"a": layers.Dense(1, name="a")(x), "b": layers.Dense(1, name="b")(x)})
    loss = {"a": "mse", "b": maskseq.losses.Huber(0.5)}
    model.compile(maskseq.optimizers.SGD(0.5), loss, metrics={"a": ["mae"]})
    model.save(tmp_path / "model.h5")
    root = read_hdf5((tmp_path / "model.h5").read_bytes(), "model.h5")
    training = json.loads(root.attribute("training_config"))
    assert training["loss"]["a"] == "mean_squared_error"
    assert training["loss"]["b"]["config"]["delta"] == 0.5
    assert training["metrics"] == {"a": ["mae"]} and "optimizer" not in training
    optimizer = training["optimizer_config"]
    assert optimizer["class_name"] == "SGD" and optimizer["config"]["learning_rate"] == 0.5
