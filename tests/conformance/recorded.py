"""Answers of Keras in a file, so that layers are compared with them where Keras is not installed.

    python -m tests.conformance.recorded        asks Keras and writes the file anew

For each case NAME: its inputs NAME/in/i and weights NAME/weight/i; for each mask layout, and with
(1) or without (0) a Masking before the layer, the outputs NAME/layout/1/i and their masks .../mask.
"""

import json
import math
from pathlib import Path

import numpy as np

import maskseq
from tests.conformance.cases import CASES
from tests.conformance.harness import Answer, Case, given, masking
from tests.support.beside_keras import carrying

FILE = Path(__file__).parent / "keras_answers.npz"


def answer_of(case: Case, layout: str, masked: bool, answers: dict[str, np.ndarray]) -> Answer:
    """The answer that the file has for a case."""
    arrays, masks = given(case, layout, masked, _listed(answers, f"{case.name}/in"))
    place = f"{case.name}/{layout}/{masked:d}"
    outputs = [
        carrying(maskseq, x, answers.get(f"{place}/{i}/mask"))
        for i, x in enumerate(_listed(answers, place))
    ]
    return Answer(arrays, masks, _listed(answers, f"{case.name}/weight"), outputs)


def _listed(answers: dict[str, np.ndarray], place: str) -> list[np.ndarray]:
    found = []
    while f"{place}/{len(found)}" in answers:
        found.append(answers[f"{place}/{len(found)}"])
    return found


def record() -> dict[str, np.ndarray]:
    """All answers, asked of Keras now."""
    from tests.conformance import keras_side

    arrays: dict[str, np.ndarray] = {}
    for case in CASES:
        for layout in case.layouts:
            for masked in sorted({masking(way) for way in case.ways}):
                answer = keras_side.answer_of(case, layout, masked)
                if not masked:  # with Masking the masked steps are 0
                    arrays |= {f"{case.name}/in/{i}": x for i, x in enumerate(answer.arrays)}
                arrays |= {f"{case.name}/weight/{i}": x for i, x in enumerate(answer.weights)}
                for i, x in enumerate(answer.outputs):
                    place = f"{case.name}/{layout}/{masked:d}/{i}"
                    arrays[place] = np.asarray(x)
                    if getattr(x, "_keras_mask", None) is not None:
                        arrays[f"{place}/mask"] = np.asarray(x._keras_mask)
    return arrays


def save(arrays: dict[str, np.ndarray], file: Path = FILE) -> None:
    """Write the file: the names and shapes, and the values of each dtype in a row."""
    index = [(name, x.dtype.str, x.shape) for name, x in arrays.items()]
    values = {
        kind: np.concatenate([x.ravel() for x in arrays.values() if x.dtype.str == kind])
        for kind in {kind for _, kind, _ in index}
    }
    np.savez_compressed(file, index=json.dumps(index), **values)


def load(file: Path = FILE) -> dict[str, np.ndarray]:
    """What `save` wrote."""
    with np.load(file) as opened:
        values = {kind: opened[kind] for kind in opened.files if kind != "index"}
        index = json.loads(str(opened["index"]))
    arrays, taken = {}, dict.fromkeys(values, 0)
    for name, kind, shape in index:
        size, start = math.prod(shape), taken[kind]
        arrays[name] = values[kind][start : start + size].reshape(shape)
        taken[kind] += size
    return arrays


if __name__ == "__main__":
    save(record())
