"""Jobs that are ended go on, workers change nothing, and memory does not grow with the data."""

import copy
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import maskseq
from maskseq import cli, layers
from maskseq.scoring import job, score
from tests.scoring.files import read, scorer, sequences, tagger, write
from tests.support.processes import heed_interrupts, run_python


class Ended(Exception):
    pass


@pytest.mark.parametrize("sink", ["o.parquet", "o.jsonl", "o.csv", "o.npz"])
@pytest.mark.parametrize("source", ["a.parquet", "a.jsonl", "a.csv", "a.npz"])
def test_a_job_that_was_ended_goes_on_where_it_was(source, sink, tmp_path, monkeypatch):
    pytest.importorskip("pyarrow")
    monkeypatch.setattr(job, "PART_SEQUENCES", 30)
    path, target = write(tmp_path / source, sequences()), tmp_path / sink
    options = {"batch_steps": 60} | ({"by": "id", "columns": "tok"} if ".csv" in source else {})
    if ".csv" in source:
        monkeypatch.setattr("maskseq.scoring.csv_rows._BYTES", 256)
    score(scorer(), path, target, **options)
    whole = target.read_bytes() if sink != "o.parquet" else read(target)
    target.unlink()
    seen = []

    def end(done, total):
        seen.append(done)
        if done > 150:
            raise Ended

    with pytest.raises(Ended):
        score(scorer(), path, target, progress=end, **options)
    parts = Path(f"{target}.parts")
    assert not target.exists() and len(list(parts.glob("*.part"))) >= 4
    (parts / ".maskseq-0123456789abcdef.tmp").write_bytes(b"torn")
    with pytest.raises(ValueError, match="another model than in the job that was begun"):
        score(tagger(), path, target, resume=True, **options)
    seen.clear()
    report = score(
        scorer(), path, target, resume=True, progress=lambda *n: seen.append(n[0]), **options
    )
    assert seen[0] > 100 and report.sequences == seen[-1]
    assert (target.read_bytes() if sink != "o.parquet" else read(target)) == whole or (
        sink == "o.parquet" and str(read(target)) == str(whole)
    )
    assert not parts.exists()


RUN = """
import sys
from maskseq.cli import main
from maskseq.scoring import job
job.PART_SEQUENCES = 10_000  # so that most of a job comes after its first part
sys.exit(main(sys.argv[1:]))
"""


def started(*arguments: object, **options) -> subprocess.Popen:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "MASKSEQ_NUM_THREADS": "1"}
    line = [sys.executable, "-c", RUN, *map(str, arguments)]
    given = {"env": environment, "text": True, "preexec_fn": heed_interrupts, **options}
    return subprocess.Popen(line, **given)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_job_that_is_ended_is_resumed_and_no_row_comes_twice(sent, workers, tmp_path):
    model, data, target = tmp_path / "m.keras", tmp_path / "d.jsonl", tmp_path / "o.jsonl"
    maskseq.set_random_seed(0)
    maskseq.Sequential(
        [
            maskseq.Input((None,)),
            layers.Embedding(50, 8, mask_zero=True),
            layers.LSTM(64),
            layers.Dense(1),
        ]
    ).save(model)
    lines = [f'{{"id": {i}, "t": {[i % 50] * (i % 30)}}}\n' for i in range(100_000)]
    data.write_text("".join(lines))
    call = ("predict", model, data, "-o", target, "--workers", workers, "--batch-steps", 50_000)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started(*call, start_new_session=True, **pipes) as process:
        parts = Path(f"{target}.parts")
        while not list(parts.glob("*.part")) and process.poll() is None:
            time.sleep(0.01)
        if sent == signal.SIGINT:  # Ctrl-C reaches the workers too
            os.killpg(process.pid, sent)
        else:
            process.send_signal(sent)
        said, complaints = process.communicate()
    if sent == signal.SIGINT:
        assert (process.returncode, said) == (130, "")
        assert complaints == "maskseq: error: interrupted\n"
    else:
        assert process.returncode == -sent
    assert not target.exists()
    with started(*call, "--resume", **pipes) as process:
        said, complaints = process.communicate()
    assert (process.returncode, complaints) == (0, "") and said.startswith("100,000 sequences")
    found = [json.loads(line)["id"] for line in target.read_text().splitlines()]
    assert found == list(range(100_000)) and not parts.exists()
    score(model, data, tmp_path / "p.jsonl")
    assert (tmp_path / "p.jsonl").read_bytes() == target.read_bytes()


