"""The loops of `fit`, `evaluate` and `predict`: epochs, batches, validation, callbacks."""

import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..callbacks import CallbackList, History, ProgbarLogger
from ..context import changed
from ..given import options
from ..given.checking import in_range
from ..given.notices import warn
from ..given.places import rows_of
from ..layers.base.errors import naming_errors
from ..models import asked, batches
from ..models import inputs as model_inputs
from .data import Batch, Source, source_of
from .trainer import Trainer

BATCH_SIZE = 32  # sequences, as in Keras


def fit(
    trainer: Trainer,
    x: Any,
    y: Any,
    batch_size: int | None,
    epochs: int,
    verbose: Any,
    callbacks: Any,
    validation_split: float,
    validation_data: Any,
    shuffle: bool,
    class_weight: dict[int, float] | None,
    sample_weight: Any,
    initial_epoch: int,
    steps_per_epoch: int | None,
    validation_steps: int | None,
    validation_batch_size: int | None,
    validation_freq: Any,
) -> History:
    """Train a compiled model; see `Model.fit`."""
    _check_counts(epochs, initial_epoch, steps_per_epoch, validation_steps, validation_freq)
    shuffle = options.flag(shuffle, "shuffle")
    source = source_of(trainer.model, x, y, sample_weight, _size(batch_size))
    share = in_range(
        0.0 if validation_split is None else validation_split, "[0, 1)", "validation_split"
    )
    if share and validation_data is None:
        source, held = source.split(share)
    else:
        held = _validation_source(trainer, validation_data)
    if held is not None:
        sized = source.size if validation_batch_size is None else validation_batch_size
        held.size = batches.checked_size(sized)
    steps = steps_per_epoch or source.steps
    history = History()
    run = _callbacks(trainer.model, [history], callbacks, verbose, epochs, steps)
    trainer.start(class_weight)
    model = trainer.model
    model.history = history
    run.on_train_begin()
    logs: dict[str, float] = {}
    first = max(initial_epoch, trainer.first_epoch)
    done = (first - initial_epoch) * (steps_per_epoch or 0)  # by the training that is taken up
    endless = source.forever(trainer.seed, shuffle, done) if steps_per_epoch else None
    for epoch in range(first, epochs):
        run.on_epoch_begin(epoch)
        trainer.reset()
        if endless is None:
            given = source.epoch(trainer.seed, epoch, shuffle)
        else:
            given = itertools.islice(endless, steps_per_epoch)
        count = _train(trainer, given, run, epoch)
        ended = count < (steps_per_epoch or 1) and not model.stop_training
        if ended:
            warn(
                f"x gave {count} batches in epoch {epoch + 1}, expected "
                f"{steps_per_epoch or 'some'}: the training ends there"
            )
        if not count:
            break
        logs = trainer.logs()
        if held is not None and _is_validated(epoch, validation_freq):
            found = _test(trainer, held, run, validation_steps)
            if not found:
                warn(f"validation_data gave no batch in epoch {epoch + 1}: it must be read anew")
            logs |= {f"val_{name}": value for name, value in found.items()}
        run.on_epoch_end(epoch, dict(logs))
        source.on_epoch_end()
        if model.stop_training or ended:
            break
    trainer.finish()
    run.on_train_end(logs)
    return history


def evaluate(
    trainer: Trainer,
    x: Any,
    y: Any,
    sample_weight: Any,
    batch_size: int | None,
    verbose: Any,
    steps: int | None,
    callbacks: Any,
) -> dict[str, float]:
    """The loss and the metrics of a compiled model, by name, the loss first."""
    steps = None if steps is None else options.count(steps, "steps")
    source = source_of(trainer.model, x, y, sample_weight, _size(batch_size))
    run = _callbacks(trainer.model, [], callbacks, verbose, 1, steps or source.steps)
    if not _test(trainer, source, run, steps):
        raise ValueError("x: expected batches, got none")
    return trainer.named_logs()


def predict(
    model: Any, x: Any, batch_size: int | None, steps: int | None, callbacks: Any, verbose: Any
) -> Any:
    """The outputs for `x`, or for its first `steps` batches; see `Model.predict`."""
    steps = None if steps is None else options.count(steps, "steps")
    if batches.gives_batches(x):
        parts: Any = asked.streamed(model, x)
        count = len(x) if hasattr(x, "__len__") else None
    else:
        parts = batches.cut(model, model_inputs.for_predict(model, x), _size(batch_size))
        count = len(parts)
    run = _callbacks(model, [], callbacks, verbose, 1, steps or count)
    results, done = [], 0
    with changed(), rows_of(lambda row: row + done):  # all batches see the same weights
        run.on_predict_begin()
        for group in _executions(itertools.islice(parts, steps), model.steps_per_execution):
            run.on_predict_batch_begin(group[0][0])
            with naming_errors(model):
                found = batches.each(model._predict_batch, [part for _, part in group])
            results += found
            done += sum(batches.count_of(part) for _, part in group)
            run.on_predict_batch_end(group[-1][0], {"outputs": _of_group(found)})
        run.on_predict_end()
    if not results:
        raise ValueError("x: expected batches, got none")
    if not batches.fit_together(results):
        raise ValueError(
            "x: the outputs have other lengths in each batch: predict batch by batch, or give "
            "sequences in place of batches"
        )
    return batches.join(results)


