"""The arguments that every optimizer takes: their defaults, and what they may be."""

from collections.abc import Mapping
from typing import Any

from .. import configured
from ..given.notices import warn

DEFAULTS: dict[str, Any] = {
    "name": None,
    "weight_decay": None,
    "clipnorm": None,
    "clipvalue": None,
    "global_clipnorm": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}
CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")


def check_settings(cls: type, options: Mapping[str, Any]) -> dict[str, Any]:
    """All of `DEFAULTS`, with what was given.

    Raises: TypeError for a name that no optimizer takes, ValueError for a value that does not do.
    """
    given, owner = dict(options), cls.__name__
    if given.pop("decay", None):
        warn(f"{owner}: decay is ignored, as in Keras 3: use a schedule for learning_rate")
    for name in given.keys() - DEFAULTS.keys():
        known = sorted({*DEFAULTS, *configured.arguments_of(cls)} - {"options"})
        raise TypeError(
            f"{owner}: unexpected keyword argument {name!r}; {configured.hint(name, known)}"
        )
    settings = {**DEFAULTS, **given}
    for name in ("weight_decay", *CLIPS):
        if settings[name] is not None:
            settings[name] = configured.number(settings[name], f"{owner}: {name}")
    clips = [name for name in CLIPS if settings[name] is not None]
    if len(clips) > 1:
        raise ValueError(f"{owner}: expected one of {', '.join(CLIPS)} at most, got {clips}")
    if not 0 <= settings["ema_momentum"] <= 1:
        raise ValueError(
            f"{owner}: ema_momentum must be between 0 and 1, got {settings['ema_momentum']!r}"
        )
    _check_count(settings, "ema_overwrite_frequency", 1, owner)
    _check_count(settings, "gradient_accumulation_steps", 2, owner)
    if settings["loss_scale_factor"] not in (None, 1):
        raise ValueError(
            f"{owner}: loss_scale_factor must be None or 1, since gradients are float32, "
            f"got {settings['loss_scale_factor']!r}"
        )
    return settings


def _check_count(settings: Mapping[str, Any], name: str, least: int, owner: str) -> None:
    value = settings[name]
    if value is not None and (type(value) is not int or value < least):
        raise ValueError(f"{owner}: {name} must be None or an int from {least} on, got {value!r}")
