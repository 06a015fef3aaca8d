"""Random layers draw by seed, epoch, sequence, real step and feature, and by nothing else."""

import numpy as np
import pytest

import maskseq
from maskseq import _kernels, layers
from maskseq.context import changed
from maskseq.numerics.draws import Draws, mixed, normal
from maskseq.rows import Rows
from maskseq.tape import Tape, value_of

MASK = np.array([[1, 0, 1, 1], [0, 0, 0, 0], [0, 1, 1, 0]], bool)
KINDS = {
    "Dropout": lambda: layers.Dropout(0.5),
    "SpatialDropout1D": lambda: layers.SpatialDropout1D(0.5),
    "GaussianNoise": lambda: layers.GaussianNoise(0.5),
    "GaussianDropout": lambda: layers.GaussianDropout(0.5),
    "AlphaDropout": lambda: layers.AlphaDropout(0.5),
}


def philox(counter, key):
    """Philox4x32-10 as its authors define it."""
    c, k = list(counter), [key & 0xFFFFFFFF, key >> 32]
    for _ in range(10):
        a, b = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def test_the_definition_has_the_known_answers_of_its_authors():
    """Random123's kat_vectors, philox4x32 10."""
    ones, pi = 0xFFFFFFFF, (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)
    assert philox([0] * 4, 0) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert philox([ones] * 4, 2**64 - 1) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    key = 0xA4093822 | 0x299F31D0 << 32
    assert philox(pi, key) == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


