"""Means of the functions of `maskseq.losses`. Source: keras.metrics."""

import math
from typing import Any

import numpy as np

from .. import losses
from ..losses.loss import of_one_rank
from .metric import MeanMetricWrapper


class _Plain(MeanMetricWrapper):
    """Base of those without options."""

    function: Any
    usual_name = ""
    _direction = "down"

    def __init__(self, name: str | None = None, dtype: Any = None):
        function = type(self).function
        super().__init__(function, name or self.usual_name or function.__name__, dtype)


class MeanSquaredError(_Plain):
    """The mean of `losses.mean_squared_error`.

    Parameters
    ----------
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    RootMeanSquaredError, maskseq.losses.MeanSquaredError

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.MeanSquaredError()
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    2.0
    """

    function = staticmethod(losses.mean_squared_error)


class MeanAbsoluteError(_Plain):
    """The mean of `losses.mean_absolute_error`.

    Parameters
    ----------
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    maskseq.losses.MeanAbsoluteError

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.MeanAbsoluteError()
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.0
    """

    function = staticmethod(losses.mean_absolute_error)


class MeanAbsolutePercentageError(_Plain):
    """The mean of `losses.mean_absolute_percentage_error`.

    Parameters
    ----------
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    maskseq.losses.MeanAbsolutePercentageError

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.MeanAbsolutePercentageError()
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    50.0
    """

    function = staticmethod(losses.mean_absolute_percentage_error)


class MeanSquaredLogarithmicError(_Plain):
    """The mean of `losses.mean_squared_logarithmic_error`.

    Parameters
    ----------
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    maskseq.losses.MeanSquaredLogarithmicError

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.MeanSquaredLogarithmicError()
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.1305
    """

    function = staticmethod(losses.mean_squared_logarithmic_error)


class LogCoshError(_Plain):
    """The mean of `losses.log_cosh`.

    Parameters
    ----------
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    maskseq.losses.LogCosh

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.LogCoshError()
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.6625
    """

    function = staticmethod(losses.log_cosh)
    usual_name = "logcosh"


class Poisson(_Plain):
    """The mean of `losses.poisson`.

    Parameters
    ----------
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    maskseq.losses.Poisson

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.Poisson()
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.9014
    """

    function = staticmethod(losses.poisson)


class KLDivergence(_Plain):
    """The mean of `losses.kl_divergence`.

    Parameters
    ----------
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    maskseq.losses.KLDivergence

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.KLDivergence()
    >>> y_true, y_pred = np.array([[0.5, 0.5]]), np.array([[0.25, 0.75]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.1438
    """

    function = staticmethod(losses.kl_divergence)


class Hinge(_Plain):
    """The mean of `losses.hinge`.

    Parameters
    ----------
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    maskseq.losses.Hinge

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.Hinge()
    >>> y_true, y_pred = np.array([[1], [-1]]), np.array([[0.5], [0.5]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.0
    """

    function = staticmethod(losses.hinge)


class SquaredHinge(_Plain):
    """The mean of `losses.squared_hinge`.

    Parameters
    ----------
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    maskseq.losses.SquaredHinge

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.SquaredHinge()
    >>> y_true, y_pred = np.array([[1], [-1]]), np.array([[0.5], [0.5]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.25
    """

    function = staticmethod(losses.squared_hinge)


class CategoricalHinge(_Plain):
    """The mean of `losses.categorical_hinge`.

    Parameters
    ----------
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    maskseq.losses.CategoricalHinge

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.CategoricalHinge()
    >>> y_true, y_pred = np.array([[0, 1]]), np.array([[0.2, 0.8]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.4
    """

    function = staticmethod(losses.categorical_hinge)


def _squares(y_true: Any, y_pred: Any) -> Any:
    labels, y_pred = of_one_rank(y_true, y_pred)
    return np.square(np.subtract(y_pred, labels.astype(np.float32)))


class RootMeanSquaredError(_Plain):
    """The root of the mean of all squared errors.

    Parameters
    ----------
    name : str, optional
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.

    See Also
    --------
    MeanSquaredError

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.RootMeanSquaredError()
    >>> y_true, y_pred = np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    1.4142
    """

    function = staticmethod(_squares)
    masked_in_keras = False
    usual_name = "root_mean_squared_error"

    def result(self) -> np.float32:
        return np.float32(math.sqrt(self.total / self.count) if self.count else 0.0)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """The cosine of the angle between y_true and y_pred: 1 is the same direction."""
    return -np.asarray(losses.cosine_similarity(y_true, y_pred, axis))


class CosineSimilarity(MeanMetricWrapper):
    """The mean of `cosine_similarity`.

    Parameters
    ----------
    name : str, default "cosine_similarity"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.
    axis : int, default -1
        Axis that the function runs along.

    See Also
    --------
    maskseq.losses.CosineSimilarity

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.CosineSimilarity()
    >>> y_true, y_pred = np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.96
    """

    _direction = "up"

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1):
        super().__init__(cosine_similarity, name, dtype, axis=axis)


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean of `losses.binary_crossentropy`.

    Parameters
    ----------
    name : str, default "binary_crossentropy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    label_smoothing : float, default 0
        Share of each label that is spread over all classes.

    See Also
    --------
    maskseq.losses.BinaryCrossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.BinaryCrossentropy()
    >>> y_true, y_pred = np.array([[1], [0]]), np.array([[0.9], [0.2]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.1643
    """

    _direction = "down"

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(losses.binary_crossentropy, name, dtype, **options)


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.categorical_crossentropy`.

    Parameters
    ----------
    name : str, default "categorical_crossentropy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    label_smoothing : float, default 0
        Share of each label that is spread over all classes.
    axis : int, default -1
        Axis that the function runs along.

    See Also
    --------
    maskseq.losses.CategoricalCrossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.CategoricalCrossentropy()
    >>> y_true, y_pred = np.array([[0, 1]]), np.array([[0.2, 0.8]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.2231
    """

    _direction = "down"

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ):
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(losses.categorical_crossentropy, name, dtype, **options)


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean of `losses.sparse_categorical_crossentropy`.

    Parameters
    ----------
    name : str, default "sparse_categorical_crossentropy"
        The name; made from the name of the class if None.
    dtype : str, optional
        For Keras's configs; sums are in float64.
    from_logits : bool, default False
        Predictions are logits, not probabilities.
    ignore_class : int, optional
        A label that does not count.
    axis : int, default -1
        Axis that the function runs along.

    Raises
    ------
    ValueError
        In `update_state`, for a label that is no class.

    See Also
    --------
    maskseq.losses.SparseCategoricalCrossentropy

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> metric = maskseq.metrics.SparseCategoricalCrossentropy()
    >>> y_true, y_pred = np.array([1]), np.array([[0.2, 0.8]])
    >>> metric.update_state(y_true, y_pred)
    >>> round(float(metric.result()), 4)
    0.2231
    """

    _direction = "down"

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ):
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, **options)
