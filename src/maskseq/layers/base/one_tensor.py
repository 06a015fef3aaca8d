"""The types of layers whose call gives one tensor, or a list that unpacks into such tensors."""

from typing import TYPE_CHECKING, Any, Protocol, overload

from ...rows import Rows
from .binding import are_plain
from .errors import PLAIN_ERRORS
from .layer import Layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from ...data.ragged import Ragged
    from ...graph.symbols import KerasTensor
    from ...tensor import Tensor

    class HasArray(Protocol):
        """An array of another library, or a weight."""

        def __array__(self) -> np.ndarray: ...

    Arrays = np.ndarray | Ragged | HasArray | list[Any] | tuple[Any, ...] | float


class OneTensor(Layer):
    """A layer whose call gives one tensor: symbolic ones a symbolic one, arrays an array.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.
    """

    if TYPE_CHECKING:

        @overload
        def __call__(
            self,
            inputs: KerasTensor | Sequence[KerasTensor],
            *args: Any,
            mask: Any = None,
            training: bool | None = None,
        ) -> KerasTensor: ...
        @overload
        def __call__(
            self, inputs: Arrays, *args: Any, mask: Any = None, training: bool | None = None
        ) -> Tensor: ...
        def __call__(
            self, inputs: Any, *args: Any, mask: Any = None, training: bool | None = None
        ) -> Any: ...


class CarriesStates(Layer):
    """A layer that carries states along a sequence: called on it, and maybe on the first states.

    With `return_state` it gives a list. Type checkers see one tensor all the same: unpacked, or
    indexed, it gives tensors too.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.
    """

    def on_table(self, rows: Any, initial_state: Any = None, **others: Any) -> Any:
        """A call on what a layer that `gives_table` looked up."""
        given = {} if initial_state is None else {"initial_state": initial_state}
        if type(rows) is not Rows:
            return self.apply(rows, **given, **others)
        made = None
        if not others and are_plain(given.values()):
            try:
                made = self.in_table(rows, initial_state)
            except PLAIN_ERRORS as error:
                self._raise_named(error, (rows,))
        return self.apply(rows.to_padded(), **given, **others) if made is None else made

    def in_table(self, rows: Rows, initial_state: Any) -> Any:
        """What a call gives for Rows in a table, all of whose steps are real, outside of training.

        None: `call` reads the array that they are.
        """

    if TYPE_CHECKING:

        @overload
        def __call__(
            self,
            sequences: KerasTensor | Sequence[KerasTensor],
            initial_state: Any = None,
            mask: Any = None,
            training: bool | None = None,
        ) -> KerasTensor: ...
        @overload
        def __call__(
            self,
            sequences: Arrays,
            initial_state: Any = None,
            mask: Any = None,
            training: bool | None = None,
        ) -> Tensor: ...
        def __call__(
            self,
            sequences: Any,
            initial_state: Any = None,
            mask: Any = None,
            training: bool | None = None,
        ) -> Any: ...
