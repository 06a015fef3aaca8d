"""Optimizers, under Keras's names. Source: keras.optimizers, version 3.15."""

from typing import Any

from .. import configured
from . import schedules as schedules
from .adadelta import Adadelta as Adadelta
from .adagrad import Adagrad as Adagrad
from .adam import Adam as Adam
from .adam import AdamW as AdamW
from .adamax import Adamax as Adamax
from .ftrl import Ftrl as Ftrl
from .lamb import Lamb as Lamb
from .lion import Lion as Lion
from .nadam import Nadam as Nadam
from .optimizer import Optimizer as Optimizer
from .rmsprop import RMSprop as RMSprop
from .sgd import SGD as SGD

__all__ = [
    "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "Nadam",
    "Optimizer", "RMSprop", "SGD", "deserialize", "get", "schedules", "serialize",
]  # fmt: skip

_CLASSES = (*(Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl, Lamb, Lion, Nadam, RMSprop, SGD),)
KNOWN = {cls.__name__: cls for cls in _CLASSES} | {cls.__name__.lower(): cls for cls in _CLASSES}


def get(identifier: Any) -> Optimizer | None:
    """The optimizer that `identifier` (None, a name, a config, an optimizer) means.

    Parameters
    ----------
    identifier : object
        A name, a config, a class, an object, or None.

    Returns
    -------
    Optimizer
        The optimizer.

    Raises
    ------
    ValueError
        Naming the nearest one there is.

    See Also
    --------
    deserialize, serialize

    Examples
    --------
    >>> import maskseq
    >>> maskseq.optimizers.get("adam").name
    'adam'
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        name = identifier if identifier in KNOWN else identifier.lower()
        return configured.named(name, KNOWN, "optimizer")()
    return deserialize(identifier)


def serialize(optimizer: Optimizer) -> Any:
    """Its config in Keras's form; of a class of yours, the optimizer as it is.

    Parameters
    ----------
    optimizer : Optimizer
        The optimizer.

    Returns
    -------
    str or dict
        The config.

    Examples
    --------
    >>> import maskseq
    >>> optimizer = maskseq.optimizers.SGD(0.5, momentum=0.9)
    >>> maskseq.optimizers.serialize(optimizer)["config"]["momentum"]
    0.9
    """
    return configured.serialize(optimizer, KNOWN, "keras.optimizers")


def deserialize(config: Any) -> Optimizer:
    """The optimizer that a config describes.

    Parameters
    ----------
    config : dict or str
        What `serialize` gave.

    Returns
    -------
    Optimizer
        The optimizer.

    Raises
    ------
    ValueError
        If its class is not known.

    Examples
    --------
    >>> import maskseq
    >>> config = maskseq.optimizers.serialize(maskseq.optimizers.Adam(0.01))
    >>> type(maskseq.optimizers.deserialize(config)).__name__
    'Adam'
    """
    return configured.from_table(config, KNOWN, "optimizer")
