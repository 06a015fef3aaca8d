"""CRFDecode against trying all sequences of tags."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from tests.support import reference
from tests.support.masks import MASKS, poisoned, randomize


@pytest.mark.parametrize("pattern", MASKS)
@pytest.mark.parametrize("boundaries", [True, False])
def test_crf_decode_finds_the_best_tags(rng, pattern, boundaries):
    mask = MASKS[pattern]
    x = poisoned(rng, mask)
    layer = layers.CRFDecode(boundaries)
    layer(x, mask=mask)
    weights = randomize(layer, rng)
    transitions, start, end = weights if boundaries else (*weights, np.zeros(3), np.zeros(3))
    tags, scores = layer(maskseq.convert_to_tensor(x), mask=mask, return_scores=True)
    assert tags.dtype == np.int32
    np.testing.assert_array_equal(tags._keras_mask, mask)
    for b, real in enumerate(mask):
        best, score = ((), 0)
        if real.any():
            best, score = reference.crf_decode(x[b, real], transitions, start, end)
        np.testing.assert_array_equal(tags[b, real], best)
        assert not tags[b, ~real].any()
        np.testing.assert_allclose(scores[b], score, atol=1e-5)


def test_crf_decode_tags_ragged_sequences_in_a_model(rng):
    model = maskseq.Sequential([layers.Masking(), layers.Dense(4), layers.CRFDecode()])
    sequences = [rng.standard_normal((n, 3)).astype(np.float32) for n in (5, 1, 7)]
    for tags, sequence in zip(model.predict(sequences), sequences, strict=True):
        np.testing.assert_array_equal(tags[: len(sequence)], model.predict([sequence])[0])


def test_crf_decode_names_what_does_not_fit():
    layer = layers.CRFDecode(name="tags")
    with pytest.raises(ValueError, match=r"'tags'.*inputs must be \(batch, time, tags\)"):
        layer(np.zeros((2, 3), np.float32))
