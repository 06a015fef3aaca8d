"""safetensors files: mapped arrays, and nothing made before all is checked."""

import json
import struct

import numpy as np
import pytest

from maskseq import read_weights
from maskseq.importers import FormatError
from maskseq.importers.safetensors import read_safetensors

ARRAYS = {
    "BOOL": np.array([[True, False]]), "U8": np.uint8([1, 255]), "I8": np.int8([-1]),
    "U16": np.uint16([1, 2]), "I16": np.int16([-3]), "F16": np.float16([0.5, -2]),
    "U32": np.uint32([7]), "I32": np.int32([[-7]]), "F32": np.float32([[1, 2], [3, 4]]),
    "U64": np.uint64([2**63]), "I64": np.int64([-5]), "F64": np.float64(1e300),
}  # fmt: skip


def entry(start, end, dtype="F32", shape=(1,)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


def safetensors(header, data=b"", length=None):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


def written(tmp_path, raw):
    path = tmp_path / "x.safetensors"
    path.write_bytes(raw)
    return path


def test_all_types(tmp_path):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, array in ARRAYS.items():
        header[name] = entry(len(data), len(data) + array.nbytes, name, array.shape)
        data += array.tobytes()
    path = written(tmp_path, safetensors(header, data))
    metadata, found = read_safetensors(path)
    assert metadata == {"format": "pt"}
    assert [*found] == [*ARRAYS]
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype and not found[name].flags.writeable
    assert all(x.flags.writeable and x.base is None for x in read_weights(path).values())


def test_bfloat16_is_widened_exactly(tmp_path):
    halves = np.array([0x3F80, 0xC000, 0x7F80, 0x0001], "<u2")
    raw = safetensors({"w": entry(0, 8, "BF16", (2, 2))}, halves.tobytes())
    (found,) = read_safetensors(written(tmp_path, raw)).arrays.values()
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.float32([[1, -2], [np.inf, 2.0**-133]]))


def test_bools_are_zeros_and_ones_whatever_their_bytes(tmp_path):
    raw = safetensors({"b": entry(0, 4, "BOOL", (4,))}, b"\0\1\2\xff")
    (found,) = read_safetensors(written(tmp_path, raw)).arrays.values()
    np.testing.assert_array_equal(found.view("u1"), [0, 1, 1, 1])


def test_arrays_are_views_of_the_file_and_outlive_it(tmp_path):
    path = written(tmp_path, safetensors({"w": entry(0, 8, shape=(2,))}, bytes(8)))
    found = read_safetensors(path).arrays["w"]
    assert not found.flags.owndata
    path.unlink()
    np.testing.assert_array_equal(found, [0, 0])


def test_no_descriptor_stays_open(tmp_path):
    path = written(tmp_path, safetensors({"w": entry(0, 8, shape=(2,))}, bytes(8)))
    for _ in range(3000):  # more than a process may have open
        read_weights(path)


def test_an_array_of_odd_places_and_spaces_behind_the_header(tmp_path):
    header = {"a": entry(0, 1, "U8"), "b": entry(1, 5)}
    raw = safetensors(json.dumps(header).encode() + b"   ", b"\7" + np.float32(2).tobytes())
    found = read_weights(written(tmp_path, raw))
    assert found["a"] == 7 and found["b"] == 2


F32 = {"w": entry(0, 4)}


@pytest.mark.parametrize(
    "raw, said",
    [
        (safetensors(F32, bytes(3)), "arrays of 4 bytes, but it has 3"),
        (safetensors(F32, bytes(5)), "arrays of 4 bytes, but it has 5"),
        (safetensors({"a": entry(0, 4), "b": entry(4, 8)}, bytes(4)), "of 8 bytes, but it has 4"),
        (safetensors({"a": entry(0, 4), "b": entry(8, 12)}, bytes(12)), "'b' begins at byte 8"),
        (safetensors({"a": entry(0, 4), "b": entry(0, 4)}, bytes(4)), "'b' begins at byte 0"),
        (safetensors({"a": entry(4, 8)}, bytes(8)), "'a' begins at byte 4, expected 0"),
        (safetensors({"a": entry(4, 0)}, bytes(4)), "'a' has -4 bytes"),
        (safetensors({"a": entry(-4, 0)}, bytes(4)), "'a' has shape"),
        (safetensors({"a": entry(0, 4, shape=(2,))}, bytes(4)), r"4 bytes, but F32 of .*2"),
        (safetensors({"a": entry(0, 4, shape=(-1, -1))}, bytes(4)), "has shape"),
        (safetensors({"a": entry(0, 0, shape=(0, 2**40, 2**40))}), "has shape"),
        (safetensors({"a": entry(0, 0, shape=(2**32, 2**32, 0))}), "has shape"),
        (safetensors({"a": entry(0, 4, shape=(1,) * 33)}, bytes(4)), "has shape"),
        (safetensors({"a": entry(0, 4, shape=(True,))}, bytes(4)), "has shape"),
        (safetensors({"a": entry(0, 4, shape=(1.0,))}, bytes(4)), "has shape"),
        (safetensors({"a": entry(0, 4, "F8_E4M3", (4,))}, bytes(4)), "F8_E4M3, which NumPy"),
        (safetensors({"a": entry(0, 4, ["F32"])}, bytes(4)), "which NumPy"),
        (safetensors({"a": [0]}), "must have dtype, shape"),
        (safetensors({"a": {**entry(0, 4), "more": 1}}, bytes(4)), "must have dtype, shape"),
        (safetensors({"__metadata__": {"a": 1}}), "__metadata__ must hold texts"),
        (safetensors(b'{"w":' + b"[" * 100_000), "header is not readable"),
        (safetensors(b"{" + b'"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},' * 2 + b"}"),
         "header is not readable"),
        (safetensors(b'{"a": NaN}'), "header is not readable"),
        (safetensors(b"{" + b"\xff" * 8), "header is not readable"),
    ],
)  # fmt: skip
def test_damage_is_refused_with_the_reason(tmp_path, raw, said):
    for read in (read_safetensors, read_weights):
        with pytest.raises(FormatError, match=said):
            read(written(tmp_path, raw))


@pytest.mark.parametrize("length", [2**64 - 1, 2**63, 1000, 0])
def test_a_header_that_is_not_there(tmp_path, length):
    with pytest.raises(FormatError):
        read_safetensors(written(tmp_path, safetensors(F32, bytes(4), length)))


@pytest.mark.parametrize("size", [0, 1, 8, 9])
def test_a_file_that_is_cut_short(tmp_path, size):
    with pytest.raises(FormatError):
        read_safetensors(written(tmp_path, safetensors(F32, bytes(4))[:size]))


@pytest.mark.slow
def test_what_the_package_of_that_name_writes(tmp_path):
    package = pytest.importorskip("safetensors.numpy")
    arrays = {f"layer.{i}": np.full((i, 3), i, np.float32) for i in range(5)}
    path = tmp_path / "x.safetensors"
    package.save_file(arrays, path)
    found = read_weights(path)
    assert found.keys() == arrays.keys()
    assert all((found[name] == array).all() for name, array in arrays.items())
