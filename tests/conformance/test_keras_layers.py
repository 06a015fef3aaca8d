"""Every shared layer gives what Keras gives: outputs within 1e-5, masks exactly."""

import pytest

pytest.importorskip("jax")
pytest.importorskip("keras")
pytestmark = pytest.mark.slow

from tests.conformance.cases import CASES  # noqa: E402
from tests.conformance.harness import check  # noqa: E402

RUNS = [
    pytest.param(case, layout, way, id=f"{case.name}-{layout}-{way}")
    for case in CASES
    for layout in case.layouts
    for way in case.ways
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case, layout, way", RUNS)
def test_layer_equals_keras(case, layout, way):
    check(case, layout, way)
