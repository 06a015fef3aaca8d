"""GroupedQueryAttention: several heads of queries share one head of keys and values."""

from typing import Any, Unpack

from ..base.arguments import CommonOptions
from .heads import HeadsAttention


class GroupedQueryAttention(HeadsAttention):
    """Attention of `num_query_heads` heads over `num_key_value_heads` heads of keys and values.

    In keras.layers and .keras files it is called GroupQueryAttention; weights and .h5 files have
    the name of the class.

    Arguments: head_dim: width of every head.  num_query_heads: a multiple of num_key_value_heads.
        The others are those of `MultiHeadAttention`.
    Weights: of query [and gate]: kernel (features, num_query_heads, head_dim), bias
        (num_query_heads, head_dim); of key and value the same with num_key_value_heads; of the
        output: kernel (num_query_heads, head_dim, features), bias (features,).
    Call arguments and results: as `HeadsAttention`.
    Source: keras.layers.GroupQueryAttention; Ainslie et al. 2023.
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
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
        if num_query_heads % num_key_value_heads:
            raise ValueError(
                "GroupedQueryAttention: num_query_heads must be a multiple of num_key_value_heads, "
                f"got {num_query_heads} and {num_key_value_heads}"
            )
        self.head_dim = head_dim
        self.num_query_heads, self.num_key_value_heads = num_query_heads, num_key_value_heads

    def head_shapes(self) -> dict[str, tuple[int, int]]:
        keys = (self.num_key_value_heads, self.head_dim)
        return {"query": (self.num_query_heads, self.head_dim), "key": keys, "value": keys}
