"""The losses of probabilities, as objects with their options. Source: keras.losses."""

from typing import Any

from . import probabilistic
from .loss import REDUCTIONS, LossFunctionWrapper, Plain

Reduction = str | None
_FIRST = REDUCTIONS[0]


class KLDivergence(Plain):
    """`kl_divergence`."""

    function = staticmethod(probabilistic.kl_divergence)

    def __init__(
        self, reduction: Reduction = _FIRST, name: str = "kl_divergence", dtype: Any = None
    ):
        super().__init__(reduction, name, dtype)


class BinaryCrossentropy(LossFunctionWrapper):
    """`binary_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction = _FIRST,
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        function = probabilistic.binary_crossentropy
        super().__init__(function, reduction, name, dtype, True, **options)


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """`binary_focal_crossentropy`."""

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction = _FIRST,
        name: str = "binary_focal_crossentropy",
        dtype: Any = None,
    ):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        options |= {"apply_class_balancing": apply_class_balancing, "alpha": alpha, "gamma": gamma}
        function = probabilistic.binary_focal_crossentropy
        super().__init__(function, reduction, name, dtype, True, **options)


class CategoricalCrossentropy(LossFunctionWrapper):
    """`categorical_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction = _FIRST,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        function = probabilistic.categorical_crossentropy
        super().__init__(function, reduction, name, dtype, True, **options)


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """`categorical_focal_crossentropy`."""

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction = _FIRST,
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        options |= {"alpha": alpha, "gamma": gamma}
        function = probabilistic.categorical_focal_crossentropy
        super().__init__(function, reduction, name, dtype, True, **options)


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """`sparse_categorical_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: Reduction = _FIRST,
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ):
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        function = probabilistic.sparse_categorical_crossentropy
        super().__init__(function, reduction, name, dtype, True, **options)


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """`categorical_generalized_cross_entropy`."""

    def __init__(
        self,
        q: float = 0.5,
        reduction: Reduction = _FIRST,
        name: str = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ):
        if not 0 < q < 1:
            raise ValueError(f"q must be between 0 and 1, got {q!r}")
        function = probabilistic.categorical_generalized_cross_entropy
        super().__init__(function, reduction, name, dtype, True, q=q)
