"""TextVectorization: texts to the indices of their words, or to what words they hold."""

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from ...data.ragged import Ragged
from ...data.text import encoded
from ...graph.record import take_mask_of_run
from ...graph.symbols import KerasTensor
from ...rows import Rows
from ..base.arguments import LayerOptions
from ..base.binding import as_output
from ..base.checks import whole
from .checks import option, output_mode_of
from .data_layer import DataLayer, real_steps
from .encoding import MODES
from .string_lookup import StringLookup
from .text import SPLITS, STANDARDS, by_user, ngrams, split, standardized


class TextVectorization(DataLayer):
    """Each text standardized, split into tokens and looked up in a vocabulary.

    Without output_sequence_length a model gets the tokens as ragged sequences: what follows runs on
    real ones only. Called directly the layer pads them by 0, as Keras does, and the array carries
    their mask.

    Parameters
    ----------
    max_tokens : int, optional
        As of StringLookup; index 0 is padding and 1 unknown words in mode "int", else unknown is 0.
    standardize : str, callable or None, default "lower_and_strip_punctuation"
        "lower_and_strip_punctuation", "lower", "strip_punctuation" (of ASCII), None, or a function
        of an array of str.
    split : str, callable or None, default "whitespace"
        "whitespace", "character", None, or a function from an array of str to lists of str.
    ngrams : int or tuple of int, optional
        Widths of n-grams, or the largest of them; None: the tokens themselves.
    output_mode : str, default "int"
        "int", "multi_hot", "count", "tf_idf".
    output_sequence_length : int, optional
        Steps, cut or padded by 0.
    pad_to_max_tokens : bool, default False
        As of StringLookup.
    vocabulary : array_like of tokens, optional
        As of StringLookup.
    idf_weights : array_like, optional
        As of StringLookup.
    sparse : bool, default False
        As of StringLookup.
    ragged : bool, default False
        A direct call gives a Ragged.
    encoding : str, default "utf-8"
        "utf-8".
    vocabulary_size : int, optional
        As of StringLookup.
    **kwargs
        Options of every layer, such as `name` and `trainable`: see `Layer`.

    Raises
    ------
    ValueError
        For an unknown `standardize`, `split` or `output_mode`, an `output_sequence_length` with
        another mode than "int", and a `vocabulary` that StringLookup would refuse. From a call
        before `adapt` if there is no vocabulary, and for inputs of another shape.
    TypeError
        For inputs that are not text.

    See Also
    --------
    StringLookup, Embedding

    Notes
    -----
    A call takes and gives:

    inputs
        Texts (batch,) or (batch, 1); with split=None tokens of any shape.
    returns
        int64 (batch, time); in other modes float32 (batch, vocabulary).

    Source: keras.layers.TextVectorization.

    Examples
    --------
    >>> from maskseq import layers
    >>> vectorize = layers.TextVectorization()
    >>> vectorize.adapt(["the cat sat", "the dog"])
    >>> vectorize(["the cat", "the bird sat"]).tolist()
    [[2, 5, 0], [2, 1, 3]]
    """

    has_vocabulary = True

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: Any = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        *,
        vocabulary_size: int | None = None,
        **kwargs: Unpack[LayerOptions],
    ):
        super().__init__(**kwargs)
        who = type(self).__name__
        self.output_mode = output_mode_of(output_mode, who, (*MODES, "tf_idf"))
        self.standardize = _function_or(standardize, f"{who}: standardize", STANDARDS)
        self.split = _function_or(split, f"{who}: split", SPLITS)
        self.ngrams, self._widths = ngrams, _widths(ngrams, who)
        if output_sequence_length is not None:
            if self.output_mode != "int":
                raise ValueError(
                    f"{who}: output_sequence_length must be None with "
                    f"output_mode={output_mode!r}, got {output_sequence_length!r}"
                )
            whole(output_sequence_length, f"{who}: output_sequence_length")
        if ragged and self.output_mode != "int":
            raise ValueError(f"{who}: ragged must be False with output_mode={output_mode!r}")
        self.output_sequence_length, self.ragged = output_sequence_length, bool(ragged)
        self._lookup_layer = StringLookup(
            max_tokens,
            mask_token="",
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            output_mode=self.output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            sparse=sparse,
            encoding=encoding,
            vocabulary_size=vocabulary_size,
            name=f"{self.name}_lookup",
        )
        self.supports_masking = self._is_ragged

    @property
    def _is_ragged(self) -> bool:
        """True if a text has as many steps as it has tokens."""
        length = self.output_sequence_length
        return self.output_mode == "int" and self.split is not None and length is None

    @property
    def depth(self) -> int:
        return self._lookup_layer.depth

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The tokens in the order of their indices."""
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """The number of indices, those of padding and unknown tokens among them."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Put a vocabulary in the place of the one so far; see StringLookup."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    def read_table(self, lines: list[bytes] | None, idf_weights: np.ndarray | None) -> Any:
        """What a model file has for this layer, checked, for `take_table`; see StringLookup."""
        return self._lookup_layer.read_table(lines, idf_weights)

    def take_table(self, known: Any) -> None:
        """Put a checked table in the place of the one so far."""
        self._lookup_layer.take_table(known)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the vocabulary of texts: the most frequent tokens first, ties from the last.

        Parameters
        ----------
        data
            Texts in a list or an array; or an iterable of such batches, of which `steps` count
            (None: all).
        batch_size : int, optional
            Accepted, without effect.
        """
        is_batch = isinstance(data, (str, list, tuple, np.ndarray)) or hasattr(data, "__array__")
        batches = [data] if is_batch else data
        documents: list[list[bytes]] = []
        for number, batch in enumerate(batches):
            if not is_batch and steps is not None and number >= steps:
                break
            value = self._read(batch)
            documents += self._tokens(value) if type(value) is not Rows else self._of_rows(value)
        self._lookup_layer.learn(documents)

    def _tokens(self, texts: np.ndarray) -> list[list[bytes]]:
        """The tokens of each text; without a split, of each row of tokens."""
        if self.split is not None:
            flat = self._standardized(encoded(_texts(texts).reshape(-1)))
            return [self._joined(tokens) for tokens in self._split(flat)]
        flat = self._standardized(encoded(texts.reshape(-1)))
        width = texts.shape[-1] if texts.ndim > 1 else 1
        rows = [flat[i : i + width] for i in range(0, len(flat), max(width, 1))]
        return list(map(self._joined, rows))

    def _of_rows(self, rows: Rows) -> list[list[bytes]]:
        """The tokens of each sequence of ragged ones, which are split already."""
        values, bounds = real_steps(rows), rows.layout.offsets.tolist()
        if self.split is not None:
            if not (rows.layout.full and rows.layout.time == 1):
                raise ValueError(
                    "inputs must be texts (batch,) or (batch, 1), got lists of them: with "
                    "split=None they are tokens"
                )
            return self._tokens(values)
        flat = self._standardized(encoded(values))
        return [self._joined(flat[a:b]) for a, b in zip(bounds, bounds[1:], strict=False)]

    def _standardized(self, texts: list[bytes]) -> list[bytes]:
        if callable(self.standardize):
            made = by_user(self.standardize, texts, "standardize")
            return encoded(np.array(made, object))
        return standardized(texts, self.standardize)

    def _split(self, texts: list[bytes]) -> list[list[bytes]]:
        if callable(self.split):
            rows = by_user(self.split, texts, "split")
            return [encoded(np.array([*row], object)) for row in rows]
        return split(texts, self.split)

    def _joined(self, tokens: list[bytes]) -> list[bytes]:
        return tokens if self._widths is None else ngrams(tokens, self._widths)

    def call(self, inputs: Any) -> Any:
        texts = np.asarray(inputs)
        rows = _as_rows(self._tokens(texts))
        if self.output_mode != "int":
            return self._lookup_layer.on_rows(rows)
        shape = texts.shape if self.split is None else _texts(texts).shape
        if self.split is None and texts.ndim < 2 and self._widths is None:
            return real_steps(self._lookup_layer.on_rows(rows)).reshape(shape)
        lead = shape[:-1] if self.split is None and len(shape) > 1 else shape
        return self._sequences(rows, lead)

    def on_rows(self, rows: Rows) -> Any:
        tokens = _as_rows(self._of_rows(rows))
        if self.output_mode != "int" or self.output_sequence_length is None:
            return self._lookup_layer.on_rows(tokens)
        return self._sequences(tokens, (rows.layout.batch,))

    def _sequences(self, rows: Rows, shape: tuple[int, ...]) -> Any:
        """The indices of tokens, a sequence for each text: ragged, or as wide as is wanted."""
        ids = self._lookup_layer.on_rows(rows)
        length, layout = self.output_sequence_length, ids.layout
        if length is None and self.split is not None and len(shape) == 1:
            return ids
        sequences = Ragged(real_steps(ids), layout.offsets)
        if self.ragged and length is not None:
            kept = [x[:length] for x in sequences]
            offsets = np.cumsum([0, *map(len, kept)], dtype=np.int64)
            return Rows.from_ragged(np.concatenate(kept), offsets)
        padded = sequences.to_padded(length)
        return padded.reshape(*shape, padded.shape[1])

    def _handed_out(self, outputs: Any) -> Any:
        if type(outputs) is Rows and not self.ragged:
            return as_output(outputs)
        return super()._handed_out(outputs)

    def _finish(self, outputs: Any, inputs: Any, previous_mask: Any) -> None:
        if isinstance(outputs, KerasTensor) and self._is_ragged and outputs.ndim == 2:
            take_mask_of_run(outputs, KerasTensor(outputs.shape, "bool"))

    @property
    def mask_role(self) -> str:
        return "makes" if self._is_ragged else "drops"

    def compute_output_shape(self, input_shape: Any) -> tuple:
        shape = tuple(input_shape)
        if self.split is not None and len(shape) > 1:
            shape = shape[:-1]
        if self.output_mode != "int":
            return (*shape[:1], self.depth)
        length = self.output_sequence_length
        if self.split is not None:
            return (*shape, length)
        if len(shape) == 1:  # each text is a token, of which there may be n-grams
            return shape if self._widths is None else (*shape, length)
        known = length is not None or self._widths is not None
        return (*shape[:-1], length) if known else shape

    def get_config(self) -> dict[str, Any]:
        lookup = self._lookup_layer.get_config()
        taken = ("max_tokens", "pad_to_max_tokens", "vocabulary", "idf_weights", "sparse")
        return {
            **super().get_config(),
            **{key: lookup[key] for key in (*taken, "encoding", "vocabulary_size")},
            "standardize": self.standardize,
            "split": self.split,
            "ngrams": self.ngrams,
            "output_mode": self.output_mode,
            "output_sequence_length": self.output_sequence_length,
            "ragged": self.ragged,
        }


def _function_or(value: Any, name: str, names: tuple[str, ...]) -> Any:
    """A function, one of `names`, or None."""
    return value if callable(value) else option(value, name, (*names, None))


def _widths(value: Any, who: str) -> Sequence[int] | None:
    """The widths of n-grams that the argument `ngrams` asks for."""
    if value is None:
        return None
    name = f"{who}: ngrams"
    if isinstance(value, (list, tuple)) and value:
        return tuple(whole(width, name) for width in value)
    return range(1, whole(value, name) + 1)


def _texts(x: np.ndarray) -> np.ndarray:
    """Texts without the last axis of size 1 that they may have."""
    if x.ndim > 1 and x.shape[-1] != 1:
        raise ValueError(f"inputs must be texts (batch,) or (batch, 1), got shape {x.shape}")
    return x[..., 0] if x.ndim > 1 else x


def _as_rows(documents: list[list[bytes]]) -> Rows:
    """The tokens of documents, one after another."""
    offsets = np.cumsum([0, *map(len, documents)], dtype=np.int64)
    values = np.empty(offsets[-1], object)
    values[:] = [token for tokens in documents for token in tokens]
    return Rows.from_ragged(values, offsets)
