"""The command line does what its help says, and an error is one line and exit 2."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import maskseq
from maskseq import cli, layers
from maskseq.models import asked
from maskseq.models import batches as cutting
from tests.support.demo_files import MODEL, demo_model, save_tagger, utterances


def test_version_names_the_package(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"maskseq {maskseq.__version__}\n"


@pytest.mark.slow
def test_demo_reports_and_succeeds(capsys):
    assert cli.main(["demo"]) == 0
    out, err = capsys.readouterr()
    assert "370 utterances of 9 speakers, 12 channels, 7 to 29 steps" in out
    assert "98.4%: 364 of 370" in out
    assert "47.0%: 5,043 of 10,730 cells never computed" in out
    assert "steps/s" in out and "bidirectional" in out
    assert "  29 " + "█" * 29 + "\n" in out and "   7 " + "█" * 7 + "·" * 22 + "\n" in out
    assert err == ""


@pytest.mark.slow
def test_demo_fails_when_the_accuracy_does(capsys, monkeypatch):
    monkeypatch.setattr(cli, "DEMO_ACCURACY", 0.99)
    assert cli.main(["demo"]) == 1
    assert "expected at least 99% right" in capsys.readouterr().err


def save(kind: str, folder: Path, ragged: maskseq.Ragged) -> Path:
    """The sequences in one of the forms that `maskseq predict` reads."""
    padded, lengths = ragged.to_padded(), ragged.lengths
    path = folder / f"data.{kind.split()[0]}"
    match kind:
        case "npy":
            np.save(path, padded)
        case "npz ragged":
            np.savez(path, values=ragged.values, offsets=ragged.offsets)
        case "npz lengths":
            np.savez(path, x=padded, lengths=lengths)
        case "npz mask":
            np.savez(path, x=padded, mask=np.arange(padded.shape[1]) < lengths[:, None])
        case "npz padded":
            np.savez(path, x=padded)
        case "json":
            path.write_text(json.dumps([row.tolist() for row in ragged]))
        case "jsonl":
            path.write_text("".join(json.dumps(row.tolist()) + "\n" for row in ragged))
    return path


def load(path: Path) -> np.ndarray:
    """What `maskseq predict` wrote, for a model with one row of output for each sequence."""
    match path.suffix:
        case ".npy":
            return np.load(path)
        case ".npz":
            return np.load(path)["x"]
        case _:
            return np.float32([json.loads(line) for line in path.read_text().splitlines()])


KINDS = ["npy", "npz ragged", "npz lengths", "npz mask", "npz padded", "json", "jsonl"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", ["npy", "npz", "jsonl"])
def test_predict_reads_and_writes_every_kind(kind, suffix, tmp_path):
    data, out = save(kind, tmp_path, utterances()), tmp_path / f"out.{suffix}"
    assert cli.main(["predict", str(MODEL), str(data), "-o", str(out)]) == 0
    np.testing.assert_array_equal(load(out), demo_model().predict(utterances()))


@pytest.mark.parametrize("size", [1, 7, 370, 1000])
def test_batch_size_changes_no_bit(size, tmp_path):
    data, out = save("npz ragged", tmp_path, utterances()), tmp_path / "out.npy"
    assert (
        cli.main(["predict", str(MODEL), str(data), "-o", str(out), "--batch-size", str(size)]) == 0
    )
    np.testing.assert_array_equal(np.load(out), demo_model().predict(utterances()))


def calls_of_predict(monkeypatch, tmp_path, data, model, steps_a_call, *options) -> list:
    """The batches that `maskseq predict` gives to the model."""
    batches, answer = [], asked._answer
    monkeypatch.setattr(cutting, "STEPS_A_CALL", steps_a_call)
    monkeypatch.setattr(asked, "_answer", lambda *x: [batches.append(x[1][0]), answer(*x)][1])
    out = str(tmp_path / "out.npz")
    assert cli.main(["predict", str(model), str(data), "-o", out, *options]) == 0
    return [batch for batch in batches if batch.shape[0]]


def test_predict_cuts_by_real_steps(monkeypatch, tmp_path):
    data, lengths = save("npz ragged", tmp_path, utterances()), utterances().lengths
    batches = calls_of_predict(monkeypatch, tmp_path, data, MODEL, 1000)
    steps = [batch.layout.steps for batch in batches]
    assert sum(steps) == lengths.sum() and max(steps) <= 1000
    assert min(steps[:-1]) > 1000 - lengths.max()


def test_predict_cuts_padded_arrays_by_cells(monkeypatch, tmp_path):
    data, time = save("npz padded", tmp_path, utterances()), utterances().time
    batches = calls_of_predict(monkeypatch, tmp_path, data, MODEL, 1000)
    sizes = [batch.shape[0] for batch in batches]
    assert sum(sizes) == len(utterances()) and set(sizes[:-1]) == {1000 // time}


def test_a_stateful_model_gets_one_batch(monkeypatch, tmp_path):
    data = save("npz ragged", tmp_path, utterances())
    monkeypatch.setattr(maskseq.Model, "stateful", True)
    assert len(calls_of_predict(monkeypatch, tmp_path, data, MODEL, 1000)) == 1


def test_sequence_outputs_keep_their_lengths(tmp_path):
    data, tagger = save("npz ragged", tmp_path, utterances()), save_tagger(tmp_path / "t.keras")
    expected = maskseq.load_model(tagger).predict(utterances())
    for suffix in ("jsonl", "npz", "npy"):
        out = str(tmp_path / f"out.{suffix}")
        assert cli.main(["predict", str(tagger), str(data), "-o", out, "--batch-size", "9"]) == 0

    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    ragged = np.load(tmp_path / "out.npz")
    padded = np.load(tmp_path / "out.npy")
    np.testing.assert_array_equal(ragged["offsets"], utterances().offsets)
    for b, length in enumerate(utterances().lengths):
        np.testing.assert_array_equal(np.float32(rows[b]), expected[b, :length])
        np.testing.assert_array_equal(padded[b, :length], expected[b, :length])
        assert not padded[b, length:].any()
    np.testing.assert_array_equal(ragged["values"], np.concatenate([np.float32(r) for r in rows]))


@pytest.mark.parametrize("sequences", [0, 2])
def test_predict_takes_files_without_a_step(sequences, tmp_path):
    data, tagger = tmp_path / "data.jsonl", save_tagger(tmp_path / "t.keras")
    data.write_text("[]\n" * sequences)
    assert cli.main(["predict", str(MODEL), str(data), "-o", str(tmp_path / "scores.npy")]) == 0
    assert cli.main(["predict", str(tagger), str(data), "-o", str(tmp_path / "tags.npz")]) == 0
    assert np.load(tmp_path / "scores.npy").shape == (sequences, 9)
    assert np.load(tmp_path / "tags.npz")["values"].shape == (0, 9)


def test_info_shows_masks_and_runtime(capsys):
    assert cli.main(["info", str(MODEL)]) == 0
    out = capsys.readouterr().out
    for word in ("masking", "makes", "bidirectional", "uses", maskseq.runtime.isa()):
        assert word in out


def test_errors_are_one_line_and_exit_2(capsys, tmp_path):
    good = str(save("npz ragged", tmp_path, utterances()))
    (tmp_path / "cut.keras").write_bytes(MODEL.read_bytes()[:5000])
    (tmp_path / "notes.txt").write_text("[[1]]")
    (tmp_path / "bad.jsonl").write_text("[[1, 2]]\n[[1, 2\n")
    (tmp_path / "narrow.json").write_text("[[[1, 2], [3, 4]]]")
    (tmp_path / "cut.npz").write_bytes(Path(good).read_bytes()[:5000])
    (tmp_path / "object.json").write_text('{"x": [1, 2]}')
    np.savez(tmp_path / "other.npz", y=np.zeros(3))
    np.save(tmp_path / "pickle.npy", np.array([[1], [1, 2]], object))
    out = str(tmp_path / "out.npy")
    for model_path, data, target, words in [
        (MODEL, "missing.npz", out, "missing.npz"),
        ("missing.keras", good, out, "missing.keras"),
        ("cut.keras", good, out, "cut.keras"),
        (
            MODEL,
            "notes.txt",
            out,
            "notes.txt: expected a file ending in .npy .npz .json .jsonl",
        ),
        (MODEL, good, "out.txt", "out.txt: expected a file ending in .npy .npz .json .jsonl"),
        (MODEL, good, "missing/out.npy", "missing/out.npy"),
        (MODEL, "bad.jsonl", out, "bad.jsonl: line 2 is not JSON"),
        (MODEL, "narrow.json", out, "12"),
        (MODEL, "cut.npz", out, "cut.npz"),
        (MODEL, "other.npz", out, "other.npz: expected `x`, or `values` and `offsets`, got y"),
        (MODEL, "pickle.npy", out, "pickle.npy: it holds Python objects"),
        (MODEL, "object.json", out, "object.json: expected a list for each sequence"),
    ]:
        command = ["predict", *(str(tmp_path / name) for name in (model_path, data)), "-o"]
        assert cli.main([*command, str(tmp_path / target)]) == 2, data
        printed, complaint = capsys.readouterr()
        assert printed == "" and complaint.startswith("maskseq: error: ")
        assert complaint.count("\n") == 1 and words in complaint
        assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(
    "error, said",
    [
        (MemoryError(), "MemoryError"),
        (RecursionError("maximum recursion\ndepth"), "maximum recursion depth"),
        (KeyError("x"), "KeyError: 'x'"),
        (AssertionError(), "AssertionError"),
        (np.linalg.LinAlgError("\x1b[2J"), "\\x1b[2J"),
    ],
)
def test_any_exception_is_one_line_and_exit_2(error, said, capsys, monkeypatch):
    def fail():
        raise error

    monkeypatch.setattr(maskseq.runtime, "show_config", fail)
    assert cli.main(["info"]) == 2
    assert capsys.readouterr() == ("", f"maskseq: error: {said}\n")


def test_interruption_is_one_line_too(capsys, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(maskseq.runtime, "show_config", interrupt)
    assert cli.main(["info"]) == 130
    assert capsys.readouterr().err == "maskseq: error: interrupted\n"


@pytest.mark.parametrize(
    "arguments", [[], ["predikt"], ["predict", "m"], ["info", "--x"], ["predict", "--batch-size=x"]]
)
def test_wrong_arguments_are_one_line_and_exit_2(arguments, capsys):
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.rstrip().endswith("--help")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["info"], ["demo"]])
def test_output_that_nothing_takes_is_one_line_and_exit_2(arguments):
    command = [sys.executable, "-c", "import sys; from maskseq.cli import main; sys.exit(main())"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*command, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, env=environment
        )
    assert done.returncode == 2
    assert done.stderr == "maskseq: error: [Errno 28] No space left on device\n"


@pytest.mark.parametrize(
    "arguments, closed, status, said",
    [
        (["predict", "MODEL", "DATA", "-o", "-"], "stdout", 2, "standard output is closed"),
        (["predict", "MODEL", "-", "-o", "-"], "stdin", 2, "standard input is closed"),
        (["predict", "MODEL", "DATA", "-o", "OUT"], "stdout", 0, ""),
        (["predict", "MODEL", "DATA", "-o", "OUT"], "stderr", 0, ""),
        (["info", "MODEL"], "stdout", 0, ""),
        (["nothing"], "stdout", 2, "invalid choice"),
        (["nothing"], "stderr", 2, ""),
    ],
)
def test_a_process_may_be_started_without_its_streams(
    arguments, closed, status, said, tmp_path, monkeypatch, capsys
):
    """Python's sys.stdin, stdout and stderr are None then."""
    places = {"MODEL": "m.keras", "DATA": "d.jsonl", "OUT": "o.jsonl"}
    maskseq.Sequential(
        [layers.Input((None,)), layers.Embedding(9, 2, mask_zero=True), layers.LSTM(2)]
    ).save(tmp_path / "m.keras")
    (tmp_path / "d.jsonl").write_text("[1]\n[2, 3]\n")
    given = [str(tmp_path / places[x]) if x in places else x for x in arguments]
    with monkeypatch.context() as patch:
        patch.setattr(sys, closed, None)
        assert cli.main(given) == status
    err = capsys.readouterr().err
    assert said in err and err.count("\n") == bool(said)
    assert "OUT" not in arguments or (tmp_path / "o.jsonl").read_text().count("\n") == 2


def test_training_may_be_told_to_nobody(monkeypatch):
    model = maskseq.Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    monkeypatch.setattr(sys, "stdout", None)
    history = model.fit(np.ones((4, 2)), np.ones(4), epochs=2, verbose=1)
    assert len(history.history["loss"]) == 2
    assert model.predict(np.ones((4, 2)), verbose=1).shape == (4, 1)


def test_warnings_are_one_line_each_without_what_a_terminal_obeys(capsys, monkeypatch):
    def warn():
        warnings.simplefilter("always")
        warnings.warn("a\nb\x1b", stacklevel=1)

    monkeypatch.setattr(maskseq.runtime, "show_config", warn)
    assert cli.main(["info"]) == 0
    assert capsys.readouterr().err == "maskseq: warning: a b\\x1b\n"


def test_batch_size_0_is_an_error(capsys):
    assert cli.main(["predict", "m", "d.npz", "-o", "o.npy", "--batch-size", "0"]) == 2
    assert "--batch-size must be at least 1, got 0" in capsys.readouterr().err
