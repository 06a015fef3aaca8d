"""Lambda: a Python function as a layer. It exists in memory only; no model file makes one."""

import inspect
from collections.abc import Callable
from typing import Any, Unpack

from ..base.arguments import LayerOptions
from ..base.one_tensor import OneTensor


class Lambda(OneTensor):
    """Call `function` on the inputs.

    Parameters
    ----------
    function : callable
        Gets the inputs, `arguments`, and `mask` and `training` if it names them.
    output_shape : tuple of int, optional
        Accepted, and found by a trial call in any case.
    mask : array_like or callable, optional
        The output's mask, or a function (inputs, mask) that gives it; None: the mask ends here.
    arguments : dict, optional
        More keyword arguments of `function`.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    TypeError
        If `function` is not callable; from `Model.to_json` and `Model.save` for one that configs
        have no form for, such as a lambda.

    See Also
    --------
    maskseq.Layer : A class that can be saved.
    Activation

    Notes
    -----
    A call takes and gives:

    inputs
        What `function` takes.
    returns
        What it gives, for the padded array; with `mask` that mask.

    Source: keras.layers.Lambda.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Lambda(lambda x: x * 2)(np.array([1.0, 2.0])).tolist()
    [2.0, 4.0]
    """

    traceable = True
    runs_given = True

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Unpack[LayerOptions],
    ):
        if not callable(function):
            raise TypeError(f"Lambda: function must be a function, got {function!r}")
        super().__init__(**kwargs)
        self.function, self.mask, self.arguments = function, mask, arguments or {}
        self.output_shape = output_shape
        self.supports_masking = mask is not None
        self._takes = {"mask", "training"} & inspect.signature(function).parameters.keys()

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        known = {"mask": mask, "training": training}
        return self.function(
            inputs, **self.arguments, **{name: known[name] for name in self._takes}
        )

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    @property
    def mask_role(self) -> str:
        uses = "uses, " if "mask" in self._takes else ""
        return uses + ("changes" if self.supports_masking else "drops")
