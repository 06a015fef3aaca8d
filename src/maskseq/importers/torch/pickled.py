"""The pickle inside a PyTorch file, as a structure of names, numbers and places of arrays.

A pickle is a program. This runs none: it knows the opcodes that `torch.save` writes for tensors in
dicts, lists and tuples, and a table of globals, each of which stands for something made here. Any
other opcode or global is refused, so no name out of a file is ever looked up.
Source: CPython's pickletools; torch.serialization and torch._utils, version 2.13.
"""

from collections.abc import Callable
from struct import Struct
from typing import Any, NamedTuple

from ..budget import Budget
from ..errors import FormatError

ADVICE = (
    "in PyTorch, load it and save plain tensors: torch.save(model.state_dict(), path), or "
    "safetensors.torch.save_file(model.state_dict(), path)"
)
DTYPES = {
    "Double": "f8", "Float": "f4", "Half": "f2", "BFloat16": "bf16", "Long": "i8", "Int": "i4",
    "Short": "i2", "Char": "i1", "Byte": "u1", "Bool": "b1",
}  # fmt: skip
"""Storages of PyTorch, as FloatStorage -> the type of their numbers."""
_UNTYPED = {"uint16": "u2", "uint32": "u4", "uint64": "u8"}

_MARK = object()
_OPERATIONS, _BYTES_OF_ONE = 500_000, 64  # in a file of any size; bytes of a file for one more
_REBUILD = 20  # operations that making a tensor counts as
_MAX_RANK = 32


class Storage(NamedTuple):
    """A member of the archive with numbers. dtype: None for bytes whose tensors say what it is."""

    key: str
    dtype: str | None
    size: int  # how many numbers, or bytes


