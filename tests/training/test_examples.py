"""examples/train_vowels.py trains a model that is right, from real data."""

import importlib.util
from pathlib import Path

import maskseq

EXAMPLE = Path(__file__).parents[2] / "examples" / "train_vowels.py"


def test_vowels(tmp_path, capsys):
    spec = importlib.util.spec_from_file_location("train_vowels", EXAMPLE)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    model = example.train()
    x, speakers = example.read(example.TEST)
    _, accuracy = model.evaluate(x, speakers, verbose=0)
    assert accuracy >= 0.96
    model.save(tmp_path / "vowels.keras")
    again = maskseq.load_model(tmp_path / "vowels.keras")
    assert again.evaluate(x, speakers, verbose=0)[1] == accuracy
