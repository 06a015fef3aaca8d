"""Scoring on a cluster of dask: frames, delayed partitions and lists of files (extra `[dask]`).

The model travels once to each worker. A worker that is lost takes nothing with it: dask runs its
partitions again elsewhere, and the answers have the same bits.
"""

import os
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from .. import runtime
from ..given.extras import need

__all__ = ["score_delayed", "score_files", "score_frame"]


def score_frame(
    model: Any,
    frame: Any,
    *,
    by: Any = None,
    sort: Any = None,
    columns: Any = None,
    nulls: float | None = None,
    name: str = "score",
    meta: Any = None,
) -> Any:
    """The dask frame with the model's answers as columns: `Model.score_frame` on each partition.

    Parameters
    ----------
    model : Model
        A model.
    frame : dask.dataframe.DataFrame
        The frame.
    by : str or list of str, optional
        The column with the key of each sequence, for frames of one row a step. All steps of a
        sequence must be in one partition: `frame.set_index` or `shuffle` on the key does that.
    sort : str, optional
        As for `Model.score_frame`.
    columns : str or list of str, optional
        As for `Model.score_frame`.
    nulls : float, optional
        As for `Model.score_frame`.
    name : str, default "score"
        As for `Model.score_frame`.
    meta : pandas.DataFrame, optional
        An empty frame like the answers; by default the first rows are answered for it.

    Returns
    -------
    dask.dataframe.DataFrame
        A dask.dataframe, which nothing has computed yet.
    """
    delayed = _dask().delayed(model, traverse=False)
    options = {"by": by, "sort": sort, "columns": columns, "nulls": nulls, "name": name}
    if meta is None:
        meta = model.score_frame(frame.head(100, npartitions=-1), **options).iloc[:0]
    return frame.map_partitions(_scored, delayed, options, meta, meta=meta)


def score_delayed(model: Any, partitions: Iterable[Any], **options: Any) -> list[Any]:
    """Delayed answers for delayed partitions: lists of sequences, Ragged, arrays or frames.

    Parameters
    ----------
    model : Model
        The model.
    partitions : iterable of Delayed
        The partitions.
    **options
        Of `Model.predict`, such as `ragged=True`.

    Returns
    -------
    list of Delayed
        A list of delayed answers, in the same order.
    """
    delay = _dask().delayed
    delayed = delay(model, traverse=False)
    return [delay(_predicted)(part, delayed, options) for part in partitions]


def score_files(
    model: Any,
    files: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    **options: Any,
) -> list[Any]:
    """Score every file into a file of the same name in `folder`, which all workers must see.

    Parameters
    ----------
    model : Model or str
        A model, or the path of its file.
    files : sequence of str or os.PathLike
        The files.
    folder : str or os.PathLike
        Where answers go.
    **options
        Of `maskseq.scoring.score`. A file is written whole or not at all, so that one which is
        scored again, after a worker was lost, is the same.

    Returns
    -------
    list of Delayed
        A delayed Report for each file: `dask.compute(*score_files(...))` runs them.

    Raises
    ------
    ValueError
        If two files have one name.
    """
    names = [Path(file).name for file in files]
    if len(set(names)) < len(names):
        raise ValueError(
            "score_files: two files have one name; score them into folders of their own"
        )
    delay = _dask().delayed
    delayed = delay(model, traverse=False)
    Path(folder).mkdir(parents=True, exist_ok=True)
    targets = [os.path.join(folder, name) for name in names]
    return [
        delay(_file)(delayed, os.fspath(file), target, options)
        for file, target in zip(files, targets, strict=True)
    ]


def threads_here() -> int:
    """The threads that one task may use: its share of those of its worker."""
    try:
        state = import_module("distributed").get_worker().state
    except (ImportError, ValueError):  # no worker: dask's own schedulers run as many tasks as CPUs
        return 1
    return max(1, state.nthreads // max(1, len(state.executing)))


def _scored(part: Any, model: Any, options: dict[str, Any], meta: Any) -> Any:
    if not len(part):
        return meta
    with runtime.num_threads(threads_here()):
        return model.score_frame(part, **options)


def _predicted(part: Any, model: Any, options: dict[str, Any]) -> Any:
    with runtime.num_threads(threads_here()):
        return model.predict(part, **options)


def _file(model: Any, source: str, target: str, options: dict[str, Any]) -> Any:
    from .job import score

    return score(model, source, target, **{"threads": threads_here(), **options})


def _dask() -> Any:
    return need("dask", "maskseq.scoring.dask", "dask")
