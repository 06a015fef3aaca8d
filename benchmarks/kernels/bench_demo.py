"""The demo's model from end to end: file to model, and sequences to scores."""

import numpy as np
import pytest

import maskseq
from tests.support.demo_files import MODEL, demo_model, utterances


@pytest.mark.parametrize("count", [1, 32, 370])
@pytest.mark.parametrize("form", ["ragged", "padded", "lists of arrays"])
def bench_demo_predict(benchmark, form, count):
    benchmark.group = f"demo predict sequences={count}"
    ragged = utterances()[:count]
    forms = {"ragged": ragged, "padded": ragged.to_padded(), "lists of arrays": list(ragged)}
    scores = benchmark(demo_model().predict, forms[form])
    np.testing.assert_array_equal(scores, demo_model().predict(utterances())[:count])
    benchmark.extra_info["real_steps_per_s"] = ragged.lengths.sum() / benchmark.stats.stats.median


def bench_demo_load_model(benchmark):
    benchmark.group = "demo load_model"
    model = benchmark(maskseq.load_model, MODEL)
    assert model.count_params() == 12_105
