"""What `predict` and jobs show of how far they are: in a terminal, a notebook, a pipe."""

import io
import sys
import types

import numpy as np
import pytest

import maskseq
from maskseq import layers
from maskseq.given import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_bar_shows_rate_and_time_left_and_clears_itself(monkeypatch):
    monkeypatch.setattr(progress, "AFTER", 0.0)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    monkeypatch.setattr(progress.importlib.util, "find_spec", lambda name: None)
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    bar = progress.Bar(200, 50)
    bar.update(100)
    bar.close()
    assert " 50%  100 sequences" in terminal.getvalue() and " s left" in terminal.getvalue()
    assert terminal.getvalue().endswith(" \r")
    bar = progress.Bar(None)
    bar.update(100, 0.25)
    assert " 25%  100 sequences" in terminal.getvalue()


def test_bar_is_quiet_in_a_pipe(capsys, monkeypatch):
    monkeypatch.setattr(progress, "AFTER", 0.0)
    bar = progress.Bar(2)
    bar.update(1)
    bar.close()
    assert capsys.readouterr() == ("", "")


def scorer():
    return maskseq.Sequential(
        [maskseq.Input((None,)), layers.Embedding(9, 2, mask_zero=True), layers.LSTM(2)]
    )


X = [[1, 2], [3], [4, 5, 6]]


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(progress, "AFTER", 0.0)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    monkeypatch.setattr(progress.importlib.util, "find_spec", lambda name: None)


@pytest.mark.parametrize("options", [{}, {"ragged": True}])
def test_predict_shows_a_bar_on_a_terminal_and_then_a_line(at_once, monkeypatch, options):
    monkeypatch.setattr(sys, "stdout", Terminal())
    y = scorer().predict(X, batch_size=2, verbose=1, **options)
    shown = sys.stdout.getvalue()
    assert "67%  2 sequences" in shown and "100%  3 sequences" in shown
    assert shown.rpartition("\r")[2].startswith("3 sequences in ") and shown.endswith("/s)\n")
    assert y.shape == (3, 2)


def test_predict_shows_a_bar_in_a_notebook(at_once, monkeypatch):
    cell = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})()
    monkeypatch.setattr(sys, "stdout", cell)
    scorer().predict(X, batch_size=1, verbose="auto")
    assert "33%  1 sequences" in cell.getvalue()


@pytest.mark.parametrize("verbose", [1, 2])
def test_in_a_pipe_predict_writes_the_line_alone(at_once, capsys, verbose):
    model = scorer()
    np.testing.assert_array_equal(model.predict(X, verbose=verbose), model.predict(X))
    out = capsys.readouterr()
    assert out.out.startswith("3 sequences in ") and out.out.count("\n") == 1 and not out.err


def test_predict_is_quiet_unless_it_is_asked(at_once, capsys):
    scorer().predict(X)
    scorer().predict(X, batch_size=1, progress=lambda done, total: None)
    assert capsys.readouterr() == ("", "")


def test_batches_as_they_come_are_counted(at_once, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    scorer().predict(iter([X[:2], X[2:]]), verbose=1)
    assert "2 sequences, " in sys.stdout.getvalue() and "%" not in sys.stdout.getvalue()


def test_with_callbacks_the_bar_counts_batches(capsys):
    scorer().predict(X, batch_size=2, verbose=1, callbacks=[])
    assert capsys.readouterr().out.startswith("2 batches in ")


def test_a_function_and_a_bar_go_together(at_once, capsys):
    seen = []
    scorer().predict(X, batch_size=2, verbose=2, progress=lambda *counts: seen.append(counts))
    assert seen == [(2, 3), (3, 3)] and "3 sequences in" in capsys.readouterr().out


def test_tqdm_is_used_where_it_is_installed(monkeypatch):
    made = []

    class Fake:
        n = 0

        def __init__(self, **options):
            made.append(options)

        def update(self, more):
            self.n += more

        def close(self):
            made.append(self.n)

    monkeypatch.setitem(sys.modules, "tqdm", types.SimpleNamespace(tqdm=Fake))
    monkeypatch.setattr(progress.importlib.util, "find_spec", lambda name: True)
    monkeypatch.setattr(sys, "stdout", Terminal())
    scorer().predict(X, batch_size=2, verbose=1)
    assert made[0]["total"] == 3 and made[0]["file"] is sys.stdout and made[1] == 3


def test_another_verbose_is_refused():
    with pytest.raises(ValueError, match="verbose must be 0, 1, 2 or 'auto', got 'loud'"):
        scorer().predict(X, verbose="loud")
