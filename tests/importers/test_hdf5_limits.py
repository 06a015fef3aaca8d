"""The HDF5 reader reads each piece once, whatever leads to it, and counts the pieces."""

import gc
import io
import weakref

import numpy as np
import pytest

from maskseq import Input, Sequential, layers
from maskseq.importers import read_weights
from maskseq.importers.errors import FormatError
from maskseq.importers.hdf5 import Dataset, objects, read_hdf5, values
from maskseq.importers.keras.saved_training import saved_training
from maskseq.importers.keras.tables import Tables
from tests.support.hdf5_writer import (
    CONTINUATION,
    HEAP_STRING,
    SYMBOL_TABLE,
    Writer,
    attribute,
    pack,
    space,
    text,
    texts,
)


def steps_of(root) -> int:
    budget = root._reader.source.budget
    return budget.room - budget.left


def test_what_is_written_by_hand_is_what_h5py_reads():
    h5py = pytest.importorskip("h5py")
    writer = Writer()
    one = writer.dataset((2,), np.float32([1, 2]).tobytes())
    (pointer,) = writer.strings([b"from the heap"])
    inner = writer.group(
        {f"{i:02}": one for i in range(40)},
        [
            text("text", b"fixed"),
            texts("list", [b"a", b"bc"]),
            attribute("heap", HEAP_STRING, space(1), pointer),
        ],
    )
    data = writer.finish(writer.group({"inner": inner, "alias": one}))
    ours = read_hdf5(data, "x.h5")
    with h5py.File(io.BytesIO(data)) as theirs:
        assert list(ours["inner"]) == list(theirs["inner"])
        assert theirs["alias"][:].tolist() == ours["alias"].read().tolist() == [1, 2]
        assert theirs["inner"].attrs["text"].decode() == ours["inner"].attribute("text") == "fixed"
        assert ours["inner"].attribute("list") == ["a", "bc"]
        assert theirs["inner"].attrs["heap"].tolist() == ours["inner"].attribute("heap")


def test_all_names_of_an_object_lead_to_one(monkeypatch):
    read = []
    monkeypatch.setattr(
        objects, "_messages", lambda *a, real=objects._messages: read.append(a) or real(*a)
    )
    writer = Writer()
    dataset = writer.dataset((1,))
    group = writer.group({f"{i}": dataset for i in range(100)})
    root = read_hdf5(writer.finish(writer.group({"a": group, "b": group})), "x.h5")
    for _ in range(3):
        found = {id(root[f"{name}/{i}"]) for name in "ab" for i in range(100)}
        assert len(found) == 1 and root["a"] is root["b"]
    assert len(read) == 3  # the root, the group, the dataset


def test_nothing_of_the_file_is_kept_once_it_is_dropped():
    """No circle of objects holds it until the garbage collector comes."""
    writer = Writer()
    root = read_hdf5(
        writer.finish(writer.group({"a": writer.group({"b": writer.dataset((1,))})})), "x"
    )
    source = weakref.ref(root._reader.source)
    gc.disable()
    try:
        root["a/b"].read()
        del root
        assert source() is None
    finally:
        gc.enable()


def test_honest_files_need_a_part_of_the_budget_only():
    h5py = pytest.importorskip("h5py")
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for i in range(300):
            group = file.create_group(f"layers/dense_{i}/vars")
            group.attrs["name"] = f"dense_{i}"
            group["0"], group["1"] = np.zeros((1, 1), "f4"), np.zeros(1, "f4")
    data = buffer.getvalue()
    root = read_hdf5(data, "x.h5")
    for name in root["layers"]:
        inside = root[f"layers/{name}/vars"]
        assert inside.attribute("name") == name and isinstance(inside["1"], Dataset)
    assert len(data) / 120 < steps_of(root) < len(data) / 75


def refused(data: bytes, path: str = "x", ask: str | None = None):
    """Refused for its pieces, not for damage: so they would have been read."""
    with pytest.raises(FormatError, match="too many pieces"):
        found = read_hdf5(data, "bomb.h5")[path]
        found.attribute(ask)


@pytest.fixture
def few(monkeypatch):
    """A budget of 1,000 steps, and hardly more for a larger file."""
    monkeypatch.setattr(values, "_STEPS", 1000)
    monkeypatch.setattr(values, "_BYTES_OF_A_STEP", 1 << 30)


def test_messages_are_counted(few):
    writer = Writer()
    x = writer.dataset((1,), more=[(0, b"")] * 1000)
    refused(writer.finish(writer.group({"x": x})))


def test_continuation_blocks_in_a_circle_end(few):
    writer = Writer()
    start = len(writer.bytes)
    circle = (CONTINUATION, pack("<QQ", start + 16, 24))
    x = writer.header([circle], count=60_000)
    assert x == start
    refused(writer.finish(writer.group({"x": x})))


def test_names_are_counted(few):
    writer = Writer()
    dataset = writer.dataset((1,))
    refused(
        writer.finish(writer.group({"x": writer.group({f"{i}": dataset for i in range(1000)})}))
    )


def test_groups_that_share_a_table_pay_for_it_each(few):
    writer = Writer()
    table = writer.table({f"{i}": writer.dataset((1,)) for i in range(100)})
    groups = {f"{i}": writer.header([(SYMBOL_TABLE, table)]) for i in range(20)}
    root = read_hdf5(writer.finish(writer.group(groups)), "x.h5")
    with pytest.raises(FormatError, match="too many pieces"):
        for name in root:
            root[name]


