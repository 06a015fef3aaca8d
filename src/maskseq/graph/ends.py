"""The symbolic tensors at the two ends of a layer's first call."""

from typing import Any

from ..nest import flatten
from .symbols import Node


class Ends:
    """`input` and `output` of what is called on symbolic tensors.

    Notes
    -----
    Source: keras.Operation.
    """

    name: str
    _inbound_nodes: list[Node]

    @property
    def input(self) -> Any:
        """The symbolic input of the first call; a list if there are several.

        Raises
        ------
        AttributeError
            If there was no such call.
        """
        found = self._first_call("input").inputs
        return found[0] if len(found) == 1 else list(found)

    @property
    def output(self) -> Any:
        """The symbolic output of the first call; a list if there are several.

        Raises
        ------
        AttributeError
            If there was no such call.
        """
        found = flatten(self._first_call("output").outputs)
        return found[0] if len(found) == 1 else found

    def _first_call(self, end: str) -> Node:
        if not self._inbound_nodes:
            raise AttributeError(
                f"layer '{self.name}' ({type(self).__name__}) has never been called on a symbolic "
                f"tensor, so it has no {end}"
            )
        return self._inbound_nodes[0]
