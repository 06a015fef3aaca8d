"""Every shared layer gives what Keras gives: outputs within 1e-5, masks exactly."""

import numpy as np
import pytest

from maskseq import layers
from maskseq.layers.base.table import IN_KERAS, names_in
from tests.conformance import recorded
from tests.conformance.cases import CASES
from tests.conformance.harness import check, masking
from tests.support import text_cases

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


WITHOUT_ANSWERS = {"InputLayer", "Lambda", "ThresholdedReLU"}
"""Layers of Keras that have no answer, or none in Keras 3."""


def test_every_layer_of_keras_is_compared():
    asked = set()

    class Noting:
        def __getattr__(self, name):
            asked.add(getattr(layers, name))
            return getattr(layers, name)

    for case in CASES:
        case.make(Noting())
    asked |= {getattr(layers, case.layer) for case in text_cases.CASES}
    of_keras = {*names_in(IN_KERAS)}
    assert of_keras - {cls.__name__ for cls in asked} == WITHOUT_ANSWERS
