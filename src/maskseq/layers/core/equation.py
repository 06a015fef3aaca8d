"""An equation in Einstein's notation as one matrix product, where it is one."""

from typing import NamedTuple


class Product(NamedTuple):
    """The product of inputs, free axes first, and a kernel, summed axes first, as matrices.

    order: the axes of the inputs, `free` of which the output keeps.  kernel_order: those of the
    kernel, `summed` of which meet the inputs'.  back: the axes of the output, out of the free ones
    of the inputs and then the kernel's own.
    """

    free: int
    order: tuple[int, ...]
    summed: int
    kernel_order: tuple[int, ...]
    back: tuple[int, ...]


def product_of(inputs: list[str], kernel: list[str], outputs: list[str]) -> Product | None:
    """The product that these labels mean; None if an axis is in all three, in one, or twice."""
    terms = inputs, kernel, outputs
    once = all(len(set(term)) == len(term) for term in terms)
    if not once or any(
        sum(label in t for t in terms) != 2 for label in "".join(map("".join, terms))
    ):
        return None
    free = [label for label in inputs if label in outputs]
    summed = [label for label in kernel if label in inputs]
    own = [label for label in kernel if label in outputs]
    return Product(
        len(free),
        tuple(map(inputs.index, free + summed)),
        len(summed),
        tuple(map(kernel.index, summed + own)),
        tuple(map((free + own).index, outputs)),
    )
