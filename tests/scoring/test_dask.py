"""Scoring on a cluster of real processes, one of which is killed midway."""

import os
import signal
import time

import numpy as np
import pytest

import maskseq
from maskseq import layers

dask = pytest.importorskip("dask")
dd = pytest.importorskip("dask.dataframe")
distributed = pytest.importorskip("distributed")
pd = pytest.importorskip("pandas")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(240)]

from maskseq.scoring import dask as scoring  # noqa: E402


def classifier():
    model = maskseq.Sequential(
        [layers.Embedding(50, 8, mask_zero=True), layers.GRU(16), layers.Dense(1)]
    )
    model.predict([[1, 2]])
    rng = np.random.default_rng(1)
    model.set_weights([rng.uniform(-1, 1, w.shape) for w in model.weights])
    return model


def sequences(count, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(1, 50, n).tolist() for n in rng.integers(1, 20, count)]


@pytest.fixture(scope="module")
def client():
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 10}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_long_frame_is_scored_by_key(client):
    model, lists = classifier(), sequences(40)
    frame = pd.DataFrame(
        {
            "user": np.repeat(np.arange(40), [len(x) for x in lists]),
            "id": np.concatenate(lists),
        }
    )
    parts = dd.from_pandas(frame.set_index("user"), npartitions=4, sort=True).reset_index()
    found = scoring.score_frame(model, parts, by="user", columns="id").compute()
    expected = model.score_frame(frame, by="user", columns="id")
    assert found["user"].tolist() == expected["user"].tolist()
    np.testing.assert_array_equal(found["score"], expected["score"])


def test_partitions_of_a_lost_worker_run_again(client):
    """The same bits, though a worker dies while it works."""
    model, lists = classifier(), sequences(400)
    groups = [lists[i : i + 20] for i in range(0, 400, 20)]

    def slowly(group):
        time.sleep(0.2)
        return group

    delayed = [dask.delayed(slowly)(group) for group in groups]
    running = client.compute(scoring.score_delayed(model, delayed))
    distributed.wait(running[:4], timeout=60)
    before = client.run(os.getpid)
    os.kill(next(iter(before.values())), signal.SIGKILL)
    answers = client.gather(running)
    assert set(client.run(os.getpid).values()) != set(before.values())
    np.testing.assert_array_equal(np.concatenate(answers), model.predict(lists))


def test_files_are_scored_where_they_lie(client, tmp_path):
    model, files = classifier(), []
    for number in range(3):
        x = maskseq.Ragged.from_list(sequences(30, number))
        files.append(tmp_path / f"part_{number}.npz")
        np.savez(files[-1], values=x.values, offsets=x.offsets)
    reports = dask.compute(*scoring.score_files(model, files, tmp_path / "out"))
    assert [report.sequences for report in reports] == [30] * 3
    for number, file in enumerate(files):
        found = np.load(tmp_path / "out" / file.name)
        np.testing.assert_array_equal(found["x"], model.predict(sequences(30, number)))
    with pytest.raises(ValueError, match="two files have one name"):
        scoring.score_files(model, [files[0], files[0]], tmp_path)


def test_a_task_takes_its_share_of_threads(client):
    assert set(client.run(lambda: maskseq.get_num_threads()).values()) <= set(range(1, 1025))
    assert client.submit(scoring.threads_here).result() == 1
    assert scoring.threads_here() == 1  # no worker
