"""The preprocessing layers that run in Keras on JAX: those of text and tables need TensorFlow."""

from tests.conformance.harness import Case

IDS = ("ids",)
PREPROCESSING = [
    Case("CategoryEncoding", lambda L: L.CategoryEncoding(9), IDS),
    Case("CategoryEncoding few", lambda L: L.CategoryEncoding(4), IDS),
    Case("CategoryEncoding one_hot", lambda L: L.CategoryEncoding(9, "one_hot"), IDS),
    Case("CategoryEncoding count", lambda L: L.CategoryEncoding(9, "count"), IDS),
    Case("Discretization", lambda L: L.Discretization([-1.0, 0.0, 0.5])),
    Case("Discretization descending", lambda L: L.Discretization([1.0, 0.0]), ("numbers",)),
    Case(
        "Discretization one_hot",
        lambda L: L.Discretization([0.0], output_mode="one_hot"),
        ("numbers",),
    ),
    Case("Discretization count", lambda L: L.Discretization([0.0, 1.0], output_mode="count")),
    Case("Rescaling", lambda L: L.Rescaling(0.5, offset=-1.0)),
    Case("Rescaling features", lambda L: L.Rescaling([1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 0.0, 1.0])),
    Case("Rescaling images", lambda L: L.Rescaling(2.0), ("images",)),
    Case("Normalization", lambda L: L.Normalization(mean=0.5, variance=2.0)),
    Case("Normalization features", lambda L: L.Normalization(mean=[1.0] * 4, variance=[4.0] * 4)),
    Case("Normalization invert", lambda L: L.Normalization(mean=1, variance=4, invert=True)),
    Case("Normalization one", lambda L: L.Normalization(None, mean=3.0, variance=0.0)),
]
