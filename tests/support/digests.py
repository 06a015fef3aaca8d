"""Prints the instruction set in use, and a hash of what each model file of the tests answers.

Run: python -m tests.support.digests
"""

import hashlib

import maskseq
from maskseq.nest import flatten
from tests.support.demo_files import demo_model, utterances
from tests.support.keras_files import FILES, answers


def digest(answer):
    return hashlib.sha256(b"".join(part.tobytes() for part in flatten(answer))).hexdigest()


print(maskseq.runtime.isa())
ragged, padded = utterances(), utterances().to_padded()
print("demo", digest(demo_model().predict(ragged)), digest(demo_model().predict(padded)))
for path in sorted(FILES.glob("*.keras")):
    inputs = answers(path.stem, "in")
    answer = maskseq.load_model(path).predict(inputs if len(inputs) > 1 else inputs[0])
    print(path.stem, digest(answer))
