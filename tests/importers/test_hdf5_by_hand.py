"""What the HDF5 reader makes of each structure, in files written byte by byte, without h5py."""

import numpy as np
import pytest

from maskseq.importers.errors import FormatError
from maskseq.importers.hdf5 import read_hdf5
from tests.support.hdf5_writer import (
    DATASPACE,
    DATATYPE,
    FLOAT32,
    HEAP_STRING,
    LAYOUT,
    SYMBOL_TABLE,
    Writer,
    attribute,
    pack,
    space,
    text,
)

FILTERS = 11
IEEE = {2: (16, 10, 5, 0, 10, 15), 4: (32, 23, 8, 0, 23, 127), 8: (64, 52, 11, 0, 52, 1023)}


def kind_of(dtype: np.dtype) -> bytes:
    """The datatype message of a NumPy type."""
    big, size = dtype.str[0] == ">", dtype.itemsize
    if dtype.kind == "f":
        return float_kind(size, IEEE[size], big)
    return pack("<4BI2H", 0x10, big + 8 * (dtype.kind == "i"), 0, 0, size, 0, 8 * size)


def float_kind(size: int, fields: tuple, big: bool = False) -> bytes:
    precision, *others = fields
    return pack("<4BI2H4BI", 0x11, 0x20 + big, 8 * size - 1, 0, size, 0, precision, *others)


def dataset(writer: Writer, kind: bytes, raw: bytes, *shape: int, more=()) -> int:
    layout = (LAYOUT, pack("<BBQQ", 3, 1, writer.put(raw), len(raw)))
    return writer.header([(DATASPACE, space(*shape)), (DATATYPE, kind), layout, *more])


def root_with(writer: Writer, **members: int):
    return read_hdf5(writer.finish(writer.group(members)), "x.h5")


DTYPES = [
    np.dtype(order + code) for order in "<>" for code in "i1 i2 i4 i8 u2 u4 u8 f2 f4 f8".split()
]


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.str)
def test_numbers_keep_sign_width_and_byte_order(dtype):
    values = np.array([1, -2, 100] if dtype.kind != "u" else [1, 2, 200], dtype)
    writer = Writer()
    found = root_with(writer, x=dataset(writer, kind_of(dtype), values.tobytes(), 3))["x"].read()
    assert found.tolist() == values.tolist() and found.dtype == dtype


@pytest.mark.parametrize("size", IEEE)
@pytest.mark.parametrize("field", range(6))
def test_floats_that_are_not_ieee_are_refused(size, field):
    odd = list(IEEE[size])
    odd[field] -= field != 3 or -1
    writer = Writer()
    x = dataset(writer, float_kind(size, tuple(odd)), bytes(size), 1)
    with pytest.raises(FormatError, match=f"class 1 of {size} bytes is none that Keras writes"):
        root_with(writer, x=x)["x"].read()


def test_bfloat16_is_the_upper_half_of_a_float32():
    values = np.float32([1, -2.5, 3e38, 1e-38])
    raw = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    opaque = pack("<4BI8x", 0x15, 0, 0, 0, 2)
    writer = Writer()
    x = dataset(writer, opaque, raw, 4, more=[text("dtype", b"bfloat16")])
    expected = (values.view(np.uint32) >> 16 << 16).view(np.float32)
    np.testing.assert_array_equal(root_with(writer, x=x)["x"].read(), expected)


@pytest.mark.parametrize("more", [-4, 4])
def test_storage_of_another_size_than_the_shape_is_refused(more):
    writer = Writer()
    x = dataset(writer, FLOAT32, bytes(12 + more), 3)
    with pytest.raises(FormatError, match=f"{12 + more} bytes, but the shape needs 12"):
        root_with(writer, x=x)["x"].read()


def test_storage_beyond_the_end_is_refused():
    writer = Writer()
    layout = (LAYOUT, pack("<BBQQ", 3, 1, 96, 1 << 20))
    x = writer.header([(DATASPACE, space(1 << 18)), (DATATYPE, FLOAT32), layout])
    writer.put(bytes(1 << 18))  # so the shape is not more than the file holds
    with pytest.raises(FormatError, match="lies outside"):
        root_with(writer, x=x)["x"].read()


@pytest.mark.parametrize("shape", [(1 << 40,), (0, 1 << 40), (1 << 40, 0)])
def test_an_absurd_size_is_refused_beside_a_0_too(shape):
    writer = Writer()
    with pytest.raises(FormatError, match="is more than the file holds"):
        root_with(writer, x=dataset(writer, FLOAT32, b"", *shape))["x"]


