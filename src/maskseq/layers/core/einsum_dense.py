"""EinsumDense: a product with a kernel by an equation in Einstein's notation."""

from typing import Any, Unpack

import numpy as np

from ... import activations, constraints, ops, regularizers
from ...tape import Traced
from ..base.arguments import CommonOptions
from ..base.one_tensor import OneTensor
from ..base.taped import activated


class EinsumDense(OneTensor):
    """activation(einsum(equation, inputs, kernel) + bias).

    Arguments:
        equation: as "ab,bc->ac", "...x,xy->...y" or "ab...,bc->ac...".
        output_shape: the sizes of the output's named axes but the batch; None where the input
            knows them.
        bias_axes: the output's axes along which there is a bias, as "c".
        initializers: for new weights.  regularizers, constraints: kept for training.
    Weights: kernel and bias, float32, as the equation says.
    Call arguments: inputs: float32.  Returns: float32. The mask ends here, as in Keras.
    Source: keras.layers.EinsumDense.
    """

    plain = True

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
        self.equation = equation
        self.output_shape = output_shape
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        _, kernel, outputs, sizes = self._sizes(input_shape)
        shape = tuple(sizes[label] for label in kernel)
        if None in shape:
            raise ValueError(f"the kernel of {self.equation!r} has axes of unknown size: {shape}")
        self.kernel = self.add_named_weight("kernel", shape)
        self.bias = None
        if self.bias_axes:
            first = min(outputs.index(label) for label in self.bias_axes)
            shape = tuple(sizes[c] if c in self.bias_axes else 1 for c in outputs[first:])
            self.bias = self.add_named_weight("bias", shape)

    def _sizes(self, input_shape: Any) -> tuple[list[str], list[str], list[str], dict]:
        """The labels of the axes of inputs, kernel and outputs, and their sizes.

        The axes under "..." get digits for labels.
        """
        try:
            terms, result = self.equation.replace(" ", "").split("->")
            first, kernel = terms.split(",")
        except ValueError:
            raise ValueError(f"equation must be like 'ab,bc->ac', got {self.equation!r}") from None
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

    def call(self, inputs: Any) -> np.ndarray:
        y = ops.einsum(self.equation, inputs, self.kernel.value)
        return self.activation(y if self.bias is None else np.asarray(y) + self.bias.value)

    def on_tape(self, tape: Any, inputs: Traced) -> Any:
        y = ops.einsum(self.equation, inputs, self.kernel)
        return activated(self.activation, y if self.bias is None else y + self.bias)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        _, _, outputs, sizes = self._sizes(input_shape)
        return tuple(sizes[label] for label in outputs)
