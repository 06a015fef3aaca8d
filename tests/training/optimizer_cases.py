"""Optimizers that are compared with Keras: fifty steps on given gradients."""

from typing import Any, NamedTuple

import numpy as np

SHAPES = [(5, 4), (4,), (3, 2, 2)]
STEPS = 50


class Case(NamedTuple):
    """An optimizer and its arguments."""

    optimizer: str
    options: dict[str, Any]

    @property
    def name(self) -> str:
        return "-".join([self.optimizer, *(f"{k}={v}" for k, v in self.options.items())])


def weights() -> list[np.ndarray]:
    """The weights before the first step."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(np.float32) for shape in SHAPES]


def gradients() -> list[list[np.ndarray]]:
    """The gradients of each step."""
    rng = np.random.default_rng(1)
    return [[rng.standard_normal(s).astype(np.float32) for s in SHAPES] for _ in range(STEPS)]


_OWN: dict[str, list[dict[str, Any]]] = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}],
    "Adam": [{}, {"amsgrad": True}],
    "AdamW": [{}],
    "RMSprop": [{}, {"momentum": 0.5}, {"centered": True}],
    "Adagrad": [{}],
    "Adadelta": [{}],
    "Adamax": [{}],
    "Nadam": [{}],
    "Lion": [{}],
    "Lamb": [{}],
    "Ftrl": [
        {},
        {
            "l1_regularization_strength": 0.01,
            "l2_regularization_strength": 0.01,
            "l2_shrinkage_regularization_strength": 0.01,
            "beta": 0.1,
            "learning_rate_power": -0.3,
        },
    ],
}
_EMA = {"use_ema": True, "ema_overwrite_frequency": 7}
_SHARED: list[dict[str, Any]] = [
    {"clipnorm": 0.5},
    {"global_clipnorm": 1.0},
    {"clipvalue": 0.3},
    {"weight_decay": 0.01},
    _EMA,
    {"use_ema": True},
    {"gradient_accumulation_steps": 3},
    {"clipnorm": 0.5, "weight_decay": 0.01, **_EMA},
    {"gradient_accumulation_steps": 2, "clipvalue": 0.5, "weight_decay": 0.01, **_EMA},
]
CASES = [
    *(Case(name, own) for name, options in _OWN.items() for own in options),
    *(Case(name, shared) for name in ("SGD", "Adam") for shared in _SHARED),
    *(Case(name, _SHARED[-2]) for name in _OWN if name not in ("SGD", "Adam")),
    Case("Nadam", _SHARED[-1]),
    Case("Adam", {"amsgrad": True, "clipvalue": 0.3, "gradient_accumulation_steps": 2}),
    Case("RMSprop", {"momentum": 0.9, "clipvalue": 0.3}),
    Case("RMSprop", {"centered": True, "momentum": 0.5, "clipvalue": 0.01, "weight_decay": 0.1}),
    Case("SGD", {"momentum": 0.9, "nesterov": True, "global_clipnorm": 1.0, **_EMA}),
    Case("AdamW", {"amsgrad": True, "clipnorm": 0.5, "gradient_accumulation_steps": 3}),
    Case("Adagrad", {"initial_accumulator_value": 0.0, "clipvalue": 0.3}),
    Case("Ftrl", {"initial_accumulator_value": 0.0, "l2_regularization_strength": 0.1}),
    Case("Lamb", {"clipvalue": 0.3, "gradient_accumulation_steps": 2, "use_ema": True}),
]

SCHEDULES: list[tuple[str, dict[str, Any]]] = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.8}),
    (
        "ExponentialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.8, "staircase": True},
    ),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.8}),
    (
        "InverseTimeDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.8, "staircase": True},
    ),
    ("PiecewiseConstantDecay", {"boundaries": [3, 9, 20], "values": [0.1, 0.2, 0.05, 0.01]}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    (
        "PolynomialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 8, "power": 0.5, "cycle": True},
    ),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "alpha": 0.1}),
    (
        "CosineDecay",
        {
            "initial_learning_rate": 0.01,
            "decay_steps": 20,
            "warmup_target": 0.1,
            "warmup_steps": 5,
        },
    ),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 6}),
    (
        "CosineDecayRestarts",
        {
            "initial_learning_rate": 0.1,
            "first_decay_steps": 6,
            "t_mul": 1.0,
            "m_mul": 0.9,
            "alpha": 0.05,
        },
    ),
]
