"""What small calls cost beyond their kernels, counted: no machine's load changes these figures."""

import pytest

from benchmarks.calls import CALLS, bytecodes, entered, ready

FUNCTIONS = {
    "lstm_step": 12,
    "lstm_step_called": 14,
    "three_ids": 34,
    "lists": 60,
    "padded": 46,
    "decoder": 36,
    "stateful": 10,
    "return_state": 13,
    "train_step": 585,
    "train_tagger": 720,
    "evaluate_tagger": 480,
}
"""The most Python functions that a call may enter."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_small_call_enters_few_functions(name):
    assert len(entered(ready(name))) <= FUNCTIONS[name]


@pytest.mark.parametrize(
    "name, other, most",
    [("padded_on_batch", "padded", 1.2), ("step_on_batch", "lstm_step", 1.2)]
    + [("stateful", "lstm_step", 1.5), ("return_state", "lstm_step", 1.5)]
    + [("branched", "chained", 2.0)],
)
def test_call_takes_no_more_bytecodes_than_its_like(name, other, most):
    assert name in CALLS and other in CALLS
    assert bytecodes(ready(name)) <= most * bytecodes(ready(other))
