"""Every shared layer gives what Keras gives: outputs within 1e-5, masks exactly."""

import numpy as np
import pytest

from tests.conformance import recorded
from tests.conformance.cases import CASES
from tests.conformance.harness import check, masking

RUNS = [
    pytest.param(case, layout, way, id=f"{case.name}-{layout}-{way}")
    for case in CASES
    for layout in case.layouts
    for way in case.ways
]
ANSWERS = recorded.load()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case, layout, way", RUNS)
def test_layer_gives_what_keras_gave(case, layout, way):
    check(case, way, recorded.answer_of(case, layout, masking(way), ANSWERS))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_keras_gives_what_it_gave(case):
    pytest.importorskip("jax")
    pytest.importorskip("keras")
    from tests.conformance.keras_side import answer_of

    for layout in case.layouts:
        for masked in sorted({masking(way) for way in case.ways}):
            now = answer_of(case, layout, masked)
            then = recorded.answer_of(case, layout, masked, ANSWERS)
            for part in ("arrays", "weights", "outputs"):
                for a, b in zip(getattr(now, part), getattr(then, part), strict=True):
                    np.testing.assert_allclose(np.asarray(a), b, rtol=1e-5, atol=1e-6)
