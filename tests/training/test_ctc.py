"""ops.ctc_loss: its gradient, and what it refuses. tests/kernels has its numbers."""

import numpy as np
import pytest

from maskseq import ops
from maskseq.context import changed
from maskseq.tape import Tape
from tests.support.definitions import reference_lattice
from tests.support.recurrent_run import slope

TARGET = np.array([[1, 2, 1], [3, 3, 0], [2, 0, 0], [0, 0, 0]])
LABELS, STEPS = np.array([3, 2, 1, 0]), np.array([6, 5, 2, 3])


def expected(output):
    parts = zip(output, STEPS, TARGET, LABELS, strict=True)
    return np.array([reference_lattice.ctc(x[:n], y[:m], 0) for x, n, y, m in parts])


def test_ctc_loss_and_its_gradient(rng):
    output = rng.standard_normal((4, 6, 4)).astype(np.float32)
    past = np.arange(6) >= STEPS[:, None]
    zeros = np.where(past[..., None], 0, output).astype(np.float64)
    output[past] = np.nan
    tape = Tape()
    given = tape.watch(output)
    with changed(tape=tape):
        losses = ops.ctc_loss(TARGET, given, LABELS, STEPS)
    np.testing.assert_allclose(losses.value, expected(zeros), rtol=1e-5)
    d = rng.standard_normal(4).astype(np.float32)
    gradient = tape.gradients(losses, d, of=[given])[0]
    assert not gradient[past].any()
    direction = rng.standard_normal(output.shape)
    want = slope(lambda x: d @ expected(x), [zeros], 0, direction)
    size = np.linalg.norm(gradient) * np.linalg.norm(direction)
    assert abs(want - np.vdot(gradient, direction)) < 1e-5 * size


def test_another_blank(rng):
    output = rng.standard_normal((1, 5, 4)).astype(np.float32)
    moved = np.roll(output, 1, axis=-1)  # class 3 becomes class 0
    found = ops.ctc_loss([[0, 2]], output, [2], [5], mask_index=3)
    np.testing.assert_allclose(found, ops.ctc_loss([[1, 3]], moved, [2], [5]), rtol=1e-6)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"target": [[9]]}, "labels must be from 0 to 3"),
        ({"output_length": [6]}, r"output_length must be from 0 to 5, got \[6\]"),
        ({"target_length": [-1]}, "target_length must be from 0 to 1"),
        ({"target": [1]}, r"got shapes \(1,\) and \(1, 5, 4\)"),
    ],
)
def test_ctc_loss_refuses_what_does_not_fit(change, message):
    arguments = {"target": [[1]], "output": np.zeros((1, 5, 4)), "target_length": [1]}
    with pytest.raises(ValueError, match=message):
        ops.ctc_loss(**{**arguments, "output_length": [5], **change})


@pytest.mark.slow
def test_ctc_loss_and_its_gradient_are_those_of_pytorch_and_keras(rng):
    torch, keras = pytest.importorskip("torch"), pytest.importorskip("keras")
    output = (3 * rng.standard_normal((3, 40, 9))).astype(np.float32)
    target, labels = rng.integers(1, 9, (3, 12)), np.array([12, 7, 1])
    steps = np.array([40, 30, 9])
    tape = Tape()
    given = tape.watch(output)
    with changed(tape=tape):
        losses = ops.ctc_loss(target, given, labels, steps)
    gradient = tape.gradients(losses, of=[given])[0]
    x = torch.tensor(output, dtype=torch.float64, requires_grad=True)
    theirs = torch.nn.functional.ctc_loss(
        torch.log_softmax(x, -1).transpose(0, 1),
        torch.tensor(target),
        torch.tensor(steps),
        torch.tensor(labels),
        reduction="none",
    )
    theirs.sum().backward()
    np.testing.assert_allclose(losses.value, theirs.detach().numpy(), rtol=1e-6)
    np.testing.assert_allclose(gradient, x.grad.numpy(), rtol=1e-5, atol=3e-6)
    answer = keras.ops.ctc_loss(target, output, labels, steps)
    np.testing.assert_allclose(losses.value, np.asarray(answer), rtol=2e-5)
