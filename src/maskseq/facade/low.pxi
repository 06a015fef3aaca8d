# The façade of csrc/low: weights in fewer bits; part of _kernels.pyx.

cdef dict _PRECISIONS = {"int8": MSQ_INT8, "bfloat16": MSQ_BFLOAT16}
MAX_INT8_DEPTH = MSQ_MAX_INT8_DEPTH


@cython.final
cdef class LowMatrix:
    """A matrix in fewer bits, checked: codes (depth, columns) and, of int8, steps (columns,)."""

    cdef Array codes, steps
    cdef int precision
    cdef msq_low_matrix matrix

    def __cinit__(self, given, str name):
        """given: (codes int8, steps float32), or (codes uint16, None) of bfloat16."""
        codes, steps = given
        self.precision = MSQ_BFLOAT16 if steps is None else MSQ_INT8
        self.codes = Array.__new__(Array)
        self.codes.name, self.codes.kind = name, "int8" if steps is not None else "uint16"
        if not self.codes.holds(codes, b"b" if steps is not None else b"H"):
            raise TypeError(f"{name} must be {self.codes.kind}, C-contiguous, got {codes!r:.60}")
        self.codes.expect(ANY, ANY)
        if steps is not None:
            self.steps = floats(steps, f"steps of {name}").expect(self.codes.view.shape[1])
        self.matrix.codes = self.codes.view.buf
        self.matrix.steps = <const float*>values_of(self.steps)


def has_products_in(precision: str) -> bool:
    """True if the CPU multiplies in "int8" or "bfloat16" itself, False if weights are widened."""
    return msq_low(id_in(_PRECISIONS, precision)) != NULL


def use_extensions(use: bool) -> bool:
    """False: as on a CPU without instructions for products in fewer bits. Returns what was.

    What is packed keeps what it was packed for. Not while kernels run.
    """
    return bool(msq_low_use_extensions(use))
