"""What is to be said of a model on its data, as a page, and of an installation."""

from .page import report as report

__all__ = ["report"]
