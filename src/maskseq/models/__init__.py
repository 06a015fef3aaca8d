"""Model and Sequential: a graph of layers with inputs and outputs."""

from .model import Model as Model
from .sequential import Sequential as Sequential
