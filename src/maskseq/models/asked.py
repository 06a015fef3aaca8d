"""`predict` with options: frames, ragged answers, progress; and `score_frame`."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypedDict

from ..context import changed
from ..data import frames
from ..given import options
from ..given.places import rows_of
from ..layers.base.errors import naming_errors
from ..nest import flatten
from ..rows import as_padded
from . import answers, batches
from . import inputs as model_inputs


class FrameOptions(TypedDict, total=False):
    """How a frame is read.

    by: long format, one row a step: the column with the key of each sequence, or a list of them.
    sort: the column that the steps of a sequence are sorted by; without it they keep their order.
    columns: a name, a list of names (the features of a step), or a dict of these by input.
    nulls: a number in place of nulls in columns of numbers.
    """

    by: Any
    sort: Any
    columns: Any
    nulls: float | None


class PlainOptions(FrameOptions, total=False):
    """Options of `predict` that leave its answers arrays.

    name: of the column of a single output, "score" by default; others have their layers' names.
    progress: called after each batch with the sequences done, and all (None: unknown).
    """

    name: str
    progress: Callable[[int, int | None], Any] | None


class PredictOptions(PlainOptions, total=False):
    """Options of `predict`: those of a frame, and how it answers.

    ragged: outputs of every step as Ragged, without padding: sequences keep their lengths, of a
        padded array the steps that no mask leaves out.
    as_frame: a frame of the answers, of the library of x: with `by` one row a key, which comes
        first; else row for row as x, and with the index of a pandas frame. Outputs of every step
        are list columns.
    """

    ragged: bool
    as_frame: bool


class Framed:
    """The method of a model that answers in a frame."""

    def score_frame(
        self,
        frame: Any,
        by: Any = None,
        sort: Any = None,
        columns: Any = None,
        *,
        nulls: float | None = None,
        name: str = "score",
        batch_size: int | None = None,
        progress: Callable[[int, int | None], Any] | None = None,
    ) -> Any:
        """The frame with the model's answers as columns behind its own, of the same library.

        With `by`, the answer is one row for each key. Outputs of every step are list columns, of
        the steps as `sort` orders them.

        Parameters
        ----------
        frame : DataFrame or Table
            Of pandas, polars or pyarrow.
        by : str or list of str, optional
            Long format: the columns whose values say which sequence a row is a step of. None:
            each row is a sequence, and the columns are list columns.
        sort : str, optional
            Long format: the column that steps are sorted by.
        columns : str, list of str or dict, optional
            The column of the input, those of its features, or these by input.
        nulls : float, optional
            A number in place of a null.
        name : str, default "score"
            Of the new columns: name, or name_0, name_1, ... of several numbers.
        batch_size : int, optional
            Sequences a call; by default as many as suit the machine.
        progress : callable, optional
            Called with the sequences that are done, and all or None.

        Returns
        -------
        DataFrame or Table
            Of the library of `frame`.

        Raises
        ------
        TypeError
            For what is no frame.
        ValueError
            Naming a column that is missing or does not fit.
        """
        if frames.library_of(frame) is None:
            raise TypeError(f"expected a frame, got {type(frame).__name__}")
        options = {"by": by, "sort": sort, "columns": columns, "nulls": nulls, "name": name}
        return predict(self, frame, batch_size, None, None, onto=True, progress=progress, **options)


def predict(
    model: Any,
    x: Any,
    batch_size: int | None,
    steps: int | None,
    callbacks: Any,
    verbose: Any = 0,
    *,
    by: Any = None,
    sort: Any = None,
    columns: Any = None,
    nulls: float | None = None,
    ragged: bool = False,
    as_frame: bool = False,
    name: str = "score",
    progress: Callable[[int, int | None], Any] | None = None,
    onto: bool = False,
) -> Any:
    """`Model.predict` with options. onto: answer in the frame x itself, unless it is long."""
    if callbacks is not None:
        raise ValueError("callbacks must not be given with ragged, as_frame, progress or columns")
    steps = None if steps is None else options.count(steps, "steps")
    ragged, as_frame = options.flag(ragged, "ragged"), options.flag(as_frame, "as_frame")
    library = frames.library_of(x)
    if library is None and (as_frame or any(v is not None for v in (by, sort, columns, nulls))):
        raise TypeError(
            f"by, sort, columns, nulls, as_frame: x must be a frame, got {type(x).__name__}"
        )
    base, keys = x, None
    if library is not None:
        x, keys = read(x, by, sort, columns, nulls)
    in_frame = as_frame or onto
    from ..given.progress import Progress

    with Progress(verbose, progress) as shown:
        found = _answers(model, x, batch_size, steps, ragged or in_frame, shown)
    if not in_frame:
        return found
    names = model.output_names if model._plan is not None else []
    outputs = answers.by_column(found, names, name)
    scores = {key: answers.as_numbers(y) for key, y in outputs.items()}
    if keys is not None:
        return frames.with_columns(keys, scores)
    return frames.with_columns(base, scores, alone=not onto)


def read(frame: Any, by: Any, sort: Any, columns: Any, nulls: float | None) -> tuple[Any, Any]:
    """What a model is given of a frame; and, of a long one, a frame of the keys, else None."""
    if by is None:
        if sort is not None:
            raise ValueError(f"sort={sort!r} needs by=, the column of the keys")
        return (frame if columns is None else frames.value_of(frame, columns, nulls)), None
    from ..data import grouping

    groups = grouping.groups_of(frame, by, sort)
    names = grouping.features_of(frame, by, sort) if columns is None else columns
    sequences = grouping.sequences_of(frame, groups, names, nulls)
    return sequences, frames.rows_of(frame, grouping.names_of_keys(by), groups.heads)


def _answers(
    model: Any, x: Any, batch_size: int | None, steps: int | None, ragged: bool, shown: Any
) -> Any:
    parts: Iterable[list[Any]]
    values, total = [], None
    if batches.gives_batches(x):
        parts = streamed(model, x)
    else:
        with naming_errors(model):
            values = model_inputs.for_predict(model, x)
            parts, total = batches.cut(model, values, batch_size), batches.count_of(values)
    results, done = [], 0
    with changed(), naming_errors(model):  # all batches see the same weights
        with rows_of(lambda row: row + done):
            for part in islice(parts, steps):
                results.append(_answer(model, part) if ragged else model._predict_batch(part))
                done += batches.count_of(part)
                shown(done, total)
        if not results:
            raise ValueError("x: expected batches, got none")
        if not ragged and not batches.fit_together(results):
            if total is None or steps is not None:
                raise ValueError(
                    "x: the outputs have other lengths in each batch: give ragged=True"
                )
            return model._predict_batch(values)
    return answers.join(results)


def streamed(model: Any, x: Any) -> Iterator[list[Any]]:
    """The inputs of the batches that an iterable gives: x, (x, y) or (x, y, sample_weight)."""
    indexed = hasattr(x, "__getitem__") and hasattr(x, "__len__")
    given = (x[number] for number in range(len(x))) if indexed else x
    for batch in given:
        yield model_inputs.for_predict(model, batch[0] if isinstance(batch, tuple) else batch)


def _answer(model: Any, values: list[Any]) -> Any:
    """The answer for one batch, outputs of every step as Ragged."""
    with changed(on_mask_loss=model.on_mask_loss, padded_output=False):
        if model._plan is not None:
            outputs = model._walk(model_inputs.prepare(model, values))
            return answers.as_raggeds(outputs, values, flatten(model._output_structure))
        tensors = [as_padded(value) for value in values]
        outputs = model(tensors[0] if len(tensors) == 1 else tensors)
    return answers.as_raggeds(outputs, values, None)
