"""Every shared layer gives what Keras gives: outputs within 1e-5, masks exactly."""

import numpy as np
import pytest

from maskseq import layers
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


OTHERWISE = {
    "AttentionPooling1D CRFDecode LastStep MaskedConv1D MaskedGlobalMaxPooling1D TemporalSoftmax",
    "Input InputLayer Lambda Layer ThresholdedReLU",
}
"""Layers of ours alone, and those that have no answer, or none in Keras 3."""


def test_every_layer_of_keras_is_compared():
    asked = set()

    class Noting:
        def __getattr__(self, name):
            asked.add(getattr(layers, name))
            return getattr(layers, name)

    for case in CASES:
        case.make(Noting())
    classes = {name: getattr(layers, name) for name in layers.__all__}
    missing = {name for name, x in classes.items() if isinstance(x, type) and x not in asked}
    assert not missing - set(" ".join(OTHERWISE).split())
