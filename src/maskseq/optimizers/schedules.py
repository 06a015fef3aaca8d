"""Learning rates that change from step to step, under Keras's names and with its values.

A schedule is called with the number of the step, from 0, and gives a float32 number.
Source: keras.optimizers.schedules, version 3.15.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import _kernels, configured
from ..numerics import extremes

__all__ = [
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay",
    "LearningRateSchedule", "PiecewiseConstantDecay", "PolynomialDecay", "deserialize",
    "serialize",
]  # fmt: skip

_ONE, _HALF, _PI = np.float32(1), np.float32(0.5), np.float32(math.pi)


class LearningRateSchedule(configured.Configured):
    """Base of schedules: a call takes the number of the step and returns the rate.

    Those here return a float32 number.

    See Also
    --------
    maskseq.callbacks.LearningRateScheduler

    Examples
    --------
    >>> import maskseq
    >>> class Halved(maskseq.optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.1 * 0.5 ** (step // 100)
    >>> Halved()(250)
    0.025
    """

    ranges = {
        **dict.fromkeys(("decay_steps", "first_decay_steps", "t_mul"), "(0, inf)"),
        "warmup_steps": "[0, inf)",
    }

    def __call__(self, step: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no __call__")

    def serialized(self) -> Any:
        """Its config in Keras's form."""
        return serialize(self)


class _Decay(LearningRateSchedule):
    """Base of schedules by the share step / decay_steps, or with `staircase` its whole part."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ):
        self.initial_learning_rate, self.decay_rate = initial_learning_rate, decay_rate
        self.decay_steps = decay_steps
        self.staircase, self.name = staircase, name or type(self).__name__

    def decayed(self, rate: np.float32, part: Any) -> Any:
        """The first rate after that share."""
        raise NotImplementedError

    def __call__(self, step: Any) -> Any:
        part = _part(step, self.decay_steps, self.staircase)
        return self.decayed(np.float32(self.initial_learning_rate), part)


class ExponentialDecay(_Decay):
    """initial_learning_rate * decay_rate ** (step / decay_steps); staircase: whole powers only.

    Parameters
    ----------
    initial_learning_rate : float
        Where it begins.
    decay_steps : float
        Steps over which it decays.
    decay_rate : float
        Factor of the decay.
    staircase : bool, default False
        Change at whole multiples only.
    name : str, optional
        The name; made from the name of the class if None.

    Raises
    ------
    ValueError
        Unless `decay_steps` is above 0.

    See Also
    --------
    InverseTimeDecay, PolynomialDecay

    Examples
    --------
    >>> import maskseq
    >>> from maskseq.optimizers import schedules
    >>> schedule = schedules.ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)
    >>> round(float(schedule(100)), 4)
    0.05
    """

    ranges = {**_Decay.ranges, "decay_rate": "[0, inf)"}

    def decayed(self, rate: np.float32, part: Any) -> Any:
        return rate * _power(self.decay_rate, part)


class InverseTimeDecay(_Decay):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps).

    Parameters
    ----------
    initial_learning_rate : float
        Where it begins.
    decay_steps : float
        Steps over which it decays.
    decay_rate : float
        Factor of the decay.
    staircase : bool, default False
        Change at whole multiples only.
    name : str, optional
        The name; made from the name of the class if None.

    Raises
    ------
    ValueError
        Unless `decay_steps` is above 0.

    See Also
    --------
    ExponentialDecay

    Examples
    --------
    >>> import maskseq
    >>> from maskseq.optimizers import schedules
    >>> schedule = schedules.InverseTimeDecay(0.1, decay_steps=100, decay_rate=1.0)
    >>> round(float(schedule(100)), 4)
    0.05
    """

    def decayed(self, rate: np.float32, part: Any) -> Any:
        return rate / (_ONE + np.float32(self.decay_rate) * part)


class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i] from the step after boundaries[i - 1] up to boundaries[i], which counts to it.

    Parameters
    ----------
    boundaries : sequence of int
        Steps after which the value changes, ascending.
    values : sequence of float
        The learning rates, one more than boundaries.
    name : str, default "PiecewiseConstant"
        The name; made from the name of the class if None.

    Raises
    ------
    ValueError
        Unless there is one boundary less than values.

    See Also
    --------
    ExponentialDecay, maskseq.callbacks.LearningRateScheduler

    Examples
    --------
    >>> import maskseq
    >>> from maskseq.optimizers import schedules
    >>> schedule = schedules.PiecewiseConstantDecay([100, 200], [0.1, 0.01, 0.001])
    >>> round(float(schedule(150)), 4)
    0.01
    """

    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant"
    ):
        for name, value in (("boundaries", boundaries), ("values", values)):
            if not isinstance(value, (list, tuple, np.ndarray)):
                raise ValueError(f"{name} must be a list, got {value!r}")
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"boundaries must be one less than the {len(values)} values, got {len(boundaries)}"
            )
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step: Any) -> Any:
        passed = [int(step) > int(boundary) for boundary in self.boundaries]
        return np.float32(self.values[sum(passed)])


class PolynomialDecay(LearningRateSchedule):
    """From initial_learning_rate to end_learning_rate as (1 - step / decay_steps) ** power.

    Parameters
    ----------
    initial_learning_rate : float
        Where it begins.
    decay_steps : float
        Steps over which it decays.
    end_learning_rate : float, default 0.0001
        Where it ends.
    power : float, default 1.0
        Power of the polynomial.
    cycle : bool, default False
        After decay_steps it starts again, each time over as many steps as fit.
    name : str, default "PolynomialDecay"
        The name; made from the name of the class if None.

    Raises
    ------
    ValueError
        Unless `decay_steps` is above 0.

    See Also
    --------
    ExponentialDecay, CosineDecay

    Examples
    --------
    >>> import maskseq
    >>> from maskseq.optimizers import schedules
    >>> schedule = schedules.PolynomialDecay(0.1, decay_steps=100, end_learning_rate=0.0)
    >>> round(float(schedule(50)), 4)
    0.05
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ):
        self.initial_learning_rate, self.end_learning_rate = (
            initial_learning_rate,
            end_learning_rate,
        )
        self.decay_steps = decay_steps
        self.power, self.cycle, self.name = power, cycle, name

    def __call__(self, step: Any) -> Any:
        step, steps = np.float32(step), np.float32(self.decay_steps)
        if self.cycle:
            steps = steps * (np.ceil(step / steps) if step else _ONE)
        else:
            step = extremes.minimum(step, steps)
        first, last = np.float32(self.initial_learning_rate), np.float32(self.end_learning_rate)
        return (first - last) * _power(_ONE - step / steps, self.power) + last


