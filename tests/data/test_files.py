"""Files of sequences: a damaged one is a ValueError that names it, before it takes memory."""

import io
import json
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from maskseq import Ragged
from maskseq.data import files as datafiles
from maskseq.data import json_lists
from tests.scoring.results import result_in


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


@pytest.mark.slow
@pytest.mark.sanitize
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


# Results


def lines(path) -> list[str]:
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return [json.loads(x, parse_constant=refuse) for x in path.read_text().splitlines()]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "uint8", "bool"])
def test_json_lines_hold_the_numbers(dtype, tmp_path):
    values = np.array([[0.1, 3], [0, 1], [1, 1e-3]]).astype(dtype)
    result_in(tmp_path / "a.jsonl", values)
    found = lines(tmp_path / "a.jsonl")
    assert np.array(found).astype(dtype).tolist() == values.tolist()
    assert all(type(x) is (float if values.dtype.kind == "f" else type(values[0, 0].item()))
               for row in found for x in row)  # fmt: skip
    if dtype == "float32":
        assert (tmp_path / "a.jsonl").read_text().startswith("[0.1, 3.0]\n")


def test_json_lines_are_json_whatever_the_numbers(tmp_path):
    values = np.float32([[np.nan, 1], [np.inf, 2], [-np.inf, 3], [0, 4]])
    for result in (values, Ragged(values, [0, 1, 4])):
        result_in(tmp_path / "a.jsonl", result)
        rows = lines(tmp_path / "a.jsonl")
        flat = rows if isinstance(result, np.ndarray) else [x for row in rows for x in row]
        assert flat == [[None, 1.0], [None, 2.0], [None, 3.0], [0.0, 4.0]]


# JSON