def test_compressed_datasets_are_refused():
    writer = Writer()
    x = dataset(writer, FLOAT32, bytes(4), 1, more=[(FILTERS, bytes(8))])
    with pytest.raises(FormatError, match="is stored compressed"):
        root_with(writer, x=x)["x"]


def test_names_are_listed_in_their_order_over_many_leaves():
    writer = Writer()
    one = writer.dataset((1,))
    names = [f"{i:03}" for i in range(700)]  # two levels of nodes
    assert list(root_with(writer, **dict.fromkeys(names, one))) == names


def members_of(entries, heap: bytes):
    """The names of a group whose leaf has these (place of the name, address, cache type)."""
    writer = Writer()
    address = writer.dataset((1,))
    place = writer.heap_of_names(heap)
    body = b"".join(pack("<QQI20x", at, address, cache) for at, cache in entries)
    leaf = writer.put(pack("<4sBxH", b"SNOD", 1, len(entries)) + body)
    table = pack("<QQ", writer.tree([leaf]), place)
    return list(read_hdf5(writer.finish(writer.header([(SYMBOL_TABLE, table)])), "x.h5"))


def test_names_of_a_group_are_hard_links_to_one_object_each():
    heap = bytes(8) + b"one\0two\0" + bytes(16)
    assert members_of([(8, 0), (12, 0)], heap) == ["one", "two"]
    with pytest.raises(FormatError, match="a link to elsewhere, 'two'"):
        members_of([(8, 0), (12, 2)], heap)
    with pytest.raises(FormatError, match="an empty, double or nested name, 'one'"):
        members_of([(8, 0), (8, 0)], heap)
    with pytest.raises(FormatError, match="an empty, double or nested name, 'a/b'"):
        members_of([(8, 0)], bytes(8) + b"a/b\0")
    with pytest.raises(FormatError, match="names that overlap"):
        members_of([(8 + i, 0) for i in range(8)], bytes(8) + b"abcdefgh\0")


def test_a_tree_that_runs_in_a_circle_is_refused():
    writer = Writer()
    heap = writer.heap_of_names(bytes(16))
    node = len(writer.bytes) + -len(writer.bytes) % 8
    assert writer.tree([node, node], level=1) == node
    table = (SYMBOL_TABLE, pack("<QQ", node, heap))
    with pytest.raises(FormatError, match="damaged tree node|in a circle"):
        read_hdf5(writer.finish(writer.header([table])), "x.h5")
    writer = Writer()
    heap, leaf = writer.heap_of_names(bytes(16)), writer.leaf([])
    table = (SYMBOL_TABLE, pack("<QQ", writer.tree([leaf, leaf]), heap))
    with pytest.raises(FormatError, match="in a circle"):
        read_hdf5(writer.finish(writer.header([table])), "x.h5")


def test_a_message_that_is_kept_elsewhere_is_refused():
    writer = Writer()
    table = writer.table({"x": writer.dataset((1,))})
    body = pack("<HHB3x", SYMBOL_TABLE, len(table), 2) + table
    root = writer.put(pack("<BxHII4x", 1, 1, 1, len(body)) + body)
    with pytest.raises(FormatError, match="shares a message"):
        read_hdf5(writer.finish(root), "x.h5")


def strings(values, pointers):
    """The attribute whose strings are these pointers; `pointers` makes them of the right ones."""
    writer = Writer()
    made = pointers(writer.strings(values))
    named = attribute("names", HEAP_STRING, space(len(made)), b"".join(made))
    root = writer.group({"x": writer.dataset((1,))}, [named])
    return read_hdf5(writer.finish(root), "x.h5").attribute("names")


def longer(pointer: bytes, by: int) -> bytes:
    return pack("<I", int.from_bytes(pointer[:4], "little") + by) + pointer[4:]


def test_strings_of_a_heap_are_those_that_are_pointed_at():
    values = [b"a", b"bcd", b"12345678", b"e"]
    assert strings(values, lambda p: p[::-1]) == ["e", "12345678", "bcd", "a"]
    assert strings(values, lambda p: [longer(p[1], -1)]) == ["bc"]
    with pytest.raises(FormatError, match="longer than its place"):
        strings(values, lambda p: [longer(p[1], 1)])
    with pytest.raises(FormatError, match="no string 9"):
        strings(values, lambda p: [p[0][:-4] + pack("<I", 9)])
    with pytest.raises(FormatError, match="longer than the file"):
        strings([b"x" * 3000], lambda p: p * 8)
