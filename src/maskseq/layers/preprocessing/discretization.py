"""Discretization: numbers to the bins that boundaries, given or learnt, cut them into."""

from typing import Any, Unpack

import numpy as np

from ...given import as_array
from ..base.arguments import LayerOptions
from ..base.checks import whole
from .checks import dense, output_mode_of
from .data_layer import DataLayer
from .encoding import MODES


class Discretization(DataLayer):
    """The bin of each number: how many boundaries are not above it.

    Parameters
    ----------
    bin_boundaries : sequence of float, optional
        Numbers, ascending or descending; or num_bins: how many bins `adapt` shall learn boundaries
        for, as full as each other to within `epsilon`.
    num_bins : int, optional
        How many bins there are.
    epsilon : float, default 0.01
        How far bins may be from equally full, as a share of the numbers.
    output_mode : str, default "int"
        "int", "one_hot", "multi_hot" or "count".
    sparse : bool, default False
        Only False.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If not exactly one of `bin_boundaries` and `num_bins` is given, or the boundaries neither
        ascend nor descend. From a call before `adapt`; from `adapt` without `num_bins`.

    See Also
    --------
    Normalization, CategoryEncoding

    Notes
    -----
    A call takes and gives:

    inputs
        Numbers, any shape, or ragged. NaN is above all.
    returns
        int32, the inputs' shape; float32 in other modes, as of CategoryEncoding.

    Source: keras.layers.Discretization.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.Discretization(bin_boundaries=[0.0, 1.0])(np.array([[-1.0, 0.5, 3.0]])).tolist()
    [[0, 1, 2]]
    """

    output_dtype = "int32"

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(
                f"Discretization: either bin_boundaries or num_bins must be given, got "
                f"bin_boundaries={bin_boundaries!r} and num_bins={num_bins!r}"
            )
        if not isinstance(epsilon, (int, float)) or not 0 < epsilon < 1:
            raise ValueError(f"Discretization: epsilon must be between 0 and 1, got {epsilon!r}")
        self.num_bins = None if num_bins is None else whole(num_bins, "Discretization: num_bins")
        self.epsilon = float(epsilon)
        self.output_mode = output_mode_of(output_mode, "Discretization", MODES)
        self.sparse = dense(sparse, "Discretization")
        self.bin_boundaries: list[float] | None = None
        if bin_boundaries is not None:
            self.bin_boundaries = _checked(bin_boundaries)

    @property
    def depth(self) -> int:
        if self.bin_boundaries is None:
            return self.num_bins or 0
        return len(self.bin_boundaries) + 1

    def indices(self, values: np.ndarray) -> np.ndarray:
        if self.bin_boundaries is None:
            raise ValueError("bin_boundaries must be given, or learnt by adapt, before a call")
        if values.dtype.kind not in "biuf":
            raise TypeError(f"inputs must be numbers, got dtype {values.dtype}")
        x, bins = values.astype(np.float32), np.array(self.bin_boundaries, np.float32)
        if len(bins) > 1 and bins[0] > bins[-1]:
            found = len(bins) - np.searchsorted(bins[::-1], x, side="right")
        else:
            found = np.searchsorted(bins, x, side="right")
        return found.astype(np.int32)

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn boundaries between which the numbers of `data` spread evenly.

        Each array is summed up in 1 / epsilon numbers.

        Parameters
        ----------
        data : array_like, Ragged or iterable of array_like
            Numbers, or batches of them.
        steps : int, optional
            How many batches count; None: all.

        Examples
        --------
        >>> import numpy as np
        >>> from maskseq import layers
        >>> layer = layers.Discretization(num_bins=2)
        >>> layer.adapt(np.array([1.0, 2.0, 3.0, 4.0]))
        >>> layer(np.array([1.0, 4.0])).tolist()
        [0, 1]
        """
        if self.num_bins is None:
            raise ValueError("Discretization: adapt needs a layer with num_bins")
        if isinstance(data, np.ndarray) or hasattr(data, "offsets"):
            data = [getattr(data, "values", data)]
        elif isinstance(data, (list, tuple)) and data and not hasattr(data[0], "shape"):
            data = [data]
        summary = np.empty((2, 0), np.float32)
        for number, batch in enumerate(data):
            if steps is not None and number >= steps:
                break
            summary = _merged(_summary(batch, self.epsilon), summary, self.epsilon)
        if not summary.size:
            raise ValueError("Discretization: data must hold numbers to adapt to, got none")
        self.bin_boundaries = self.boundaries_of(summary)

    def boundaries_of(self, summary: np.ndarray) -> list[float] | None:
        """The boundaries of `num_bins` bins; None of an empty summary. summary: (2, n)."""
        if not summary.size:
            return None
        if not np.isfinite(summary).all() or (summary[1] < 0).any() or not summary[1].any():
            raise ValueError("a summary must hold finite numbers, and counts of them")
        shortened = _shortened(summary.astype(np.float32), 1.0 / (self.num_bins or 1))
        return _checked(shortened[0, :-1])

    @property
    def reads_summary(self) -> bool:
        return self.num_bins is not None and self.bin_boundaries is None

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Discretization":
        boundaries = config.get("bin_boundaries")
        if boundaries is None or config.get("num_bins") is None:
            return cls(**config)
        config = {**config, "bin_boundaries": None}  # an adapted one
        layer = cls(**config)
        layer.bin_boundaries = _checked(boundaries)
        return layer


def _checked(boundaries: Any) -> Any:
    """Boundaries as a list of numbers that never turn."""
    try:
        array = as_array(boundaries, "bin_boundaries", np.float64)
    except (TypeError, ValueError):
        array = np.empty((0, 0))
    steps = np.sign(array[1:] - array[:-1]) if array.ndim == 1 else array
    if array.ndim != 1 or np.isnan(array).any() or (steps > 0).any() and (steps < 0).any():
        raise ValueError(
            f"Discretization: bin_boundaries must be numbers that ascend or descend, "
            f"got {boundaries!r}"
        )
    return array.tolist()


def _summary(values: Any, epsilon: float) -> np.ndarray:
    """float (2, n): some of the numbers, sorted, and how many each stands for."""
    values = as_array(values, "data")
    if values.dtype.kind not in "biuf":
        raise TypeError(f"Discretization: data must be numbers, got dtype {values.dtype}")
    values = np.sort(values.astype(np.float32).reshape(-1))
    step = max(values.size / (1.0 / epsilon), 1)
    kept = values[int(step - 1) :: int(step)]
    return np.stack([kept, np.ones_like(kept) * step])


def _merged(one: np.ndarray, other: np.ndarray, epsilon: float) -> np.ndarray:
    both = np.concatenate((one, other), axis=1)
    return _shortened(both[:, np.argsort(both[0], kind="stable")], epsilon)


def _shortened(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """A summary of at most about 1 / epsilon numbers, at equal distances of their weights."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    weights = np.cumsum(summary[1])
    of_all = weights / weights[-1]
    numbers = np.interp(shares, of_all, summary[0])
    weights = np.interp(shares, of_all, weights)
    return np.stack([numbers, np.diff(weights, prepend=0)]).astype(np.float32)