@pytest.mark.slow
@pytest.mark.sanitize
def test_blocks_of_json_give_what_all_lists_at_once_give(tmp_path, monkeypatch):
    """Ids, features, empty rows, rows beyond a block; narrow numbers before wide ones."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(0, 40, 60)
    kinds = {
        "ids": [rng.integers(0, 99, n).tolist() for n in lengths],
        "wide ids": [[2**40] * n if i == 50 else [1] * n for i, n in enumerate(lengths)],
        "floats late": [[0.5] * n if i == 50 else [1] * n for i, n in enumerate(lengths)],
        "bools": [[True] * n for n in lengths],
        "bools and ids": [[True] * n if i < 9 else [3] * n for i, n in enumerate(lengths)],
        "features": [rng.normal(size=(n, 3)).round(3).tolist() for n in lengths],
        "deeper": [rng.normal(size=(n, 2, 2)).round(1).tolist() for n in lengths],
        "empty": [[] for _ in lengths],
        "none": [],
        "late": [[]] * 50 + [[[1, 2]]],
        "one": [[1]],
    }
    for block in (1, 30, 500, 1 << 18):
        monkeypatch.setattr(json_lists, "_BLOCK", block)
        monkeypatch.setattr(json_lists, "_WINDOW", 7 * block)
        for kind, rows in kinds.items():
            expected = Ragged.from_list(rows)
            for spaces in (None, (" ,\n ", ":")):
                text = json.dumps(rows, separators=spaces)
                (tmp_path / "a.json").write_text(f" \n{text}\n")
                (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
                for name in ("a.json", "a.jsonl"):
                    found = datafiles.read(tmp_path / name)
                    assert found.dtype == expected.dtype, (kind, name, block)
                    np.testing.assert_array_equal(found.offsets, expected.offsets)
                    np.testing.assert_array_equal(found.values, expected.values, strict=True)


@pytest.mark.parametrize(
    "text",
    [
        "[[1],[2]", "[[1][2]]", "[[1],,[2]]", "[[1],[2],]", "[[1]],[2]]", "[[1]]]", "[[1],2]",
        "[1]", "[[1],[2]] [3]", '[["a"],[2]]', '{"a": [1]}', "", "[", "]", "[[1],[NULL]]",
        "[[1],[null]]",
        "[[1],[[2]]]", "[[1, 2],[[3, 4]]]", "null", "[[1],\n", "[[1e]]", "[[1],[2]]x", "[[1]\0]",
        '["]", [1]]', "[[1], [0x1]]", "[[1];[2]]", "\ufeff\ufeff[[1]]",
    ],
)  # fmt: skip
@pytest.mark.parametrize("block", [1, 1 << 18])
def test_what_is_no_list_of_lists_of_numbers_is_refused(text, block, tmp_path, monkeypatch):
    monkeypatch.setattr(json_lists, "_BLOCK", block)
    refused(tmp_path, "a.json", text.encode())


def test_positions_are_counted_over_all_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(json_lists, "_BLOCK", 1)
    rows = [[1, 2]] * 7 + [[1, [2]]] + [[1]] * 5
    refused(tmp_path, "a.json", json.dumps(rows).encode(), "position 7")
    rows[7] = [[1, 2]]
    refused(tmp_path, "a.json", json.dumps(rows).encode(), "position 7")
    rows[7] = "x"
    refused(tmp_path, "a.jsonl", "\n".join(map(json.dumps, rows)).encode(), "list for each")


# Limits


@pytest.mark.slow
@pytest.mark.sanitize
def test_archive_that_grows_beyond_the_limit_is_refused_before_it_does(tmp_path):
    many = npy(np.zeros((50_000_000, 3), np.uint8))
    for members in ({"x": many}, {"values": many, "offsets": npy([0, 50_000_000])}):
        refused(tmp_path, "bomb.npz", zipped(**members), "save it without compression")


def test_archive_that_is_not_compressed_may_be_of_any_size(tmp_path, monkeypatch):
    monkeypatch.setattr(datafiles, "_ROOM", 0)
    (tmp_path / "a.npz").write_bytes(zipped(zipfile.ZIP_STORED, x=npy(np.zeros((5000, 3)))))
    assert datafiles.read(tmp_path / "a.npz").shape == (5000, 3)


@pytest.mark.parametrize("shape", [(10**12, 0), (10**6, 0, 10**6), (2**62, 0), (0, 2**62)])
def test_rows_of_nothing_are_counted_too(shape, tmp_path):
    """Each is work for whoever goes through them."""
    refused(tmp_path, "empty.npy", claiming(str(shape)), "more than it holds")
    (tmp_path / "few.npy").write_bytes(claiming("(1000, 0, 3)"))
    assert datafiles.read(tmp_path / "few.npy").shape == (1000, 0, 3)


def test_names_in_an_archive_are_told_without_what_a_terminal_obeys(tmp_path):
    refused(tmp_path, "a.npz", zipped(**{"\x1b[2J": b""}), r"got \\x1b\[2J")
    refused(tmp_path, "a.npy", b"\x93NUMPY\1\0\7\0'\x1b[2J' ", r"\\x1b\[2J|damaged header")


def test_objects_of_python_are_refused_by_name(tmp_path):
    path = tmp_path / "x.npy"
    path.write_bytes(npy(np.array([{}]), allow_pickle=True))
    with pytest.raises(ValueError, match="holds Python objects, expected numbers"):
        datafiles.read(path)


def test_lengths_or_a_mask_beside_an_array_say_which_steps_are_real(tmp_path):
    path, x = tmp_path / "x.npz", np.arange(12.0).reshape(2, 3, 2)
    np.savez(path, x=x)
    np.testing.assert_array_equal(datafiles.read(path), x)
    np.savez(path, x=x, lengths=[1, 3])
    assert datafiles.read(path).to_list() == [x[0, :1].tolist(), x[1].tolist()]
    np.savez(path, x=x, mask=np.array([[0, 1, 1], [1, 0, 0]], bool))
    assert datafiles.read(path).to_list() == [x[0, 1:].tolist(), x[1, :1].tolist()]
    np.savez(path, y=x)
    with pytest.raises(ValueError, match="expected `x`, or `values` and `offsets`, got y"):
        datafiles.read(path)
