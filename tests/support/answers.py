"""Prints the instruction set in use, and a hash of what each model file of the tests answers."""

import hashlib
from pathlib import Path

import numpy as np

import maskseq
from maskseq.nest import flatten

FILES = Path(__file__).parents[1] / "files"
DEMO = Path(maskseq.__file__).parent / "demo"


def digest(answer):
    return hashlib.sha256(b"".join(part.tobytes() for part in flatten(answer))).hexdigest()


print(maskseq.runtime.isa())
with np.load(DEMO / "japanese_vowels_test.npz") as file:
    utterances = maskseq.Ragged(file["values"], file["offsets"])
model = maskseq.load_model(DEMO / "japanese_vowels.keras")
print("demo", digest(model.predict(utterances)), digest(model.predict(utterances.to_padded())))
given = np.load(FILES / "keras_answers.npz")
for path in sorted(FILES.glob("*.keras")):
    inputs = [given[key] for key in given if key.startswith(f"{path.stem}/in/")]
    model = maskseq.load_model(path)
    answer = model.predict(inputs if len(inputs) > 1 else inputs[0])
    print(path.stem, digest(answer))
