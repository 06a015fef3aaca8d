"""The layer CRF: its losses, their gradients, and that it decodes as CRFDecode."""

import numpy as np
import pytest

from maskseq import Ragged, layers
from maskseq.context import changed
from maskseq.layers.rnn.decoded import decoded_from
from maskseq.rows import Rows, as_padded
from maskseq.tape import Tape, value_of
from maskseq.tensor import Tensor
from tests.support.definitions import reference_lattice
from tests.support.recurrent_run import slope

TAGS = 4
MASKS = {
    "right": [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
    "left": [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]],
    "holes": [[1, 0, 1, 0, 1], [0, 1, 1, 0, 0], [1, 1, 0, 1, 1], [0, 1, 0, 1, 0]],
    "full": [[1] * 5] * 4,
}


@pytest.fixture(params=[True, False], ids=["boundaries", "no boundaries"])
def layer(request, rng):
    layer = layers.CRF(request.param)
    layer.build((None, None, TAGS))
    for v in layer.weights:
        v.assign(rng.standard_normal(v.shape))
    return layer


def data(rng, mask):
    x = rng.standard_normal((*mask.shape, TAGS)).astype(np.float32)
    tags = rng.integers(0, TAGS, mask.shape)
    x[~mask], tags[~mask] = np.nan, -1
    return x, tags


def expected(x, tags, mask, weights):
    transitions, *ends = weights
    start, end = ends or (np.zeros(TAGS), np.zeros(TAGS))
    return np.array(
        [
            reference_lattice.crf(a[m], b[m], transitions, start, end)
            for a, b, m in zip(x, tags, mask, strict=True)
        ]
    )


@pytest.mark.parametrize("rows", (False, True))
@pytest.mark.parametrize("mask", MASKS)
def test_losses_and_gradients_under_masks(rng, layer, mask, rows):
    mask = np.array(MASKS[mask], bool)
    x, tags = data(rng, mask)
    tape = Tape(layer.trainable_weights)
    tensor = x.view(Tensor)
    tensor._keras_mask = mask
    given = tape.watch(Rows.view(x, mask) if rows else tensor)
    with changed(tape=tape):
        losses = layer.losses(given, tags)
    weights = [np.float64(v.value) for v in layer.weights]
    arguments = [np.where(mask[..., None], x, 0).astype(np.float64), *weights]
    np.testing.assert_allclose(losses.value, expected(x, tags, mask, weights), rtol=1e-5, atol=1e-6)
    d = rng.standard_normal(len(x)).astype(np.float32)
    got = tape.gradients(losses, d, of=[given, *layer.weights])
    if rows:
        whole = np.zeros_like(x)
        whole[mask] = got[0][: mask.sum()]
        got[0] = whole
    assert not got[0][~mask].any()
    loss = lambda x, *w: d @ expected(x, tags, mask, w)  # noqa: E731
    for number, gradient in enumerate(got):
        direction = rng.standard_normal(gradient.shape)
        want = slope(loss, arguments, number, direction)
        size = np.linalg.norm(gradient) * np.linalg.norm(direction)
        assert abs(want - np.vdot(gradient, direction)) < 1e-5 * size


def test_losses_have_the_same_bits_however_the_data_come(rng, layer):
    mask = np.array(MASKS["right"], bool)
    x, tags = data(rng, mask)
    ragged = Ragged.from_list([a[m] for a, m in zip(x, mask, strict=True)])
    ragged_tags = Ragged.from_list([b[m] for b, m in zip(tags, mask, strict=True)])
    found = {
        np.asarray(y).tobytes()
        for y in (
            layer.losses(x, tags, mask),
            layer.losses(ragged, ragged_tags),
            layer.losses(Rows.view(x, mask), tags[mask]),
            layer.losses(
                np.pad(x, [(0, 0), (0, 3), (0, 0)]),
                np.pad(tags, [(0, 0), (0, 3)]),
                np.pad(mask, [(0, 0), (0, 3)]),
            ),
        )
    }
    assert len(found) == 1


def test_it_decodes_as_crf_decode(rng, layer):
    mask = np.array(MASKS["holes"], bool)
    x, _ = data(rng, mask)
    other = layers.CRFDecode(layer.use_boundaries)
    other.build(x.shape)
    other.set_weights(layer.get_weights())
    tags = np.asarray(other(x, mask=mask))
    np.testing.assert_array_equal(layer(x, mask=mask), tags)
    names = [[v.name.split("/")[-1] for v in x.weights] for x in (layer, other)]
    assert names[0] == names[1]
    tape = Tape(layer.trainable_weights)
    for given in (tape.watch(Rows.view(x, mask)), tape.watch(x)):
        with changed(tape=tape, training=True):
            y = layer.apply(given, mask=mask)
        np.testing.assert_array_equal(as_padded(value_of(y)), tags)
        assert not tape.wants(y)
        found, emissions = decoded_from(y)
        assert found is layer and emissions.needed and emissions.value.layout.steps == mask.sum()


def test_training_makes_the_right_tags_the_likely_ones(rng):
    """Transitions alone tell the tags apart: the emissions are the same everywhere."""
    layer = layers.CRF()
    layer.build((None, None, 3))
    x, tags = np.zeros((2, 6, 3), np.float32), np.array([[0, 1, 2, 0, 1, 2], [0, 1, 2, 0, 1, 2]])
    before = np.asarray(layer.losses(x, tags)).sum()
    for _ in range(60):
        tape = Tape(layer.trainable_weights)
        with changed(tape=tape):
            losses = layer.losses(tape.watch(x), tags)
        for v, gradient in zip(tape.variables, tape.gradients(losses), strict=True):
            v.assign(v.value - 0.3 * gradient)
    assert np.asarray(layer.losses(x, tags)).sum() < 0.1 * before
    np.testing.assert_array_equal(layer(x), tags)


@pytest.mark.parametrize(
    "tags, message",
    [
        (np.full((2, 3), TAGS), f"path must be from 0 to {TAGS - 1}"),
        (
            np.zeros((2, 4), int),
            r"int \(2, 3\), one for each step, got shape \(2, 4\)",
        ),
        (np.full((2, 3), 0.5), "tags must be whole numbers, got 0.5"),
        (Ragged.from_list([np.zeros(3, int), np.zeros(2, int)]), r"\[3, 3\], got \[3, 2\]"),
    ],
)
def test_tags_that_do_not_fit(layer, tags, message):
    with pytest.raises(ValueError, match=message):
        layer.losses(np.zeros((2, 3, TAGS), np.float32), tags)
