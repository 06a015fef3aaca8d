"""Gradients of every layer, weights and inputs, against differences of its answers."""

import pytest

from maskseq import convert_to_tensor
from maskseq.testing import check_gradients
from maskseq.testing.examples import EXAMPLES
from maskseq.testing.subject import MASK, Subject

NO_FLOATS = {"CategoryEncoding", "Discretization", "Hashing", "IntegerLookup", "StringLookup"}
NO_FLOATS |= {"TextVectorization"}
"""Layers of data: nothing trainable comes before them."""
NOT_YET = {"CRFDecode"}
OUT_OF_TRAINING = {"SpectralNormalization"}
"""Layers that change their kernel in training, so that a moved kernel is not what is moved."""


def kind(name):
    return name.partition("(")[0].partition(",")[0]


@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
@pytest.mark.parametrize("name", [name for name in EXAMPLES if kind(name) not in NO_FLOATS])
def test_gradients_of_layer(name, masked):
    example = EXAMPLES[name]
    call = example.call or (lambda layer, *x: layer(x[0] if len(x) == 1 else list(x)))
    subject = Subject(example.make(), example.inputs, call)
    if subject.plain[0].dtype.kind != "f":
        pytest.skip("gives no floats")
    tensors = [convert_to_tensor(x).view() for x in example.inputs]
    for tensor in tensors:
        if masked and subject.masked:
            tensor._keras_mask = MASK
    x = tensors if len(tensors) > 1 else tensors[0]
    try:
        check_gradients(subject.model(), x, inputs=True, training=kind(name) not in OUT_OF_TRAINING)
    except TypeError as error:
        if kind(name) in NOT_YET and "no gradient yet" in str(error):
            pytest.skip("no gradient yet")
        raise
