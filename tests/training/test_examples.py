"""The examples train models that are right, on real data that are held out."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import maskseq
from tests.support.demo_files import demo_model

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
def test_vowels_are_the_model_of_the_demo():
    vowels = example("train_vowels")
    model = vowels.train(verbose=0)
    found, count = vowels.right(model)
    assert found / count >= 0.96
    for trained, shipped in zip(model.get_weights(), demo_model().get_weights(), strict=True):
        np.testing.assert_array_equal(trained, shipped)


def test_vowels_in_a_few_epochs(tmp_path):
    vowels = example("train_vowels")
    model = vowels.train(epochs=8, verbose=0)
    found, count = vowels.right(model)
    assert found / count >= 0.85
    model.save(tmp_path / "vowels.keras")
    assert vowels.right(maskseq.load_model(tmp_path / "vowels.keras")) == (found, count)


@pytest.mark.slow
def test_tagger(tmp_path):
    tagger = example("train_tagger")
    given, held_out = tagger.read()
    assert (len(given), len(held_out)) == (1189, 298)
    model, encoder = tagger.train(given, verbose=0)
    found = tagger.tags_of(model, encoder, held_out)
    plain = tagger.accuracy(tagger.most_frequent(given, held_out), held_out)
    assert tagger.accuracy(found, held_out) >= 0.9 > plain + 0.1
    model.save(tmp_path / "tagger.keras")
    again = maskseq.load_model(tmp_path / "tagger.keras")
    assert tagger.tags_of(again, encoder, held_out) == found


@pytest.mark.slow
def test_classifier():
    classifier = example("train_classifier")
    given, held_out = classifier.read()
    assert (len(given), len(held_out)) == (6383, 1617)
    assert not {word[:5] for word, _ in given} & {word[:5] for word, _ in held_out}
    model = classifier.train(given, verbose=0)
    _, accuracy = model.evaluate(*classifier.encode(held_out), verbose=0)
    plain = classifier.most_frequent(given, held_out, 3)
    assert accuracy >= 0.785 and accuracy > plain > classifier.most_frequent(given, held_out, 0)


def test_every_example_is_run_by_a_test():
    """By its name in a test file: of a script, or of a folder that is a package or a program."""
    tests = Path(__file__).parents[1]
    said = "".join(p.read_text("utf-8") for p in tests.rglob("test_*.py") if "example" in p.name)
    said += (tests / "examples" / "test_serve.py").read_text("utf-8")
    code = {".py", ".c", ".pyx"}
    for path in EXAMPLES.iterdir():
        files = [path] if path.is_file() else list(path.iterdir())
        if any(file.suffix in code for file in files) and path.name != "__pycache__":
            assert f'"{path.stem}"' in said, path.name
