"""Weights that a file keeps in another form than the layers here.

CuDNNLSTM and CuDNNGRU keep kernels transposed and two biases; Theano turns the kernels of its
convolutions round. Source: keras.engine.saving.preprocess_weights_for_loading, version 2.2.4.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ... import layers
from ...layers.base.layer import Layer
from ...layers.rnn.cell import Cell
from ...variable import Variable
from ..hdf5 import Dataset


class Stored(NamedTuple):
    """A weight in a file: what reads it, and how it becomes that."""

    variable: Variable
    dataset: Dataset
    convert: Callable[[np.ndarray], np.ndarray] | None = None

    @property
    def fits(self) -> bool:
        """True if what is stored has the shape of the variable."""
        return self.convert is not None or self.dataset.shape == self.variable.shape

    def value(self) -> np.ndarray:
        """The stored value in the form of the variable."""
        found = np.asarray(self.dataset.read())
        return found if self.convert is None else self.convert(found)


def stored(holder: Layer, variables: list[Variable], datasets: list[Any]) -> list[Stored]:
    """Each weight of a layer with its dataset; those of a cell of CuDNN are converted."""
    found = list(map(Stored, variables, datasets))
    of_cell = {id(v): cell for cell in cells_of(holder) for v in cell._own_variables}
    in_cudnn_form = {
        id(of_cell[id(x.variable)])
        for x in found
        if id(x.variable) in of_cell and _is_bias_of_cudnn(of_cell[id(x.variable)], x)
    }
    for i, x in enumerate(found):
        cell = of_cell.get(id(x.variable))
        if cell is not None and id(cell) in in_cudnn_form:
            found[i] = x._replace(convert=_from_cudnn(cell, x))
    return found


def turned_round(holder: Layer, found: list[Stored]) -> list[Stored]:
    """The same, with the kernels of convolutions as Theano keeps them."""
    kernels = {id(x.kernel) for x in _with_inner(holder) if isinstance(x, layers.Conv1D)}
    return [
        x._replace(convert=lambda w: w[::-1]) if id(x.variable) in kernels and x.fits else x
        for x in found
    ]


def cells_of(holder: Layer) -> Iterator[Cell]:
    """The cells of ours in a layer, at any depth."""
    return (x for x in _with_inner(holder) if isinstance(x, Cell))


def _with_inner(holder: Layer) -> Iterator[Layer]:
    yield holder
    for inner in holder._sublayers():
        yield from _with_inner(inner)


def _is_bias_of_cudnn(cell: Cell, x: Stored) -> bool:
    alike = cell.kind in ("lstm", "gru") and x.variable is getattr(cell, "bias", None)
    return alike and x.dataset.shape == (2 * cell.gates * cell.units,)


def _from_cudnn(cell: Cell, x: Stored) -> Callable[[np.ndarray], np.ndarray] | None:
    """How a weight in CuDNN's form becomes the cell's; None if its shape is another."""
    gates, variable = cell.gates, x.variable
    if variable is cell.bias:
        if cell.kind == "gru":
            return lambda bias: bias.reshape(2, -1)
        return lambda bias: bias.reshape(2, -1).sum(axis=0)
    if x.dataset.shape != variable.shape:
        return None
    of_input = variable is cell.kernel

    def convert(kernel: np.ndarray) -> np.ndarray:
        parts = np.split(kernel, gates, axis=1)
        turned = [k.T.reshape(k.shape, order="F") if of_input else k.T for k in parts]
        return np.concatenate(turned, axis=1)

    return convert
