"""FarmHash and SipHash: known answers, and each length by itself as among others."""

import numpy as np
import pytest

from maskseq import layers
from maskseq.layers.preprocessing.hashes import fingerprints, keyed_hashes

_MASK = 2**64 - 1


def siphash(data, key):
    """SipHash-2-4 in Python's integers, from the paper."""
    start = b"somepseudorandomlygeneratedbytes"
    words = [int.from_bytes(start[i : i + 8], "big") for i in range(0, 32, 8)]
    v = [k ^ word for k, word in zip(key * 2, words, strict=True)]
    steps = ((0, 1, 13, True), (2, 3, 16, False), (0, 3, 21, False), (2, 1, 17, True))

    def turn(x, left):
        return (x << left | x >> (64 - left)) & _MASK

    def rounds(count):
        for _ in range(count):
            for a, b, left, half in steps:
                v[a] = (v[a] + v[b]) & _MASK
                v[b] = turn(v[b], left) ^ v[a]
                v[a] = turn(v[a], 32) if half else v[a]

    data += bytes(-(len(data) + 1) % 8) + bytes([len(data) & 0xFF])
    for at in range(0, len(data), 8):
        word = int.from_bytes(data[at : at + 8], "little")
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def test_siphash_equals_the_answer_of_its_paper():
    key = tuple(int.from_bytes(bytes(range(i, i + 8)), "little") for i in (0, 8))
    assert keyed_hashes([bytes(range(15))], key)[0] == 0xA129CA6149BE45E5
    assert siphash(bytes(range(15)), key) == 0xA129CA6149BE45E5


def test_siphash_of_every_length(rng):
    texts = [rng.bytes(n) for n in [*range(40), 255, 256, 257, 300]]
    for key in ((0, 0), (1, _MASK), (2**63, 7)):
        assert keyed_hashes(texts, key).tolist() == [siphash(text, key) for text in texts]
    assert (keyed_hashes(texts, (-1, -2)) == keyed_hashes(texts, (_MASK, _MASK - 1))).all()


# tf.strings.to_hash_bucket_fast of texts of these lengths, with 2 ** 63 - 1 buckets.
BUCKETS = {
    0: 0x1AE16A3B2F904050,
    1: 0x3E6056EDF5E94B55,
    2: 0x42A04665ED038D76,
    3: 0x14A13D22E9EBA49B,
    4: 0x02BFFD898958E541,
    7: 0x22E0BFF20DB0A6A2,
    8: 0x2D5A13E1E8E93B99,
    9: 0x01371E150E4AD850,
    15: 0x062A51555943BD9E,
    16: 0x0EFD25A0A34156D4,
    17: 0x3BB6A6F8F20D1F1D,
    31: 0x7BD950AF27EF6942,
    32: 0x1A9D8199972CDF49,
    33: 0x68756EC1CB75524F,
    63: 0x01C1F788A248076F,
    64: 0x758504BB53DECC4C,
    65: 0x46A3282C3E793DBF,
    100: 0x3CFF0F886D8D6195,
    127: 0x6A8BE9FA05393DB6,
    128: 0x1C484C95F0EA5DD3,
    129: 0x4E8BA3741121083F,
    192: 0x6A48F302825FE8D4,
    193: 0x7C2613A6EE7A0ECB,
    1000: 0x1BDA5937B0A3CFA2,
}


def test_fingerprints_of_every_kind_of_length():
    texts = [bytes(i % 251 for i in range(n)) for n in BUCKETS]
    buckets = fingerprints(texts) % np.uint64(2**63 - 1)
    assert buckets.tolist() == list(BUCKETS.values())
    for text, wanted in zip(texts, fingerprints(texts), strict=True):
        assert fingerprints([text]).tolist() == [wanted]


def test_no_strings_have_no_hashes():
    assert fingerprints([]).shape == keyed_hashes([], (1, 2)).shape == (0,)
    assert layers.Hashing(3)(np.empty((0, 2), np.str_)).shape == (0, 2)


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64", "uint64"])
def test_numbers_of_any_width_are_hashed_as_their_text(dtype):
    layer = layers.Hashing(1009)
    x = np.array([[0, 1], [100, 7]], dtype)
    np.testing.assert_array_equal(layer(x), layer(x.astype(str)))


def test_bools_are_hashed_as_tensorflow_writes_them():
    layer = layers.Hashing(1009)
    np.testing.assert_array_equal(layer(np.array([True, False])), layer(["true", "false"]))


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_dtype_is_that_of_the_bins(dtype):
    layer = layers.Hashing(9, dtype=dtype)
    assert str(layer([1, 2]).dtype) == dtype == layer.get_config()["dtype"]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"num_bins": 0}, "Hashing: num_bins must be an int, at least 1, got 0"),
        ({"num_bins": None}, "Hashing: num_bins must be an int"),
        ({"salt": "s"}, "Hashing: salt must be an int or two, of 64 bits, got 's'"),
        ({"salt": [1, 2, 3]}, "Hashing: salt must be"),
        ({"output_mode": "tf_idf"}, "Hashing: output_mode must be one of"),
        ({"sparse": True}, "Hashing: sparse must be False"),
        ({"dtype": "float32"}, "Hashing: dtype must be 'int64' or 'int32'"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        layers.Hashing(**{"num_bins": 5, **options})


@pytest.mark.parametrize("x", [[["a", 1]], np.array([1j]), [None]])
def test_wrong_inputs_are_named(x):
    layer = layers.Hashing(5, name="bins")
    with pytest.raises((TypeError, ValueError), match="layer 'bins'"):
        layer(x)
