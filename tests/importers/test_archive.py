"""The `.keras` zip: what is wanted is read within limits, and every trick is a FormatError."""

import io
import random
import struct
import time
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest

from maskseq.importers.errors import FormatError
from maskseq.importers.keras import archive as archive_module
from maskseq.importers.keras.archive import read_archive

PARTS = {"metadata.json": b"{}", "config.json": b'{"class_name": "Sequential"}'}
PARTS["model.weights.h5"] = bytes(range(256)) * 4


@pytest.fixture
def write(tmp_path):
    """write(members or bytes) -> path of a file with them."""

    def write(content, **options) -> Path:
        path = tmp_path / "model.keras"
        if not isinstance(content, bytes):
            content = zipped(content, **options)
        path.write_bytes(content)
        return path

    return write


def zipped(members, compression=zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in dict(members).items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_stored_and_deflated_members_are_read(write, compression):
    found = read_archive(write(PARTS, compression=compression))
    assert found._asdict() == dict(
        zip(("metadata", "config", "weights"), PARTS.values(), strict=True)
    )


def test_members_nobody_asked_for_are_not_read(write):
    assert read_archive(write(PARTS | {"assets/vocabulary.txt": b"x" * 99})).metadata == b"{}"


@pytest.mark.parametrize("name", PARTS)
def test_missing_member_is_named(write, name):
    path = write({key: value for key, value in PARTS.items() if key != name})
    with pytest.raises(FormatError, match=f"model.keras: no {name} in it"):
        read_archive(path)


def test_file_that_is_no_zip_is_refused(write):
    for content in (b"", b"PK", b"\x89HDF\r\n\x1a\n" + bytes(500), b"PK\5\6" + bytes(18)):
        with pytest.raises(FormatError):
            read_archive(write(content))


def test_missing_file_is_an_ordinary_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_archive(tmp_path / "nothing.keras")


def test_every_prefix_is_refused(write):
    data = zipped(PARTS)
    for size in range(len(data)):
        with pytest.raises(FormatError):
            read_archive(write(data[:size]))


@pytest.mark.slow
def test_byte_flips_raise_nothing_but_format_errors_and_leave_no_wrong_byte(write):
    """A flip that goes unnoticed must not have changed what was read: the checksum sees to it."""
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        data = zipped(PARTS, compression)
        for at in range(len(data)):
            for flip in (0x01, 0x80, 0xFF):
                damaged = bytearray(data)
                damaged[at] ^= flip
                try:
                    found = read_archive(write(bytes(damaged)))
                except FormatError:
                    continue
                assert tuple(found) == tuple(PARTS.values())


def test_random_damage_raises_nothing_but_format_errors(write):
    rng = random.Random(0)
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        data = zipped(PARTS, compression)
        for _ in range(1000):
            damaged = bytearray(data)
            for _ in range(rng.choice((2, 8, 64))):
                damaged[rng.randrange(len(data))] = rng.randrange(256)
            try:
                read_archive(write(bytes(damaged)))
            except FormatError:
                pass


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate_names_are_refused(write):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in [*PARTS.items(), ("config.json", b'{"class_name": "Other"}')]:
            file.writestr(name, data)
    with pytest.raises(FormatError, match="two members called 'config.json'"):
        read_archive(write(buffer.getvalue()))


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "assets/../../x", "assets\\x"])
def test_names_that_leave_the_archive_are_refused(write, name):
    with pytest.raises(FormatError, match="leaves the archive"):
        read_archive(write(PARTS | {name: b"x"}))


def test_name_cut_by_a_zero_is_refused(write):
    data = zipped(PARTS | {"config.jsonAevil": b"x"}).replace(b"config.jsonA", b"config.json\0")
    with pytest.raises(FormatError):
        read_archive(write(data))


def test_symbolic_link_is_refused(write):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, data in PARTS.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if name.endswith("h5") else 0o100644) << 16
            file.writestr(info, data)
    with pytest.raises(FormatError, match="symbolic link, 'model.weights.h5'"):
        read_archive(write(buffer.getvalue()))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_refused(write, method):
    with pytest.raises(FormatError, match="compressed with method"):
        read_archive(write(PARTS, compression=method))


def test_encrypted_member_is_refused(write):
    data = bytearray(zipped(PARTS))
    at = data.index(b"PK\1\2")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\1\2", at + 1)
    with pytest.raises(FormatError, match="encrypted"):
        read_archive(write(bytes(data)))


def bomb(size: int, declared: int) -> bytes:
    """`size` zeros as deflated weights, of which the headers admit `declared`."""
    packed = zlib.compressobj(9, wbits=-15)
    zeros = bytes(1 << 20)
    raw = b"".join(packed.compress(zeros) for _ in range(size >> 20)) + packed.flush()
    crc = zlib.crc32(bytes(size)) if declared == size else 0
    data, directory = bytearray(), bytearray()
    members = [(n, d, zlib.crc32(d), len(d), 0) for n, d in list(PARTS.items())[:2]]
    for name, body, crc_, length, method in [*members, ("model.weights.h5", raw, crc, declared, 8)]:
        head = struct.pack("<5H3I2H", 20, 0, method, 0, 0, crc_, len(body), length, len(name), 0)
        directory += b"PK\1\2" + struct.pack("<H", 20) + head + bytes(10)
        directory += struct.pack("<I", len(data)) + name.encode()
        data += b"PK\3\4" + head + name.encode() + body
    end = struct.pack("<4H2IH", 0, 0, 3, 3, len(directory), len(data), 0)
    return bytes(data + directory + b"PK\5\6" + end)


@pytest.mark.slow
@pytest.mark.parametrize("declared", [1 << 10, 300 << 20, 0xFFFF_FFFE])
def test_zip_bomb_stops_at_the_limit_whatever_it_declares(write, declared):
    path = write(bomb(300 << 20, declared))
    start = time.perf_counter()
    tracemalloc.start()
    with pytest.raises(FormatError):
        read_archive(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 150 << 20  # 64 MiB, and the copy that bytes.join makes of it
    assert time.perf_counter() - start < 5


def test_config_has_its_own_limit(write, monkeypatch):
    monkeypatch.setattr(archive_module, "_MAX_TEXT", 100)
    with pytest.raises(FormatError, match="config.json has more than 100 bytes"):
        read_archive(write(PARTS | {"config.json": b" " * 101}))


def test_huge_list_of_members_is_refused_before_it_is_read(write):
    data = zipped(PARTS)
    entry = data[data.index(b"PK\1\2") : data.index(b"PK\1\2") + 59]
    many = entry * 200_000
    end = struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, len(many), len(data), 0)
    with pytest.raises(FormatError, match="list of members"):
        read_archive(write(data + many + b"PK\5\6" + end))
