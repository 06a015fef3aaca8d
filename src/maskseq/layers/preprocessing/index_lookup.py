"""IndexLookup: tokens to their places in a vocabulary, given or learnt; base of the lookups.

Source: keras.src.layers.preprocessing.index_lookup.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any, Unpack

import numpy as np

from ... import ops
from ...data.ragged import Ragged
from ...graph.trial import meter
from ...rows import Rows
from ..base.arguments import LayerOptions
from ..base.checks import whole
from .checks import dense, key_of, option, output_mode_of
from .data_layer import DataLayer, real_steps
from .encoding import MODES
from .hashes import fingerprints, keyed_hashes
from .vocabulary import IntegerVocabulary, TextVocabulary


class IndexLookup(DataLayer):
    """The base of StringLookup and IntegerLookup, whose arguments and weights theirs say.

    Indices begin with that of the mask token (0, in mode "int" only), then come those of unknown
    tokens (`num_oov_indices`), then the vocabulary's in its order.

    Parameters
    ----------
    oov_method : str
        How unknown tokens are spread over several indices.
    """

    has_vocabulary = True
    vocabulary_type: type[Any] = TextVocabulary

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        sparse: bool,
        pad_to_max_tokens: bool,
        oov_method: str,
        salt: Any,
        vocabulary_size: int | None,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        who = type(self).__name__
        self.max_tokens = None if max_tokens is None else whole(max_tokens, f"{who}: max_tokens", 2)
        self.num_oov_indices = whole(num_oov_indices, f"{who}: num_oov_indices", 0)
        self.mask_token, self.oov_token = mask_token, oov_token
        self.output_mode = output_mode_of(output_mode, who, (*MODES, "tf_idf"))
        self.invert, self.sparse = bool(invert), dense(sparse, who)
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        self.oov_method = option(oov_method, f"{who}: oov_method", ("floormod", "farmhash"))
        self.salt = key_of(salt, who)
        self._promised = vocabulary_size
        self._is_given = vocabulary is not None
        self._known: tuple[Any, np.ndarray | None] = (self.vocabulary_type(), None)
        self._check(who, idf_weights)
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    def _check(self, who: str, idf_weights: Any) -> None:
        """Raises: ValueError for arguments that do not go together."""
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise ValueError(f"{who}: max_tokens must be given with pad_to_max_tokens, got None")
        if self.invert and self.output_mode != "int":
            raise ValueError(
                f"{who}: output_mode must be 'int' with invert=True, got {self.output_mode!r}"
            )
        if idf_weights is not None and self.output_mode != "tf_idf":
            raise ValueError(
                f"{who}: idf_weights must be given with output_mode='tf_idf' only, got "
                f"output_mode={self.output_mode!r}"
            )

    # The vocabulary

    @property
    def _table(self) -> Any:
        return self._known[0]

    @property
    def idf_weights(self) -> Any:
        """float32 (depth,): what each index weighs in mode "tf_idf"; without a vocabulary None."""
        return self._known[1]

    @property
    def _oov_start(self) -> int:
        return 1 if self.mask_token is not None and self.output_mode == "int" else 0

    @property
    def _token_start(self) -> int:
        return self._oov_start + self.num_oov_indices

    def _special_tokens(self) -> list[Any]:
        return [self.mask_token] * self._oov_start + [self.oov_token] * self.num_oov_indices

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """The tokens in the order of their indices."""
        special = self._special_tokens() if include_special_tokens else []
        return [*special, *self._table.tokens]

    def vocabulary_size(self) -> int:
        """The number of indices, those of masked and unknown tokens among them."""
        return self._token_start + len(self._table)

    @property
    def depth(self) -> int:
        if self.pad_to_max_tokens:
            return self.max_tokens or 0
        if not len(self._table) and self._promised:
            return self._promised
        self._check_known()
        return self.vocabulary_size()

    def _check_known(self) -> None:
        if not len(self._table):
            raise ValueError("vocabulary must be given, or learnt by adapt, before a call")

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Put a vocabulary in the place of the one so far.

        Parameters
        ----------
        vocabulary : array_like of tokens, optional
            A list or array of tokens, with the masked and unknown ones in front or without.
        idf_weights : array_like, optional
            One for each, in mode "tf_idf" only.

        Raises
        ------
        ValueError
            If a token stands there twice, or if there are more than max_tokens.
        """
        self.take_table(self._checked(vocabulary, idf_weights))

    def _checked(self, vocabulary: Any, idf_weights: Any) -> tuple[Any, np.ndarray | None]:
        """The table of a vocabulary and the weights of its tokens; the layer keeps its own."""
        who = f"{type(self).__name__} '{self.name}'"
        if isinstance(vocabulary, (str, bytes)):
            raise ValueError(
                f"{who}: vocabulary must be a list of tokens, got {vocabulary!r}; a file is not "
                f"read: give open(path).read().splitlines()"
            )
        if (self.output_mode == "tf_idf") != (idf_weights is not None):
            raise ValueError(
                f"{who}: idf_weights must be given with output_mode='tf_idf', and only then"
            )
        given = _as_list(vocabulary)
        if not given:
            raise ValueError(f"{who}: vocabulary must hold tokens, got {vocabulary!r}")
        start = self._token_start
        has_special = len(given) >= start and (
            [_plain(token) for token in given[:start]] == self._special_tokens()
        )
        tokens = given[start:] if has_special else given
        table = self.vocabulary_type(tokens)
        self._check_tokens(table, who)
        weights = None
        if self.output_mode == "tf_idf":
            weights = self._all_idf_weights(idf_weights, len(given), has_special, who)
        return table, weights

    def take_table(self, known: tuple[Any, np.ndarray | None]) -> None:
        """Put a checked table in the place of the one so far."""
        self._known = known  # both at once, for others may be reading
        if self.output_mode != "int" and not self.pad_to_max_tokens:
            self._promised = self.vocabulary_size()  # as in Keras, for models are built on it

    def _check_tokens(self, table: Any, who: str) -> None:
        if repeated := table.repeated:
            raise ValueError(f"{who}: vocabulary must hold every token once, got {repeated[:10]}")
        reserved = [self.mask_token, *([self.oov_token] if self.invert else [])]
        for token in reserved:
            if token is not None and (table.find(table.read(_column(token))) >= 0).any():
                raise ValueError(
                    f"{who}: {token!r} must stand in front of the vocabulary, after the masked "
                    f"token, if there is one, and {self.num_oov_indices} times, or not at all"
                )
        size = self._token_start + len(table)
        if self.max_tokens is not None and size > self.max_tokens:
            raise ValueError(
                f"{who}: vocabulary must have at most max_tokens={self.max_tokens} tokens, got "
                f"{size}, the masked and unknown ones among them"
            )
        if self._promised and self.output_mode != "int" and not self.pad_to_max_tokens:
            if size != self._promised:
                raise ValueError(
                    f"{who}: vocabulary must have {self._promised} tokens as before, got {size}"
                )

    def _all_idf_weights(self, weights: Any, count: int, has_special: bool, who: str) -> np.ndarray:
        """float32 (depth,): weights with the mean for unknown tokens, 0 for what is not there."""
        weights = np.asarray(weights)
        if weights.shape != (count,) or weights.dtype.kind not in "biuf":
            raise ValueError(
                f"{who}: idf_weights must be {count} numbers, one for each token of the "
                f"vocabulary, got {weights.dtype} {weights.shape}"
            )
        front = 0 if has_special else self._token_start
        mean = math.fsum(weights.tolist()) / count
        size = self.max_tokens if self.pad_to_max_tokens else front + count
        size = max(size or 0, front + count)
        if told := meter.get():
            told(size)
        padded = np.zeros(size, np.float32)
        padded[:front] = mean
        padded[front : front + count] = weights
        return padded

    def read_table(self, lines: list[bytes] | None, idf_weights: np.ndarray | None) -> Any:
        """What a model file has for this layer, checked, for `take_table`; None: nothing.

        Parameters
        ----------
        lines
            Its vocabulary; one in the layer's config goes first.
        idf_weights : numpy.ndarray or None
            Of its tokens.

        Raises
        ------
        ValueError
            If they do not fit; the layer keeps its table.
        """
        if self.output_mode != "tf_idf":
            idf_weights = None
        if lines is not None and not self._is_given:
            integers = self.vocabulary_type is IntegerVocabulary
            count = len(lines)  # there may be weights for what max_tokens has room for
            weights = None if idf_weights is None else idf_weights[:count]
            return self._checked(list(map(int, lines)) if integers else lines, weights)
        if idf_weights is None or not len(self._table):
            return None
        if idf_weights.shape != (self.depth,):
            raise ValueError(
                f"idf_weights must have shape {(self.depth,)}, got {idf_weights.shape}"
            )
        return self._table, idf_weights.astype(np.float32)

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn the vocabulary: the tokens of `data`, the most frequent first, ties from the last.

        Parameters
        ----------
        data
            Tokens in an array, a list or a Ragged, whose rows are documents; or an iterable of such
            batches, of which `steps` count (None: all).
        """
        if isinstance(data, (list, tuple, np.ndarray, Ragged)) or hasattr(data, "__array__"):
            batches, steps = [data], None
        else:
            batches = data
        documents: list[Any] = []
        for number, batch in enumerate(batches):
            if steps is not None and number >= steps:
                break
            documents += self._documents(batch, one=batches is data)
        self.learn(documents)

    def _documents(self, batch: Any, one: bool) -> list[Any]:
        """The keys of each document; those of a flat batch are each a document, or all `one`."""
        value = self._read(batch)
        if type(value) is Rows:
            keys = self._table.read(real_steps(value).reshape(-1))
            bounds = value.layout.offsets.tolist()
        else:
            keys = self._table.read(value.reshape(-1))
            size = len(keys)
            width = math.prod(value.shape[1:]) if value.ndim > 1 else (size if one else 1)
            bounds = list(range(0, size + 1, max(width, 1)))
        return [keys[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]

    def learn(self, documents: Iterable[Any]) -> None:
        """Take the vocabulary of documents, which are lists of keys."""
        if self._is_given:
            raise ValueError(
                f"{type(self).__name__} '{self.name}': adapt needs a layer without a vocabulary"
            )
        counts: Counter[Any] = Counter()
        holding: Counter[Any] = Counter()
        number = 0
        for document in documents:
            keys = document if isinstance(document, list) else document.tolist()
            counts.update(keys)
            if self.output_mode == "tf_idf":
                holding.update(set(keys))
            number += 1
        for token in (self.mask_token, self.oov_token):
            if token is not None:
                counts.pop(token.encode() if isinstance(token, str) else token, None)
        if not counts:
            return
        tokens = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
        if self.max_tokens is not None:
            tokens = tokens[: self.max_tokens - self._token_start]
        weights = None
        if self.output_mode == "tf_idf":
            shares = [1 + number / (1 + holding[token]) for token in tokens]
            weights = np.asarray(ops.log(np.array(shares, np.float32)))
        self.set_vocabulary(tokens, weights)

    # Calls

    def indices(self, values: np.ndarray) -> np.ndarray:
        self._check_known()
        table = self._table
        if self.invert:
            return self._tokens_of(values)
        keys = table.read(values)
        found = table.find(keys)
        unknown = found < 0
        ids = found + self._token_start
        masked = None if self.mask_token is None else table.equal(keys, self.mask_token)
        if masked is not None:
            unknown &= ~masked
        if unknown.any():
            ids[unknown] = self._oov_indices(values, keys, np.flatnonzero(unknown))
        if masked is not None:
            ids[masked] = 0 if self.output_mode == "int" else -1
        return ids

    def _oov_indices(self, values: np.ndarray, keys: Any, which: np.ndarray) -> Any:
        """The indices of the unknown ones among the keys."""
        count = self.num_oov_indices
        if count == 0:
            raise ValueError(
                f"inputs must be in the vocabulary with num_oov_indices=0, got "
                f"{values[which[:5]].tolist()}"
            )
        if count == 1:
            return self._oov_start
        if self.vocabulary_type is IntegerVocabulary and self.oov_method == "floormod":
            return keys[which] % count + self._oov_start
        chosen = [keys[i] for i in which] if isinstance(keys, list) else keys[which]
        strings = self._table.as_strings(chosen)
        hashes = fingerprints(strings) if self.salt is None else keyed_hashes(strings, self.salt)
        return (hashes % np.uint64(count)).astype(np.int64) + self._oov_start

    def _tokens_of(self, values: np.ndarray) -> np.ndarray:
        """The tokens that stand at indices."""
        if values.dtype.kind not in "biuf":
            raise TypeError(f"inputs must be indices, got dtype {values.dtype}")
        where = values.astype(np.int64)
        tokens = self._table.taken(where - self._token_start, self.oov_token)
        if self.mask_token is not None:
            tokens[where == 0] = self.mask_token
        return tokens

    def _encoded(self, ids: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        if self.output_mode != "tf_idf":
            return super()._encoded(ids, weights)
        return self._weighed(super()._encoded(ids, weights))

    def _weighed(self, counts: np.ndarray) -> np.ndarray:
        return counts * self.idf_weights

    def on_rows(self, rows: Rows, weights: np.ndarray | None = None) -> Any:
        counts = super().on_rows(rows, weights)
        return self._weighed(counts) if self.output_mode == "tf_idf" else counts

    def get_config(self) -> dict[str, Any]:
        known = bool(len(self._table))
        idf = self.idf_weights
        return {
            **super().get_config(),
            "max_tokens": self.max_tokens,
            "num_oov_indices": self.num_oov_indices,
            "mask_token": self.mask_token,
            "oov_token": self.oov_token,
            "vocabulary": self.get_vocabulary(idf is not None) if known else None,
            "idf_weights": None if idf is None else idf[: self.vocabulary_size()].tolist(),
            "invert": self.invert,
            "output_mode": self.output_mode,
            "sparse": self.sparse,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "oov_method": self.oov_method,
            "salt": self.salt,
            "vocabulary_size": self.vocabulary_size() if known else self._promised,
        }


def _plain(token: Any) -> Any:
    return token.decode("utf-8", "replace") if isinstance(token, bytes) else token


def _column(token: Any) -> np.ndarray:
    """A token as an array of one."""
    return np.array([token], object if isinstance(token, (str, bytes)) else None)


def _as_list(vocabulary: Any) -> list[Any]:
    """The tokens of a list or an array; none of anything else."""
    if isinstance(vocabulary, list):
        return vocabulary
    if isinstance(vocabulary, tuple):
        return [*vocabulary]
    found = np.asarray(vocabulary).tolist()
    return found if isinstance(found, list) else []