@pytest.mark.parametrize("features", [0, 1, 3, 4, 5, 9])
def test_draws_are_those_of_philox(features):
    sequences, steps = np.array([0, 2**33 + 5, -1]), np.array([7, 0, -1])
    key = 0x0123456789ABCDEF
    got = _kernels.draws(sequences, steps, features, key)
    for row, (sequence, step) in enumerate(zip(sequences.tolist(), steps.tolist(), strict=True)):
        s, t = sequence % 2**64, step % 2**32
        words = [
            word
            for block in range(-(-features // 4))
            for word in philox([block, t, s & 0xFFFFFFFF, s >> 32], key)
        ]
        want = [(word >> 8) / 2**24 for word in words[:features]]
        assert got[row].tolist() == want


def test_dropout_keeps_what_is_drawn_at_least_the_rate():
    rows, features, rate = np.arange(500), 7, 0.3
    x = np.random.default_rng(1).standard_normal((500, features)).astype(np.float32)
    draws = _kernels.draws(rows, 2 * rows, features, 99)
    want = np.where(draws >= np.float32(rate), x / (1 - np.float32(rate)), np.float32(0))
    for threads in (1, 2, 3, 5, 8):
        got = _kernels.dropout(x, rows, 2 * rows, 99, rate, num_threads=threads)
        np.testing.assert_array_equal(got, want)


def test_draws_are_even_and_normal_ones_normal():
    rows = np.arange(20_000)
    even, bell = _kernels.draws(rows, rows % 7, 5, 3), normal(rows, rows % 7, 5, 3)
    assert abs(even.mean(dtype=np.float64) - 0.5) < 0.005
    assert abs(even.var(dtype=np.float64) - 1 / 12) < 0.002
    assert abs(bell.mean(dtype=np.float64)) < 0.015 and abs(bell.std(dtype=np.float64) - 1) < 0.01
    assert abs(np.mean(np.abs(bell) < 1, dtype=np.float64) - 0.6827) < 0.006


def test_keys_differ_by_seed_epoch_call_and_seed_of_the_layer():
    keys = {
        Draws(seed, epoch).key(own) for seed in (0, 1) for epoch in (0, 1) for own in (None, 0, 1)
    }
    draws = Draws(0)
    keys |= {draws.key() for _ in range(5)}
    assert len(keys) == 12 + 4 and mixed(1, 0) != mixed(0, 1)


def run(layer, value, sequences=None, epoch=0, gradient=None):
    """What the layer gives in training, and the gradient of its input."""
    tape = Tape()
    held = tape.watch(value)
    with changed(tape=tape, training=True, rng=Draws(5, epoch, sequences)):
        outputs = layer.apply(held)
    plain = value_of(outputs)
    d = np.ones_like(plain.values if type(plain) is Rows else np.asarray(plain))
    return plain, tape.gradients(outputs, d if gradient is None else gradient, of=[held])[0]


@pytest.mark.parametrize("kind", KINDS)
def test_padding_batch_and_order_change_no_draw(kind, rng):
    x = rng.standard_normal((3, 4, 5)).astype(np.float32)
    layer, numbers = KINDS[kind](), np.array([30, 10, 20])
    values = np.concatenate([x[MASK], np.zeros((1, 5), np.float32)])
    whole, d = run(layer, Rows.view(x, MASK), numbers)
    assert not np.array_equal(whole.values, values)
    padded = maskseq.convert_to_tensor(x)
    padded._keras_mask = MASK
    array, d_array = run(layer, padded, numbers)
    np.testing.assert_array_equal(np.asarray(array)[MASK], whole.values[:-1])
    np.testing.assert_array_equal(d_array[MASK], d[:-1])
    for b in (0, 2):  # alone, its steps one after the other, more padding after them
        alone = np.zeros((1, 9, 5), np.float32)
        count = MASK[b].sum()
        alone[0, :count] = x[b, MASK[b]]
        mask = np.arange(9)[None] < count
        got, _ = run(layer, Rows.view(alone, mask), numbers[[b]])
        start, end = whole.layout.offsets[b : b + 2]
        np.testing.assert_array_equal(got.values[:-1], whole.values[start:end])
    other, _ = run(layer, Rows.view(x, MASK), numbers, epoch=1)
    assert not np.array_equal(other.values, whole.values)


@pytest.mark.parametrize("kind", KINDS)
def test_real_rows_alone_get_the_gradient_that_they_get_with_pads(kind, rng):
    x = rng.standard_normal((3, 4, 5)).astype(np.float32)
    d = rng.standard_normal((MASK.sum() + 1, 5)).astype(np.float32)
    layer = KINDS[kind]()
    whole = run(layer, Rows.view(x, MASK), gradient=d)[1]
    np.testing.assert_array_equal(run(layer, Rows.view(x, MASK), gradient=d[:-1])[1], whole[:-1])


def test_dropout_of_data_draws_from_the_walk_too(rng):
    x = rng.standard_normal((3, 6)).astype(np.float32)
    layer, made = layers.Dropout(0.5), []
    for _ in range(2):
        tape = Tape()
        with changed(tape=tape, training=True, rng=Draws(5)):
            made.append(np.asarray(layer.apply(tape.data(x)).value))
    np.testing.assert_array_equal(*made)
    assert (made[0] == 0).any() and (made[0] != 0).any()


def test_a_noise_shape_draws_once_along_its_axes_of_size_1(rng):
    x = np.ones((3, 4, 6), np.float32)
    for shape, axis in (((None, 1, None), 1), ((None, None, 1), 2), ((1, None, None), 0)):
        got = np.asarray(run(layers.Dropout(0.5, shape), x)[0])
        assert (got == got.take([0], axis)).all()
        assert 0 < (got == 0).mean() < 1
    with pytest.raises(ValueError, match=r"noise_shape must fit inputs \(3, 4, 6\), got"):
        run(layers.Dropout(0.5, (None, 2, None)), x)
    with pytest.raises(ValueError, match="noise_shape must have 3 sizes"):
        run(layers.Dropout(0.5, (None, 1)), x)


def test_out_of_training_nothing_is_drawn(rng):
    x = rng.standard_normal((3, 4, 6)).astype(np.float32)
    for kind in KINDS.values():
        tape = Tape()
        with changed(tape=tape, rng=Draws(5)):
            np.testing.assert_array_equal(np.asarray(kind().apply(tape.watch(x)).value), x)
