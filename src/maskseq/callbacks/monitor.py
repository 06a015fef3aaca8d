"""A callback that watches one number of the logs for getting better."""

from typing import Any

from ..given.notices import warn
from .base import Callback, Logs

MODES = ("auto", "min", "max")
_SIGNS = {"up": 1, "down": -1}
_LARGER_IS_BETTER = ("acc", "auc", "precision", "recall", "f1", "fbeta", "iou", "r2", "top_k")


class Monitor(Callback):
    """Base: `monitor` is a name in the logs, `mode` says which way is better.

    Parameters
    ----------
    monitor : str
        Name in the logs.
    mode : str, default "auto"
        "min", "max", or "auto": what the metric of that name says; "min" for losses. For a number
        of another kind, the name: "max" for accuracies, AUC, precision, recall, F scores, IoU, R2.
    min_delta : float, default 0.0
        What counts as better.
    """

    def __init__(self, monitor: str, mode: str = "auto", min_delta: float = 0.0):
        super().__init__()
        if mode not in MODES:
            raise ValueError(
                f"{type(self).__name__}: mode must be 'auto', 'min' or 'max', got {mode!r}"
            )
        self.monitor, self.mode, self.min_delta = monitor, mode, abs(min_delta)
        self._told = False

    def direction(self) -> int:
        """1 if larger is better, -1 if smaller is."""
        if self.mode != "auto":
            return 1 if self.mode == "max" else -1
        name = self.monitor.removeprefix("val_")
        trainer = getattr(self.model, "trainer", None)
        known = None if trainer is None else trainer.metrics.directions().get(name)
        if known is not None:
            return _SIGNS[known]
        if name.endswith("loss"):
            return -1
        return 1 if any(part in name for part in _LARGER_IS_BETTER) else -1

    def is_better(self, value: float, best: float | None) -> bool:
        """True if `value` is better than `best` by more than `min_delta`; than None all is."""
        if best is None:
            return True
        sign = self.direction()
        return sign * value - self.min_delta > sign * best

    def monitored(self, logs: Logs | None) -> float | None:
        """The number watched, if the logs have it; says once if not."""
        value: Any = (logs or {}).get(self.monitor)
        if value is None and not self._told:
            self._told = True
            warn(
                f"{type(self).__name__}: monitor={self.monitor!r} is not in the logs, which have "
                f"{sorted(logs or {})}"
            )
        return value
