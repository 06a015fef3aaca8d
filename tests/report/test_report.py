"""The page about a model and its data, and `maskseq doctor`."""

import subprocess
from pathlib import Path
from shutil import which

import numpy as np
import pytest

import maskseq
from maskseq import _kernels, cli, layers, runtime
from maskseq.report import installation, measure
from tests.pictures.test_pictures import Reader

DEMO = Path(maskseq.__file__).parent / "demo"
MODEL, DATA = str(DEMO / "japanese_vowels.keras"), str(DEMO / "japanese_vowels_test.npz")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    assert cli.main(["report", MODEL, DATA, "-o", str(path)]) == 0
    return path


@pytest.mark.slow
def test_the_page_says_what_is_so(page):
    read = Reader(page.read_text())
    words = " ".join(read.words)
    for expected in ("5,687", "7, 15, 29", "padding saved: 47.0%", "give the same bits", "10,730"):
        assert expected in words
    model = maskseq.load_model(MODEL)
    with np.load(DATA) as file:
        x = maskseq.Ragged(file["values"], file["offsets"])
    for name in ("bfloat16", "int8"):
        check = maskseq.testing.check_precision(model, x, name)
        row = f"{name} {check.largest:.2g} {check.typical:.2g} {check.changed} of {len(x)}"
        assert row in words


@pytest.mark.slow
def test_nothing_of_the_page_lies_elsewhere(page):
    read = Reader(page.read_text())
    assert {"script", "link", "img", "iframe"}.isdisjoint(tag for tag, _ in read.tags)
    assert not [a for _, attributes in read.tags for a in attributes if a in ("src", "href")]


@pytest.mark.slow
def test_a_browser_shows_the_page(page, tmp_path):
    """Its pixels: the blue of the bars, the green of the mask, and words."""
    image = pytest.importorskip("matplotlib.image")
    if not which("chromium"):
        pytest.skip("chromium is not installed")
    for width, height in ((1000, 1600), (420, 1900)):
        shot = tmp_path / f"{width}.png"
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"]
        command += ["--no-first-run", "--disable-background-networking", "--disable-sync"]
        command += [f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},{height}"]
        command += ["--force-color-profile=srgb", f"--screenshot={shot}", page.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        pixels = (image.imread(shot)[..., :3] * 255).round().astype(int).reshape(-1, 3)
        for color in ((0x3B, 0x82, 0xC4), (0x0A, 0x7D, 0x4F)):
            assert (np.abs(pixels - color).max(axis=1) < 4).sum() > 50, (width, color)
        assert (pixels.max(axis=1) < 60).sum() > 2000  # dark words


def test_a_model_that_loses_its_mask_is_told(tmp_path):
    model = maskseq.Sequential(
        [
            layers.Input((None, 2)),
            layers.LSTM(3, return_sequences=True, go_backwards=True),
            layers.Conv1D(2, 3, padding="same"),
            layers.GlobalAveragePooling1D(),
        ]
    )
    x = maskseq.Ragged.from_lengths(np.random.default_rng(0).random((9, 2)), [4, 0, 3, 2])
    with pytest.warns(UserWarning):
        maskseq.report.report(model, x, tmp_path / "r.html", seconds=0)
    assert "answers differ by up to" in (tmp_path / "r.html").read_text()


def test_what_no_page_is_made_of(tmp_path, capsys):
    model = maskseq.load_model(MODEL)
    path = tmp_path / "r.html"
    with pytest.raises(TypeError, match=r"array of shape \(2, 3, 12\)"):
        maskseq.report.report(model, np.zeros((2, 3, 12)), path)
    with pytest.raises(ValueError, match="at least one sequence"):
        maskseq.report.report(model, maskseq.Ragged.from_lengths(np.zeros((0, 12)), []), path)
    assert not path.exists()
    assert cli.main(["report", MODEL, DATA, "-o", str(tmp_path / "r.pdf")]) == 2
    assert "expected a file ending in .html" in capsys.readouterr().err


def test_the_sequences_that_padding_would_make():
    x = maskseq.Ragged.from_list([[1, 2, 3, 4, 5], [7, 8], [], [9]])
    full = measure._lengthened(x)
    assert full.to_list() == [[1, 2, 3, 4, 5], [7, 8, 7, 8, 7], [9] * 5]
    assert measure._lengthened(maskseq.Ragged.from_list([[1], [2]])) is None
    assert measure._lengthened(maskseq.Ragged.from_list([])) is None


def test_doctor_tries_every_instruction_set(capsys):
    before = runtime.isa()
    assert cli.main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert runtime.isa() == before
    assert all(f"{isa}, 1 threads" in out for isa in _kernels.ISAS)
    assert f"maskseq   {maskseq.__version__}" in out and "bits      right" in out


def test_doctor_sees_other_bits(monkeypatch, capsys):
    monkeypatch.setattr(installation, "RIGHT", "0" * 16)
    assert cli.main(["doctor"]) == 1
    assert "bits      wrong with generic, 1 threads" in capsys.readouterr().out
