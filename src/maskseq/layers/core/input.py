"""Input: the symbolic tensor that a functional model starts from."""

from typing import Any

from ...graph.symbols import KerasTensor, Node
from ..base.checks import sizes
from ..base.layer import Layer


class InputLayer(Layer):
    """The place of an input in a model.

    Parameters
    ----------
    shape : tuple of int, optional
        Shape of a sample, None = any size.
    batch_size : int, optional
        Size of the batch; None = any.
    dtype : str, optional
        Accepted for Keras's configs; all computing is in float32.
    batch_shape : tuple of int, optional
        Shape with the batch, in place of `shape` and `batch_size`.
    name : str, optional
        The name; made from the name of the class if None.
    optional : bool, default False
        Whether users may give None for it.
    sparse : bool, default False
        Only False; accepted for Keras's configs.
    ragged : bool, default False
        Accepted; ragged data is always taken.

    Raises
    ------
    ValueError
        If neither `shape` nor `batch_shape` is given, or `sparse` or `ragged` is True.

    See Also
    --------
    maskseq.Input

    Notes
    -----
    Source: keras.layers.InputLayer.

    Examples
    --------
    >>> from maskseq import layers
    >>> layers.InputLayer((None, 4)).output.shape
    (None, None, 4)
    """

    supports_masking = True

    def __init__(
        self,
        shape: tuple[int | None, ...] | None = None,
        batch_size: int | None = None,
        dtype: str | None = None,
        batch_shape: tuple[int | None, ...] | None = None,
        name: str | None = None,
        optional: bool = False,
        *,
        sparse: bool = False,
        ragged: bool = False,
    ):
        if sparse or ragged:
            raise ValueError(f"Input: sparse and ragged must be False, got {sparse} and {ragged}")
        if batch_shape is None:
            if shape is None:
                raise ValueError("Input: shape must be given (without the batch), got None")
            batch_shape = (batch_size, *sizes(shape, "Input: shape"))
        super().__init__(name=name)
        self.dtype = str(dtype or "float32")
        self.batch_shape, self.optional = sizes(batch_shape, "Input: batch_shape"), bool(optional)
        self.built = True
        self._make_tensor()

    def _make_tensor(self) -> None:
        Node(self, (), {}, KerasTensor(self.batch_shape, self.dtype, self.name))

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._make_tensor()

    @property
    def mask_role(self) -> str:
        return "passes"

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        shape, optional = self.batch_shape, self.optional
        return {"batch_shape": shape, "dtype": self.dtype, "name": self.name, "optional": optional}


def Input(
    shape: tuple[int | None, ...] | None = None,
    batch_size: int | None = None,
    dtype: str | None = None,
    batch_shape: tuple[int | None, ...] | None = None,
    name: str | None = None,
    optional: bool = False,
) -> KerasTensor:
    """A symbolic tensor of shape ``(batch_size, *shape)``; None = any size.

    Parameters
    ----------
    shape : tuple of int, optional
        Shape of a sample, None = any size.
    batch_size : int, optional
        Size of the batch; None = any.
    dtype : str, optional
        The dtype of the data, by default float32.
    batch_shape : tuple of int, optional
        Shape with the batch, in place of `shape` and `batch_size`.
    name : str, optional
        The name; made from the name of the class if None.
    optional : bool, default False
        Users may give None for it, which then goes to the layers that it is handed to.

    Returns
    -------
    KerasTensor
        The symbolic tensor.

    Raises
    ------
    ValueError
        If neither `shape` nor `batch_shape` is given, or one is no tuple of sizes: write ``(4,)``.

    See Also
    --------
    Model, maskseq.layers.InputLayer

    Notes
    -----
    Source: keras.Input.

    Examples
    --------
    >>> import maskseq
    >>> from maskseq import layers
    >>> inputs = maskseq.Input((None, 4))
    >>> outputs = layers.Dense(2)(layers.LSTM(8)(inputs))
    >>> maskseq.Model(inputs, outputs).output_shape
    (None, 2)
    """
    return InputLayer(shape, batch_size, dtype, batch_shape, name, optional).output
