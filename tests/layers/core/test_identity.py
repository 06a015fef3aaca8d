"""Identity and ActivityRegularization hand on arrays, lists and rows with their masks."""

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.rows import Rows
from tests.support import twin
from tests.support.masks import SMALL_MASKS

MAKES = [lambda L: L.Identity(), lambda L: L.ActivityRegularization(l1=0.1, l2=0.2)]


@pytest.mark.slow
@pytest.mark.parametrize("make", MAKES, ids=["identity", "activity_regularization"])
@pytest.mark.parametrize("mask", ["none", "holes"])
def test_identity_equals_keras(make, mask, rng):
    twin.check_eager(make, rng.normal(size=(3, 6, 2)).astype(np.float32), SMALL_MASKS[mask])
    twin.check_in_model(make, stem="lstm")


def test_identity_of_rows_is_the_rows(rng):
    rows = Rows.view(rng.normal(size=(3, 6, 2)).astype(np.float32), SMALL_MASKS["holes"])
    assert layers.Identity().apply(rows) is rows


def test_identity_of_a_list_is_a_list():
    ids, x = layers.Identity()([maskseq.Input((4,), dtype="int32"), maskseq.Input((4, 2))])
    assert (ids.dtype, x.shape) == ("int32", (None, 4, 2))
