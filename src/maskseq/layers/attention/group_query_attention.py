"""GroupedQueryAttention: several heads of queries share one head of keys and values."""

from typing import Any, Unpack

from ..base.arguments import CommonOptions
from .heads import HeadsAttention


class GroupedQueryAttention(HeadsAttention):
    """Attention of `num_query_heads` heads over `num_key_value_heads` heads of keys and values.

    In keras.layers and .keras files it is called GroupQueryAttention; weights and .h5 files have
    the name of the class.

    A query with nothing to attend to, a masked one too, gets the mean of all values, as in Keras;
    with return_attention_scores or dropout it gets none, again as in Keras, and all that is left is
    the output's bias.

    Parameters
    ----------
    head_dim : int
        Width of every head.
    num_query_heads : int
        How many heads of queries, a multiple of `num_key_value_heads`.
    num_key_value_heads : int
        How many heads of keys and values.
    dropout : float, default 0.0
        Share of the attention weights that training drops.
    use_bias : bool, default True
        Whether there is a bias.
    sliding_window : int, optional
        Attend to fewer than so many steps away; None: to all.
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
        Scale the output by the sigmoid of another projection of the query.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `num_query_heads` is no multiple of `num_key_value_heads`. From a call for query, value
        and key of different batches, value and key of different lengths, or other features than
        those of the first call; for an `attention_mask` of another shape.
    TypeError
        For a call without `value`.

    See Also
    --------
    MultiHeadAttention : Keys and values for each head.
    Attention

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

    Weights: of query [and gate]: kernel (features, num_query_heads, head_dim), bias
    (num_query_heads, head_dim); of key and value the same with num_key_value_heads; of the output:
    kernel (num_query_heads, head_dim, features), bias (features,).

    Source: keras.layers.GroupQueryAttention; Ainslie et al. 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> x = np.ones((2, 5, 8))
    >>> layer = layers.GroupedQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)
    >>> layer(x, x).shape
    (2, 5, 8)
    """

    input_axes = "(batch, time, features)"

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
