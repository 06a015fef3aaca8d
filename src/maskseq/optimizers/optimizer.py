"""What all optimizers share: the order of a step, clipping, decay, averages, accumulation.

A step happens in an edition of its own (`variable.Trial`), which sees what the step assigned and
nobody else does. At its end all new values are put in place at once. Source: keras.optimizers.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from operator import is_
from typing import Any, Self, TypedDict, Unpack

import numpy as np

from .. import configured, initializers
from ..context import changed
from ..given.checking import Checked
from ..given.notices import warn
from ..variable import Trial, Variable, replace, versions_of
from . import gradients as gradient_rules
from .schedules import LearningRateSchedule, deserialize
from .settings import DEFAULTS, check_settings


class OptimizerOptions(TypedDict, total=False):
    """The arguments that every optimizer takes."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


Rate = float | LearningRateSchedule | Callable[[], Any]


class Optimizer(Checked):
    """Base of optimizers; a subclass makes its slots in `build` and assigns in `update_step`.

    uses_averages: True while `use_averages` has put the averages in the place of the weights.
    variables: iteration, learning_rate (if it is a number), then the slots, in Keras's order.

    Parameters
    ----------
    learning_rate : float, LearningRateSchedule or callable
        A number, a schedule, or a function without arguments that gives a number.
    **options
        Those below, and `name`.

    Other Parameters
    ----------------
    weight_decay : float or None
        The share of a weight, times the learning rate, that each step takes away first.
    clipnorm : float or None
        The largest norm of each gradient.
    global_clipnorm : float or None
        The largest norm of all gradients together.
    clipvalue : float or None
        The largest value. One of the three at most.
    use_ema : bool
        Keep an average of the weights, `ema_momentum` of the old and the rest of the new, which
        takes the place of the weights every `ema_overwrite_frequency` steps, and in
        `finalize_variable_values`.
    gradient_accumulation_steps : int or None
        How many calls of `apply` make one update.
    loss_scale_factor : float or None
        None or 1: gradients are float32, and nothing is gained by scaling.

    Raises
    ------
    TypeError
        For an option that there is not, with the nearest one.
    ValueError
        Naming the option, for a value that it does not take: a rate, decay or clip that is negative
        or not finite, two clips, an `ema_momentum` outside 0 to 1, a count that is too small.

    See Also
    --------
    maskseq.optimizers.schedules.LearningRateSchedule, get

    Notes
    -----
    Source: keras.optimizers.Optimizer.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> class Signs(maskseq.optimizers.Optimizer):
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         self.assign_sub(variable, learning_rate * np.sign(gradient))
    >>> layer = maskseq.layers.Dense(1, kernel_initializer="zeros")
    >>> layer.build((None, 2))
    >>> Signs(0.5).apply([np.float32([[3.0], [-2.0]]), np.float32([0.0])], layer.weights)
    >>> print(layer.get_weights()[0].ravel())
    [-0.5  0.5]
    """

    takes_sparse = False
    """True if `update_step` takes a SparseRows; else it gets the whole array."""

    def __init__(self, learning_rate: Rate, **options: Unpack[OptimizerOptions]):
        settings = check_settings(type(self), dict(options))
        self.name: str = settings["name"] or configured.snake_case(type(self).__name__)
        self.weight_decay: float | None = settings["weight_decay"]
        self.clipnorm: float | None = settings["clipnorm"]
        self.clipvalue: float | None = settings["clipvalue"]
        self.global_clipnorm: float | None = settings["global_clipnorm"]
        self.use_ema: bool = settings["use_ema"]
        self.ema_momentum: float = settings["ema_momentum"]
        self.ema_overwrite_frequency: int | None = settings["ema_overwrite_frequency"]
        self.loss_scale_factor: float | None = settings["loss_scale_factor"]
        self.gradient_accumulation_steps: int | None = settings["gradient_accumulation_steps"]
        self.built = self.uses_averages = False
        self._excluded: set[int] = set()
        self._excluded_names: re.Pattern[str] | None = None
        self._trainable_variables: list[Variable] = []
        self._accumulation = gradient_rules.Accumulation()
        self._iterations = Variable(np.zeros((), np.int32), "iteration", trainable=False)
        self._variables = [self._iterations]
        self._learning_rate: Any = learning_rate
        if not callable(learning_rate):
            rate = configured.number(learning_rate, f"{type(self).__name__}: learning_rate")
            self._learning_rate = Variable(np.float32(rate), "learning_rate", trainable=False)
            self._variables.append(self._learning_rate)

    @property
    def variables(self) -> list[Variable]:
        """The state: what a file keeps, in Keras's order."""
        return self._variables[:]

    @property
    def iterations(self) -> Any:
        """How many updates there were; a Variable, or a number where gradients accumulate."""
        steps = self.gradient_accumulation_steps
        return self._iterations.value // np.int32(steps) if steps else self._iterations

    @property
    def learning_rate(self) -> Any:
        """The rate of the next step: a Variable; of a schedule or function, a number."""
        rate = self._learning_rate
        if isinstance(rate, LearningRateSchedule):
            return rate(self._iterations.value)
        return rate() if not isinstance(rate, Variable) and callable(rate) else rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        rate = self._learning_rate
        if callable(value):
            self._learning_rate = value
            self._variables = [x for x in self._variables if x is not rate]
        elif not isinstance(rate, Variable):
            raise TypeError(
                f"{self.name}: learning_rate is {type(rate).__name__}, which cannot be set to a "
                "number: make the optimizer with a number for that"
            )
        else:
            rate.assign(configured.number(np.asarray(value).item(), f"{self.name}: learning_rate"))

    def add_variable(
        self, shape: Any, initializer: Any = "zeros", dtype: Any = None, name: str | None = None
    ) -> Variable:
        """A variable of the optimizer's own state."""
        first = initializers.get(initializer)(shape)
        value = np.asarray(first, np.float32 if dtype is None else dtype)
        self._variables.append(Variable(value, name or "variable", trainable=False))
        return self._variables[-1]

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """A variable of the shape and dtype of a weight."""
        own = f"{reference_variable.name.replace('/', '_')}_{name or 'var'}"
        return self.add_variable(
            reference_variable.shape, initializer, reference_variable.dtype, own
        )

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """A variable for each weight; with several names, a list for each name."""
        names = [name] if isinstance(name, str) else list(name)
        firsts = initializer if isinstance(initializer, (list, tuple)) else [initializer]
        firsts = list(firsts) * (len(names) if len(firsts) == 1 else 1)
        rows = [
            [self.add_variable_from_reference(v, n, i) for n, i in zip(names, firsts, strict=True)]
            for v in trainable_variables
        ]
        lists = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
        return lists[0] if isinstance(name, str) else tuple(lists)

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the state for these weights. A subclass calls this first, then adds its slots."""
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated = self.add_optimizer_variables(variables, "gradient_accumulator")
        self._trainable_variables = list(variables)
        self._index = {id(v): i for i, v in enumerate(variables)}
        self.built = True

    def _get_variable_index(self, variable: Variable) -> int:
        return self._index[id(variable)]

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._index = {id(v): i for i, v in enumerate(self._trainable_variables)}

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Assign the new values of a weight and of its slots."""
        raise NotImplementedError(f"{type(self).__name__} has no update_step")

    def update_all(self, gradients: list[Any], variables: list[Variable], rate: Any) -> None:
        """`update_step` of every weight; for what changes once a step, too."""
        for gradient, variable in zip(gradients, variables, strict=True):
            self.update_step(gradient, variable, rate)

    def assign(self, variable: Variable, value: Any) -> None:
        """Inside a step: give a weight or slot the value that it has from here on.

        Parameters
        ----------
        value : scalar or array_like
            An array that nobody else writes to.
        """
        value = np.asarray(value, variable.dtype)
        if value.shape != variable.shape:
            raise ValueError(
                f"weight {variable.name}: expected shape {variable.shape}, got {value.shape}"
            )
        self._step[id(variable)] = (variable, variable.version, value)

    def assign_all(self, variables: list[Variable], values: list[np.ndarray]) -> None:
        """`assign` of arrays of the right shapes and dtypes, as they are."""
        entries = zip(variables, versions_of(variables), values, strict=True)
        self._step.update(zip(map(id, variables), entries, strict=True))

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Inside a step: add to a weight or slot."""
        self.assign(variable, variable.value + value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Inside a step: subtract from a weight or slot."""
        self.assign(variable, variable.value - value)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Any:
        """`apply`, of pairs.

        Returns
        -------
        Variable
            Iterations.
        """
        gradients, variables = zip(*grads_and_vars, strict=True)
        self.apply(gradients, variables)
        return self._iterations

    def apply(
        self,
        grads: Sequence[Any],
        trainable_variables: Sequence[Variable] | None = None,
        count: float | None = None,
    ) -> None:
        """One step. All new values are put in place at once, or none if anything fails.

        Parameters
        ----------
        grads : sequence
            For each weight an array of its shape, a SparseRows, or None where the loss does not
            depend on it (that weight stays, and a warning names it).
        trainable_variables : sequence of Variable, optional
            The weights; None: those that it was built with.
        count : float, optional
            The valid steps of this batch, by which accumulated gradients are weighted.

        Raises
        ------
        ValueError
            Naming the weight.
        RuntimeError
            If one was replaced meanwhile.
        """
        if not len(grads):
            return
        grads, variables = self._pairs(list(grads), trainable_variables)
        read = [*variables, *self._variables]
        begun = dict(zip(map(id, read), versions_of(read), strict=True))
        self._step = step = Trial()
        try:
            with changed(edition=step, tape=None), np.errstate(all="ignore"):
                self._take(grads, variables, 1.0 if count is None else float(count))
                self.assign(self._iterations, self._iterations.value + np.int32(1))
            variables, versions, values = zip(*step.values(), strict=True)
            replace(variables, values, [*map(begun.get, step, versions)])
            self._accumulation.commit()
        finally:
            del self._step

    def _pairs(self, grads: list[Any], variables: Any) -> tuple[list[Any], list[Variable]]:
        """Gradients and their weights, without those that have none."""
        if variables is None:
            if not self.built:
                raise ValueError(f"{self.name}: build it, or pass the weights with the gradients")
            variables = self._trainable_variables
        variables = list(variables)
        if not self.built:
            self.build(variables)
        if len(grads) != len(variables):
            raise ValueError(
                f"{self.name}: expected {len(variables)} gradients, one for each weight, "
                f"got {len(grads)}"
            )
        if not all(map(self._index.__contains__, map(id, variables))):
            variable = next(v for v in variables if id(v) not in self._index)
            raise ValueError(
                f"{self.name}: {variable!r} is none of the weights that it was built with: "
                "make a new optimizer for other weights"
            )
        if any(map(is_, grads, repeat(None))):
            missing = [v.name for g, v in zip(grads, variables, strict=True) if g is None]
            if len(missing) == len(grads):
                raise ValueError(f"{self.name}: expected gradients, got None for every weight")
            warn(f"no gradient of the loss reaches the weights {missing}: they stay as they are")
            found = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
            grads, variables = [g for g, _ in found], [v for _, v in found]
        return gradient_rules.all_checked(grads, variables), variables

    def _take(self, grads: list[Any], variables: list[Variable], count: float) -> None:
        """What `apply` assigns, in Keras's order."""
        steps = self.gradient_accumulation_steps
        if not steps:
            self._update(grads, variables)
        else:
            place = int(self._iterations.value) % steps
            sums = [self._accumulated[self._get_variable_index(v)] for v in variables]
            weight, total = self._accumulation.weigh(place, count)
            grads = [
                gradient_rules.densified(g) * np.float32(weight) + s.value
                for g, s in zip(grads, sums, strict=True)
            ]
            if place + 1 < steps:
                for gradient, s in zip(grads, sums, strict=True):
                    self.assign(s, gradient)
            else:
                self._update([g / np.float32(total) for g in grads], variables)
                for s in self._accumulated:  # those of weights that are frozen by now, too
                    self.assign(s, np.zeros_like(s.value))
        if self.use_ema:
            self._average()
        for variable in variables:
            if variable.constraint is not None:
                self.assign(variable, variable.checked(variable.constraint(variable.value)))

    def _update(self, grads: list[Any], variables: list[Variable]) -> None:
        grads = gradient_rules.clipped(grads, self.clipnorm, self.global_clipnorm, self.clipvalue)
        rate = np.asarray(self.learning_rate)
        if self.weight_decay is not None:
            self.decay_weights(variables, rate)
        if not self.takes_sparse:
            grads = [gradient_rules.densified(g) for g in grads]
        self.update_all(grads, variables, rate)

    def decay_weights(self, variables: list[Variable], rate: Any) -> None:
        """Take a share away from each weight that decays, times the learning rate."""
        for variable in filter(self._use_weight_decay, variables):
            kind, w = variable.dtype.type, variable.value
            self.assign(variable, w - w * kind(self.weight_decay) * kind(rate))

    def _average(self) -> None:
        """Move the averages; at every `ema_overwrite_frequency`-th step they become the weights."""
        done = int(np.asarray(self.iterations))
        momentum = np.float32(self.ema_momentum if done else 0)
        for variable, average in zip(self._trainable_variables, self._averages, strict=True):
            new = momentum * average.value + (np.float32(1) - momentum) * variable.value
            self.assign(average, new)
            if self.ema_overwrite_frequency and (done + 1) % self.ema_overwrite_frequency == 0:
                self.assign(variable, new.copy())

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """With `use_ema`, the averages become the weights: for the end of training."""
        if not self.use_ema:
            return
        if len(var_list) != len(self._trainable_variables):
            raise ValueError(
                f"{self.name}: expected the {len(self._trainable_variables)} weights that it was "
                f"built with, got {len(var_list)}"
            )
        if self.uses_averages:
            self.uses_averages, var_list = False, self._averages
            averages = self._trainable_variables
        else:
            averages = self._averages
        replace(var_list, [x.value.copy() for x in averages], versions_of(var_list))

    def use_averages(self, wanted: bool) -> None:
        """With `use_ema`, put the averages in the place of the weights, or the weights back.

        Meanwhile the averages hold the weights. Nothing happens before the first step.
        """
        if not self.use_ema or wanted == self.uses_averages or not self._iterations.value:
            return
        both = [*self._trainable_variables, *self._averages]
        values = [x.value for x in (*self._averages, *self._trainable_variables)]
        replace(both, values, versions_of(both))
        self.uses_averages = wanted

    def exclude_from_weight_decay(
        self,
        var_list: Iterable[Variable] | None = None,
        var_names: Iterable[str] | None = None,
    ) -> None:
        """Let weights be without decay: these, and those with one of these words in their name.

        Raises
        ------
        ValueError
            If the optimizer is built already.
        """
        if self.built:
            raise ValueError(f"{self.name}: exclude_from_weight_decay comes before it is built")
        self._excluded = {id(v) for v in var_list or ()}
        words = sorted(set(var_names or ()))
        self._excluded_names = re.compile("|".join(words)) if words else None

    def _use_weight_decay(self, variable: Variable) -> bool:
        names = self._excluded_names
        return id(variable) not in self._excluded and not (names and names.search(variable.name))

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the state: values of `variables`, in their order.

        Raises
        ------
        ValueError
            If they are not as many, or have other shapes.
        """
        if len(weights) != len(self._variables):
            raise ValueError(
                f"{self.name}: expected {len(self._variables)} values, got {len(weights)}"
            )
        values = [v.checked(x) for v, x in zip(self._variables, weights, strict=True)]
        replace(self._variables, values, versions_of(self._variables))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this optimizer anew, without its state."""
        rate = self._learning_rate
        if isinstance(rate, Variable):
            rate = float(rate.value)
        elif isinstance(rate, LearningRateSchedule):
            rate = rate.serialized()
        config = {name: getattr(self, name) for name in DEFAULTS}
        own = configured.arguments_of(type(self)) - {"options", "kwargs", "learning_rate"}
        found = {name: getattr(self, name) for name in sorted(own) if hasattr(self, name)}
        return {"learning_rate": rate, **config, **found}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """An optimizer made from what `get_config` returned."""
        rate = config.get("learning_rate")
        if isinstance(rate, dict):
            config = {**config, "learning_rate": deserialize(rate)}
        return cls(**config)
