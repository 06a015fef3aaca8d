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
    assert [found.metadata, found.config, found.weights] == list(PARTS.values())


def test_members_nobody_asked_for_are_not_read(write):
    others = {"assets/image.png": b"x", "assets/layers/text/_inner/vocabulary.txt": b"x" * 99}
    assert read_archive(write(PARTS | others)).tables == {}


def test_vocabularies_are_read(write):
    tables = {"assets/layers/string_lookup/vocabulary.txt": b"[UNK]\na"}
    assert read_archive(write(PARTS | tables)).tables == tables


@pytest.mark.parametrize("name", PARTS)
def test_missing_member_is_named(write, name):
    path = write({key: value for key, value in PARTS.items() if key != name})
    with pytest.raises(FormatError, match=f"model.keras: .*no {name} in it"):
        read_archive(path)


def test_file_that_is_no_zip_is_refused(write):
    for content in (b"", b"PK", b"\x89HDF\r\n\x1a\n" + bytes(500), b"PK\5\6" + bytes(18)):
        with pytest.raises(FormatError):
            read_archive(write(content))


def test_missing_file_is_an_ordinary_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_archive(tmp_path / "nothing.keras")


@pytest.mark.slow
@pytest.mark.sanitize
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
                assert tuple(found)[: len(PARTS)] == tuple(PARTS.values())


@pytest.mark.slow
@pytest.mark.sanitize
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
    start = time.process_time()
    tracemalloc.start()
    with pytest.raises(FormatError):
        read_archive(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 << 20  # what is declared is refused, what is not is cut off
    assert time.process_time() - start < 5


def test_members_may_grow_so_far_and_no_further(write, monkeypatch):
    """Together, so that a member that is named as another cannot be read as often as one likes."""
    monkeypatch.setattr(archive_module, "_ROOM", 1000)
    parts = PARTS | {"config.json": b" " * 400, "model.weights.h5": bytes(400)}
    size = write(parts, compression=zipfile.ZIP_DEFLATED).stat().st_size
    for more, fits in ((4 * size - 200, True), (4 * size + 600, False)):
        parts["model.weights.h5"] = bytes(400 + more)
        path = write(parts, compression=zipfile.ZIP_DEFLATED)
        if fits:
            assert len(read_archive(path).weights) == 400 + more
        else:
            with pytest.raises(FormatError, match="more than the .* save it without compression"):
                read_archive(path)


def test_huge_list_of_members_is_refused_before_it_is_read(write):
    data = zipped(PARTS)
    entry = data[data.index(b"PK\1\2") : data.index(b"PK\1\2") + 59]
    many = entry * 200_000
    end = struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, len(many), len(data), 0)
    with pytest.raises(FormatError, match="list of members"):
        read_archive(write(data + many + b"PK\5\6" + end))


def test_long_list_of_members_in_the_64_bit_record_is_refused_too(write):
    data = zipped(PARTS)
    entry = data[data.index(b"PK\1\2") : data.index(b"PK\1\2") + 59]
    many = entry * 200_000
    for size in (len(many), 2**63, 2**64 - 1):
        record = struct.pack("<4s36xQQ", b"PK\6\6", size, len(data))
        record += struct.pack("<4s4xQ4x", b"PK\6\7", len(data) + len(many))
        end = struct.pack("<4s8xII2x", b"PK\5\6", 59, len(data))
        with pytest.raises(FormatError, match="list of members of"):
            read_archive(write(data + many + record + end))


def test_archive_with_sizes_of_64_bits_is_read(write, monkeypatch):
    """As of a model of 4 GiB; zipfile writes it so for less when its limit is lower."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    data = zipped(PARTS)
    assert b"PK\6\6" in data and b"PK\6\7" in data
    assert read_archive(write(data))[:3] == tuple(PARTS.values())


def test_name_in_the_local_header_must_be_the_same(write):
    data = zipped(PARTS)
    with pytest.raises(FormatError, match="config.json is not where"):
        read_archive(write(data.replace(b"config.json", b"konfig.json", 1)))


def test_member_beyond_the_list_of_members_is_refused(write):
    data = bytearray(zipped(PARTS))
    at = data.index(b"PK\1\2")
    for start in (len(data) - 4, at, 2**32 - 2):
        struct.pack_into("<I", data, at + 42, start)
        with pytest.raises(FormatError, match="metadata.json|cut short"):
            read_archive(write(bytes(data)))
