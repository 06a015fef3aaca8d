"""The works of benchmarks/layers.py: one for every layer, and all of them run."""

import numpy as np
import pytest

from benchmarks.layer_works import REASONS, Batch, missing, works

BATCH = Batch(np.array([5, 2, 4]), 8)
WORKS = works(BATCH)


def test_every_layer_has_a_work_or_a_reason():
    assert missing(WORKS) == []
    assert "LSTM" in missing([work for work in WORKS if "LSTM" not in work.name])
    assert not {work.name for work in WORKS} & REASONS.keys()


@pytest.mark.parametrize("work", WORKS, ids=[work.name for work in WORKS])
def test_work_gives_an_answer_and_has_a_limit(work):
    assert np.size(work.run()) > 0
    assert work.flops > 0 or work.values > 0
