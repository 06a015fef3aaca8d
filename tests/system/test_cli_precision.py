"""maskseq predict --precision and maskseq check; load_model(precision=...)."""

import numpy as np
import pytest

import maskseq
from maskseq import cli
from tests.support.demo_files import MODEL, demo_model, utterances


@pytest.fixture
def data(tmp_path):
    x = utterances()[:20]
    np.savez(tmp_path / "x.npz", values=x.values, offsets=x.offsets)
    return tmp_path / "x.npz"


@pytest.mark.parametrize("precision", ["int8", "bfloat16"])
def test_predict_answers_in_a_precision(precision, data, tmp_path):
    out = tmp_path / "y.npy"
    assert (
        cli.main(["predict", str(MODEL), str(data), "-o", str(out), "--precision", precision]) == 0
    )
    low = maskseq.load_model(MODEL, precision=precision)
    assert {x.precision for x in low.layers if x.weights} == {precision}
    np.testing.assert_array_equal(np.load(out), low.predict(utterances()[:20]))
    assert (np.load(out) != demo_model().predict(utterances()[:20])).any()


def test_check_tells_what_changes(data, capsys):
    assert cli.main(["check", str(MODEL), str(data), "--precision", "int8"]) == 0
    out, err = capsys.readouterr()
    found = maskseq.testing.check_precision(demo_model(), utterances()[:20], "int8")
    assert out == f"int8: {found}\n" and err == ""
    assert "0 of 20 decisions changed" in out


def test_an_unknown_precision_is_refused(data, capsys):
    assert cli.main(["check", str(MODEL), str(data), "--precision", "int4"]) == 2
    assert "int4" in capsys.readouterr().err
    with pytest.raises(ValueError, match="mode must be one of int8, bfloat16, got 'int4'"):
        maskseq.load_model(MODEL, precision="int4")
