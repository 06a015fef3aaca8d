"""Alters Keras files for the tests: each function returns the path of a new file."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

FILES = Path(__file__).parents[1] / "files"
ANSWERS = np.load(FILES / "keras_answers.npz")


def answers(name: str, kind: str) -> list[np.ndarray]:
    """The inputs ("in"), outputs ("out") or weights ("weight") of a file, as Keras has them."""
    count = sum(key.startswith(f"{name}/{kind}/") for key in ANSWERS)
    return [ANSWERS[f"{name}/{kind}/{i}"] for i in range(count)]


def edited(source: Path, folder: Path, edit: Callable[[dict], object]) -> Path:
    """A copy of a `.keras` file with `edit(config)` done to its config."""
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    members["config.json"] = json.dumps(edit(config) or config).encode()
    return written(folder, members)


def with_config(folder: Path, config: object) -> Path:
    """A `.keras` file with this config and the weights of `sequential.keras`."""
    return edited(FILES / "sequential.keras", folder, lambda _: config)


def written(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "edited.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def layer_of(config: dict, name: str) -> dict:
    """The entry of the layer called `name`."""
    return next(x for x in config["config"]["layers"] if x["config"].get("name") == name)
