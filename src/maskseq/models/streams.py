"""A copy of a model, with all its weights shared, that starts from states which are handed in.

Streams that come together in a call are one batch, whatever else is in it.
"""

import copy
import threading
from typing import Any

import numpy as np

from ..context import newest
from ..data.ragged import Ragged
from ..graph.inner import copy_calls
from ..graph.plan import Plan
from ..graph.symbols import KerasTensor, Node
from ..nest import flatten, map_structure
from ..rows import Rows
from ..tensor import get_keras_mask
from . import inputs as model_inputs
from .answers import as_array, as_raggeds

PROBED = 5  # steps of the sequence by which a model is tried


class Streams:
    """A copy of a model whose recurrent layers start from states that are handed in."""

    def __init__(self, model: Any):
        if getattr(model, "_plan", None) is None:
            raise ValueError(f"session: model '{model.name}' has no graph that could be followed")
        if len(model.inputs) != 1:
            raise ValueError(
                f"session: expected a model of one input, got {len(model.inputs)}; of others, hand "
                f"the states in and out (initial_state, return_state)"
            )
        self._model, self._lock = model, threading.Lock()
        self.layers: list[Any] = []
        self._plan = self._copied(model)
        self.names = [layer.name for layer in self.layers]
        self._probe()

    def _copied(self, model: Any) -> Plan:
        """The plan of the model with stateful copies of its recurrent layers."""
        copies = {id(x): x for x in model.inputs}
        copy_of = copy_calls(model._plan.nodes, copies, self._operation)
        for node in model._plan.nodes:  # only calls that users made are kept
            if hasattr(node.operation, "_inbound_nodes") and not _is_recurrent(node.operation):
                node.operation._inbound_nodes.pop()
        return Plan(model.inputs, map_structure(copy_of, model._plan.outputs))

    def _operation(self, node: Node) -> Any:
        """A stateful copy of a recurrent layer, which is called once; anything else as it is."""
        operation = node.operation
        if not _is_recurrent(operation):
            return operation
        given = len(node.inputs) > 1
        if operation.go_backwards or given or any(x.name == operation.name for x in self.layers):
            why = "goes backwards" if operation.go_backwards else "has states of the model's own"
            raise ValueError(f"session: layer '{operation.name}' {why}: no stream can be followed")
        layer = copy.copy(operation)
        layer.stateful, layer.states = True, None
        self.layers.append(layer)
        return layer

    def first(self) -> list[list[np.ndarray]]:
        """The states that a stream starts from."""
        return [[state[0] for state in layer.first_states(1)] for layer in self.layers]

    def run(self, states: list[Any], x: list[Any]) -> tuple[list[Any], list[Any]]:
        """Answers and states after the next steps of some streams. states: None = the first."""
        if len(x) == 1:
            alone = self._run_alone(states[0], np.asarray(x[0])[None])
            if alone is not None:
                return alone
        given = model_inputs.for_predict(self._model, _ragged(x, self._model.inputs[0]))
        values = model_inputs.prepare(self._model, given)
        started = [self.first() if own is None else own for own in states]
        own = [zip(*layer, strict=True) for layer in zip(*started, strict=True)]
        outputs, after = self._walk(values, len(x), [list(map(np.stack, layer)) for layer in own])
        symbols = flatten(self._plan.outputs)
        answers = as_raggeds(outputs, given, symbols)
        parts = [map_structure(lambda y, i=i: np.array(y[i]), answers) for i in range(len(x))]
        return parts, [
            [[state[i].copy() for state in layer] for layer in after] for i in range(len(x))
        ]

    def _run_alone(self, states: Any, x: np.ndarray) -> Any:
        """`run` of one stream, whose steps `x` (1, steps, ...) a model takes as they are.

        None where they need to be prepared, or an answer is not of these steps.
        """
        if not self._model._takes(x):
            return None
        states = self.first() if states is None else states
        started = [[state[None] for state in own] for own in states]
        outputs, after = self._walk([x], 1, started)
        if not all(_is_of_steps(y, x) for y in flatten(outputs)):
            return None
        answer = map_structure(lambda y: np.array(as_array(y)[0]), outputs)
        return [answer], [[[state[0] for state in own] for own in after]]

    def _walk(
        self, values: list[Any], batch: int, states: list[list[np.ndarray]]
    ) -> tuple[Any, list[list[np.ndarray]]]:
        """The outputs of a walk, and the states of each recurrent layer after it."""
        with self._lock:
            try:
                for layer, own in zip(self.layers, states, strict=True):
                    layer._batch_size, layer.states = batch, own
                outputs = self._plan.run(values, *newest.starts.walks["ignore"])
                return outputs, [layer.states for layer in self.layers]
            finally:
                for layer in self.layers:
                    layer.states = None

    def checked(self, states: dict[str, Any]) -> list[list[np.ndarray]]:
        """States of a stream as arrays. Raises: ValueError for other layers, or other shapes."""
        if sorted(states) != sorted(self.names):
            raise ValueError(f"Session: states must be of {self.names}, got {list(states)}")
        made = []
        for name, first in zip(self.names, self.first(), strict=True):
            own = [np.array(state, np.float32) for state in states[name]]
            shapes, wanted = [x.shape for x in own], [x.shape for x in first]
            if shapes != wanted:
                raise ValueError(f"Session: states of '{name}' must be {wanted}, got {shapes}")
            made.append(own)
        return made

    def _probe(self) -> None:
        """Raises ValueError if a sequence in parts is answered otherwise than as a whole."""
        symbol = self._model.inputs[0]
        random = np.random.default_rng(1)
        shape = (PROBED, *[size or 1 for size in symbol.shape[2:]])
        if len(symbol.shape) < 2 or symbol.shape[1] is not None or symbol.dtype == "string":
            raise ValueError(f"session: the input must be steps of any number, got {symbol.shape}")
        whole = random.standard_normal(shape).astype(np.float32)
        if len(shape) == 1 or symbol.dtype.startswith(("int", "uint")):
            whole = np.ones(shape, symbol.dtype)  # ids
        (expected,), _ = self.run([None], [whole])
        (first,), (states,) = self.run([None], [whole[:2]])
        (last,), _ = self.run([states], [whole[2:]])
        for y, a, b in zip(*map(flatten, (expected, first, last)), strict=True):
            if not np.array_equal(np.concatenate([a, b]) if len(y) == PROBED else b, y):
                across = [x.name for x in self._model.layers if not _follows(x)]
                raise ValueError(
                    f"session: model '{self._model.name}' answers parts of a sequence otherwise "
                    f"than the whole, as a layer looks across steps; perhaps one of {across}"
                )


def _is_of_steps(y: Any, x: np.ndarray) -> bool:
    """True unless an output has real steps that are not those of `x`."""
    if type(y) is np.ndarray or y.shape[:2] == x.shape[:2]:
        return True
    return type(y) is not Rows and get_keras_mask(y) is None


def _is_recurrent(operation: Any) -> bool:
    return hasattr(operation, "go_backwards")


def _follows(layer: Any) -> bool:
    """True for a layer that is known to look at no other step."""
    return _is_recurrent(layer) or layer.reads_masked == "own" or layer.packs is not None


def _ragged(x: list[Any], symbol: KerasTensor) -> Ragged:
    """The steps of each stream, which may be none."""
    features = tuple(size for size in symbol.shape[2:] if size is not None)
    arrays = [np.asarray(part) for part in x]
    for number, part in enumerate(arrays):
        if part.ndim != len(symbol.shape) - 1 and part.size:
            raise ValueError(
                f"Session: input {number} must be (steps, {', '.join(map(str, features))}), got "
                f"shape {part.shape}"
            )
    filled = [part.reshape(0, *features) if not part.size else part for part in arrays]
    return Ragged.from_lengths(np.concatenate(filled), [len(part) for part in filled])
