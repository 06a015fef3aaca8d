"""Hashes of byte strings as TensorFlow has them: FarmHash's fingerprint, and SipHash with a key.

Strings of one length are hashed side by side, in arrays of 64-bit integers that wrap around.
"""

from collections.abc import Callable, Sequence

import numpy as np

_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
_SEED = 81
_SIP = 0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573


def fingerprints(strings: Sequence[bytes]) -> np.ndarray:
    """uint64 (n,): FarmHash's Fingerprint64. Source: farmhash.cc, namespace farmhashna."""
    return _by_length(strings, _farm)


def keyed_hashes(strings: Sequence[bytes], key: Sequence[int]) -> np.ndarray:
    """uint64 (n,): SipHash-2-4. Source: Aumasson and Bernstein 2012."""
    return _by_length(strings, lambda x: _sip(x, key))


def _by_length(
    strings: Sequence[bytes], function: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """function(uint8 (m, length)) for the strings of each length."""
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    hashes = np.empty(len(strings), np.uint64)
    for length in sorted({*lengths.tolist()}):
        which = np.flatnonzero(lengths == length)
        joined = b"".join([strings[i] for i in which.tolist()])
        hashes[which] = function(np.frombuffer(joined, np.uint8).reshape(len(which), length))
    return hashes


def _word(x: np.ndarray, at: int, size: int = 8) -> np.ndarray:
    """The `size` bytes at `at` of each row, as an integer."""
    words = np.ascontiguousarray(x[:, at : at + size]).view(f"<u{size}")
    return words[:, 0].astype(np.uint64)


def _turn(x: np.ndarray, right: int) -> np.ndarray:
    return (x >> right) | (x << (64 - right))


def _mix(x: np.ndarray) -> np.ndarray:
    return x ^ (x >> 47)


def _join(u: np.ndarray, v: np.ndarray, factor: np.ndarray | int) -> np.ndarray:
    a = _mix((u ^ v) * factor)
    return _mix((v ^ a) * factor) * factor


def _farm(x: np.ndarray) -> np.ndarray:
    length = x.shape[1]
    factor = _wrapped(_K2 + 2 * length)
    if length > 64:
        return _farm_long(x)
    if length > 16:
        return _farm_middle(x, factor)
    if length >= 8:
        a, b = _word(x, 0) + _K2, _word(x, length - 8)
        return _join(_turn(b, 37) * factor + a, (_turn(a, 25) + b) * factor, factor)
    if length >= 4:
        return _join(length + (_word(x, 0, 4) << 3), _word(x, length - 4, 4), factor)
    if length:
        first, middle, last = (_word(x, at, 1) for at in (0, length // 2, length - 1))
        return _mix((first + (middle << 8)) * _K2 ^ (length + (last << 2)) * _K0) * _K2
    return np.full(len(x), _K2, np.uint64)


def _farm_middle(x: np.ndarray, factor: int) -> np.ndarray:
    """Of 17 to 64 bytes."""
    length = x.shape[1]
    a, b = _word(x, 0) * (_K1 if length <= 32 else _K2), _word(x, 8)
    c, d = _word(x, length - 8) * factor, _word(x, length - 16) * _K2
    y = _turn(a + b, 43) + _turn(c, 30) + d
    z = _join(y, a + _turn(b + _K2, 18) + c, factor)
    if length <= 32:
        return z
    e, f = _word(x, 16) * factor, _word(x, 24)
    g = (y + _word(x, length - 32)) * factor
    h = (z + _word(x, length - 24)) * factor
    return _join(_turn(e + f, 43) + _turn(g, 30) + h, e + _turn(f + a, 18) + g, factor)


def _farm_long(bytes_: np.ndarray) -> np.ndarray:
    """Of more than 64 bytes: a state of 56 bytes takes in 64 at a time."""
    count, length = bytes_.shape
    x = _word(bytes_, 0) + _wrapped(_SEED * _K2)
    y = np.full(count, _wrapped(_SEED * _K1 + 113), np.uint64)
    z = _mix(y * _K2 + 113) * _K2
    v = w = (np.zeros(count, np.uint64),) * 2
    for at in range(0, (length - 1) // 64 * 64, 64):
        x, y, z, v, w = _round(bytes_, at, (x, y, z, v, w), _K1, 1)
    factor = _K1 + ((z & 0xFF) << 1)
    rest = w[0] + ((length - 1) & 63)
    v = v[0] + rest, v[1]
    w = rest + v[0], w[1]
    x, y, z, v, w = _round(bytes_, length - 64, (x, y, z, v, w), factor, 9)
    one = _join(v[0], w[0], factor) + _mix(y) * _K0 + z
    return _join(one, _join(v[1], w[1], factor) + x, factor)


def _round(b: np.ndarray, at: int, state: tuple, factor: np.ndarray | int, times: int) -> tuple:
    x, y, z, v, w = state
    x = _turn(x + y + v[0] + _word(b, at + 8), 37) * factor
    y = _turn(y + v[1] + _word(b, at + 48), 42) * factor
    x = x ^ (w[1] * times)
    y = y + v[0] * times + _word(b, at + 40)
    z = _turn(z + w[0], 33) * factor
    v = _weak(b, at, v[1] * factor, x + w[0])
    w = _weak(b, at + 32, z + w[1], y + _word(b, at + 16))
    return z, y, x, v, w


def _weak(b: np.ndarray, at: int, one: np.ndarray, other: np.ndarray) -> tuple:
    first, second, third, fourth = (_word(b, at + i) for i in (0, 8, 16, 24))
    one = one + first
    other = _turn(other + one + fourth, 21)
    start, one = one, one + second + third
    return one + fourth, other + _turn(one, 44) + start


def _sip(x: np.ndarray, key: Sequence[int]) -> np.ndarray:
    count, length = x.shape
    last = np.zeros((count, length // 8 * 8 + 8), np.uint8)
    last[:, :length] = x
    last[:, -1] = length & 0xFF
    state: list[np.ndarray] = [
        np.full(count, _wrapped(key[i % 2]) ^ constant, np.uint64)
        for i, constant in enumerate(_SIP)
    ]
    for at in range(0, last.shape[1], 8):
        word = _word(last, at)
        state[3] = state[3] ^ word
        state = _sip_round(_sip_round(state))
        state[0] = state[0] ^ word
    state[2] = state[2] ^ 0xFF
    for _ in range(4):
        state = _sip_round(state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _sip_round(state: list[np.ndarray]) -> list[np.ndarray]:
    a, b, c, d = state
    a, c = a + b, c + d
    b, d = _turn(b, 64 - 13) ^ a, _turn(d, 64 - 16) ^ c
    a, c = _turn(a, 32) + d, c + b
    b, d = _turn(b, 64 - 17) ^ c, _turn(d, 64 - 21) ^ a
    return [a, b, _turn(c, 32), d]


def _wrapped(number: int) -> int:
    return number & 0xFFFFFFFFFFFFFFFF
