"""CRF: a linear-chain CRF that can be trained, and decodes."""

from typing import Any

import numpy as np

from ... import _kernels
from ...data.ragged import Ragged
from ...rows import Layout, Rows
from ...tape import Traced, real_values
from ...tensor import as_numpy, get_keras_mask
from ..base.masks import check_mask
from ..base.taped import packed_by
from .crf_decode import CRFDecode
from .decoded import remember


class CRF(CRFDecode):
    """The most likely sequence of tags; trained by how unlikely the right one is.

    As CRFDecode, whose weights are the same. `losses` gives -log p(tags) of each sequence: log of
    the sum over all paths of e^score, less the score of the right one. Masked steps take no part.

    Arguments, weights, call arguments and results: as `CRFDecode`. No gradient passes the tags.

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
        As of CRFDecode.

    See Also
    --------
    CRFDecode : Without a way to train it.
    maskseq.losses.CRF : What to compile it with.

    Notes
    -----
    Source: Lafferty et al. 2001. Not in Keras.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> lstm = layers.LSTM(8, return_sequences=True)
    >>> model = maskseq.Sequential([lstm, layers.Dense(3), layers.CRF()])
    >>> model.compile(optimizer="adam", loss=maskseq.losses.CRF())
    >>> model.predict([np.ones((2, 4)), np.ones((5, 4))]).shape
    (2, 5)
    """

    def on_rows(self, rows: Rows, return_scores: bool = False) -> Any:
        found = super().on_rows(rows, return_scores)
        remember((found[0] if return_scores else found).values, self, rows)
        return found

    def on_tape(
        self, tape: Any, inputs: Traced, mask: Any = None, return_scores: bool = False
    ) -> Any:
        rows = packed_by(inputs, mask)
        found = super().on_rows(rows.value, return_scores)
        tags, *scores = found if return_scores else (found,)
        remember(tags.values, self, rows)
        if type(inputs.value) is not Rows:
            tags = tags.to_padded()
            remember(tags, self, rows)
        return (tape.data(tags), *map(tape.data, scores)) if return_scores else tape.data(tags)

    def _gave(self, tags: np.ndarray, rows: Rows) -> None:
        remember(tags, self, rows)

    def losses(self, emissions: Any, tags: Any, mask: Any = None) -> Any:
        """-log p(tags) of each sequence, given its emissions.

        Parameters
        ----------
        emissions : float32 (batch, time, tags)
            Scores, as in a call; or Ragged.
        tags : int (batch, time)
            The right tag of each step, not read where masked; or Ragged.
        mask : bool (batch, time), optional
            None = that of the emissions, or all real.

        Returns
        -------
        float32 (batch,)
            0 for a sequence without real steps; under a tape it is recorded.

        Raises
        ------
        ValueError
            For a tag that is none of the layer's, or tags that do not fit.
        """
        x = _as_rows(emissions, mask)
        layout = (x.value if type(x) is Traced else x).layout
        path, sources = _path(tags, layout), [self.transitions, None, None]
        if self.use_boundaries:
            sources[1:] = [self.start, self.end]
        weights: Any = [None if v is None else v.value for v in sources]
        if type(x) is not Traced:
            held = as_numpy(x.values[: layout.steps])
            return _kernels.crf(held, path, layout.offsets, *weights)[0]
        values = real_values(x)
        arguments = as_numpy(values.value), path, layout.offsets, *weights
        found, alphas = _kernels.crf(*arguments)

        def backward(d: np.ndarray, wanted: Any) -> tuple:
            return _kernels.crf_backward(d, alphas, *arguments)

        return x.tape.record(found, [values, *sources], backward)


def _as_rows(x: Any, mask: Any) -> Any:
    """Rows, or Traced Rows, of the real steps of Rows, an array or a Ragged."""
    if type(x) is Traced:
        return packed_by(x, x._keras_mask if mask is None else mask)
    if isinstance(x, Ragged):
        return Rows.from_ragged(x.values, x.offsets)
    if type(x) is Rows:
        return x
    carried, x = get_keras_mask(x) if mask is None else mask, np.asarray(x, np.float32)
    return Rows.view(x, None if carried is None else check_mask(carried, x.shape[:2]))


def _path(tags: Any, layout: Layout) -> np.ndarray:
    """int64 (n,): the tags of the real steps of Rows, a Ragged, an array (batch, time) or (n,)."""
    if isinstance(tags, Ragged):
        tags = Rows.from_ragged(tags.values, tags.offsets)
    if type(tags) is Rows:
        if tags.layout is not layout and not np.array_equal(tags.layout.offsets, layout.offsets):
            raise ValueError(
                f"tags must have as many steps as their sequences, {layout.lengths.tolist()}, got "
                f"{tags.layout.lengths.tolist()}"
            )
        found = tags.values[: layout.steps]
    else:
        array = as_numpy(np.asarray(tags))
        if array.shape[:2] == (layout.batch, layout.time) and array.ndim >= 2:
            array = array.reshape(layout.batch * layout.time, -1)[layout.cells]
        found = array
    found = np.asarray(found)
    if found.size != layout.steps:
        raise ValueError(
            f"tags must be int ({layout.batch}, {layout.time}), one for each step, got shape "
            f"{np.shape(tags)}"
        )
    found = found.reshape(-1)
    whole = found.astype(np.int64)
    if not np.array_equal(whole, found):
        raise ValueError(f"tags must be whole numbers, got {found[whole != found][0]}")
    return whole
