"""Archives with many members, or members that unpack to much more than the file."""

import io
import struct
import zipfile
from collections.abc import Callable

ARCHIVES: dict[str, Callable[[int], bytes]] = {}


def archive(make: Callable[[int], bytes]) -> Callable[[int], bytes]:
    ARCHIVES[make.__name__.replace("_", " ")] = make
    return make


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return buffer.getvalue()


def parts(**changes: bytes) -> dict[str, bytes]:
    found = {"metadata.json": b"{}", "config.json": b"{}", "model.weights.h5": b""}
    return found | {name.replace("_", "."): data for name, data in changes.items()}


@archive
def members(n):
    return zipped(parts() | {str(i): b"" for i in range(n // 10)})


@archive
def many_members(n):
    data = zipped(parts())
    at = data.index(b"PK\1\2")
    record = data[at : at + 46 + len("metadata.json")]
    many = b"".join(record.replace(b"metadata.json", b"%013d" % i) for i in range(n))
    return data[:at] + many + struct.pack("<4s8xII2x", b"PK\5\6", len(many), at)


@archive
def blanks_in_the_metadata(n):
    return zipped(parts(metadata_json=b" " * 1000 * n))


@archive
def blanks_in_the_config(n):
    return zipped(parts(config_json=b" " * 1000 * n))


@archive
def zeros_as_weights(n):
    return zipped(parts() | {"model.weights.h5": bytes(1000 * n)})


@archive
def values_in_the_metadata(n):
    return zipped(parts(metadata_json=b'{"keras_version": [' + b"[]," * 50 * n + b"[]]}"))


@archive
def values_in_the_config(n):
    return zipped(parts(config_json=b'{"a": [' + b"{}," * 50 * n + b"{}]}"))