class CosineDecay(LearningRateSchedule):
    """Half a cosine from initial_learning_rate to alpha times that, over decay_steps.

    Parameters
    ----------
    initial_learning_rate : float
        Where it begins.
    decay_steps : float
        Steps over which it decays.
    alpha : float, default 0.0
        Share of the learning rate that is left at the end.
    name : str, default "CosineDecay"
        The name; made from the name of the class if None.
    warmup_target : float, optional
        Learning rate at the end of the warm-up; None: no warm-up.
    warmup_steps : float, default 0
        Steps over which the learning rate rises linearly to `warmup_target`.

    Raises
    ------
    ValueError
        Unless `decay_steps` is above 0.

    See Also
    --------
    CosineDecayRestarts

    Examples
    --------
    >>> import maskseq
    >>> from maskseq.optimizers import schedules
    >>> schedule = schedules.CosineDecay(0.1, decay_steps=100)
    >>> round(float(schedule(50)), 4)
    0.05
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ):
        self.initial_learning_rate, self.alpha, self.name = initial_learning_rate, alpha, name
        self.decay_steps = decay_steps
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps

    def __call__(self, step: Any) -> Any:
        first, target = np.float32(self.initial_learning_rate), self.warmup_target
        steps, step = np.float32(self.decay_steps), np.float32(step)
        if target is not None:
            target, warmup = np.float32(target), np.float32(self.warmup_steps)
            if step < warmup:
                return (target - first) * (step / warmup) + first
            first, step = target, step - warmup
        return first * _cosine(extremes.minimum(step, steps) / steps, _ONE, self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decays after one another, each t_mul times as long and m_mul times as high.

    Parameters
    ----------
    initial_learning_rate : float
        Where it begins.
    first_decay_steps : float
        Steps of the first period.
    t_mul : float, default 2.0
        How much longer each period is than the one before.
    m_mul : float, default 1.0
        Factor of the learning rate from period to period.
    alpha : float, default 0.0
        Share of the first learning rate that is left at the end of a period.
    name : str, default "SGDRDecay"
        The name; made from the name of the class if None.

    Raises
    ------
    ValueError
        Unless `first_decay_steps` is above 0.

    See Also
    --------
    CosineDecay

    Examples
    --------
    >>> import maskseq
    >>> from maskseq.optimizers import schedules
    >>> schedule = schedules.CosineDecayRestarts(0.1, first_decay_steps=100)
    >>> round(float(schedule(50)), 4)
    0.05
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ):
        self.initial_learning_rate, self.alpha, self.name = initial_learning_rate, alpha, name
        self.first_decay_steps = first_decay_steps
        self.t_mul, self.m_mul = t_mul, m_mul

    def __call__(self, step: Any) -> Any:
        done, t = np.float32(step) / np.float32(self.first_decay_steps), np.float32(self.t_mul)
        if t == 1:
            restart = np.floor(done)
            done = done - restart
        else:
            restart = np.floor(_log(_ONE - done * (_ONE - t)) / _log(t))
            factor = _power(t, restart)
            done = (done - (_ONE - factor) / (_ONE - t)) / factor
        height = _power(self.m_mul, restart)
        return np.float32(self.initial_learning_rate) * _cosine(done, height, self.alpha)


KNOWN = {
    cls.__name__: cls
    for cls in (
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
    )
}


def serialize(learning_rate_schedule: LearningRateSchedule) -> Any:
    """The config of a schedule in Keras's form; a schedule of a class of yours as it is.

    Parameters
    ----------
    learning_rate_schedule : LearningRateSchedule
        The schedule.

    Returns
    -------
    str or dict
        The config.

    Examples
    --------
    >>> from maskseq.optimizers import schedules
    >>> schedules.serialize(schedules.CosineDecay(0.1, 1000))["config"]["initial_learning_rate"]
    0.1
    """
    return configured.serialize(learning_rate_schedule, KNOWN, "keras.optimizers.schedules")


def deserialize(config: Any) -> LearningRateSchedule:
    """The schedule that a config describes.

    Parameters
    ----------
    config : dict or str
        What `serialize` gave.

    Returns
    -------
    LearningRateSchedule
        The schedule.

    Raises
    ------
    ValueError
        If its class is not known.

    Examples
    --------
    >>> from maskseq.optimizers import schedules
    >>> config = schedules.serialize(schedules.CosineDecay(0.1, 1000))
    >>> schedules.deserialize(config).decay_steps
    1000
    """
    return configured.from_table(config, KNOWN, "learning rate schedule")


def _part(step: Any, steps: Any, staircase: bool) -> Any:
    part = np.float32(step) / np.float32(steps)
    return np.floor(part) if staircase else part


def _power(base: Any, exponent: Any) -> Any:
    pair = np.float32(base), np.float32(exponent)
    return np.float32(_kernels.elementary_pair(*pair, "power"))


def _log(x: Any) -> Any:
    return np.float32(_kernels.elementary(x, "log"))


def _cosine(part: Any, height: Any, alpha: float) -> Any:
    """From height to alpha, as half a cosine from part 0 to part 1."""
    wave = _HALF * height * (_ONE + np.float32(_kernels.elementary(_PI * part, "cos")))
    return (_ONE - np.float32(alpha)) * wave + np.float32(alpha)
