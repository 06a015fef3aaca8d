"""The recipe of docs/clusters.md in Spark, where pyspark and Java are installed."""

import shutil
import sys

import numpy as np
import pytest

import maskseq
from maskseq import layers

pytestmark = pytest.mark.slow


def test_map_in_pandas_gives_the_bits_of_predict(tmp_path, monkeypatch):
    sql = pytest.importorskip("pyspark.sql", reason="Spark is not installed")
    pandas = pytest.importorskip("pandas")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    model = maskseq.Sequential(
        [
            maskseq.Input((None,), dtype="int32"),
            layers.Embedding(50, 4, mask_zero=True),
            layers.LSTM(3),
            layers.Dense(1),
        ]
    )
    path = str(tmp_path / "model.keras")
    model.save(path)
    tokens = [[1 + i % 9] * (1 + i % 5) for i in range(40)]
    table = pandas.DataFrame({"id": range(40), "tokens": tokens})

    def scored(parts):
        import maskseq

        loaded = maskseq.load_model(path)
        for part in parts:
            yield loaded.score_frame(part, columns="tokens")[["id", "score"]]

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("MASKSEQ_NUM_THREADS", "1")
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    spark = builder.getOrCreate()
    try:
        frame = spark.createDataFrame(table).repartition(3)
        got = frame.mapInPandas(scored, "id long, score float").toPandas().sort_values("id")
    finally:
        spark.stop()
    assert got["id"].tolist() == list(range(40))
    want = model.predict(tokens)[:, 0]
    assert got["score"].to_numpy(np.float32).tobytes() == want.tobytes()
