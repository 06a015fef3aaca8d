"""IntegerLookup: integers to their places in a vocabulary, or back."""

from typing import Any, Unpack

import numpy as np

from ..base.arguments import LayerOptions
from .index_lookup import IndexLookup
from .vocabulary import IntegerVocabulary


class IntegerLookup(IndexLookup):
    """The index of each integer in a vocabulary, or what of it a sample holds.

    Parameters
    ----------
    max_tokens : int, optional
        The largest vocabulary; None: no limit.
    num_oov_indices : int, default 1
        Indices for unknown integers.
    mask_token : int, optional
        The integer that is masked.
    oov_token : int, default -1
        What indices of unknown integers become with `invert`.
    vocabulary : array_like of tokens, optional
        The tokens; without it, `adapt` learns them.
    vocabulary_dtype : str, default "int64"
        "int64".
    idf_weights : array_like, optional
        A weight for each token, for "tf_idf".
    invert : bool, default False
        Give tokens for indices.
    output_mode : str, default "int"
        "int", "one_hot", "multi_hot", "count" or "tf_idf".
    sparse : bool, default False
        Only False; accepted for Keras's configs.
    pad_to_max_tokens : bool, default False
        The last axis has `max_tokens`.
    oov_method : str, default "floormod"
        How unknown integers are spread over several indices: "floormod", by their remainder, or
        "farmhash", by the hash of their text, which `salt` keys.
    salt : int or sequence of int, optional
        Key of the hash.
    vocabulary_size : int, optional
        How large a vocabulary that is still to come will be.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        As of StringLookup.
    TypeError
        For inputs that are not numbers.

    See Also
    --------
    StringLookup, Hashing, CategoryEncoding

    Notes
    -----
    A call takes and gives:

    inputs
        integers, any shape, or ragged; floats are cut to integers.
    returns
        int64, the inputs' shape, or a Ragged; in other modes float32, as of CategoryEncoding.

    Arguments are as of StringLookup, of integers.

    Source: keras.layers.IntegerLookup.

    Examples
    --------
    >>> import numpy as np
    >>> from maskseq import layers
    >>> layers.IntegerLookup(vocabulary=[10, 20])(np.array([[20, 10, 7]])).tolist()
    [[2, 1, 0]]
    """

    vocabulary_type = IntegerVocabulary

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        *,
        vocabulary_size: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ):
        for argument, token in (("mask_token", mask_token), ("oov_token", oov_token)):
            if token is not None and not _is_integer(token):
                raise ValueError(f"IntegerLookup: {argument} must be an int, got {token!r}")
        if vocabulary_dtype != "int64":
            raise ValueError(
                f"IntegerLookup: vocabulary_dtype must be 'int64', got {vocabulary_dtype!r}"
            )
        if salt is not None and oov_method != "farmhash":
            raise ValueError(
                f"IntegerLookup: oov_method must be 'farmhash' with a salt, got {oov_method!r}"
            )
        self.vocabulary_dtype = vocabulary_dtype
        masked = None if mask_token is None else int(mask_token)
        unknown = -1 if oov_token is None else int(oov_token)
        known = vocabulary, idf_weights, invert, output_mode, sparse, pad_to_max_tokens
        how = oov_method, salt, vocabulary_size
        super().__init__(max_tokens, num_oov_indices, masked, unknown, *known, *how, **kwargs)

    def _checked(self, vocabulary: Any, idf_weights: Any) -> tuple[Any, np.ndarray | None]:
        tokens = vocabulary.tolist() if isinstance(vocabulary, np.ndarray) else vocabulary
        if isinstance(tokens, (list, tuple)) and not all(map(_is_integer, tokens)):
            raise ValueError(
                f"IntegerLookup '{self.name}': vocabulary must be integers of 64 bits, got "
                f"{str(vocabulary)[:60]}"
            )
        return super()._checked(vocabulary, idf_weights)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "vocabulary_dtype": self.vocabulary_dtype}


def _is_integer(value: Any) -> bool:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return bool(whole and -(2**63) <= value < 2**63)
