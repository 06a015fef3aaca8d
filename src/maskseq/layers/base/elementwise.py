"""Layers that put out as many numbers as they get: SameShape, and Elementwise on top of it."""

from typing import Any

from .one_tensor import OneTensor


class SameShape(OneTensor):
    """A layer whose output has the shape of its input.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.
    """

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return tuple(input_shape)


class Elementwise(SameShape):
    """A layer that treats every number by itself, or at least every step: the mask goes on.

    A class that names it as a base promises this of its `call`, which takes plain arrays.

    Parameters
    ----------
    **options
        Options of every layer, such as `name` and `trainable`: see `Layer`.
    """

    supports_masking = True

    def __init_subclass__(cls, **kwargs: Any):
        if Elementwise in cls.__bases__:
            for promise in {"stepwise", "plain"} - cls.__dict__.keys():
                setattr(cls, promise, True)
        super().__init_subclass__(**kwargs)
