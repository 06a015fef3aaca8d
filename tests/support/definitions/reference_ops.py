"""What each operation of maskseq.ops is, in plain NumPy and float64, with its options."""

import numpy as np

from tests.support.definitions import reference_lattice
from tests.support.definitions import reference_values as values
from tests.support.definitions.op_cases import MORE_DEFINITIONS
from tests.support.reference import ACTIVATIONS


def along(axis, function, x):
    """`function` of the rows along `axis`."""
    return np.moveaxis(function(np.moveaxis(x, axis, -1)), -1, axis)


def reduction(name):
    def reduce(x, axis=None, keepdims=False, **options):
        return getattr(np, name)(x, axis=axis, keepdims=keepdims, **options)

    return reduce


def extreme(name):
    def reduce(x, axis=None, keepdims=False, initial=None):
        options = {} if initial is None else {"initial": initial}
        return getattr(np, name)(x, axis=axis, keepdims=keepdims, **options)

    return reduce


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def normalize(x, axis=-1, order=2, epsilon=1e-7):
    length = (np.abs(x) ** order).sum(axis, keepdims=True) ** (1 / order)
    return x / np.maximum(length, epsilon)


def logsumexp(x, axis=None, keepdims=False):
    return np.log(np.exp(x).sum(axis, keepdims=keepdims))


def gelu(x, approximate=True):
    return values.gelu_tanh(x) if approximate else ACTIVATIONS["gelu"](x)


def glu(x, axis=-1):
    value, gate = np.split(x, 2, axis)
    return value / (1 + np.exp(-gate))


def pad(x, widths, mode="constant", value=0):
    return np.pad(x, widths, mode, constant_values=value)


def unstack(x, num=None, axis=0):
    return [np.take(x, i, axis) for i in range(x.shape[axis])]


def with_default(name, default):
    """An activation with one option."""
    return lambda x, option=default: values.WITH_OPTIONS[name](x, option)


DEFINITIONS = {
    **MORE_DEFINITIONS,
    **{name: ACTIVATIONS[name] for name in "sigmoid relu relu6 silu softplus softsign".split()},
    **{
        name: ACTIVATIONS[name]
        for name in (
            "log_sigmoid hard_sigmoid hard_silu hard_tanh tanh_shrink selu sparse_plus "
            "sparse_sigmoid"
        ).split()
    },
    "leaky_relu": with_default("leaky_relu", 0.2),
    "elu": with_default("elu", 1),
    "celu": with_default("celu", 1),
    "squareplus": with_default("squareplus", 4),
    "soft_shrink": with_default("soft_shrink", 0.5),
    "hard_shrink": with_default("hard_shrink", 0.5),
    "threshold": values.WITH_OPTIONS["threshold"],
    "gelu": gelu,
    "glu": glu,
    "erf": values.ELEMENTARY["erf"],
    "softmax": lambda x, axis=-1: along(axis, softmax, x),
    "log_softmax": lambda x, axis=-1: along(axis, values.log_softmax, x),
    "sparsemax": lambda x, axis=-1: along(axis, values.sparsemax, x),
    "normalize": normalize,
    "logsumexp": logsumexp,
    **{name: reduction(name) for name in "sum prod mean var std any all".split()},
    **{name: extreme(name) for name in ("max", "min")},
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "divide_no_nan": lambda x, y: np.divide(x, y, out=np.zeros_like(x), where=y != 0),
    "cast": lambda x, dtype: x.astype(dtype),
    "one_hot": lambda x, classes, axis=-1: np.moveaxis(
        x[..., None] == np.arange(classes), -1, axis
    ),
    "pad": pad,
    "stop_gradient": lambda x: x,
    "unstack": unstack,
    "ctc_loss": lambda y, x, labels, steps: np.array(
        [reference_lattice.ctc(x[b, : steps[b]], y[b, : labels[b]], 0) for b in range(len(steps))]
    ),
}


def definition(name):
    """The function that `ops.<name>` is: one of the above, or NumPy's of that name."""
    return DEFINITIONS.get(name) or getattr(np, name)


def widened(arguments):
    """Arguments with float64 in the place of float32, and numbers as float32 has them."""
    if isinstance(arguments, float):
        return float(np.float32(arguments))
    if isinstance(arguments, (tuple, list)):
        return type(arguments)(map(widened, arguments))
    is_narrow = isinstance(arguments, np.ndarray) and arguments.dtype == np.float32
    return arguments.astype(np.float64) if is_narrow else arguments
