"""Optimizers whose step is one pass in C over all weights and what is kept of them."""

from collections.abc import Sequence
from typing import Any

from .. import _kernels
from ..tape import SparseRows
from ..variable import Variable, values_of
from .optimizer import Optimizer


class Fused(Optimizer):
    """Base: a subclass makes its slots in `build`, and names its rule of `csrc` in `rule`.

    A subclass with an `update_step` of its own has it called for each weight.
    """

    takes_sparse = True

    _slots: Sequence[list[Variable]] = ()
    """For each kind of slot in the order of the rule, those of all weights."""

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
        rule, numbers = self.rule(rate)
        places = list(map(self._get_variable_index, variables))
        lists = [variables, *([slots[place] for place in places] for slots in self._slots)]
        held = [values_of(variables) for variables in lists]
        plain = [
            (gradient.ids, gradient.values) if type(gradient) is SparseRows else gradient
            for gradient in gradients
        ]
        given = [*zip(plain, *held, strict=True)]
        decays = None if decay is None else list(map(self._use_weight_decay, variables))
        stepped = _kernels.update_weights(rule, numbers, given, decay, decays)
        for kind, before, values in zip(lists, held, zip(*stepped, strict=True), strict=True):
            pairs = zip(before, values, strict=True)
            new = [x if x.dtype is old.dtype else x.astype(old.dtype) for old, x in pairs]
            self.assign_all(kind, new)
