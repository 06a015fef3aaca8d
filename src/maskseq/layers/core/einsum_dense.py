"""EinsumDense: a product with a kernel by an equation in Einstein's notation."""

import math
from typing import Any, Unpack

import numpy as np

from ... import _kernels, activations, constraints, ops, regularizers
from ...initializers import checked
from ...numerics.quantized import Codes
from ...rows import Rows
from ...tape import Traced
from ..base.arguments import CommonOptions
from ..base.one_tensor import OneTensor
from ..base.packing import KeepsPack
from ..base.recorded import product_on_tape
from ..base.taped import activated
from .equation import Product, product_of


def _parts(equation: str) -> tuple[str, str, str]:
    """The labels of inputs, kernel and outputs. Raises: ValueError if it is no such equation."""
    try:
        terms, result = equation.replace(" ", "").split("->")
        first, kernel = terms.split(",")
    except ValueError:
        raise ValueError(
            f"EinsumDense: equation must be like 'ab,bc->ac', got {equation!r}"
        ) from None
    return first, kernel, result


class EinsumDense(KeepsPack, OneTensor):
    """activation(einsum(equation, inputs, kernel) + bias).

    An equation that is one matrix product, as those below, is one: with a bias for each of the
    kernel's own axes it has the bits of Dense.

    Parameters
    ----------
    equation : str
        As "ab,bc->ac", "...x,xy->...y" or "ab...,bc->ac...".
    output_shape : int or tuple of int
        The sizes of the output's named axes but the batch; None where the input knows them.
    activation : str, callable or None, default None
        Name of an activation, or a function; None is the identity.
    bias_axes : str, optional
        The output's axes along which there is a bias, as "c".
    kernel_initializer : str, dict or Initializer, default "glorot_uniform"
        First values of `kernel`.
    bias_initializer : str, dict or Initializer, default "zeros"
        First values of `bias`.
    kernel_regularizer : str, dict, Regularizer or None, default None
        Penalty on `kernel`, in training.
    bias_regularizer : str, dict, Regularizer or None, default None
        Penalty on `bias`, in training.
    kernel_constraint : str, dict, Constraint or None, default None
        What training holds `kernel` to.
    bias_constraint : str, dict, Constraint or None, default None
        What training holds `bias` to.
    activity_regularizer : str, dict, Regularizer or None, default None
        Penalty on the outputs, in training.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For an equation of another form, or `bias_axes` that the output does not have. From the
        first call if `output_shape` does not name all sizes of the output; for inputs whose axes
        are not the equation's, or of other sizes than the first ones.

    See Also
    --------
    Dense : Keeps the mask.
    Dot

    Notes
    -----
    A call takes and gives:

    inputs
        float32.
    returns
        float32. The mask ends here, as in Keras.

    Weights: kernel and bias, float32, as the equation says.

    Source: keras.layers.EinsumDense.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layer = layers.EinsumDense("abc,cd->abd", output_shape=(None, 8), bias_axes="d")
    >>> layer(np.ones((2, 3, 4))).shape
    (2, 3, 8)
    """

    plain = True
    packed_names = ("kernel", "bias")

    def __init__(
        self,
        equation: str,
        output_shape: int | tuple[int | None, ...],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        *,
        activity_regularizer: Any = None,
        **kwargs: Unpack[CommonOptions],
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        _, _, outputs = _parts(equation)
        if bias_axes and not set(bias_axes) <= set(outputs):
            raise ValueError(
                f"EinsumDense: bias_axes must be among {outputs!r}, the axes of the output, got "
                f"{bias_axes!r}"
            )
        self.equation = equation
        self.output_shape = output_shape
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer = checked(kernel_initializer, "kernel_initializer")
        self.bias_initializer = checked(bias_initializer, "bias_initializer")
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        inputs, kernel, outputs, sizes = self._sizes(input_shape)
        shape = tuple(sizes[label] for label in kernel)
        if None in shape:
            raise ValueError(f"the kernel of {self.equation!r} has axes of unknown size: {shape}")
        self.kernel = self.add_named_weight("kernel", shape)
        self.bias, first = None, len(outputs)
        if self.bias_axes:
            first = min(outputs.index(label) for label in self.bias_axes)
            shape = tuple(sizes[c] if c in self.bias_axes else 1 for c in outputs[first:])
            self.bias = self.add_named_weight("bias", shape)
        self._product = None if 0 in self.kernel.shape else product_of(inputs, kernel, outputs)
        own = [label for label in kernel if label in outputs]
        in_order = [c for c in kernel if c in inputs] + own == kernel
        with_bias = self.bias is None or (
            outputs[first:] == own and set(own) == set(self.bias_axes or "")
        )
        self._at_once = in_order and with_bias
        if self._product is not None and [*self._product.kernel_order] == [*range(len(kernel))]:
            self.quantizes = {"kernel": self._product.summed}
        self.stepwise = (
            self._product is not None
            and min(first, len(outputs) - 1) >= 2
            and outputs[:2] == inputs[:2]
            and self.activation in activations.ACTIVATIONS.values()
        )
        if self.stepwise:
            del inputs[1], outputs[1]
            self._of_rows = product_of(inputs, kernel, outputs)

    def _sizes(self, input_shape: Any) -> tuple[list[str], list[str], list[str], dict]:
        """The labels of the axes of inputs, kernel and outputs, and their sizes.

        The axes under "..." get digits for labels.
        """
        first, kernel, result = _parts(self.equation)
        hidden = "0123456789"[: max(len(input_shape) - len(first.replace("...", "")), 0)]
        inputs, outputs = (list(term.replace("...", hidden)) for term in (first, result))
        if len(inputs) != len(input_shape):
            raise ValueError(f"inputs must have the axes {first!r}, got shape {input_shape}")
        sizes = dict(zip(inputs, input_shape, strict=True))
        given = self.output_shape if isinstance(self.output_shape, (list, tuple)) else None
        wanted = [self.output_shape] if given is None else list(given)
        named = [label for label in outputs[1:] if label not in hidden]
        if outputs[0] in hidden:
            named = [label for label in outputs if label not in hidden]
        if len(wanted) != len(named):
            raise ValueError(f"output_shape must have a size for each of {named}, got {wanted}")
        for label, size in zip(named, wanted, strict=True):
            if size is not None and sizes.get(label) not in (None, size):
                raise ValueError(f"axis {label!r} is {sizes[label]} in the inputs, {size} after")
            sizes[label] = sizes.get(label) if size is None else size
        unknown = [label for label in [*kernel, *outputs] if label not in sizes]
        if unknown:
            raise ValueError(f"equation {self.equation!r}: nothing gives the size of {unknown}")
        return inputs, list(kernel), outputs, sizes

    def pack_weights(self, kernel: Any, bias: np.ndarray | None) -> _kernels.PackedDense:
        product = self._product
        assert product is not None
        flat = None if bias is None or not self._at_once else bias.reshape(-1)
        if type(kernel) is Codes:
            return _kernels.PackedDense(kernel.matrix(product.summed), flat)
        inner = math.prod(kernel.shape[axis] for axis in product.kernel_order[: product.summed])
        matrix = kernel.transpose(product.kernel_order).reshape(inner, -1)
        return _kernels.PackedDense(matrix, flat)

    def call(self, inputs: Any) -> np.ndarray:
        x = np.asarray(inputs, np.float32)
        if self._product is not None and x.ndim == len(self._product.order):
            return self._multiplied(x, self._product)
        y = ops.einsum(self.equation, x, self.kernel.value)
        return self.activation(y if self.bias is None else np.asarray(y) + self.bias.value)

    def on_rows(self, rows: Rows) -> Any:
        product = self._of_rows if self.stepwise else None
        if product is None or rows.ndim != len(product.order) + 1:
            return NotImplemented
        return rows.with_values(self._multiplied(np.asarray(rows.values, np.float32), product))

    def _multiplied(self, x: np.ndarray, product: Product) -> np.ndarray:
        bias = None if self._at_once or self.bias is None else self.bias.value
        fused = activations.kernel_name(self.activation) if bias is None else None
        free, inner, own = self._sides(x.shape, product)
        flat = x.transpose(product.order).reshape(math.prod(free), inner)
        y = _kernels.dense(flat, self.packed(), activation=fused or "linear")
        y = y.reshape(*free, *own).transpose(product.back)
        return y if fused else self.activation(y if bias is None else y + bias)

    def _sides(self, shape: Any, product: Product) -> tuple[tuple, int, tuple]:
        """The inputs' free sizes, how many numbers are summed up, and the kernel's own sizes."""
        sizes = tuple(shape[axis] for axis in product.order)
        kernel = tuple(self.kernel.shape[axis] for axis in product.kernel_order)
        if sizes[product.free :] != kernel[: product.summed]:
            raise ValueError(
                f"inputs must have sizes {kernel[: product.summed]} along axes "
                f"{product.order[product.free :]}, got shape {tuple(shape)}"
            )
        return sizes[: product.free], math.prod(sizes[product.free :]), kernel[product.summed :]

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        product = self._product
        if product is None or not self._at_once or inputs.ndim != len(product.order):
            y = ops.einsum(self.equation, inputs, self.kernel)
            return activated(self.activation, y if self.bias is None else y + self.bias)
        free, inner, own = self._sides(inputs.shape, product)
        flat = ops.reshape(ops.transpose(inputs, product.order), (math.prod(free), inner))
        y = product_on_tape(tape.hold(flat), self.packed(), self.kernel, self.bias, own)
        return activated(
            self.activation, ops.transpose(ops.reshape(y, (*free, *own)), product.back)
        )

    def compute_output_shape(self, input_shape: Any) -> tuple:
        _, _, outputs, sizes = self._sizes(input_shape)
        return tuple(sizes[label] for label in outputs)
