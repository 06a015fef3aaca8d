"""Why a model answers as it does: which steps of a sequence its answer depends on."""

from .left_out import steps as steps

__all__ = ["steps"]
