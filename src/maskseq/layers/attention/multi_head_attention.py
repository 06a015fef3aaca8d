"""MultiHeadAttention: several heads attend side by side, each over its own projection."""

import math
from collections.abc import Callable
from typing import Any, Unpack

import numpy as np

from ...tape import Traced
from ...tensor import get_keras_mask
from ..base.arguments import CommonOptions
from ..base.checks import ints
from ..base.rules import HEADS_WITHOUT_MASKS, KERAS2
from .heads import HeadsAttention


class MultiHeadAttention(HeadsAttention):
    """Attention of `num_heads` heads.

    As in Keras the layer takes the masks off the tensors it is called on: a residual `Add()([x,
    layer(x, x)])` has no mask, and what follows runs over padding. The layer warns of it once.
    Padding that shows the same row all through a sequence is computed once, until a layer mixes it.
    Under a mask_rule of Keras 2 the masks stay; under one of before 2.10 the layer uses none of
    them, and passes none on.

    A query with nothing to attend to, a masked one too, gets the mean of all values, as in Keras;
    with return_attention_scores or dropout it gets none, again as in Keras, and all that is left is
    the output's bias.

    Parameters
    ----------
    num_heads : int
        How many heads.
    key_dim : int
        Width of a head's queries and keys.
    value_dim : int, optional
        Width of its values, by default key_dim.
    dropout : float, default 0.0
        Share of the attention weights that training drops.
    use_bias : bool, default True
        Whether there is a bias.
    output_shape : int or tuple, optional
        By default the query's features.
    attention_axes : int or sequence of int, optional
        The axes attended over, by default all between batch and features; the others are apart, as
        the batch is.
    sliding_window : int, optional
        Attend to fewer than so many steps away.
    flash_attention : bool, optional
        Accepted, without effect on a result.
    kernel_initializer : str, dict or Initializer, default "glorot_uniform"
        First values of `kernel`.
    bias_initializer : str, dict or Initializer, default "zeros"
        First values of `bias`.
    kernel_regularizer : str, dict, Regularizer or None, default None
        Penalty on `kernel`, in training.
    bias_regularizer : str, dict, Regularizer or None, default None
        Penalty on `bias`, in training.
    activity_regularizer : str, dict, Regularizer or None, default None
        Penalty on the outputs, in training.
    kernel_constraint : str, dict, Constraint or None, default None
        What training holds `kernel` to.
    bias_constraint : str, dict, Constraint or None, default None
        What training holds `bias` to.
    use_gate : bool, default False
        Sigmoid of another projection of the query scales the output.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If a count of heads or a width is not a positive int, or `attention_axes` names no axis
        between batch and features. From a call for query, value and key of different batches, value
        and key of different lengths, or other features than those of the first call; for an
        `attention_mask` of another shape.
    TypeError
        For a call without `value`.

    See Also
    --------
    GroupedQueryAttention : Fewer heads of keys and values.
    Attention, AdditiveAttention

    Notes
    -----
    A call takes and gives:

    query
        float32 (batch, Tq, features).
    value
        (batch, Tv, features).
    key
        As value, which it is if not given.
    query_mask, value_mask, key_mask
        bool (batch, Tq) and (batch, Tv); by default those that the inputs carry.
    attention_mask
        bool (Tq, Tv), (batch, Tq, Tv) or (batch, heads, Tq, Tv), True = attend.
    return_attention_scores
        Also return the weights.
    use_causal_mask
        A query attends to no later step.
    returns
        ``(batch, Tq, *output_shape)``, with return_attention_scores also (batch, heads, Tq, Tv).
        The query's mask goes on; the scores carry the mask that they were made with.

    Weights: of query, key, [gate,] value: kernel (features, num_heads, width), bias (num_heads,
    width); of the output: kernel ``(num_heads, value_dim, *output_shape)``, bias
    ``(*output_shape,)``.

    As in Keras, a `query_mask` by hand is not used, only the one that the query carries.

    Source: keras.layers.MultiHeadAttention; Vaswani et al. 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> x = np.ones((2, 5, 8))
    >>> attention = layers.MultiHeadAttention(num_heads=2, key_dim=4)
    >>> attention(x, x, use_causal_mask=True).shape
    (2, 5, 8)
    >>> output, scores = attention(x, x, return_attention_scores=True)
    >>> scores.shape
    (2, 2, 5, 5)
    """

    takes_masks = True
    max_rank = 32

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Unpack[CommonOptions],
    ):
        super().__init__(
            dropout=dropout,
            use_bias=use_bias,
            sliding_window=sliding_window,
            flash_attention=flash_attention,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            use_gate=use_gate,
            seed=seed,
            **kwargs,
        )
        if self.mask_rule in KERAS2:
            self.takes_masks = False
        if self.mask_rule in HEADS_WITHOUT_MASKS:
            self.supports_masking = False
        axes = (attention_axes,) if isinstance(attention_axes, int) else attention_axes
        self.attention_axes = tuple(axes) if axes else None
        self.num_heads, self.key_dim, self.value_dim = num_heads, key_dim, value_dim or key_dim
        shape = (output_shape,) if isinstance(output_shape, int) else output_shape
        self.output_shape = ints(shape, "output_shape") if shape else None

    def build(self, query_shape: Any, value_shape: Any, key_shape: Any = None) -> None:
        self._attended(len(query_shape))
        super().build(query_shape, value_shape, key_shape)

    def _attended(self, rank: int) -> tuple[int, ...]:
        """The axes attended over in inputs of this rank."""
        axes = self.attention_axes or range(1, rank - 1)
        found = tuple(axis + rank if axis < 0 else axis for axis in axes)
        if not all(0 < axis < rank - 1 for axis in found) or len(set(found)) < len(found):
            raise ValueError(
                f"attention_axes must be axes between batch and features, in inputs of rank {rank} "
                f"1 to {rank - 2}, got {self.attention_axes}"
            )
        return found

    def on_padded(
        self, sides: tuple, masks: tuple, attention_mask: Any, with_scores: bool, causal: bool
    ) -> Any:
        way = super().on_padded
        return self._answer_by(way, sides, masks, attention_mask, with_scores, causal)

    def padded_on_tape(
        self, sides: tuple, masks: tuple, attention_mask: Any, with_scores: bool, causal: bool
    ) -> Any:
        way = super().padded_on_tape
        return self._answer_by(way, sides, masks, attention_mask, with_scores, causal)

    def _answer_by(
        self,
        way: Callable[..., Any],
        sides: tuple,
        masks: tuple,
        attention_mask: Any,
        with_scores: bool,
        causal: bool,
    ) -> Any:
        """What `way`, an `on_padded`, gives with the masks that this layer uses."""
        masks = (get_keras_mask(sides[0]), *masks[1:])
        if self.mask_rule in HEADS_WITHOUT_MASKS:
            masks = None, None, None
        if np.ndim(sides[0]) == 3:
            return way(sides, masks, attention_mask, with_scores, causal)
        output, scores = self._folded(way, sides, masks, attention_mask, causal)
        return (output, scores) if with_scores else output

    def _folded(
        self,
        way: Callable[..., Any],
        sides: tuple,
        masks: tuple,
        attention_mask: Any,
        causal: bool,
    ) -> tuple[Any, Any]:
        """Inputs of another rank than 3: the axes apart become the batch. (output, scores)."""
        query, value, _ = sides
        axes = self._attended(np.ndim(query))
        given = causal or self.sliding_window or attention_mask is not None
        if len(axes) > 1 and (given or any(mask is not None for mask in masks)):
            raise ValueError(f"a mask needs one of attention_axes, got {axes}")
        apart, queries = _sizes(np.shape(query), axes)
        keys = _sizes(np.shape(value), axes)[1]
        repeats = math.prod(apart[1:])
        masks = tuple(None if mask is None else np.repeat(mask, repeats, axis=0) for mask in masks)
        if attention_mask is not None and np.ndim(attention_mask) == 3:
            attention_mask = np.repeat(attention_mask, repeats, axis=0)
        folded = tuple(None if x is None else _fold(x, axes) for x in sides)
        # Keras treats other ranks as if the scores were asked for
        output, scores = way(folded, masks, attention_mask, True, causal)
        output = np.reshape(output, (*apart, *queries, *output.shape[2:]))
        places = [*_apart(np.ndim(query), axes), *axes]
        output = np.moveaxis(output, range(len(places)), places)
        return output, np.reshape(scores, (*apart, scores.shape[1], *queries, *keys))

    def head_shapes(self) -> dict[str, tuple[int, int]]:
        keys = (self.num_heads, self.key_dim)
        return {"query": keys, "key": keys, "value": (self.num_heads, self.value_dim)}

    def output_features(self, query_features: int) -> tuple[int, ...]:
        return self.output_shape or (query_features,)


def _apart(rank: int, axes: tuple[int, ...]) -> list[int]:
    """The axes that are not attended over, the batch first, without the features."""
    return [axis for axis in range(rank - 1) if axis not in axes]


def _sizes(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """The sizes of the axes apart, and of those attended over."""
    return [shape[axis] for axis in _apart(len(shape), axes)], [shape[axis] for axis in axes]


def _fold(x: Any, axes: tuple[int, ...]) -> Any:
    """x of any rank -> (axes apart, axes attended over, features)."""
    x = x if type(x) is Traced else np.asarray(x, np.float32)
    apart, attended = _sizes(x.shape, axes)
    last = x.ndim - 1
    x = np.transpose(x, (*_apart(x.ndim, axes), *axes, last))
    return np.reshape(x, (math.prod(apart), math.prod(attended), x.shape[-1]))
