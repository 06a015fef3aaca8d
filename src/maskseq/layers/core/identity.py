"""Identity and ActivityRegularization: layers that hand on what they get."""

from typing import Any, Unpack

from ... import regularizers
from ..base.arguments import LayerOptions
from ..base.one_tensor import OneTensor


class Identity(OneTensor):
    """The inputs.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    See Also
    --------
    Lambda, Activation

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers of any shape.
    returns
        The inputs. The mask goes on.

    Source: keras.layers.Identity.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Identity()(np.array([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """

    supports_masking = True
    reads_masked = "own"

    def call(self, inputs: Any) -> Any:
        return inputs

    def on_rows(self, rows: Any) -> Any:
        return rows

    def on_tape(self, tape: Any, inputs: Any) -> Any:
        return inputs


class ActivityRegularization(Identity):
    """The inputs; `l1` and `l2` weigh a penalty on them that training adds to the loss.

    Parameters
    ----------
    l1 : float, default 0.0
        Factor of the sum of absolute outputs.
    l2 : float, default 0.0
        Factor of the sum of squared outputs.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `l1` or `l2` is negative or not finite.

    See Also
    --------
    maskseq.regularizers.L1L2 : Of weights or outputs of any layer.
    Identity

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers of any shape.
    returns
        The inputs. The mask goes on.

    Source: keras.layers.ActivityRegularization.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.ActivityRegularization(l2=0.1)(np.array([[1.0, 2.0]])).tolist()
    [[1.0, 2.0]]
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Unpack[LayerOptions]):
        if kwargs.get("activity_regularizer") is not None:
            raise TypeError(
                "l1 and l2 make the activity_regularizer: expected them alone, got it too"
            )
        super().__init__(**kwargs)
        self.l1, self.l2 = l1, l2
        self.activity_regularizer = regularizers.L1L2(l1, l2)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["activity_regularizer"]  # which `l1` and `l2` say
        return {**config, "l1": self.l1, "l2": self.l2}
