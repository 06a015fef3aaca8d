"""A classifier and a regressor of sequences, with scikit-learn's methods."""

# pyright: reportMissingImports=false
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted

from .. import initializers, layers
from ..data.ragged import Ragged
from ..layers.core.input import Input
from ..models.sequential import Sequential
from ..optimizers import Adam
from .sequences import as_sequences


class _SequenceEstimator(BaseEstimator):
    """What both have in common: the model, and how it is trained.

    Parameters
    ----------
    model : callable, optional
        See `SequenceClassifier`.
    model_options : dict, optional
        Keyword arguments of `model`.
    epochs : int, default 30
        As for `Model.fit`.
    random_state : int or None, default None
        Seeds weights and the order of sequences.
    """

    model_: Any

    def __init__(
        self,
        model: Callable[..., Any] | None = None,
        *,
        model_options: dict[str, Any] | None = None,
        units: int = 32,
        epochs: int = 30,
        batch_size: int = 32,
        learning_rate: float = 0.01,
        random_state: Any = None,
        verbose: int = 0,
    ):
        self.model = model
        self.model_options = model_options
        self.units = units
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.verbose = verbose

    def _trained(
        self, x: Any, y: np.ndarray, outputs: int, activation: str | None, loss: str
    ) -> Any:
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        initializers.set_random_seed(seed)
        options = self.model_options or {}
        if self.model is None:
            model = _default(x, self.units, outputs, activation, **options)
        else:
            model = self.model(outputs, **options)
        if not model.compiled:
            model.compile(Adam(self.learning_rate), loss)
        self.history_ = model.fit(
            x, y, epochs=self.epochs, batch_size=self.batch_size, verbose=self.verbose
        ).history
        return model

    def _answers(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        return self.model_.predict(as_sequences(self, X, reset=False))


class SequenceClassifier(ClassifierMixin, _SequenceEstimator):
    """Classes of sequences.

    X: lists or arrays of any lengths, a Ragged, an Arrow list column, a frame with one, an array
    (samples, time, features). Lists of integers are ids, of which 0 is padding. An array (samples,
    columns), or a frame of numbers, is sequences of one number a step.

    Parameters
    ----------
    model : callable, optional
        A function of the number of outputs (classes), and of `model_options`, that returns a model
        with a softmax at its end, compiled or not. None: an LSTM, over an Embedding of `n_ids` rows
        (a model option, by default one more than the largest id) if X are ids.
    model_options : dict, optional
        Keyword arguments of `model`.
    units : int, default 32
        Of that LSTM.
    epochs : int, default 30
        As for `Model.fit`.
    batch_size : int, default 32
        As for `Model.fit`.
    learning_rate : float, default 0.01
        Of Adam, for a model that is not compiled.
    random_state : int, optional
        Seeds weights and the order of sequences.
    verbose : int, default 0
        As for `Model.fit`.

    Notes
    -----
    Fitted: `model_`, `classes_`, `n_features_in_` (a step), `history_`.

    Source: scikit-learn's conventions for classifiers.

    Examples
    --------
    >>> import maskseq
    >>> from maskseq.sklearn import SequenceClassifier
    >>> X = [[1, 2, 3], [4, 5], [1, 3, 2], [5, 4, 4]]
    >>> classifier = SequenceClassifier(units=4, epochs=1, random_state=0)
    >>> fitted = classifier.fit(X, ["a", "b", "a", "b"])
    >>> classifier.predict_proba(X).shape
    (4, 2)
    """

    def fit(self, X: Any, y: Any) -> "SequenceClassifier":
        """Train a new model. y: (samples,) of any classes."""
        x = as_sequences(self, X, reset=True)
        y = column_or_1d(_targets(y), warn=True)
        check_consistent_length(_counted(x), y)
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        count = len(self.classes_)
        loss = "sparse_categorical_crossentropy"
        self.model_ = self._trained(x, numbers, count, "softmax", loss)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """(samples, classes), in the order of `classes_`."""
        return self._answers(X)

    def predict(self, X: Any) -> np.ndarray:
        """(samples,): the most probable class of each."""
        found = self._answers(X)
        return self.classes_[found.argmax(axis=1)]


class SequenceRegressor(RegressorMixin, _SequenceEstimator):
    """Numbers for sequences. Arguments and X: as for `SequenceClassifier`, without the softmax.

    Parameters
    ----------
    model : callable, optional
        As of `SequenceClassifier`, without the softmax.
    model_options : dict, optional
        Keyword arguments of `model`.
    units : int, default 32
        Of the LSTM that `model=None` makes.
    epochs : int, default 30
        As for `Model.fit`.
    batch_size : int, default 32
        As for `Model.fit`.
    learning_rate : float, default 0.01
        Of Adam, for a model that is not compiled.
    random_state : int or None, default None
        Seeds weights and the order of sequences.
    verbose : int or str, default 0
        As for `Model.fit`.

    Notes
    -----
    Fitted: `model_`, `n_features_in_` (a step), `history_`.

    Examples
    --------
    >>> import maskseq
    >>> from maskseq.sklearn import SequenceRegressor
    >>> X = [[1, 2, 3], [4, 5], [1, 3, 2], [5, 4, 4]]
    >>> regressor = SequenceRegressor(units=4, epochs=1, random_state=0)
    >>> fitted = regressor.fit(X, [0.1, 0.9, 0.2, 0.8])
    >>> regressor.predict(X).shape
    (4,)
    """

    def fit(self, X: Any, y: Any) -> "SequenceRegressor":
        """Train a new model. y: (samples,) or (samples, outputs)."""
        x = as_sequences(self, X, reset=True)
        y = check_array(_targets(y), ensure_2d=False, dtype="float64", input_name="y")
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        check_consistent_length(_counted(x), y)
        self._flat = y.ndim == 1
        y = y.reshape(len(y), -1).astype(np.float32)
        self.model_ = self._trained(x, y, y.shape[1], None, "mse")
        return self

    def predict(self, X: Any) -> np.ndarray:
        """(samples,), or (samples, outputs) as y had them."""
        found = self._answers(X)
        return found[:, 0] if self._flat else found


def _targets(y: Any) -> Any:
    if y is None:
        raise ValueError("requires y to be passed, but the target y is None")
    return y


def _counted(x: Any) -> np.ndarray:
    return np.empty(len(x))


def _default(
    x: Any, units: int, outputs: int, activation: str | None, n_ids: int | None = None
) -> Sequential:
    """An LSTM over the steps of x, and a Dense layer."""
    features = x.features if isinstance(x, Ragged) else x.shape[2:]
    if features == () and x.dtype.kind in "iu":
        if n_ids is None:
            n_ids = int(x.values.max(initial=0)) + 1
        first: list[Any] = [Input((None,)), layers.Embedding(n_ids, units, mask_zero=True)]
    else:
        first = [Input((None, *(features or (1,))))]
    rest = [layers.LSTM(units), layers.Dense(outputs, activation=activation)]
    return Sequential([*first, *rest])
