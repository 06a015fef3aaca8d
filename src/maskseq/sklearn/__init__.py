"""Sequence models as estimators of scikit-learn, which this package needs: maskseq[sklearn]."""

try:
    from .estimators import SequenceClassifier as SequenceClassifier
    from .estimators import SequenceRegressor as SequenceRegressor
except ModuleNotFoundError as error:
    if error.name != "sklearn":
        raise
    raise ImportError(
        "maskseq.sklearn needs scikit-learn: pip install scikit-learn, or maskseq[sklearn]",
        name="sklearn",
    ) from error

__all__ = ["SequenceClassifier", "SequenceRegressor"]
