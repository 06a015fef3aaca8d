"""CRFDecode: the best sequence of tags under a linear-chain CRF, over the real steps."""

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from ... import _kernels
from ...rows import Rows
from ...tensor import as_numpy
from ..base.arguments import LayerOptions
from ..base.masks import check_mask
from ..base.one_tensor import OneTensor


class CRFDecode(OneTensor):
    """The tags that maximize the sum of emissions and transitions, found by Viterbi's algorithm.

    Masked steps take no part: the steps before and after one are neighbours.

    Parameters
    ----------
    use_boundaries : bool, default True
        Score the first and the last tag too.
    initializer : str, dict or Initializer, default "glorot_uniform"
        First values of the weights.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For inputs that are not (batch, time, tags), with other tags than the first ones, and for a
        mask that is not (batch, time).

    See Also
    --------
    Dense : Makes the scores.
    CRF

    Notes
    -----
    A call takes and gives:

    inputs
        float32 (batch, time, tags), scores, not probabilities.
    mask
        bool (batch, time); None = all real. It goes on.
    return_scores
        Also return the score.
    returns
        int32 (batch, time), 0 at masked steps; with return_scores also float32 (batch,), 0 for a
        sequence without real steps. Of equal tags the first one wins; a NaN counts as largest.

    Weights: transitions float32 (tags, tags), from and to; with use_boundaries start (tags,), end
    (tags,). pytorch-crf's `transitions`, `start_transitions`, `end_transitions`.

    Source: Lafferty et al. 2001; Viterbi 1967. Not in Keras.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.CRFDecode()(np.ones((2, 5, 3))).shape
    (2, 5)
    """

    input_axes = "(batch, time, tags)"
    supports_masking = True
    reads_masked = "none"

    if TYPE_CHECKING:

        def __call__(
            self,
            inputs: Any,
            *args: Any,
            mask: Any = None,
            return_scores: bool = False,
            training: bool | None = None,
        ) -> Any: ...

    def __init__(
        self,
        use_boundaries: bool = True,
        initializer: Any = "glorot_uniform",
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        self.use_boundaries, self.initializer = use_boundaries, initializer

    def build(self, input_shape: Any) -> None:
        tags = input_shape[-1]
        if not tags:
            raise ValueError(f"inputs must have known tags, got shape {tuple(input_shape)}")
        self.transitions = self.add_weight((tags, tags), self.initializer, name="transitions")
        if self.use_boundaries:
            self.start = self.add_weight((tags,), self.initializer, name="start")
            self.end = self.add_weight((tags,), self.initializer, name="end")

    def call(self, inputs: Any, mask: Any = None, return_scores: bool = False) -> Any:
        x = np.asarray(inputs, np.float32)
        tags = self.transitions.shape[0]
        if x.ndim != 3 or x.shape[-1] != tags:
            raise ValueError(f"inputs must be (batch, time, {tags}), got shape {x.shape}")
        mask = None if mask is None else check_mask(mask, x.shape[:2])
        rows = Rows.view(x, mask)
        found = self.on_rows(rows, return_scores)
        tags = (found[0] if return_scores else found).to_padded()
        self._gave(tags, rows)
        return (tags, found[1]) if return_scores else tags

    def _gave(self, tags: np.ndarray, rows: Rows) -> None:
        """What else is done with padded tags, and the emissions that they were decoded from."""

    def on_rows(self, rows: Rows, return_scores: bool = False) -> Any:
        layout, ends = rows.layout, (None, None)
        if self.use_boundaries:
            ends = self.start.value, self.end.value
        values = as_numpy(rows.values[: layout.steps + 1])  # one pad row, which no sequence has
        best, scores = _kernels.crf_decode(values, layout.offsets, self.transitions.value, *ends)
        found = Rows(best, layout)
        return (found, scores) if return_scores else found

    @property
    def mask_role(self) -> str:
        return "uses, passes"
