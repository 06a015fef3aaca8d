"""Whatever text a model file holds, nothing of it reaches a terminal that the terminal would obey.

Every text of a config, keys too, is replaced by one with control characters, ANSI sequences, line
ends or marks of direction; then `maskseq info` and `maskseq predict` are run on the file.
"""

import copy
import json
import zipfile

import numpy as np
import pytest

from maskseq import Input, Sequential, cli, layers
from tests.support.keras_files import FILES, written

HOSTILE = [
    "\x1b[2J\x1b]0;title\x07", "a\rb\nc", "\u202etxt\u2066", "\x9b31m", "tab\there\x7f", "\ud800",
    "zero\u200bwidth\ufeff", "\x00",
]  # fmt: skip
AT_ONCE = ["\x1b[2J\x07\x9b31m\r\n\u202e\u200b\x7f\t", "\ud800\x00"]
"""The same for every place: what a name may hold, and what no name of a file and no UTF-8 can."""
SOURCES = ["sequential.keras", "functional.keras"]


def texts_in(value, here=()):
    """The way to every text in a config; to a key, the way ends with (key, None)."""
    if isinstance(value, str):
        yield here
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, inside in items:
        yield from texts_in(inside, (*here, key))
        if isinstance(key, str):
            yield (*here, (key, None))


def put(config, place, text):
    """The config with `text` at a place, alone or behind what is there."""
    changed = copy.deepcopy(config)
    *way, last = place
    holder = changed
    for key in way:
        holder = holder[key]
    if isinstance(last, tuple):
        holder[last[0] + text] = holder.pop(last[0])
    else:
        holder[last] = text
    return changed


def members_of(name):
    with zipfile.ZipFile(FILES / name) as archive:
        return {member: archive.read(member) for member in archive.namelist()}


def is_clean(text):
    return all(line.isprintable() for line in text.split("\n"))


def run(capsys, *arguments):
    """Exit status; what went to the terminal is clean, and an error is one line."""
    status = cli.main(list(map(str, arguments)))
    out, err = capsys.readouterr()
    assert is_clean(out) and is_clean(err), (out, err)
    errors = [line for line in err.splitlines() if not line.startswith("maskseq: warning: ")]
    assert len(errors) == (status != 0), err
    return status


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.ones((2, 5, 3), np.float32))
    return path


def check(members, config, tmp_path, data, capsys):
    changed = {**members, "config.json": json.dumps(config).encode()}
    path = written(tmp_path, changed)
    status = run(capsys, "info", path)
    assert run(capsys, "predict", path, data, "-o", tmp_path / "y.npy") in (0, 2)
    return status


@pytest.mark.slow
@pytest.mark.parametrize("hostile", range(len(HOSTILE)))
@pytest.mark.parametrize("name", SOURCES)
def test_no_text_of_a_config_reaches_the_terminal_as_it_is(name, hostile, tmp_path, data, capsys):
    members = members_of(name)
    config = json.loads(members["config.json"])
    places = [place for place in texts_in(config) if "compile_config" not in place]
    assert len(places) > 100
    refused = 0
    for place in places[hostile :: 4 * len(HOSTILE)]:
        refused += check(members, put(config, place, HOSTILE[hostile]), tmp_path, data, capsys)
    assert refused > 0


@pytest.mark.slow
@pytest.mark.parametrize("hostile", AT_ONCE)
@pytest.mark.parametrize("name", SOURCES)
def test_no_text_at_any_place_does(name, hostile, tmp_path, data, capsys):
    members = members_of(name)
    config = json.loads(members["config.json"])
    for place in texts_in(config):
        check(members, put(config, place, hostile), tmp_path, data, capsys)


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("key", ["keras_version", "date_saved", "x"])
def test_no_text_of_the_metadata_does(key, hostile, tmp_path, data, capsys):
    members = members_of("sequential.keras")
    metadata = json.loads(members["metadata.json"])
    for changed in ({**metadata, key: hostile}, {**metadata, key + hostile: hostile}):
        raw = json.dumps(changed).encode()
        path = written(tmp_path, {**members, "metadata.json": raw})
        run(capsys, "info", path)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nor_do_names_of_members_paths_and_weights(hostile, tmp_path, data, capsys):
    members = members_of("sequential.keras")
    path = written(tmp_path, {**members, "a" + hostile.replace("\ud800", ""): b""})
    run(capsys, "info", path)
    run(capsys, "info", tmp_path / ("no" + hostile.replace("\0", "") + ".keras"))
    raw = members["model.weights.h5"].replace(b"kernel", b"\x1b[2Jab").replace(b"vars", b"\x1b[2J")
    raw = raw.replace(b"layers", b"\x1b[2J\x07\r")
    run(capsys, "info", written(tmp_path, {**members, "model.weights.h5": raw}))


def test_names_of_files_are_escaped_where_they_are_told(tmp_path, capsys, monkeypatch):
    """They may come from a glob of the shell's, of files of others."""
    monkeypatch.chdir(tmp_path)
    net = Sequential([Input((None, 2)), layers.LSTM(2)])
    net.compile("sgd", "mse")
    net.save("\x1b[31mm.keras")
    np.savez("d.npz", values=np.ones((4, 2), "f4"), offsets=[0, 2, 4], labels=np.ones((2, 2)))
    model = "\x1b[31mm.keras"
    for call, said in (
        (["predict", model, "d.npz", "-o", "\x1b[2Jo.jsonl"], r"\x1b[2Jo.jsonl"),
        (["convert", model, "\x1b[2Jo.h5"], r"\x1b[31mm.keras: \x1b[2Jo.h5"),
        (["train", model, "d.npz", "-q", "-o", "\x1b[2Jo.keras"], r"\x1b[2Jo.keras"),
        (["report", model, "d.npz", "-o", "\x1b[2Jo.html"], r"\x1b[2Jo.html"),
    ):
        assert cli.main(call) == 0
        told = capsys.readouterr().out
        assert said in told and "\x1b" not in told
