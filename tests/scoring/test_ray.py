"""The recipe for Ray Data in docs/clusters.md, on Ray itself."""

import pytest

from maskseq import load_model
from tests.scoring.files import scorer


class Scorer:
    """For `map_batches`: an actor holds the model."""

    def __init__(self, path):
        self.model = load_model(path)

    def __call__(self, part):
        return self.model.score_frame(part, columns="tokens")


@pytest.mark.slow
def test_actors_of_ray_answer_bit_for_bit(tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    # Ray is in no extra, so that its lack is not that of a peer: see tests/conftest.py.
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    pandas = pytest.importorskip("pandas")
    model, path = scorer(), str(tmp_path / "model.keras")
    model.save(path)
    table = pandas.DataFrame({"id": range(6), "tokens": [[7, 8], [8], [1, 2, 3], [4], [5, 6], [2]]})
    want = model.score_frame(table, columns="tokens")
    ray.init(num_cpus=2, include_dashboard=False)
    try:
        data = ray.data.from_pandas([table[:2], table[2:]])
        arguments = {"fn_constructor_args": [path], "batch_format": "pandas", "concurrency": 1}
        found = data.map_batches(Scorer, **arguments).to_pandas().sort_values("id")
    finally:
        ray.shutdown()
    assert found["score"].tolist() == want["score"].tolist()
