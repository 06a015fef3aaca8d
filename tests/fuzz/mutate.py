"""Mutations that leave a file's structure whole where random bytes would only break it."""

import copy
import json
import random
import struct
from collections.abc import Callable
from typing import Any

Mutate = Callable[[bytes, int], bytes]  # libFuzzer's own: bytes of at most that many

_WORDS = (0, 1, 2, 96, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
_VALUES = (None, True, False, -1, 0, 1, 3, 2**31, 2**70, 0.5, 1e308, "", "x", "tanh", [], [1], {})


def binary(data: bytes, size: int, seed: int, mutate: Mutate) -> bytes:
    """Half of the time a field of 2, 4 or 8 bytes becomes another number, or one from elsewhere."""
    rng = random.Random(seed)
    if len(data) < 16 or rng.random() < 0.5:
        return mutate(data, size)
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        code, width = rng.choice(("H2", "I4", "Q8", "Q8"))
        width = int(width)
        at = _place(data, width, rng)
        (old,) = struct.unpack_from(f"<{code}", data, at)
        (other,) = struct.unpack_from(f"<{code}", data, _place(data, width, rng))
        new = rng.choice((*_WORDS, old + 1, old - 1, old * 2, other, at, len(data)))
        struct.pack_into(f"<{code}", changed, at, new % 256**width)
    return bytes(changed)


def _place(data: bytes, width: int, rng: random.Random) -> int:
    """Where a field may be: aligned or not, rather not among zeros."""
    for _ in range(20):
        at = rng.randrange(len(data) - width + 1)
        at -= at % rng.choice((1, width))
        if any(data[at : at + width]):
            break
    return at


def text(data: bytes, size: int, seed: int, mutate: Mutate) -> bytes:
    """Mostly, a value in the JSON is replaced, taken away, doubled, or put in another's place."""
    rng = random.Random(seed)
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        return mutate(data, size)
    if rng.random() < 0.1 or not isinstance(tree, dict | list):
        return mutate(data, size)
    for _ in range(rng.choice((1, 1, 2, 3))):
        _change(tree, rng)
    changed = json.dumps(tree).encode()
    return changed if len(changed) <= size else data


def headed(data: bytes, size: int, seed: int, mutate: Mutate) -> bytes:
    """Mostly, the JSON header of a safetensors file is changed, and its length with it."""
    rng = random.Random(seed)
    if len(data) < 8 or rng.random() < 0.2:
        return binary(data, size, seed, mutate)
    (length,) = struct.unpack_from("<Q", data)
    header, numbers = data[8 : 8 + length], data[8 + length :]
    if rng.random() < 0.3:
        numbers = mutate(numbers, max(1, size - 8 - len(header)))
    else:
        header = text(header, max(1, size - 8 - len(numbers)), seed, mutate)
    return struct.pack("<Q", len(header)) + header + numbers


def _change(tree: Any, rng: random.Random) -> None:
    places = [(holder, key) for holder in _holders(tree) for key in _keys(holder)]
    if not places:
        return
    holder, key = rng.choice(places)
    action = rng.random()
    if action < 0.15:
        del holder[key]
    elif action < 0.3 and isinstance(holder, list):
        holder.insert(rng.randrange(len(holder) + 1), copy.deepcopy(holder[key]))
    elif action < 0.6:
        other, from_ = rng.choice(places)
        holder[key] = copy.deepcopy(other[from_])
    elif isinstance(holder[key], int):
        holder[key] = holder[key] + rng.choice((-1, 1, 2, 100))
    else:
        holder[key] = copy.deepcopy(rng.choice(_VALUES))  # the next change may be inside it


def _holders(value: Any) -> list[Any]:
    found, todo = [], [value]
    while todo:
        value = todo.pop()
        if isinstance(value, dict | list):
            found.append(value)
            todo += value.values() if isinstance(value, dict) else value
    return found


def _keys(holder: Any) -> list[Any]:
    return list(holder) if isinstance(holder, dict) else list(range(len(holder)))


MUTATIONS = {
    "hdf5": binary,
    "archive": binary,
    "config": text,
    "data": binary,
    "safetensors": headed,
    "torch": binary,
}
