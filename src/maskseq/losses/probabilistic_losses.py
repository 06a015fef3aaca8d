"""The losses of probabilities, as objects with their options. Source: keras.losses."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..given.checking import in_range
from . import probabilistic
from .loss import REDUCTIONS, LossFunctionWrapper, Plain

Reduction = str | None
_FIRST = REDUCTIONS[0]


def _weights(alpha: Any) -> Any:
    if np.ndim(alpha) == 1:
        return [_weights(weight) for weight in alpha]
    return float(in_range(alpha, "(-inf, inf)", "alpha"))


class KLDivergence(Plain):
    """`kl_divergence`.

    Parameters
    ----------
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, default "kl_divergence"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or data that do not fit y_pred.

    See Also
    --------
    kl_divergence, maskseq.metrics.KLDivergence

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])
    >>> round(float(maskseq.losses.KLDivergence()(y_true, y_pred)), 4)
    0.1438
    """

    function = staticmethod(probabilistic.kl_divergence)

    def __init__(
        self, reduction: Reduction = _FIRST, name: str = "kl_divergence", dtype: Any = None
    ):
        super().__init__(reduction, name, dtype)


class BinaryCrossentropy(LossFunctionWrapper):
    """`binary_crossentropy`.

    Parameters
    ----------
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    label_smoothing : float, default 0.0
        Share of each label that is spread over all classes.
    axis : int, default -1
        Axis that the function runs along.
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, default "binary_crossentropy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or data that do not fit y_pred.

    See Also
    --------
    binary_crossentropy, BinaryFocalCrossentropy, maskseq.metrics.BinaryCrossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [0.0]]), np.array([[0.9], [0.2]])
    >>> round(float(maskseq.losses.BinaryCrossentropy()(y_true, y_pred)), 4)
    0.1643
    """

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
    """`binary_focal_crossentropy`.

    Parameters
    ----------
    apply_class_balancing : bool, default False
        Weigh classes by `alpha`.
    alpha : float, default 0.25
        Weight of class 1; class 0 has 1 - alpha.
    gamma : float, default 2.0
        Power that lowers the weight of easy predictions.
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    label_smoothing : float, default 0.0
        Share of each label that is spread over all classes.
    axis : int, default -1
        Axis that the function runs along.
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, default "binary_focal_crossentropy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or data that do not fit y_pred.

    See Also
    --------
    binary_focal_crossentropy, BinaryCrossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[1.0], [0.0]]), np.array([[0.9], [0.2]])
    >>> round(float(maskseq.losses.BinaryFocalCrossentropy()(y_true, y_pred)), 4)
    0.005
    """

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
    """`categorical_crossentropy`.

    Parameters
    ----------
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    label_smoothing : float, default 0.0
        Share of each label that is spread over all classes.
    axis : int, default -1
        Axis that the function runs along.
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, default "categorical_crossentropy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or data that do not fit y_pred.

    See Also
    --------
    categorical_crossentropy, SparseCategoricalCrossentropy, maskseq.metrics.CategoricalCrossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0.0, 1.0]]), np.array([[0.2, 0.8]])
    >>> round(float(maskseq.losses.CategoricalCrossentropy()(y_true, y_pred)), 4)
    0.2231
    """

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
    """`categorical_focal_crossentropy`.

    Parameters
    ----------
    alpha : float or sequence of float, default 0.25
        Weight of all classes, or one for each.
    gamma : float, default 2.0
        Power that lowers the weight of easy predictions.
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    label_smoothing : float, default 0.0
        Share of each label that is spread over all classes.
    axis : int, default -1
        Axis that the function runs along.
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, default "categorical_focal_crossentropy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`, or data that do not fit y_pred.

    See Also
    --------
    categorical_focal_crossentropy, CategoricalCrossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([[0.0, 1.0]]), np.array([[0.2, 0.8]])
    >>> round(float(maskseq.losses.CategoricalFocalCrossentropy()(y_true, y_pred)), 4)
    0.0022
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction = _FIRST,
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ):
        alpha = _weights(alpha)
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        options |= {"alpha": alpha, "gamma": gamma}
        function = probabilistic.categorical_focal_crossentropy
        super().__init__(function, reduction, name, dtype, True, **options)


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """`sparse_categorical_crossentropy`.

    Parameters
    ----------
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    ignore_class : int, optional
        A label that does not count.
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    axis : int, default -1
        Axis that the function runs along.
    name : str, default "sparse_categorical_crossentropy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        For an unknown `reduction`; a label that is no class, with its sequence and step; labels or
        weights that do not fit y_pred.

    See Also
    --------
    sparse_categorical_crossentropy, CategoricalCrossentropy,
    maskseq.metrics.SparseCategoricalCrossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([1]), np.array([[0.2, 0.8]])
    >>> round(float(maskseq.losses.SparseCategoricalCrossentropy()(y_true, y_pred)), 4)
    0.2231
    """

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
    """`categorical_generalized_cross_entropy`.

    Parameters
    ----------
    q : float, default 0.5
        Between 0, the crossentropy, and 1, the mean absolute error.
    reduction : str or None, default "sum_over_batch_size"
        "sum_over_batch_size", "mean", "mean_with_sample_weight", "sum" or "none": see `Loss`.
    name : str, default "categorical_generalized_cross_entropy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; all computing is in float32.

    Raises
    ------
    ValueError
        Unless q is between 0 and 1; for an unknown `reduction`; labels or weights that do not fit
        y_pred.
    ValueError
        In a call, for a label that is no class.

    See Also
    --------
    categorical_generalized_cross_entropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> y_true, y_pred = np.array([1]), np.array([[0.2, 0.8]])
    >>> round(float(maskseq.losses.CategoricalGeneralizedCrossEntropy()(y_true, y_pred)), 4)
    0.2111
    """

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