@pytest.mark.slow
def test_workers_change_no_bit_and_share_the_threads(tmp_path):
    path = write(tmp_path / "a.parquet", sequences())
    score(tagger(), path, tmp_path / "one.arrow", batch_steps=100)
    score(tagger(), path, tmp_path / "two.arrow", batch_steps=100, workers=2, threads=2)
    assert (tmp_path / "one.arrow").read_bytes() == (tmp_path / "two.arrow").read_bytes()
    (tmp_path / "bad.jsonl").write_text("[1]\n[99]\n")
    with pytest.raises(ValueError, match="bad.jsonl: line 2: .*got 99"):
        score(scorer(), tmp_path / "bad.jsonl", tmp_path / "o.jsonl", workers=2)


PEAK = """
import sys
import numpy as np
from tests.scoring.files import scorer
from maskseq.scoring import job, score

job.PART_SEQUENCES, job.STEPS = 10_000, 1 << 16  # so that a small file has many parts

def held(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field))

model = scorer()
for path in sys.argv[1:]:
    score(model, path, path + ".out.parquet" if "parquet" in path else path + ".out.jsonl")
    print(held("VmHWM"))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_memory_does_not_grow_with_the_data(kind, tmp_path):
    """More rows than pools of memory take up: of what is more the ids are 36 MB, in lists 50 MB."""
    if kind == "parquet":
        pyarrow = pytest.importorskip("pyarrow")
        parquet = pytest.importorskip("pyarrow.parquet")
    paths = []
    for rows in (500_000, 1_500_000) if kind == "parquet" else (15_000, 75_000):
        paths.append(tmp_path / f"{rows}.{kind}")
        if kind == "jsonl":
            paths[-1].write_text('{"id": 12345678, "t": [1, 2, 3, 4, 5, 6, 7, 8, 9]}\n' * rows)
            continue
        tokens = maskseq.Ragged.from_lengths(
            np.arange(rows * 9, dtype=np.int32) % 50, np.full(rows, 9)
        )
        table = pyarrow.table({"id": np.arange(rows), "t": tokens.to_arrow()})
        parquet.write_table(table, paths[-1], row_group_size=100_000)
    done = run_python(PEAK, *paths, PYTHONPATH=os.pathsep.join(sys.path))
    assert done.returncode == 0, done.stderr
    small, large = map(int, done.stdout.split())
    assert large - small < 20_000  # KB


def test_the_command_takes_all_options(tmp_path, capsys):
    model = tmp_path / "m.keras"
    scorer().save(model)
    data = tmp_path / "d.jsonl"
    data.write_text('{"id": 1, "w": 2, "t": [1, 2]}\n{"id": 2, "w": 3, "t": [99]}\n')
    call = ["predict", str(model), str(data), str(data), "-o", str(tmp_path / "o.jsonl")]
    more = ["--columns", "t", "--keep", "id", "--batch-size", "1", "--threads", "1"]
    assert cli.main([*call, *more, "--batch-steps", "10", "--on-error", "skip"]) == 3
    out, err = capsys.readouterr()
    assert out == f"4 sequences: {tmp_path / 'o.jsonl'}\n"
    assert err.count("\n") == 2 and f"warning: {data}: line 2: " in err and "no answer" in err
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [1, 2, 1, 2]
    assert [row["score"] is None for row in rows] == [False, True, False, True]
    assert cli.main([*call, *more]) == 2
    assert f"{data}: line 2: " in capsys.readouterr().err
    assert cli.main([*call, "--workers", "0"]) == 2
    assert "workers must be at least 1, got 0" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("format", ["jsonl", "csv", "arrow"])
def test_standard_input_and_output_are_pipes(format, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    model = tmp_path / "m.keras"
    scorer().save(model)
    given = b"".join(json.dumps({"id": i, "t": [i % 50]}).encode() + b"\n" for i in range(2000))
    call = ["predict", model, "-", "-o", "-", "--format", format, "--batch-steps", "500"]
    if format == "csv":
        given = b"id,t\n" + b"".join(b"%d,%d\n" % (i, i % 50) for i in range(2000))
        call += ["--by", "id"]
    elif format == "arrow":
        table = pyarrow.table({"id": range(2000), "t": [[i % 50] for i in range(2000)]})
        out = pyarrow.BufferOutputStream()
        with pyarrow.ipc.new_stream(out, table.schema) as writer:
            writer.write_table(table, max_chunksize=300)
        given = out.getvalue().to_pybytes()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, call)],
        input=given,
        capture_output=True,
        env=environment,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"2,000 sequences: -\n")
    if format == "arrow":
        found = pyarrow.ipc.open_stream(done.stdout).read_all().to_pylist()
    elif format == "csv":
        lines = done.stdout.decode().splitlines()
        assert lines[0] == '"id","score"'
        found = [
            dict(zip(("id", "score"), map(float, x.split(",")), strict=True)) for x in lines[1:]
        ]
    else:
        found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in found] == list(range(2000))
    expected = scorer().predict([[i % 50] for i in range(2000)])[:, 0]
    np.testing.assert_array_equal(np.float32([row["score"] for row in found]), expected)


def test_another_precision_is_another_job(tmp_path, monkeypatch):
    path, target = write(tmp_path / "d.jsonl", sequences()), tmp_path / "o.jsonl"
    monkeypatch.setattr(job, "PART_SEQUENCES", 1)
    model = copy.deepcopy(scorer())
    model.set_weights([np.sign(w) for w in model.get_weights()])  # which bfloat16 holds

    def end(done, total):
        raise Ended

    with pytest.raises(Ended):
        score(model, path, target, batch_steps=60, progress=end)
    model.quantize("bfloat16")
    with pytest.raises(ValueError, match="another model than in the job that was begun"):
        score(model, path, target, resume=True, batch_steps=60)


def stateful():
    return maskseq.Sequential(
        [
            maskseq.Input((None, 2), batch_size=3),
            layers.LSTM(2, stateful=True, recurrent_initializer="ones", kernel_initializer="ones"),
        ]
    )


@pytest.mark.parametrize("kind", ["npz", "jsonl"])
def test_a_stateful_model_answers_a_file_as_it_answers_the_data(kind, tmp_path):
    x = [np.full((1 + i % 4, 2), i / 9).round(2).tolist() for i in range(9)]
    path = tmp_path / f"d.{kind}"
    if kind == "jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in x))
    else:
        held = maskseq.Ragged.from_list(x)
        np.savez(path, values=held.values, offsets=held.offsets)
    score(stateful(), path, tmp_path / "o.npz", batch_size=3, batch_steps=2)
    np.testing.assert_array_equal(
        np.load(tmp_path / "o.npz")["x"], stateful().predict(x, batch_size=3)
    )
    for options in ({"workers": 2}, {"on_error": "skip"}, {"resume": True}):
        with pytest.raises(ValueError, match="is stateful: .* one file and one worker"):
            score(stateful(), path, tmp_path / "o.npz", **options)


def test_a_zero_for_nulls_and_no_columns_to_keep_are_options(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow = pytest.importorskip("pyarrow")
    model, data, out = tmp_path / "m.keras", tmp_path / "d.parquet", tmp_path / "o.parquet"
    scorer().save(model)
    table = pyarrow.table({"id": [1, 1, 2], "t": pyarrow.array([1, None, 3])})
    parquet.write_table(table, data)
    call = ["predict", str(model), str(data), "-o", str(out), "--by", "id", "--columns", "t"]
    assert cli.main(call) == 2  # a null has no number
    assert cli.main([*call, "--nulls", "0", "--keep", ""]) == 0
    found = parquet.read_table(out)
    assert found.column_names == ["score"]
    expected = scorer().predict([[1, 0], [3]])[:, 0]
    np.testing.assert_array_equal(found["score"].to_numpy(), expected)
