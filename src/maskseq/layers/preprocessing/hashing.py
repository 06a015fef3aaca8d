"""Hashing: ids and text to one of a fixed number of bins, the same everywhere and always."""

from typing import Any, Unpack

import numpy as np

from ...data.text import encoded
from ..base.arguments import LayerOptions
from ..base.checks import whole
from .checks import dense, key_of, output_mode_of
from .data_layer import DataLayer
from .encoding import MODES
from .hashes import fingerprints, keyed_hashes


class Hashing(DataLayer):
    """The bin of each id or text: its hash modulo `num_bins`.

    Numbers are hashed as their decimal text, floats cut to integers first.

    Parameters
    ----------
    num_bins : int
        How many bins there are.
    mask_value : int or str, optional
        What goes to bin 0, which is then for it alone.
    salt : int or sequence of int, optional
        An int or two: SipHash with that key, not FarmHash.
    output_mode : str, default "int"
        "int", "one_hot", "multi_hot" or "count".
    sparse : bool, default False
        Only False.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `num_bins` is not a positive int, `salt` not one or two int, or `dtype` no int for "int".
    TypeError
        For inputs that are neither numbers nor text.

    See Also
    --------
    StringLookup, IntegerLookup, CategoryEncoding

    Notes
    -----
    A call takes and gives:

    inputs
        integers, floats, bools or text, any shape, or ragged.
    returns
        int64, or int32 by `dtype`, the inputs' shape; float32 in other modes, as of
        CategoryEncoding.

    Source: keras.layers.Hashing; FarmHash's Fingerprint64, SipHash-2-4.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Hashing(num_bins=4)(np.array(["one", "two"])).shape
    (2,)
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Unpack[LayerOptions],
    ):
        self.output_mode = output_mode_of(output_mode, "Hashing", MODES)
        dtype = kwargs.get("dtype")
        if self.output_mode == "int" and dtype not in (None, "int32", "int64"):
            raise ValueError(
                f"Hashing: dtype must be 'int64' or 'int32' with output_mode='int', got {dtype!r}"
            )
        kwargs["dtype"] = dtype or ("int64" if self.output_mode == "int" else "float32")
        super().__init__(**kwargs)
        self.output_dtype = self.dtype
        self.num_bins = whole(num_bins, "Hashing: num_bins")
        self.salt = key_of(salt, "Hashing")
        self.mask_value, self.sparse = mask_value, dense(sparse, "Hashing")

    @property
    def depth(self) -> int:
        return self.num_bins

    def indices(self, values: np.ndarray) -> np.ndarray:
        masked = self.mask_value is not None and self.num_bins > 1
        strings, where = _as_strings(values)
        hashes = fingerprints(strings) if self.salt is None else keyed_hashes(strings, self.salt)
        bins = (hashes % np.uint64(self.num_bins - masked)).astype(np.int64)
        bins = bins if where is None else bins[where]
        if masked:
            bins = np.where(_equal(values, self.mask_value), 0, bins + 1)
        return bins.astype(self.output_dtype if self.output_mode == "int" else np.int64)


def _as_strings(values: np.ndarray) -> tuple[list[bytes], np.ndarray | None]:
    """The text of each value, of equal numbers once, and where each value's is (None: in order)."""
    if values.dtype.kind not in "biuf":
        return encoded(values), None
    if values.dtype.kind == "b":
        return [b"false", b"true"], values.astype(np.int64)
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            values = values.astype(np.int64)
    distinct, where = np.unique(values, return_inverse=True)
    return [b"%d" % number for number in distinct.tolist()], where.reshape(-1)


def _equal(values: np.ndarray, mask_value: Any) -> np.ndarray:
    """bool (n,): where a value is the mask's."""
    if values.dtype.kind in "biuf":
        return np.asarray(values == mask_value)
    wanted = mask_value.encode() if isinstance(mask_value, str) else mask_value
    return np.array([text == wanted for text in encoded(values)], bool)