def test_groups_that_share_a_long_heap_of_names_pay_for_it_each(few):
    writer = Writer()
    heap = writer.heap_of_names(bytes(30_000))
    tree = writer.tree([])
    groups = {f"{i}": writer.header([(SYMBOL_TABLE, pack("<QQ", tree, heap))]) for i in range(5)}
    root = read_hdf5(writer.finish(writer.group(groups)), "x.h5")
    with pytest.raises(FormatError, match="too many pieces"):
        for name in root:
            root[name]


def test_objects_of_a_heap_are_counted_once(few):
    writer = Writer()
    pointers = writer.strings([b"a"] * 500)
    names = attribute("names", HEAP_STRING, space(100), pointers[-1] * 100)
    more = attribute("more", HEAP_STRING, space(100), pointers[-2] * 100)
    data = writer.finish(writer.group({"x": writer.group({}, [names, more])}))
    root = read_hdf5(data, "x.h5")
    for _ in range(5):
        assert root["x"].attribute("names") == root["x"].attribute("more") == ["a"] * 100
    assert 700 < steps_of(root) < 800
    writer = Writer()
    pointers = writer.strings([b"a"] * 1000)
    names = attribute("names", HEAP_STRING, space(1), pointers[-1])
    refused(writer.finish(writer.group({"x": writer.group({}, [names])})), ask="names")


def test_text_is_counted(few):
    writer = Writer()
    (long,) = writer.strings([b"y" * 9000])
    inner = {
        f"{i}": writer.group({}, [attribute("names", HEAP_STRING, space(1), long)])
        for i in range(20)
    }
    root = read_hdf5(writer.finish(writer.group(inner)), "x.h5")
    with pytest.raises(FormatError, match="too many pieces"):
        for name in root:
            root[name].attribute("names")


def test_long_paths_are_counted(few):
    writer = Writer()
    here = writer.group({})
    for _ in range(100):
        here = writer.group({"n" * 50: here})
    root = read_hdf5(writer.finish(here), "x.h5")
    with pytest.raises(FormatError, match="too many pieces"):
        root["/".join(["n" * 50] * 100)]


def test_names_that_overlap_in_the_heap_are_refused():
    """n names that end alike would be n texts of n characters."""
    writer = Writer()
    dataset = writer.dataset((1,))
    heap = writer.heap_of_names(bytes(8) + b"a" * 100 + b"\0")
    tree = writer.tree([writer.leaf((8 + i, dataset) for i in range(100))])
    x = writer.header([(SYMBOL_TABLE, pack("<QQ", tree, heap))])
    with pytest.raises(FormatError, match="names that overlap"):
        read_hdf5(writer.finish(writer.group({"x": x})), "x.h5")["x"]


@pytest.mark.parametrize("name, reason", [("", "empty"), ("a/b", "nested"), ("twice", "double")])
def test_odd_names_are_refused(name, reason):
    writer = Writer()
    dataset = writer.dataset((1,))
    heap, at = writer.names([name, "twice"])
    tree = writer.tree([writer.leaf((place, dataset) for place in at)])
    x = writer.header([(SYMBOL_TABLE, pack("<QQ", tree, heap))])
    with pytest.raises(FormatError, match=reason):
        read_hdf5(writer.finish(writer.group({"x": x})), "x.h5")["x"]


def test_names_of_a_file_are_told_without_what_a_terminal_obeys():
    writer = Writer()
    x = writer.group({"\x1b[2J": writer.group({})})
    with pytest.raises(FormatError) as error:
        read_hdf5(writer.finish(writer.group({"x": x})), "x.h5")["x/\x1b[2J/none"]
    assert str(error.value).isprintable() and r"\x1b[2J" in str(error.value)


def shared_bytes(places):
    """A file of which every place, "a/b/c", leads to one dataset of 1,024 float32."""
    writer = Writer()
    kernel = writer.dataset((32, 32))
    tree = {}
    for place in places:
        *groups, name = place.split("/")
        here = tree
        for group in groups:
            here = here.setdefault(group, {})
        here[name] = kernel

    def group(tree):
        return writer.group({k: group(v) if isinstance(v, dict) else v for k, v in tree.items()})

    data = writer.finish(group(tree))
    assert 4096 < len(data) < 4096 * len(places)
    return data


def square_layers(count):
    return Sequential([Input((32,)), *(layers.Dense(32, use_bias=False) for _ in range(count))])


def test_arrays_that_share_bytes_are_refused_once_they_are_larger_than_the_file(tmp_path):
    """Each fits: what a file gives is at most as large as the file."""
    path = tmp_path / "x.weights.h5"
    names = ["dense", *(f"dense_{i}" for i in range(1, 9))]
    path.write_bytes(shared_bytes([f"layers/{name}/vars/0" for name in names]))
    with pytest.raises(FormatError, match="weights that together are larger than the file"):
        square_layers(9).load_weights(path)
    with pytest.raises(FormatError, match="arrays that together are larger than the file"):
        read_weights(path)
    path.write_bytes(shared_bytes([f"optimizer/vars/{i}" for i in range(9)]))
    with pytest.raises(FormatError, match="variables that together are larger than the file"):
        saved_training("x", {"optimizer": "adam"}, read_hdf5(path.read_bytes(), "x"))


def test_vocabularies_much_larger_than_the_file_are_refused():
    texts = {"a": b"x" * (1 << 19), "b": b"x" * (1 << 19)}
    Tables("x", texts)
    with pytest.raises(FormatError, match="vocabularies that are much larger than the file"):
        Tables("x", texts | {"c": b"xxx"}, size=1)
    Tables("x", texts | {"c": b"xx"}, size=1)
