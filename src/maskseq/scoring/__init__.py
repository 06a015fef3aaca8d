"""Data larger than memory through a model: `score` reads it piece by piece and writes answers."""

from .job import Report as Report
from .job import score as score

__all__ = ["Report", "score"]
