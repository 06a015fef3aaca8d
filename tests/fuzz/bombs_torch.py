"""safetensors and PyTorch files in which one structure has n pieces."""

import json
import struct
from collections.abc import Callable

from tests.fuzz import torch_archives as made

SAFETENSORS: dict[str, Callable[[int], bytes]] = {}
TORCH: dict[str, Callable[[int], bytes]] = {}
NUMBERS = {"0": bytes(16)}


def safetensors(make: Callable[[int], tuple[bytes, bytes]]) -> None:
    def whole(n: int) -> bytes:
        header, data = make(n)
        return struct.pack("<Q", len(header)) + header + data

    SAFETENSORS[make.__name__.replace("_", " ")] = whole


def with_header(header: dict) -> bytes:
    raw = json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw


def torch(make: Callable[[int], bytes]) -> None:
    name = make.__name__.replace("_", " ")
    TORCH[name] = lambda n: made.archive(make(n), NUMBERS)


def entry(dtype: str, shape: list[int], start: int, end: int) -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


@safetensors
def empty_arrays(n):
    return json.dumps({str(i): entry("F32", [0], 0, 0) for i in range(n)}).encode(), b""


@safetensors
def arrays_of_one(n):
    header = {str(i): entry("BF16", [1], 2 * i, 2 * i + 2) for i in range(n)}
    return json.dumps(header).encode(), bytes(2 * n)


@safetensors
def claimed_bytes(n):
    return json.dumps({"a": entry("F32", [n**3], 0, 4 * n**3)}).encode(), b""


@safetensors
def sizes_of_a_shape(n):
    return json.dumps({"a": entry("F32", [2**40] * n, 0, 0)}).encode(), b""


@safetensors
def halves(n):
    return json.dumps({"a": entry("BF16", [10 * n], 0, 20 * n)}).encode(), bytes(20 * n)


@safetensors
def bools(n):
    return json.dumps({"a": entry("BOOL", [20 * n], 0, 20 * n)}).encode(), bytes(20 * n)


@safetensors
def blanks(n):
    return b"{" + b" " * 20 * n + b"}", b""


@safetensors
def nested_lists(n):
    return b'{"a":' + b"[" * n + b"]" * n + b"}", b""


@safetensors
def metadata(n):
    return json.dumps({"__metadata__": {str(i): "" for i in range(n)}}).encode(), b""


@safetensors
def values(n):
    return b'{"a":[' + b"{}," * n + b"{}]}", b""


@torch
def nones(n):
    return made.program(b"]", b"(", b"N" * 30 * n, b"e")


@torch
def marks(n):
    return made.program(b"(" * 30 * n)


@torch
def marks_in_tuples(n):
    return made.program(b"(" * 10 * n, b"t" * 10 * n)


@torch
def dicts(n):
    return made.program(b"]", b"}a" * 15 * n)


@torch
def nested_lists_of_a_pickle(n):
    return made.program(b"]", b"]" * 10 * n, b"a" * 10 * n)


@torch
def nested_tuples(n):
    return made.program(b"N", b"\x85" * 20 * n)


@torch
def nested_dicts(n):
    return made.program((b"}" + made.text("a")) * n, b"N", b"s" * n)


@torch
def tuples_that_double(n):
    return made.program(b"N", b"q\0h\0\x86" * (n // 10))


@torch
def tensors_that_double(n):
    return made.program(made.tensor((4,), (1,)), b"q\0h\0\x86" * (n // 10))


@torch
def memo(n):
    return made.program(b"N", b"".join(b"r" + struct.pack("<I", i) for i in range(5 * n)))


@torch
def one_tensor_under_many_names(n):
    items = {"0": made.tensor((4,), (1,)) + b"q\1"} | {str(i): b"h\1" for i in range(1, n)}
    return made.program(made.dictionary(items))


@torch
def one_call_again_and_again(n):
    call = made.tensor((4,), (1,))  # a global, its arguments, REDUCE
    name, _, arguments = call.partition(b"(")
    first = name + b"q\3(" + arguments.removesuffix(b"R") + b"q\2R"
    return made.program(b"](", first, b"h\3h\2R" * 3 * n, b"e")


@torch
def tensors(n):
    items = {str(i): made.tensor((1,), (1,), offset=i % 4) for i in range(n // 2)}
    return made.program(made.dictionary(items))


@torch
def long_names_inside_long_names(n):
    name = made.text("x" * n) + b"q\1"
    return made.program(b"}", name, b"}h\1" * n, b"N", b"s" * (n + 1))


@torch
def one_long_dict_in_many_places(n):
    inner = made.dictionary({str(i): b"N" for i in range(n)})
    return made.program(b"](", inner, b"q\1", b"h\1" * n, b"e")


@torch
def a_state_again_and_again(n):
    state = made.dictionary({str(i): b"N" for i in range(n)})
    return made.program(state, b"q\1", b"}h\1b" * n)


@torch
def sizes_made_again(n):
    items = b"(" + b"N" * n + b"tq\1"
    return made.program(b"](", items, b"ctorch\nSize\nq\2", b"h\1\x85R", b"h\2h\1\x85R" * n, b"e")


@torch
def keys_of_one_hash(n):
    keys = (made.integer(i << 20) for i in range(n % 2048 + 2000))
    return made.program(b"}(", b"".join(key + b"N" for key in keys), b"u")


@torch
def claimed_numbers(n):
    return made.program(made.tensor((n**2, n), (0, 0), size=4))


@torch
def expanded(n):
    return made.program(made.dictionary({"a": made.tensor((n, n), (0, 0))}))


def storage_shared(n: int) -> bytes:
    """Different views of one large storage; those of bfloat16 are copies."""
    size = 20 * n
    items = {
        str(i): made.tensor((size - i,), (1,), kind="torch BFloat16Storage", size=size, offset=i)
        for i in range(50)
    }
    return made.archive(made.program(made.dictionary(items)), {"0": bytes(2 * size)})


TORCH["storage shared"] = storage_shared
TORCH["zeros in a storage"] = lambda n: made.archive(
    made.program(made.tensor((10 * n,), (1,), kind="torch BFloat16Storage", size=10 * n)),
    {"0": bytes(20 * n)},
    packed=True,
)
