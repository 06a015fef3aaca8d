"""`maskseq train` and `maskseq convert`: what they write, and what they say of wrong files."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import maskseq
from maskseq import cli, layers
from tests.support.processes import heed_interrupts
from tests.training.fit_cases import STEPS, X, Y, classifier


@pytest.fixture
def data(tmp_path):
    ragged = maskseq.Ragged.from_list(X)
    path = tmp_path / "data.npz"
    np.savez(path, values=ragged.values, offsets=ragged.offsets, labels=Y)
    return path


def config(tmp_path, **changes):
    model = maskseq.Sequential(
        [maskseq.Input((None, 3)), layers.GRU(4), layers.Dense(1, "sigmoid")], name="small"
    )
    given = {"model": json.loads(model.to_json()), "loss": "binary_crossentropy", "seed": 1}
    given = {**given, "optimizer": "adam", "metrics": ["accuracy"], "epochs": 2, **changes}
    path = tmp_path / "config.json"
    path.write_text(json.dumps({k: v for k, v in given.items() if v is not None}))
    return path


def run(*arguments):
    return cli.main(list(map(str, arguments)))


def test_training_is_that_of_fit(tmp_path, data, capsys):
    assert run("train", config(tmp_path), data, "-o", tmp_path / "out.keras") == 0
    told = capsys.readouterr().out
    assert "Epoch 2/2" in told and "60 sequences, 2 epochs" in told
    maskseq.set_random_seed(1)
    model = maskseq.importers.model_from_json(
        json.dumps(json.loads((tmp_path / "config.json").read_text())["model"])
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    model.fit(X, Y, epochs=2, verbose=0)
    written = maskseq.load_model(tmp_path / "out.keras")
    for ours, expected in zip(written.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.slow
def test_ctrl_c_ends_a_training_in_one_line(tmp_path, data):
    call = "train", config(tmp_path, epochs=100_000), data, "-o", tmp_path / "out.keras"
    before = sorted(tmp_path.iterdir())
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-um", "maskseq", *map(str, call)],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_interrupts,
    ) as process:
        while not process.stdout.readline().startswith("Epoch 2/"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate()
    assert (process.returncode, complaints) == (130, "maskseq: error: interrupted\n")
    assert sorted(tmp_path.iterdir()) == before


def test_training_goes_on_from_a_model_file(tmp_path, data):
    model = classifier()
    model.fit(X, Y, shuffle=False, verbose=0)
    model.save(tmp_path / "half.keras")
    arguments = ("-o", tmp_path / "whole.keras", "--epochs", 1, "-q")
    assert run("train", tmp_path / "half.keras", data, *arguments) == 0
    whole = maskseq.load_model(tmp_path / "whole.keras")
    assert int(whole.optimizer.iterations) == 2 * int(model.optimizer.iterations)


def test_labels_of_steps_in_a_file_of_their_own(tmp_path, data):
    model = maskseq.Sequential(
        [maskseq.Input((None, 3)), layers.GRU(4, return_sequences=True), layers.Dense(1)]
    )
    lines = tmp_path / "labels.jsonl"
    lines.write_text("".join(json.dumps(y.tolist()) + "\n" for y in STEPS))
    path = config(tmp_path, model=json.loads(model.to_json()), loss="mse", metrics=None)
    arguments = ("--labels", lines, "-o", tmp_path / "out.keras", "-q")
    assert run("train", path, data, *arguments) == 0
    assert (tmp_path / "out.keras").exists()


@pytest.mark.parametrize("ending, joined", [("json", "[{}]"), ("jsonl", "{}")])
def test_a_number_for_each_sequence_in_a_file_of_their_own(tmp_path, data, capsys, ending, joined):
    path, labels = config(tmp_path), tmp_path / f"labels.{ending}"
    arguments = ("--labels", labels, "-o", tmp_path / "out.keras", "-q")
    numbers = [str(int(y)) for y in Y]
    between = "\n" if ending == "jsonl" else ",\n "
    labels.write_text(joined.format(between.join(numbers)))
    assert run("train", path, data, *arguments) == 0
    inside = tmp_path / "inside.keras"
    assert run("train", path, data, "-o", inside, "-q") == 0
    pairs = zip(*(maskseq.load_model(x).get_weights() for x in (arguments[3], inside)), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)
    for wrong in (numbers[:-1], [*numbers[:-1], "[1]"], [*numbers[:-1], "x"], [*numbers[:-1], ""]):
        labels.write_text(joined.format(between.join(wrong)))
        capsys.readouterr()
        assert run("train", path, data, *arguments) == 2
        assert f"labels.{ending}: " in capsys.readouterr().err


def made(kind, **config):
    return {"class_name": kind, "config": config}


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"epoch": 2}, "unknown key 'epoch'; did you mean 'epochs'"),
        ({"loss": None}, "'loss' is missing"),
        ({"model": 3}, "model must be a path or a config, got int"),
        ({"optimizer": "adm"}, "there is none called 'adm'; did you mean 'adam'"),
        ({"model": "gone.keras"}, "gone.keras"),
        ({"seed": "\x1b"}, r"seed must be an int, at least 0, got '\x1b'"),
        ({"seed": -1}, "config.json: set_random_seed: seed must be an int, at least 0, got -1"),
        ({"optimizer": {"class_name": "Adam", "config": {"rate": 1}}}, "config.json: Adam: "),
        ({"class_weight": {"\x1b": 1}}, r"expected numbers of classes, got '\x1b'"),
        ({"metrics": [made("AUC", num_thresholds=10**9)]}, "num_thresholds must be an int above 1"),
        ({"metrics": [made("MeanIoU", num_classes=10**9)]}, "num_classes must be an int from 1"),
        ({"weighted_metrics": [["\x1b"]]}, r"there is none called '\x1b'"),
    ],
)
def test_wrong_configs_are_one_line(tmp_path, data, capsys, changes, said):
    assert run("train", config(tmp_path, **changes), data, "-o", tmp_path / "out.keras") == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
    assert not (tmp_path / "out.keras").exists()


@pytest.mark.parametrize(
    "text, said",
    [
        ('{"loss": 1, "loss": 2}', "a key stands there twice"),
        ('{"loss": NaN}', "NaN is no JSON number"),
        ("{" * 10, "config.json: the config is not readable"),
        ('{"loss": ' + "[" * 100_000, "nested too deep"),
        ('{"loss": [' + "{}," * 10**6 + "{}]}", "of JSON would take"),
    ],
)
def test_what_is_no_config_is_one_line(tmp_path, data, capsys, text, said):
    path = tmp_path / "config.json"
    path.write_text(text)
    assert run("train", path, data, "-o", tmp_path / "out.keras") == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1


def test_wrong_data_and_targets_are_one_line(tmp_path, data, capsys):
    path = config(tmp_path)
    assert run("train", path, data, "-o", tmp_path / "out.pt") == 2
    assert "expected a file ending in .keras, .h5 or .safetensors" in capsys.readouterr().err
    np.save(tmp_path / "few.npy", Y[:-1])
    arguments = ("--labels", tmp_path / "few.npy", "-o", tmp_path / "out.keras")
    assert run("train", path, data, *arguments) == 2
    assert "59 labels for 60 sequences" in capsys.readouterr().err
    np.savez(tmp_path / "bare.npz", x=np.zeros((2, 3, 3), np.float32))
    assert run("train", path, tmp_path / "bare.npz", "-o", tmp_path / "out.keras") == 2
    assert "labels" in capsys.readouterr().err


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5"])
def test_convert(tmp_path, ending, capsys):
    model = classifier()
    model.save(tmp_path / "model.keras")
    out = tmp_path / f"out{ending}"
    assert run("convert", tmp_path / "model.keras", out) == 0
    again = classifier()
    again.load_weights(out)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert run("convert", tmp_path / "model.keras", tmp_path / "out.onnx") == 2
    assert "must end in .keras or .h5" in capsys.readouterr().err
