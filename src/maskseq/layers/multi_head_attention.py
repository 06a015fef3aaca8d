"""MultiHeadAttention: several heads attend side by side, each over its own projection."""

import math
from typing import Any

import numpy as np

from ..tensor import convert_to_tensor, get_keras_mask, set_keras_mask
from .heads import HeadsAttention


class MultiHeadAttention(HeadsAttention):
    """Attention of `num_heads` heads.

    Arguments: num_heads, key_dim: heads, and width of a head's queries and keys.  value_dim: width
        of its values, by default key_dim.  dropout, seed, flash_attention: accepted; dropout only
        matters for queries with nothing to attend to, see below.  use_bias, initializers: for new
        weights.  output_shape: int or tuple, by default the query's features.  attention_axes: the
        axes attended over, by default all between batch and features; the others are apart, as the
        batch is.  sliding_window: attend to fewer than so many steps away.  use_gate: sigmoid of
        another projection of the query scales the output.
    Weights: of query, key, [gate,] value: kernel (features, num_heads, width), bias (num_heads,
        width); of the output: kernel (num_heads, value_dim, *output_shape), bias (*output_shape,).
    Call arguments and results: as `HeadsAttention`; as in Keras, a `query_mask` by hand is not
        used, only the one that the query carries.
    As in Keras the layer takes the masks off the tensors it is called on: a residual
    Add()([x, layer(x, x)]) has no mask, and what follows runs over padding. This is told once.
    Source: keras.layers.MultiHeadAttention; Vaswani et al. 2017.
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
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(
            dropout=dropout,
            use_bias=use_bias,
            sliding_window=sliding_window,
            flash_attention=flash_attention,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            use_gate=use_gate,
            seed=seed,
            **kwargs,
        )
        for name, value in (("num_heads", num_heads), ("key_dim", key_dim)):
            if not isinstance(value, int) or value <= 0:
                raise ValueError(
                    f"MultiHeadAttention: {name} must be a positive int, got {value!r}"
                )
        axes = (attention_axes,) if isinstance(attention_axes, int) else attention_axes
        self.attention_axes = tuple(axes) if axes else None
        self.num_heads, self.key_dim, self.value_dim = num_heads, key_dim, value_dim or key_dim
        shape = (output_shape,) if isinstance(output_shape, int) else output_shape
        self._output_shape = tuple(shape) if shape else None

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

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        sides, masks = (query, value, key), (get_keras_mask(query), value_mask, key_mask)
        options = {"attention_mask": attention_mask, "use_causal_mask": use_causal_mask}
        if np.ndim(query) != 3:
            output, scores = self._call_folded(sides, masks, **options)
            return (output, scores) if return_attention_scores else output
        return super().call(
            *sides,
            *masks,
            return_attention_scores=return_attention_scores,
            **options,
        )

    def _call_folded(
        self, sides: tuple, masks: tuple, attention_mask: Any, use_causal_mask: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Inputs of another rank than 3: the axes apart become the batch. (output, scores)."""
        query, value, key = sides
        axes = self._attended(np.ndim(query))
        given = use_causal_mask or self.sliding_window or attention_mask is not None
        if len(axes) > 1 and (given or any(mask is not None for mask in masks)):
            raise ValueError(f"a mask needs one of attention_axes, got {axes}")
        apart, queries = _sizes(np.shape(query), axes)
        keys = _sizes(np.shape(value), axes)[1]
        repeats = math.prod(apart[1:])
        masks = [None if mask is None else np.repeat(mask, repeats, axis=0) for mask in masks]
        if np.ndim(attention_mask) == 3:
            attention_mask = np.repeat(attention_mask, repeats, axis=0)
        folded = convert_to_tensor(_fold(query, axes))
        set_keras_mask(folded, masks[0])
        output, scores = super().call(
            folded,
            _fold(value, axes),
            None if key is None else _fold(key, axes),
            *masks,
            attention_mask=attention_mask,
            return_attention_scores=True,  # Keras treats other ranks as if they were asked for
            use_causal_mask=use_causal_mask,
        )
        output = output.reshape(*apart, *queries, *output.shape[2:])
        places = [*_apart(np.ndim(query), axes), *axes]
        output = np.moveaxis(output, range(len(places)), places)
        return output, scores.reshape(*apart, scores.shape[1], *queries, *keys)

    def head_shapes(self) -> dict[str, tuple[int, int]]:
        keys = (self.num_heads, self.key_dim)
        return {"query": keys, "key": keys, "value": (self.num_heads, self.value_dim)}

    def output_features(self, query_features: int) -> tuple[int, ...]:
        return self._output_shape or (query_features,)

    def query_mask(self, query: Any, by_hand: Any) -> Any:
        return get_keras_mask(query)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "output_shape": self._output_shape,
            "attention_axes": self.attention_axes,
        }


def _apart(rank: int, axes: tuple[int, ...]) -> list[int]:
    """The axes that are not attended over, the batch first, without the features."""
    return [axis for axis in range(rank - 1) if axis not in axes]


def _sizes(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """The sizes of the axes apart, and of those attended over."""
    return [shape[axis] for axis in _apart(len(shape), axes)], [shape[axis] for axis in axes]


def _fold(x: Any, axes: tuple[int, ...]) -> np.ndarray:
    """x of any rank -> (axes apart, axes attended over, features)."""
    x = np.asarray(x, np.float32)
    apart, attended = _sizes(x.shape, axes)
    x = x.transpose(*_apart(x.ndim, axes), *axes, -1)
    return x.reshape(math.prod(apart), math.prod(attended), x.shape[-1])
