"""Optimizers whose step is one pass in C over all weights and what is kept of them."""

from collections.abc import Sequence
from itertools import chain
from operator import attrgetter, is_
from typing import Any

import numpy as np

from .. import _kernels
from ..configured import is_ours
from ..context import changed
from ..tape import SparseRows, value_of
from ..variable import Trial, Variable, replace, values_of, versions_of
from .gradients import clipped
from .optimizer import Optimizer

_PLAIN = {np.dtype(np.float32)}
_dtype_of, _constraint_of = attrgetter("dtype"), attrgetter("constraint")


class Fused(Optimizer):
    """Base: a subclass makes its slots in `build`, and names its rule of `csrc` in `rule`.

    A subclass with an `update_step` of its own has it called for each weight.
    """

    takes_sparse = True

    _slots: Sequence[list[Variable]] = ()
    """For each kind of slot in the order of the rule, those of all weights."""
    _known: tuple[list[Variable], list[list[Variable]], bool] = [], [], True
    """The weights of the last step, their `_columns`, and whether all of these are float32."""

    def build(self, variables: Sequence[Variable]) -> None:
        super().build(variables)
        self._known = [], [], True

    def rule(self, rate: Any) -> tuple[str, Sequence[Any]]:
        """The name of the rule, and its numbers in this step."""
        raise NotImplementedError(f"{type(self).__name__} has no rule")

    def decay_weights(self, variables: list[Variable], rate: Any) -> None:
        if not self._in_one_pass():  # else `update_all` does it in its pass
            super().decay_weights(variables, rate)

    def update_all(self, gradients: list[Any], variables: list[Variable], rate: Any) -> None:
        if not self._in_one_pass():
            super().update_all(gradients, variables, rate)
            return
        decay = None if self.weight_decay is None else (self.weight_decay, rate)
        self._step_of(gradients, variables, rate, decay)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        self._step_of([gradient], [variable], learning_rate, None)

    def _in_one_pass(self) -> bool:
        return type(self).update_step is Fused.update_step

    def _step_of(
        self, gradients: list[Any], variables: list[Variable], rate: Any, decay: Any
    ) -> None:
        columns = self._columns(variables)
        for column, new in zip(columns, self._new(gradients, columns, rate, decay), strict=True):
            self.assign_all(column, new)

    def _columns(self, variables: list[Variable]) -> list[list[Variable]]:
        """The weights, then what is kept of each, kind by kind."""
        known, columns, _ = self._known
        if len(known) == len(variables) and all(map(is_, known, variables)):
            return columns
        places = list(map(self._index.__getitem__, map(id, variables)))
        columns = [variables, *(list(map(slots.__getitem__, places)) for slots in self._slots)]
        plain = set(map(_dtype_of, chain.from_iterable(columns))) == _PLAIN
        self._known = variables, columns, plain
        return columns

    def _new(
        self, gradients: list[Any], columns: list[list[Variable]], rate: Any, decay: Any
    ) -> list[list[np.ndarray]]:
        """What takes the place of the values of `columns`, which `_columns` gave last."""
        rule, numbers = self.rule(rate)
        held = list(map(values_of, columns))
        plain: list[Any] = gradients
        if SparseRows in map(type, gradients):
            plain = [(g.ids, g.values) if type(g) is SparseRows else g for g in gradients]
        decays = None if decay is None else list(map(self._use_weight_decay, columns[0]))
        given = [*zip(plain, *held, strict=True)]
        stepped = _kernels.update_weights(rule, numbers, given, decay, decays)
        new = list(map(list, zip(*stepped, strict=True)))
        if self._known[2]:
            return new
        return [
            [x.astype(old.dtype, copy=False) for old, x in zip(olds, values, strict=True)]
            for olds, values in zip(held, new, strict=True)
        ]

    def apply(
        self,
        grads: Sequence[Any],
        trainable_variables: Sequence[Variable] | None = None,
        count: float | None = None,
    ) -> None:
        if len(grads) and self._assigns_once():
            grads, trainable_variables = self._pairs(list(grads), trainable_variables)
            if not any(map(_constraint_of, trainable_variables)):
                self._apply_at_once(grads, trainable_variables)
                return
        super().apply(grads, trainable_variables, count)

    apply.__doc__ = Optimizer.apply.__doc__

    def _assigns_once(self) -> bool:
        """True if a step assigns every weight and slot once, and nothing of a user's runs in it."""
        plain = not (self.use_ema or self.gradient_accumulation_steps)
        plain &= type(self).update_all is Fused.update_all and self._in_one_pass()
        return plain and is_ours(type(self)) and is_ours(type(self._learning_rate))

    def _apply_at_once(self, grads: list[Any], variables: list[Variable]) -> None:
        """`apply` without a note of each value that is assigned."""
        columns = self._columns(variables)
        replaced = [*chain.from_iterable(columns), self._iterations]
        versions = versions_of(replaced)
        with changed(edition=Trial(), tape=None), np.errstate(all="ignore"):
            grads = clipped(grads, self.clipnorm, self.global_clipnorm, self.clipvalue)
            rate = np.asarray(value_of(self.learning_rate))
            decay = None if self.weight_decay is None else (self.weight_decay, rate)
            new = self._new(grads, columns, rate, decay)
            done = np.asarray(self._iterations.value + np.int32(1), self._iterations.dtype)
        replace(replaced, [*chain.from_iterable(new), done], versions)
