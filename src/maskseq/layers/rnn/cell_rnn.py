"""CellRNN, the base of LSTM, GRU and their like: an RNN that makes its cell from its arguments."""

from operator import attrgetter
from typing import Any

from .rnn import RNN


def of_cell(name: str) -> Any:
    """A property: the cell's attribute of that name."""
    return property(attrgetter(f"cell.{name}"), doc=f"The cell's `{name}`.")


def checked_cudnn(use_cudnn: Any) -> bool | int | str:
    """`use_cudnn` as it is. Raises: ValueError unless it is "auto", True or False."""
    if not isinstance(use_cudnn, (str, int)) or use_cudnn not in ("auto", True, False):
        raise ValueError(f"use_cudnn must be 'auto', True or False, got {use_cudnn!r}")
    return use_cudnn


class CellRNN(RNN):
    """An RNN over a cell of this package. The arguments that it hands on are its attributes too.

    Parameters
    ----------
    cell : Cell
        The cell.
    """

    input_axes = "(batch, time, features)"
    not_in_config = frozenset({"implementation", "use_cudnn"})
    makes_cell = True

    activation = of_cell("activation")
    use_bias = of_cell("use_bias")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    kernel_constraint = of_cell("kernel_constraint")
    recurrent_constraint = of_cell("recurrent_constraint")
    bias_constraint = of_cell("bias_constraint")
    dropout = of_cell("dropout")
    recurrent_dropout = of_cell("recurrent_dropout")
    seed = of_cell("seed")
