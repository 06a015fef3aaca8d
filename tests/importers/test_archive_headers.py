"""What the headers of a zip say: each on its own, with all else right, is believed or refused."""

import io
import struct
import zipfile
import zlib

import pytest

from maskseq.storage.zip import Zip

DATA = {"a": bytes(range(100)), "b": b"second member"}


class Zipped:
    """An archive of stored members in which single fields can be other ones."""

    def __init__(self, members=None, compression=zipfile.ZIP_STORED):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", compression) as file:
            for name, data in (members or DATA).items():
                file.writestr(name, data)
        self.raw = bytearray(buffer.getvalue())
        (self.list,) = struct.unpack_from("<I", self.raw, len(self.raw) - 6)

    def entry(self, number: int) -> int:
        """Where an entry of the list of members begins."""
        at = self.list
        for _ in range(number):
            at += 46 + sum(struct.unpack_from("<3H", self.raw, at + 28))
        return at

    def put(self, number: int, place: int, layout: str, *values: int) -> None:
        struct.pack_into(layout, self.raw, self.entry(number) + place, *values)

    def open(self) -> Zip:
        return Zip(io.BytesIO(self.raw), 1 << 20)


def test_members_are_read():
    archive = Zipped().open()
    assert {name: archive.read(name) for name in archive.names} == DATA


@pytest.mark.parametrize("name", DATA)
def test_a_wrong_checksum_is_refused(name):
    made = Zipped()
    number = list(DATA).index(name)
    made.put(number, 16, "<I", zlib.crc32(DATA[name]) ^ 1)
    with pytest.raises(ValueError, match=f"bad CRC-32 of {name}"):
        made.open().read(name)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_encrypted_member_is_refused_however_it_is_packed(compression):
    made = Zipped(compression=compression)
    made.put(1, 8, "<H", 1)
    with pytest.raises(ValueError, match="b is encrypted"):
        made.open().read("b")


@pytest.mark.parametrize("more", [1, 10])
def test_a_member_that_reaches_into_the_list_of_members_is_refused(more):
    """Its size and its checksum are right for what stands there."""
    made = Zipped()
    size = len(DATA["b"]) + more
    inside = DATA["b"] + bytes(made.raw[made.list : made.list + more])
    made.put(1, 16, "<3I", zlib.crc32(inside), size, size)
    with pytest.raises(ValueError, match="b lies outside of the archive"):
        made.open().read("b")


def test_a_symbolic_link_is_refused():
    made = Zipped()
    made.put(0, 38, "<I", 0o120777 << 16)
    with pytest.raises(ValueError, match="a symbolic link, 'a'"):
        made.open()
    made.put(0, 38, "<I", 0o100644 << 16)
    assert made.open().read("a") == DATA["a"]


@pytest.mark.parametrize("long", ["size", "packed", "start"])
def test_only_the_sizes_that_need_64_bits_stand_in_the_extra_field(long):
    """Of the second member; the others are in their own places."""
    made = Zipped()
    size = len(DATA["b"])
    (start,) = struct.unpack_from("<I", made.raw, made.entry(1) + 42)
    place, value = {"size": (24, size), "packed": (20, size), "start": (42, start)}[long]
    made.put(1, place, "<I", 0xFFFFFFFF)
    made.put(1, 30, "<H", 12)
    at = made.entry(1) + 46 + 1
    made.raw[at:at] = struct.pack("<HHQ", 1, 8, value)
    end = len(made.raw) - 22
    (listed,) = struct.unpack_from("<I", made.raw, end + 12)
    struct.pack_into("<I", made.raw, end + 12, listed + 12)
    assert made.open().read("b") == DATA["b"]


def test_what_members_hold_is_counted_over_all_that_are_read(monkeypatch):
    made = Zipped({"a": bytes(600), "b": bytes(600)}, zipfile.ZIP_DEFLATED)
    archive = Zip(io.BytesIO(made.raw), 1000 - 4 * len(made.raw))
    assert archive.read("a") == bytes(600)
    with pytest.raises(ValueError, match="b has 600 bytes, more than the 1000 that are read"):
        archive.read("b")
