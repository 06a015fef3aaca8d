"""What no loss, metric, optimizer, schedule, initializer, penalty or callback is made of."""

import inspect

import numpy as np
import pytest

from maskseq import callbacks, constraints, initializers, losses, metrics, optimizers, regularizers
from maskseq.given.kinds import kinds_of

schedules = optimizers.schedules
BASES = {
    callbacks: callbacks.Callback,
    constraints: constraints.Constraint,
    initializers: initializers.Initializer,
    losses: losses.Loss,
    metrics: metrics.Metric,
    optimizers: optimizers.Optimizer,
    regularizers: regularizers.Regularizer,
    schedules: schedules.LearningRateSchedule,
}
CLASSES = sorted(
    {
        cls
        for module, base in BASES.items()
        for cls in map(vars(module).get, module.__all__)
        if isinstance(cls, type) and issubclass(cls, base) and cls is not base
    },
    key=lambda cls: cls.__name__,
)
NEEDED = {
    "initial_learning_rate": 0.1,
    "decay_steps": 10,
    "decay_rate": 0.5,
    "boundaries": [1, 2],
    "values": [1.0, 2.0, 3.0],
    "first_decay_steps": 3,
    "num_classes": 3,
    "recall": 0.5,
    "precision": 0.5,
    "sensitivity": 0.5,
    "specificity": 0.5,
    "target_class_ids": [0],
    "fn": losses.mean_squared_error,
    "schedule": lambda epoch, rate: rate,
}
NUMBERS = [0, -3, 1.5, 2**40, 1e300]
OTHERS = ["nope", np.nan, [1.5, "a"], [], {}, object(), b"x", np.ones(2), len]


def parameters_of(cls):
    variable = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return [p for p in inspect.signature(cls).parameters.values() if p.kind not in variable]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_what_an_argument_cannot_be_is_told_with_its_class(cls, tmp_path):
    needed = NEEDED | dict.fromkeys(("backup_dir", "filename"), str(tmp_path / "x"))
    needed |= {"filepath": str(tmp_path / "x.keras")}
    parameters = parameters_of(cls)
    given = {
        p.name: needed[p.name] for p in parameters if p.default is p.empty and p.name in needed
    }
    for p in parameters:
        for value in (*NUMBERS, *OTHERS):
            try:
                cls(**{**given, p.name: value})
            except (ValueError, TypeError) as error:
                assert cls.__name__ in str(error), (p.name, value, error)
            else:
                kinds = kinds_of(cls).get(p.name, {object})  # object: of no plain kind
                number = value in NUMBERS if type(value) in (int, float) else False
                taken = kinds & {int, float, bool} if number else type(value) in kinds - {float}
                assert object in kinds or taken, (p.name, value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.Adam(beta_1=1.0), r"Adam: beta_1 must be in \[0, 1\), got 1\.0"),
        (lambda: optimizers.AdamW(beta_2=-0.1), r"AdamW: beta_2 must be in \[0, 1\), got -0\.1"),
        (lambda: optimizers.Nadam(beta_1="x"), "Nadam: beta_1 must be a number, got 'x'"),
        (lambda: optimizers.Adam(amsgrad="yes"), "Adam: amsgrad must be a bool, got 'yes'"),
        (lambda: optimizers.RMSprop(rho=1.5), r"RMSprop: rho must be in \[0, 1\], got 1\.5"),
        (lambda: optimizers.RMSprop(epsilon=-1), r"RMSprop: epsilon must be in \[0, inf\), got -1"),
        (
            lambda: optimizers.Adagrad(initial_accumulator_value=-1),
            r"Adagrad: initial_accumulator_value must be in \[0, inf\), got -1",
        ),
        (lambda: optimizers.Lion(beta_1=0), r"Lion: beta_1 must be in \(0, 1\], got 0"),
        (lambda: optimizers.SGD(momentum=2), r"SGD: momentum must be in \[0, 1\], got 2"),
        (
            lambda: optimizers.Ftrl(learning_rate_power=1.0),
            r"Ftrl: learning_rate_power must be in \(-inf, 0\], got 1\.0",
        ),
        (
            lambda: schedules.ExponentialDecay(0.1, 0, 0.5),
            r"ExponentialDecay: decay_steps must be in \(0, inf\), got 0",
        ),
        (lambda: schedules.ExponentialDecay(0.1, 5, -0.5), r"decay_rate must be in \[0, inf\)"),
        (lambda: schedules.CosineDecay("x", 5), "initial_learning_rate must be a number, got 'x'"),
        (lambda: schedules.CosineDecayRestarts(0.1, 5, t_mul=0), r"t_mul must be in \(0, inf\)"),
        (lambda: schedules.PiecewiseConstantDecay(3, [1]), "boundaries must be a list, got 3"),
        (
            lambda: initializers.VarianceScaling(distribution="x"),
            r"VarianceScaling: distribution must be one of \('truncated_normal', .*, got 'x'",
        ),
        (lambda: initializers.VarianceScaling(scale=0), r"scale must be in \(0, inf\), got 0"),
        (lambda: initializers.variance_scaling((2, 2), mode="x"), "mode must be one of .*got 'x'"),
        (lambda: metrics.IoU(3, "x"), "IoU: target_class_ids must be a list of ints, got 'x'"),
        (lambda: metrics.AUC(thresholds=3), "AUC: thresholds must be a list of numbers, got 3"),
        (lambda: callbacks.EarlyStopping(patience="x"), "EarlyStopping: patience must be an int"),
    ],
)
def test_the_error_says_which_values_are_right(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_values_at_the_ends_are_taken_where_they_belong():
    with pytest.raises(ValueError, match="beta_2"):
        optimizers.Adam(beta_2=1)
    assert optimizers.Adam(beta_1=0, beta_2=0.9999, epsilon=0).beta_1 == 0
    assert optimizers.SGD(momentum=1).momentum == 1
    assert schedules.CosineDecay(np.float32(0.1), 218.75).decay_steps == 218.75
    assert initializers.VarianceScaling(distribution="normal", seed=1)((2, 2)).shape == (2, 2)
