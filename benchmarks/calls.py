"""Python's side of small calls, counted: what a model costs beyond its kernels.

    python -m benchmarks.calls              each call: Python functions entered, bytecodes, time
    python -m benchmarks.calls lists        the functions of one call, in the order of entering

Counts do not depend on who else uses the machine. A time is the minimum of many calls.
"""

import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

import maskseq
from maskseq import layers

LISTS = [[711, 632, 71], [73, 8, 3215, 55, 927], [83]]
PADDED = maskseq.pad_sequences(LISTS, padding="post")
ONE_STEP = np.ones((1, 1, 64), np.float32)
STEPS = np.ones((2, 5, 8), np.float32)


def lstm() -> maskseq.Sequential:
    return maskseq.Sequential([maskseq.Input((None, 64)), layers.LSTM(64)])


def classifier() -> maskseq.Sequential:
    embedding = layers.Embedding(5000, 16, mask_zero=True)
    return maskseq.Sequential([embedding, layers.LSTM(16), layers.Dense(1)])


def tagger() -> maskseq.Sequential:
    both = layers.Bidirectional(layers.LSTM(16, return_sequences=True))
    embedding = layers.Embedding(5000, 16, mask_zero=True)
    return maskseq.Sequential([embedding, both, layers.Dense(3)])


def branched() -> maskseq.Model:
    x = maskseq.Input((None, 8))
    masked = layers.Masking()(x)
    one, two = layers.Dense(8)(masked), layers.LSTM(8, return_sequences=True)(masked)
    added = layers.Add()([layers.Dense(8)(one), two])
    return maskseq.Model(x, layers.LSTM(4)(added))


def with_state() -> maskseq.Model:
    x = maskseq.Input((None, 64))
    return maskseq.Model(x, layers.LSTM(64, return_state=True)(x))


def stateful() -> maskseq.Sequential:
    return maskseq.Sequential([maskseq.Input((None, 64), 1), layers.LSTM(64, stateful=True)])


def decoder() -> maskseq.Model:
    x, h, c = maskseq.Input((None, 64)), maskseq.Input((64,)), maskseq.Input((64,))
    y, *states = layers.LSTM(64, return_state=True)(x, initial_state=[h, c])
    return maskseq.Model([x, h, c], [layers.Dense(8)(y), *states])


def chained() -> maskseq.Sequential:
    recurrent = [layers.LSTM(8, return_sequences=True) for _ in range(2)]
    dense = [layers.Dense(8), layers.Dense(8)]
    return maskseq.Sequential(
        [maskseq.Input((None, 8)), layers.Masking(), *dense, *recurrent, layers.LSTM(4)]
    )


def trained() -> maskseq.Model:
    model = classifier()
    model.compile(optimizer="adam", loss="mse")
    return model


def trained_tagger() -> maskseq.Model:
    model = tagger()
    loss = maskseq.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    return model


class Several(tuple[Any, ...]):
    """The arguments of a call that takes more than one."""


STATE = np.ones((1, 64), np.float32)
SAMPLES = Several((LISTS * 10, np.ones((30, 1), np.float32)))
TAGS = Several((LISTS * 10, [[0] * len(x) for x in LISTS * 10]))

CALLS: dict[str, tuple[Callable[[], Any], str, Any]] = {
    "lstm_step": (lstm, "predict", ONE_STEP),
    "lstm_step_called": (lstm, "__call__", ONE_STEP),
    "three_ids": (classifier, "predict", np.array([[711, 632, 71]])),
    "lists": (tagger, "predict", LISTS),
    "padded": (tagger, "predict", PADDED),
    "padded_on_batch": (tagger, "predict_on_batch", PADDED),
    "one_list": (classifier, "predict", LISTS[:1]),
    "padded_called": (tagger, "__call__", PADDED),
    "step_on_batch": (lstm, "predict_on_batch", ONE_STEP),
    "return_state": (with_state, "predict", ONE_STEP),
    "stateful": (stateful, "predict", ONE_STEP),
    "decoder": (decoder, "predict", [ONE_STEP, STATE, STATE]),
    "chained": (chained, "predict", STEPS),
    "branched": (branched, "predict", STEPS),
    "train_step": (trained, "train_on_batch", SAMPLES),
    "train_tagger": (trained_tagger, "train_on_batch", TAGS),
    "evaluate_tagger": (trained_tagger, "test_on_batch", TAGS),
}


@contextmanager
def without_collector() -> Iterator[None]:
    """No collection of garbage meanwhile: whoever watches it (hypothesis does) would be counted."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def entered(call: Callable[[], object]) -> list[CodeType]:
    """The Python functions that a call enters, in that order."""
    found: list[CodeType] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            found.append(frame.f_code)

    with without_collector():
        sys.setprofile(note)
        try:
            call()
        finally:
            sys.setprofile(None)
    return found[1:]  # without the lambda around the call


def bytecodes(call: Callable[[], object]) -> int:
    """How many bytecodes a call executes."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    with without_collector():
        sys.settrace(trace)
        try:
            call()
        finally:
            sys.settrace(before)
    return count


def microseconds(call: Callable[[], object], rounds: int = 300) -> float:
    """The least time of a call."""
    least = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        least = min(least, time.perf_counter() - start)
    return 1e6 * least


def ready(name: str) -> Callable[[], object]:
    """The call of that name, with its model built and its caches filled."""
    make, method, argument = CALLS[name]
    call, arguments = getattr(make(), method), (argument,)
    if isinstance(argument, Several):
        arguments = argument
    for _ in range(3):
        call(*arguments)
    return lambda: call(*arguments)


def main() -> None:
    for name in sys.argv[1:]:
        for code in entered(ready(name)):
            place = f"{Path(code.co_filename).name}:{code.co_firstlineno}"
            print(f"{place:30}{code.co_qualname}")
    if not sys.argv[1:]:
        print(f"{'':20}{'functions':>10}{'bytecodes':>11}{'us':>9}")
        for name in CALLS:
            call = ready(name)
            counts = f"{len(entered(call)):>10}{bytecodes(call):>11}"
            print(f"{name:20}{counts}{microseconds(call):>9.1f}")


if __name__ == "__main__":
    main()
