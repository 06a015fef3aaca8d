"""Files of sequences in which one structure has n pieces."""

import io
import json
import struct
import zipfile
from collections.abc import Callable

import numpy as np

BOMBS: dict[str, tuple[str, Callable[[int], bytes]]] = {}


def bomb(suffix: str):
    def named(make: Callable[[int], bytes]) -> Callable[[int], bytes]:
        BOMBS[f"{make.__name__.replace('_', ' ')} {suffix}"] = suffix, make
        return make

    return named


def npy(header: str, values: bytes = b"") -> bytes:
    version = 1 if len(header) < 65_000 else 2
    size = struct.pack("<H" if version == 1 else "<I", len(header) + 1)
    return b"\x93NUMPY" + bytes([version, 0]) + size + header.encode() + b"\n" + values


def claiming(shape: object, values: bytes = b"", descr: object = "<f4") -> bytes:
    return npy(f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}", values)


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(f"{name}.npy", data)
    return buffer.getvalue()


@bomb(".npy")
def claimed_values(n):
    return claiming((n, n, n))


@bomb(".npy")
def rows_of_nothing(n):
    return claiming((n**3, 0))


@bomb(".npy")
def axes(n):
    return claiming((1,) * (n // 20))


@bomb(".npy")
def fields(n):
    return claiming((1,), bytes(8), [(f"f{i}", "<f4") for i in range(n // 20)])


@bomb(".npy")
def long_header(n):
    return npy("(" * n * 10)


@bomb(".npy")
def deep_header(n):
    return npy("(" * min(n, 9000) + ")" * min(n, 9000))


@bomb(".npz")
def zeros(n):
    return zipped(x=claiming((1000 * n,), bytes(4000 * n)))


@bomb(".npz")
def values_and_offsets_of_zeros(n):
    offsets = claiming((100 * n,), bytes(800 * n), "<i8")
    return zipped(values=claiming((100 * n,), bytes(400 * n)), offsets=offsets)


@bomb(".npz")
def mask_of_zeros(n):
    x = claiming((n, 100), bytes(400 * n))
    return zipped(x=x, mask=claiming((n, 100), bytes(400 * n)))


@bomb(".npz")
def empty_sequences(n):
    offsets = np.zeros(10 * n + 1, np.int64).tobytes()
    return zipped(values=claiming((0, 3)), offsets=claiming((10 * n + 1,), offsets, "<i8"))


@bomb(".npz")
def members(n):
    return zipped(**{f"m{i}": b"" for i in range(n // 10)})


def text_bombs(n: int) -> dict[str, str]:
    return {
        "empty rows": ",".join(["[]"] * n),
        "empty steps": "[" + ",".join(["[]"] * n) + "]",
        "rows of one": ",".join(["[1]"] * n),
        "steps of one": "[" + ",".join(["[1]"] * n) + "]",
        "ids": "[" + ",".join(["1"] * 10 * n) + "]",
        "numbers": "[" + ",".join(["0.5"] * 10 * n) + "]",
        "kinds of numbers": ",".join(["[1]", "[0.5]", f"[{2**40}]"] * (n // 3)),
        "other widths": "[[1],[1,2]],".join(["[[1]]"] * (n // 2)),
        "late surprise": ",".join(["[1]"] * n + ["[[1]]"]),
        "lists in lists": "[" * n + "]" * n,
        "steps in steps": "[" * 60 + ",".join(["1"] * n) + "]" * 60,
        "digits": "[" + "9" * n + "]",
        "digits after the point": "[0." + "9" * 10 * n + "]",
        "many large numbers": "[" + ",".join(["9" * 4000] * (n // 100)) + "]",
        "open brackets": "[" * 10 * n,
        "blanks": "[1" + " " * 100 * n + "]",
        "commas": "," * 10 * n,
        "truths": "[" + ",".join(["true"] * n) + "]",
        "nulls": "[" + ",".join(["null"] * n) + "]",
        "text": json.dumps(["a" * 10 * n]),
        "objects": ",".join(["{}"] * n),
    }


for what in text_bombs(10):

    def one_text(n, what=what):
        return f"[{text_bombs(n)[what]}]".encode()

    def of_lines(n, what=what):
        text = text_bombs(n)[what]
        return (text.replace("],[", "]\n[") if text.startswith("[]") else text).encode()

    one_text.__name__ = of_lines.__name__ = what
    bomb(".json")(one_text)
    bomb(".jsonl")(of_lines)


@bomb(".jsonl")
def many_lines(n):
    return b"[1]\n" * n


@bomb(".jsonl")
def blank_lines(n):
    return b"\n" * 10 * n
