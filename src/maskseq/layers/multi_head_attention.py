"""MultiHeadAttention: several heads attend side by side, each over its own projection."""

from typing import Any

from ..tensor import get_keras_mask
from .heads import HeadsAttention


class MultiHeadAttention(HeadsAttention):
    """Attention of `num_heads` heads.

    Arguments: num_heads, key_dim: heads, and width of a head's queries and keys.  value_dim: width
        of its values, by default key_dim.  dropout, seed, flash_attention: accepted; dropout only
        matters for queries with nothing to attend to, see below.  use_bias, initializers: for new
        weights.  output_shape: int or tuple, by default the query's features.  attention_axes: time
        only, 1.  sliding_window: attend to fewer than so many steps away.  use_gate: sigmoid of
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
        if attention_axes not in (None, 1, (1,), [1]):
            raise ValueError(
                f"MultiHeadAttention: attention_axes must be the time axis, 1, got "
                f"{attention_axes!r}"
            )
        self.num_heads, self.key_dim, self.value_dim = num_heads, key_dim, value_dim or key_dim
        shape = (output_shape,) if isinstance(output_shape, int) else output_shape
        self._output_shape = tuple(shape) if shape else None

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
            "attention_axes": (1,),
        }
