"""The demo's model and data for tests and benchmarks, and the model made into one of sequences."""

import json
import zipfile
from functools import cache
from pathlib import Path

import numpy as np

import maskseq

DEMO = Path(maskseq.__file__).parent / "demo"
MODEL = DEMO / "japanese_vowels.keras"
OF_KERAS = Path(__file__).parents[1] / "files" / "demo" / "japanese_vowels.keras"
"""A model of the same layers, trained on the same data and written by Keras 3.15.1."""


@cache
def demo_model() -> maskseq.Model:
    return maskseq.load_model(MODEL)


@cache
def utterances() -> maskseq.Ragged:
    with np.load(DEMO / "japanese_vowels_test.npz") as file:
        return maskseq.Ragged(file["values"], file["offsets"])


@cache
def speakers() -> np.ndarray:
    with np.load(DEMO / "japanese_vowels_test.npz") as file:
        return file["labels"]


def save_tagger(path: Path) -> Path:
    """A file of the demo's model, changed to give one distribution for each step."""
    with zipfile.ZipFile(MODEL) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "config.json":
                config = json.loads(data)
                (bidirectional,) = (
                    layer["config"]
                    for layer in config["config"]["layers"]
                    if layer["class_name"] == "Bidirectional"
                )
                for side in ("layer", "backward_layer"):
                    bidirectional[side]["config"]["return_sequences"] = True
                data = json.dumps(config)
            target.writestr(name, data)
    return path
