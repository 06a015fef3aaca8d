"""Pictures of maskseq.plot hold the numbers that they were given."""

import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import maskseq
from maskseq import layers, plot


def test_the_way_of_a_mask_needs_no_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    model = maskseq.Sequential([layers.Input((None, 3)), layers.Masking(), layers.LSTM(2)])
    picture = plot.mask_flow(model, tmp_path / "model.svg")
    assert (tmp_path / "model.svg").read_text() == picture == picture._repr_svg_()
    assert ET.fromstring(picture).tag.endswith("svg")
    with pytest.raises(ValueError, match="no graph"):
        plot.mask_flow(maskseq.Sequential([layers.Dense(2)]))
    needed = r"maskseq\.plot needs matplotlib: pip install matplotlib, or maskseq\[plot\]"
    with pytest.raises(ImportError, match=needed):
        plot.padding([[1], [2, 3]])


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def test_padding(pyplot):
    axes = plot.padding([[1], [2, 3, 4], []], sort=True)
    assert axes.images[0].get_array().tolist() == [[1, 1, 1], [1, 0, 0], [0, 0, 0]]
    assert axes.get_title() == "55.6% of 9 cells are padding"
    mask = np.array([[1, 0], [0, 1]], bool)
    assert plot.padding(np.ones((2, 2)), mask=mask, axes=axes) is axes
    assert axes.images[-1].get_array().tolist() == mask.tolist()
    for wrong in (None, mask[:1]):
        with pytest.raises(ValueError, match=r"mask=, bool of shape \(2, 2\)"):
            plot.padding(np.ones((2, 2)), mask=wrong)


def test_attention(pyplot):
    scores = np.random.default_rng(0).random((2, 4, 5))
    axes = plot.attention(scores, query_labels=["a", "b", "c"], key_labels=list("vwxy"))
    np.testing.assert_allclose(axes.images[0].get_array(), scores.mean(axis=0)[:3, :4])
    assert [x.get_text() for x in axes.get_xticklabels()] == list("vwxy")
    with pytest.raises(ValueError, match=r"got shape \(2, 2, 2, 2\)"):
        plot.attention(np.zeros((2, 2, 2, 2)))


def test_learning_curves(pyplot):
    logs = {"loss": [3.0, 2.0], "val_loss": [3.5, 2.5], "accuracy": [0.1, 0.2]}
    axes = plot.learning_curves(logs, names=["loss"])
    drawn = {line.get_label(): line.get_ydata().tolist() for line in axes.lines}
    assert drawn == {"loss": [3.0, 2.0], "val_loss": [3.5, 2.5]}
    assert len(plot.learning_curves(logs).lines) == 3
    with pytest.raises(ValueError, match="no log 'acc'"):
        plot.learning_curves(logs, names=["acc"])


def test_steps(pyplot):
    axes = plot.steps(np.float32([0.5, -0.25]), labels=["good", "bad"])
    assert [bar.get_height() for bar in axes.patches] == [0.5, -0.25]
    assert axes.patches[0].get_facecolor() != axes.patches[1].get_facecolor()
    with pytest.raises(ValueError, match="expected 2 labels, got 1"):
        plot.steps([0.5, 0.25], labels=["a"])
    with pytest.raises(ValueError, match=r"got \(1, 2\)"):
        plot.steps([[0.5, 0.25]])


def test_precision(pyplot):
    model = maskseq.Sequential([layers.Input((None, 3)), layers.LSTM(4), layers.Dense(2)])
    x = np.random.default_rng(0).normal(size=(5, 6, 3)).astype(np.float32)
    axes = plot.precision(model, x, precisions=["int8", "bfloat16"])
    for line, name in zip(axes.lines, ("int8", "bfloat16"), strict=True):
        low = maskseq.Sequential([layers.Input((None, 3)), layers.LSTM(4), layers.Dense(2)])
        low.set_weights(model.get_weights())
        low.quantize(name)
        apart = np.sort(np.abs(model.predict(x).astype(float) - low.predict(x)).ravel())
        assert line.get_xdata().tolist() == apart.tolist()
        np.testing.assert_allclose(line.get_ydata(), np.arange(1, 11) / 10)
        assert line.get_label() == f"{name}: at most {apart[-1]:.2g}"
    with pytest.raises(ValueError, match="int4"):
        plot.precision(model, x, precisions=["int4"])