class Tensor(NamedTuple):
    """A place in a storage; all in numbers of `dtype`."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Global(NamedTuple):
    """Stands for a global; `make` is what calling it does, None if it cannot be called."""

    name: str
    make: Callable[..., Any] | None = None
    value: Any = None


def unpickled(raw: bytes, path: str, size: int) -> Any:
    """What the pickle holds: dict, list, tuple, str, int, float, bool, None and Tensor.

    Arguments: path, size: of the file, in bytes.
    Raises: FormatError for what is no such pickle, naming the global or opcode that is in the way.
    """
    budget = Budget(path, _OPERATIONS + size // _BYTES_OF_ONE, "a pickle of too many operations")
    machine = _Machine(raw, path, budget)
    try:
        return machine.run()
    except (IndexError, ValueError, TypeError, KeyError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(path, "its pickle is damaged") from error


class _Machine:
    """A stack, a memo, and a place in the bytes."""

    def __init__(self, raw: bytes, path: str, budget: Budget) -> None:
        self.raw, self.at, self.path, self.budget = raw, 0, path, budget
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        while True:
            self.budget.spend(1)
            code = self.raw[self.at]
            self.at += 1
            if code == _STOP:
                (found,) = self.stack
                return found
            operation = _OPCODES.get(code)
            if operation is None:
                raise FormatError(
                    self.path,
                    f"opcode {bytes([code])!r} in its pickle, which plain tensors do not need; "
                    f"{ADVICE}",
                )
            operation(self)

    def take(self, count: int) -> bytes:
        if count > len(self.raw) - self.at:
            raise IndexError(count)
        self.at += count
        return self.raw[self.at - count : self.at]

    def number(self, layout: Struct) -> Any:
        return layout.unpack(self.take(layout.size))[0]

    def line(self) -> str:
        end = self.raw.index(b"\n", self.at, self.at + 200)
        found, self.at = self.raw[self.at : end], end + 1
        return found.decode()

    def since_mark(self) -> list[Any]:
        """What stands above the last mark, taken from the stack with it."""
        at = len(self.stack) - 1
        while self.stack[at] is not _MARK:  # each is taken, so all of it is linear
            at -= 1
            if at < 0:
                raise IndexError("no mark")
        found = self.stack[at + 1 :]
        del self.stack[at:]
        return found


def _push(value: Callable[[], Any]) -> Callable[[_Machine], None]:
    return lambda machine: machine.stack.append(value())


def _number(layout: str) -> Callable[[_Machine], None]:
    struct = Struct(layout)
    return lambda machine: machine.stack.append(machine.number(struct))


def _put(layout: str) -> Callable[[_Machine], None]:
    struct = Struct(layout)

    def put(machine: _Machine) -> None:
        machine.memo[machine.number(struct)] = machine.stack[-1]

    return put


def _get(layout: str) -> Callable[[_Machine], None]:
    struct = Struct(layout)
    return lambda machine: machine.stack.append(machine.memo[machine.number(struct)])


def _tuple(size: int) -> Callable[[_Machine], None]:
    def make(machine: _Machine) -> None:
        if size > len(machine.stack):
            raise IndexError(size)
        machine.stack[-size:] = [tuple(machine.stack[-size:])]

    return make


def _long(machine: _Machine) -> None:
    raw = machine.take(machine.number(Struct("<B")))
    if len(raw) > 9:
        raise FormatError(machine.path, "an integer of more than 64 bits in its pickle")
    machine.stack.append(int.from_bytes(raw, "little", signed=True))


def _text(layout: str) -> Callable[[_Machine], None]:
    struct = Struct(layout)

    def read(machine: _Machine) -> None:
        machine.stack.append(machine.take(machine.number(struct)).decode("utf-8", "surrogatepass"))

    return read


def _global(machine: _Machine) -> None:
    name = f"{machine.line()}.{machine.line()}"
    found = _GLOBALS.get(name)
    if found is None:
        raise FormatError(
            machine.path,
            f"its pickle holds a {name}, a module or another object of Python, and no code in a "
            f"file is ever run; {ADVICE}",
        )
    machine.stack.append(found)


def _reduce(machine: _Machine) -> None:
    arguments, called = machine.stack.pop(), machine.stack.pop()
    if type(called) is not _Global or called.make is None or type(arguments) is not tuple:
        raise TypeError("not to be called")
    machine.budget.spend(_REBUILD)
    machine.stack.append(called.make(machine.path, *arguments))


def _build(machine: _Machine) -> None:
    """State of an object: only the `_metadata` of a state_dict, of which nothing is used."""
    state, target = machine.stack.pop(), machine.stack[-1]
    if (
        type(target) is not dict
        or type(state) is not dict
        or len(state) > 1
        or state.keys() - {"_metadata"}
    ):
        raise FormatError(machine.path, f"its pickle holds an object with a state; {ADVICE}")


def _append(machine: _Machine) -> None:
    value, target = machine.stack.pop(), machine.stack[-1]
    _list(target).append(value)


def _appends(machine: _Machine) -> None:
    values, target = machine.since_mark(), machine.stack[-1]
    _list(target).extend(values)


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise TypeError("no list")
    return value


def _set_item(machine: _Machine) -> None:
    value, key, target = machine.stack.pop(), machine.stack.pop(), machine.stack[-1]
    _set(machine.path, target, [key, value])


def _set_items(machine: _Machine) -> None:
    values, target = machine.since_mark(), machine.stack[-1]
    _set(machine.path, target, values)


def _set(path: str, target: Any, values: list[Any]) -> None:
    if type(target) is not dict or len(values) % 2:
        raise TypeError("no dict")
    for key, value in zip(values[::2], values[1::2], strict=True):
        if type(key) not in (str, int):
            raise FormatError(path, f"a key of type {type(key).__name__} in its pickle; {ADVICE}")
        target[str(key)] = value  # of texts, nobody can choose the hashes


def _persistent(machine: _Machine) -> None:
    """("storage", its class, key, device, count): the numbers of a tensor."""
    what, kind, key, _, size = machine.stack.pop()
    if what != "storage" or type(kind) is not _Global or type(kind.value) is not str:
        raise TypeError("no storage")
    if type(key) is not str or not (key.isascii() and key.isdecimal()) or not _is_size(size):
        raise TypeError("no storage")
    machine.stack.append(Storage(key, kind.value or None, size))


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**59


def _tensor(path: str, storage: Any, offset: Any, shape: Any, strides: Any, *others: Any) -> Tensor:
    """A tensor whose places all lie in its storage. Source: torch._utils._rebuild_tensor_v2, v3."""
    untyped = others[2].value if len(others) > 2 and type(others[2]) is _Global else None
    if type(storage) is not Storage or not _is_size(offset):
        raise TypeError("no tensor")
    dtype: Any = storage.dtype or untyped
    for sizes in (shape, strides):
        if type(sizes) is not tuple or len(sizes) > _MAX_RANK or not all(map(_is_size, sizes)):
            raise TypeError("no sizes")
    if len(shape) != len(strides) or not dtype:
        raise TypeError("no tensor")
    count = storage.size if storage.dtype else storage.size // int(dtype[-1])
    needed, last = 1, offset
    for size, stride in zip(shape, strides, strict=True):
        needed *= size
        last += (size - 1) * stride
    outside = needed > count or (needed > 0 and last >= count)
    if outside or max(shape, default=0) > max(count, 1 << 20):
        raise FormatError(
            path,
            f"a tensor of shape {shape!s:.60}, strides {strides!s:.60} at {offset}, beyond the "
            f"{count} numbers of its storage; if it was expanded, save its .contiguous()",
        )
    return Tensor(storage, dtype, offset, shape, strides)


def _parameter(path: str, data: Any, *others: Any) -> Any:
    if type(data) is not Tensor:
        raise TypeError("no parameter")
    return data


def _ordered(path: str) -> dict[str, Any]:
    return {}


def _size(path: str, sizes: Any) -> tuple:
    if type(sizes) is not tuple:
        raise TypeError("no sizes")
    return sizes


_GLOBALS = {
    "collections.OrderedDict": _Global("OrderedDict", _ordered),
    "torch._utils._rebuild_tensor_v2": _Global("tensor", _tensor),
    "torch._utils._rebuild_tensor_v3": _Global("tensor", _tensor),
    "torch._utils._rebuild_parameter": _Global("parameter", _parameter),
    "torch.Size": _Global("Size", _size),
    "torch.storage.UntypedStorage": _Global("storage", value=""),
}
_GLOBALS |= {f"torch.{kind}Storage": _Global(kind, value=dtype) for kind, dtype in DTYPES.items()}
_GLOBALS |= {f"torch.{name}": _Global(name, value=dtype) for name, dtype in _UNTYPED.items()}

_STOP = ord(".")


def _proto(machine: _Machine) -> None:
    if machine.number(Struct("<B")) != 2:
        raise FormatError(
            machine.path, f"a pickle of another protocol than torch.save's, 2; {ADVICE}"
        )


_OPCODES: dict[int, Callable[[_Machine], None]] = {
    0x80: _proto,
    ord("}"): _push(dict),
    ord("]"): _push(list),
    ord(")"): _push(tuple),
    ord("("): _push(lambda: _MARK),
    ord("N"): _push(lambda: None),
    0x88: _push(lambda: True),
    0x89: _push(lambda: False),
    ord("K"): _number("<B"),
    ord("M"): _number("<H"),
    ord("J"): _number("<i"),
    ord("G"): _number(">d"),
    0x8A: _long,
    ord("X"): _text("<I"),
    ord("q"): _put("<B"),
    ord("r"): _put("<I"),
    ord("h"): _get("<B"),
    ord("j"): _get("<I"),
    0x85: _tuple(1),
    0x86: _tuple(2),
    0x87: _tuple(3),
    ord("t"): lambda machine: machine.stack.append(tuple(machine.since_mark())),
    ord("c"): _global,
    ord("R"): _reduce,
    ord("b"): _build,
    ord("a"): _append,
    ord("e"): _appends,
    ord("s"): _set_item,
    ord("u"): _set_items,
    ord("Q"): _persistent,
}
