"""Optimizers whose step is one pass in C over all weights and what is kept of them."""

from collections.abc import Sequence
from itertools import chain
from operator import attrgetter, is_
from typing import Any

import numpy as np

from .. import _kernels
from ..configured import is_ours
from ..context import OUTSIDE, enter, leave
from ..tape import SparseRows, value_of
from ..variable import Variable, replace, values_of, versions_of
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
    _known: tuple[list[Variable], list[Variable], bool] = [], [], True
    """The weights of the last step, `_all_of` them, and whether all of these are float32."""
    _in_one_pass = False
    """True if no `update_step` of a subclass is to be called."""
    _at_once = False
    """True if no method of a user's is to be called, nor an `update_all` of a subclass."""

    def __init_subclass__(cls, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        cls._in_one_pass = cls.update_step is Fused.update_step
        own = not is_ours(cls) or cls.update_all is not Fused.update_all
        cls._at_once = cls._in_one_pass and not own

    def build(self, variables: Sequence[Variable]) -> None:
        super().build(variables)
        self._known = [], [], True

    def rule(self, rate: Any) -> tuple[str, Sequence[Any]]:
        """The name of the rule, and its numbers in this step."""
        raise NotImplementedError(f"{type(self).__name__} has no rule")

    def decay_weights(self, variables: list[Variable], rate: Any) -> None:
        if not self._in_one_pass:  # else `update_all` does it in its pass
            super().decay_weights(variables, rate)

    def update_all(self, gradients: list[Any], variables: list[Variable], rate: Any) -> None:
        if not self._in_one_pass:
            super().update_all(gradients, variables, rate)
            return
        self._step_of(gradients, variables, rate, self.weight_decay)

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        self._step_of([gradient], [variable], learning_rate, None)

    def _step_of(
        self, gradients: list[Any], variables: list[Variable], rate: Any, share: float | None
    ) -> None:
        assigned = self._all_of(variables)
        self.assign_all(assigned, self._new(gradients, assigned, rate, share))

    def _all_of(self, variables: list[Variable]) -> list[Variable]:
        """The weights, then what is kept of each, kind by kind."""
        known, found, _ = self._known
        if len(known) == len(variables) and all(map(is_, known, variables)):
            return found
        places = list(map(self._index.__getitem__, map(id, variables)))
        slots = (map(kind.__getitem__, places) for kind in self._slots)
        found = [*variables, *chain.from_iterable(slots)]
        self._known = variables, found, set(map(_dtype_of, found)) == _PLAIN
        return found

    def _new(
        self, gradients: list[Any], assigned: list[Variable], rate: Any, share: float | None
    ) -> list[np.ndarray]:
        """New values of what `_all_of` gave last. share: of a weight that decays, times rate."""
        rule, numbers = self.rule(rate)
        held, count = values_of(assigned), len(gradients)
        if SparseRows in map(type, gradients):
            gradients = [(g.ids, g.values) if type(g) is SparseRows else g for g in gradients]
        kinds = zip(*[iter(held)] * count, strict=True)
        given = [*zip(gradients, *kinds, strict=True)]
        decay = None if share is None else (share, rate)
        decays = None if share is None else list(map(self._use_weight_decay, assigned[:count]))
        stepped = _kernels.update_weights(rule, numbers, given, decay, decays)
        new = [*chain.from_iterable(zip(*stepped, strict=True))]
        if self._known[2]:
            return new
        return [x.astype(old.dtype, copy=False) for old, x in zip(held, new, strict=True)]

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
        plain = self._at_once and not (self.use_ema or self.gradient_accumulation_steps)
        return plain and is_ours(type(self._learning_rate))

    def _apply_at_once(self, grads: list[Any], variables: list[Variable]) -> None:
        """`apply` without a note of each value that is assigned."""
        assigned = self._all_of(variables)
        replaced = [*assigned, self._iterations]
        versions = versions_of(replaced)
        token = enter(OUTSIDE)  # which sees the newest values
        try:
            with np.errstate(all="ignore"):
                grads = clipped(grads, self.clipnorm, self.global_clipnorm, self.clipvalue)
                rate = np.asarray(value_of(self.learning_rate))
                new = self._new(grads, assigned, rate, self.weight_decay)
                done = np.asarray(self._iterations.value + np.int32(1), self._iterations.dtype)
        finally:
            leave(token)
        replace(replaced, [*new, done], versions)
