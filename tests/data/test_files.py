"""Files of sequences: a damaged one is a ValueError that names it, before it takes memory."""

import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from maskseq.data import files as datafiles


def npy(array, **options) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), **options)
    return buffer.getvalue()


def zipped(compression=zipfile.ZIP_DEFLATED, **members) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, member in members.items():
            archive.writestr(f"{name}.npy", member)
    return buffer.getvalue()


def claiming(shape: str, values: bytes = b"") -> bytes:
    """An .npy file of float32 whose header says that shape."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + values


def refused(tmp_path, name, content, match=""):
    path = tmp_path / name
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=rf"^{path}: .*{match}"):
            datafiles.read(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "i2", "bool"])
def test_npy_gives_its_array(order, version, dtype, tmp_path):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype, order=order)
    (tmp_path / "a.npy").write_bytes(npy(array, version=version))
    (tmp_path / "a.npz").write_bytes(zipped(x=npy(array, version=version)))
    for name in ("a.npy", "a.npz"):
        found = datafiles.read(tmp_path / name)
        np.testing.assert_array_equal(found, array)
        assert found.dtype == array.dtype


@pytest.mark.parametrize("shape", ["(2, 1000000000000)", f"({2**62}, 4)", "(-1, 4)", f"({2**70},)"])
def test_header_that_claims_more_than_the_file_holds_is_refused(shape, tmp_path):
    refused(tmp_path, "bomb.npy", claiming(shape, bytes(64)), "more than it holds")
    refused(tmp_path, "bomb.npz", zipped(x=claiming(shape, bytes(64))), "more than it holds")


@pytest.mark.parametrize("values", [bytes(60), bytes(68)])
def test_other_values_than_the_shape_needs_are_refused(values, tmp_path):
    refused(tmp_path, "odd.npy", claiming("(4, 4)", values), "more than it holds|needs 64 bytes")
    refused(tmp_path, "odd.npz", zipped(x=claiming("(4, 4)", values)), "than it holds|needs 64")


def test_member_whose_checksum_is_wrong_is_refused(tmp_path):
    sound = zipped(zipfile.ZIP_STORED, x=npy(np.arange(8.0).reshape(2, 4)))
    at = sound.index(np.float64(7).tobytes())
    refused(tmp_path, "flipped.npz", sound[:at] + b"\1" + sound[at + 1 :], "CRC")


def test_every_damaged_byte_of_an_archive_is_refused_or_harmless(tmp_path):
    """zipfile and zlib have exceptions of many kinds, of the operating system's too."""
    values, offsets = np.arange(6, dtype="f4"), np.array([0, 2, 6])
    path = tmp_path / "flipped.npz"
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        sound = zipped(compression, values=npy(values), offsets=npy(offsets))
        for at in range(len(sound)):
            for flip in (0x01, 0x80, 0xFF):
                damaged = bytearray(sound)
                damaged[at] ^= flip
                path.write_bytes(damaged)
                try:
                    found = datafiles.read(path)
                except ValueError:
                    continue
                assert found.values.tobytes() == values.tobytes()
                assert found.offsets.tolist() == offsets.tolist()


@pytest.mark.parametrize(
    "name, content",
    [
        ("cut.npz", zipped(x=npy([[1.0]]))[7:]),  # members begin before the file
        ("objects.npy", npy(np.array([{}]), allow_pickle=True)),
        ("three.npy", b"\x93NUMPY\3\0" + bytes(100)),
        ("text.npy", b"\x93NUMPY\1\0\5\0((((("),
        ("deep.json", b"[" * 100_000),
        ("deep.jsonl", b"[1]\n" + b"[" * 100_000),
        ("latin.json", b"[[1], [\xff]]"),
        ("latin.jsonl", b"[1]\n[\xff]\n"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_damage_is_a_value_error_that_names_the_file(name, content, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"^{path}: \S"):
        datafiles.read(path)