def _check_counts(
    epochs: Any, initial_epoch: Any, steps_per_epoch: Any, validation_steps: Any, freq: Any
) -> None:
    """Raise ValueError naming the argument of `fit` that is no number of epochs or steps."""
    for name, value, least in (
        ("epochs", epochs, 0),
        ("initial_epoch", initial_epoch, 0),
        ("steps_per_epoch", steps_per_epoch, 1),
        ("validation_steps", validation_steps, 1),
        ("validation_freq", freq, 1),
    ):
        if value is None and "steps" in name:
            continue
        if isinstance(value, Sequence) and not isinstance(value, str) and name == "validation_freq":
            continue
        options.count(value, name, least)


def _size(batch_size: Any) -> int:
    return BATCH_SIZE if batch_size is None else batches.checked_size(batch_size)


def _validation_source(trainer: Trainer, data: Any) -> Source | None:
    if data is None:
        return None
    if isinstance(data, (tuple, list)) and 2 <= len(data) <= 3:
        x, y, *weights = data
        return source_of(trainer.model, x, y, weights[0] if weights else None, BATCH_SIZE)
    if isinstance(data, tuple) and len(data) == 1:
        return source_of(trainer.model, data[0], None, None, BATCH_SIZE)
    listed = hasattr(data, "__len__") and not isinstance(data, (str, bytes))
    if not (listed or batches.gives_batches(data)):
        raise TypeError(
            f"validation_data must be (x, y), (x, y, sample_weight) or batches, got "
            f"{type(data).__name__}"
        )
    return source_of(trainer.model, data, None, None, BATCH_SIZE)


def _callbacks(
    model: Any, last: list[Any], given: Any, verbose: Any, epochs: int, steps: int | None
) -> Any:
    """The callbacks of a run: those given, those that come `last`, the bar unless one is given."""
    if isinstance(given, CallbackList):
        return given
    verbose = options.verbosity(verbose)
    run = CallbackList(given)
    if verbose and not any(isinstance(x, ProgbarLogger) for x in run.callbacks):
        last = [*last, ProgbarLogger()]
    run.callbacks += last
    run.set_model(model)
    run.set_params({"verbose": verbose, "epochs": epochs, "steps": steps})
    return run


def _executions(given: Iterable[Any], size: int) -> Iterator[list[tuple[int, Any]]]:
    """Batches with their numbers, in groups between which callbacks are called."""
    numbered = enumerate(given)
    while group := list(itertools.islice(numbered, min(size, sys.maxsize))):
        yield group


def _of_group(results: list[Any]) -> Any:
    """The outputs of a group of batches; a list of them if their lengths differ."""
    if len(results) == 1:
        return results[0]
    return batches.join(results) if batches.fit_together(results) else results


def _train(trainer: Trainer, given: Iterable[Batch], run: Any, epoch: int) -> int:
    """Train on the batches of an epoch. Returns how many there were."""
    begins, told = map(run.listens, ("on_train_batch_begin", "on_train_batch_end"))
    count = 0
    for group in _executions(given, trainer.model.steps_per_execution):
        if begins:
            run.on_train_batch_begin(group[0][0])
        for number, batch in group:
            with rows_of(batch.numbers.__getitem__):
                trainer.train(batch, epoch, number)
        count += len(group)
        if told:
            run.on_train_batch_end(group[-1][0], trainer.logs())
        if trainer.model.stop_training:
            break
    return count


def _test(trainer: Trainer, source: Source, run: Any, steps: int | None) -> dict[str, float]:
    """The logs of an evaluation; none if there was no batch."""
    told, count = run.listens("on_test_batch_end"), 0
    run.on_test_begin()
    trainer.reset()
    alone = not trainer.regularizes_outputs()
    given = itertools.islice(source.epoch(0, 0, shuffle=False), steps)
    for group in _executions(given, trainer.model.steps_per_execution):
        run.on_test_batch_begin(group[0][0])
        for _, batch in group:
            with rows_of(batch.numbers.__getitem__):
                trainer.test(batch, alone)
        count += len(group)
        if told:
            run.on_test_batch_end(group[-1][0], trainer.logs())
    logs = trainer.logs() if count else {}
    run.on_test_end(logs)
    return logs


def _is_validated(epoch: int, freq: Any) -> bool:
    """True if an epoch, from 0, is one of every `freq`, or one of those listed, from 1."""
    if isinstance(freq, Sequence):
        return epoch + 1 in freq
    return (epoch + 1) % freq == 0
