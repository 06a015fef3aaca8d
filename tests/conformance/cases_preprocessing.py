"""The preprocessing layers that run in Keras on JAX: those of text and tables need TensorFlow."""

from tests.conformance.harness import Case

PREPROCESSING = [
    Case("Rescaling", lambda L: L.Rescaling(0.5, offset=-1.0)),
    Case("Rescaling features", lambda L: L.Rescaling([1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 0.0, 1.0])),
    Case("Rescaling images", lambda L: L.Rescaling(2.0), ("images",)),
    Case("Normalization", lambda L: L.Normalization(mean=0.5, variance=2.0)),
    Case("Normalization features", lambda L: L.Normalization(mean=[1.0] * 4, variance=[4.0] * 4)),
    Case("Normalization invert", lambda L: L.Normalization(mean=1, variance=4, invert=True)),
    Case("Normalization one", lambda L: L.Normalization(None, mean=3.0, variance=0.0)),
]
