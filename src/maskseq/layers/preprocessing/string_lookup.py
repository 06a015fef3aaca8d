"""StringLookup: strings to their places in a vocabulary, or back."""

from typing import Any, Unpack

from ..base.arguments import LayerOptions
from .checks import option
from .index_lookup import IndexLookup
from .vocabulary import TextVocabulary


class StringLookup(IndexLookup):
    """The index of each string in a vocabulary, or what of it a sample holds.

    Parameters
    ----------
    max_tokens : int, optional
        The largest vocabulary, masked and unknown tokens among it.
    num_oov_indices : int, default 1
        Indices for unknown strings, chosen by their hash; 0: they are an error.
    mask_token : str, optional
        The string that gets index 0, or in other modes than "int" is left out.
    oov_token : str, default "[UNK]"
        What indices of unknown strings become with `invert`.
    vocabulary : array_like of tokens, optional
        A list or array of strings; without it, `adapt` learns one. A path is refused: no file is
        read.
    idf_weights : array_like, optional
        A weight for each, for "tf_idf".
    invert : bool, default False
        Indices become strings.
    output_mode : str, default "int"
        "int", "one_hot", "multi_hot", "count" or "tf_idf".
    pad_to_max_tokens : bool, default False
        The last axis has max_tokens.
    sparse : bool, default False
        Only False.
    encoding : str, default "utf-8"
        "utf-8".
    salt : int or sequence of int, optional
        A key for the hash of unknown strings (SipHash; else FarmHash).
    oov_method : str, default "floormod"
        Accepted, without effect.
    vocabulary_size : int, optional
        How large a vocabulary that is still to come will be.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        If `vocabulary` is a path, has a token twice or more than `max_tokens` allows; if
        `idf_weights` are given without "tf_idf" or lacking with it. From a call before `adapt` if
        there is no vocabulary; for an unknown token if `num_oov_indices` is 0.
    TypeError
        For inputs that are not text.

    See Also
    --------
    TextVectorization : Splits texts first.
    IntegerLookup, Hashing, Embedding

    Notes
    -----
    A call takes and gives:

    inputs
        strings in an array or lists, or ragged lists of them; with `invert` indices, or a Ragged.
    returns
        int64, the inputs' shape, a Ragged for ragged lists; with `invert` an array of str; in other
        modes float32, as of CategoryEncoding.

    Source: keras.layers.StringLookup.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.StringLookup(vocabulary=["a", "b"])(np.array([["b", "a", "c"]])).tolist()
    [[2, 1, 0]]
    """

    vocabulary_type = TextVocabulary

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        salt: Any = None,
        *,
        oov_method: str = "floormod",
        vocabulary_size: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ):
        for argument, token in (("mask_token", mask_token), ("oov_token", oov_token)):
            if token is not None and not isinstance(token, str):
                raise ValueError(f"StringLookup: {argument} must be a str, got {token!r}")
        self.encoding = option(encoding, "StringLookup: encoding", ("utf-8", "UTF-8", "utf8"))
        tokens = max_tokens, num_oov_indices, mask_token, oov_token
        known = vocabulary, idf_weights, invert, output_mode, sparse, pad_to_max_tokens
        super().__init__(*tokens, *known, oov_method, salt, vocabulary_size, **kwargs)

    def compute_output_dtype(self, inputs: Any) -> str:
        return "string" if self.invert else super().compute_output_dtype(inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "encoding": self.encoding}
