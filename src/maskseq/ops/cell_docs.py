"""What the operations of `elementwise` and of `nonlinear` say of themselves: their docstrings."""

_BROADCAST = "ValueError\n    If the shapes do not broadcast against each other.\n"
_ONE, _TWO = ("x", "Numbers of any shape."), ("x1, x2", "Numbers, of shapes that broadcast.")
_SAME = "its dtype, float32 for float64"
_COMMON = "the dtype that NumPy gives the two, float32 for float64"

# What they take, the dtype of the result, and errors.
FLOAT = (*_ONE, "float32", "")
SAME = (*_ONE, _SAME, "")
SIGNED = (*_ONE, _SAME, "TypeError\n    If `x` is bool.\n")
BOOL = (*_ONE, "bool", "")
BIT = ("x", "Integers or bools of any shape.", _SAME, "TypeError\n    If `x` is float.\n")
FLOATS = (*_TWO, "float32", _BROADCAST)
COMMON = (*_TWO, _COMMON, _BROADCAST)
_NO_POWER = "ValueError\n    If the shapes do not broadcast, or integers have negative exponents.\n"
POWER = (*_TWO, _COMMON, _NO_POWER)
DIFFERENCE = (*_TWO, _COMMON, _BROADCAST + "TypeError\n    If both are bool.\n")
BOOLS = (*_TWO, "bool", _BROADCAST)
_NO_BITS = _BROADCAST + "TypeError\n    If one is float.\n"
BITS = ("x, y", "Integers or bools, of shapes that broadcast.", _COMMON, _NO_BITS)

# name: what it takes and gives, what it does, arguments of an example, what is printed, siblings
# fmt: off
CELLS = {
    # Arithmetic
    "add": (COMMON, "x1 + x2.",
        "[1, 2], [10, 20]", "[11 22]", "subtract, sum"),
    "subtract": (DIFFERENCE, "x1 - x2.",
        "[5, 7], 2", "[3 5]", "add, diff"),
    "multiply": (COMMON, "x1 * x2.",
        "[1, 2, 3], 2.5", "[2.5 5.  7.5]", "divide, matmul, prod"),
    "divide": (FLOATS, "x1 / x2; infinite or NaN where x2 is 0.",
        "[1, 2], 4", "[0.25 0.5 ]", "divide_no_nan, floor_divide"),
    "true_divide": (FLOATS, "x1 / x2: `divide` under NumPy's name.",
        "[1, 2], 4", "[0.25 0.5 ]", "divide"),
    "divide_no_nan": (FLOATS, "x1 / x2, and 0 where x2 is 0.",
        "[1, 2], [0, 4]", "[0.  0.5]", "divide"),
    "floor_divide": (COMMON, "The largest integer not above x1 / x2.",
        "[7, -7], 2", "[ 3 -4]", "divide, mod"),
    "mod": (COMMON, "The rest of x1 / x2, with the sign of x2.",
        "[7, -7], 3", "[1 2]", "fmod, floor_divide"),
    "fmod": (COMMON, "The rest of x1 / x2, with the sign of x1.",
        "[7, -7], 3", "[ 1 -1]", "mod"),
    "power": (POWER, "x1 to the power x2.",
        "[1.0, 2.0, 3.0], 2", "[1. 4. 9.]", "square, sqrt, exp"),
    "maximum": (COMMON, "The larger of x1 and x2; NaN if either is.",
        "[1, 5], [3, 2]", "[3 5]", "minimum, fmax, max"),
    "minimum": (COMMON, "The smaller of x1 and x2; NaN if either is.",
        "[1, 5], [3, 2]", "[1 2]", "maximum, fmin, min"),
    "arctan2": (FLOATS, "The angle of the point (x2, x1), in radians from -pi to pi.",
        "[1.0, 0.0], [0.0, -1.0]", "[1.5707964 3.1415927]", "arctan"),
    "negative": (SIGNED, "-x.",
        "[1.5, -2.0]", "[-1.5  2. ]", "subtract, absolute"),
    "absolute": (SAME, "The size of x without its sign.",
        "[1.5, -2.0]", "[1.5 2. ]", "abs, fabs, sign"),
    "abs": (SAME, "The size of x without its sign.",
        "[1.5, -2.0]", "[1.5 2. ]", "absolute, fabs, sign"),
    "square": (SAME, "x * x.",
        "[1.5, -2.0]", "[2.25 4.  ]", "sqrt, power"),
    "sqrt": (FLOAT, "The square root; NaN below 0.",
        "[4.0, 9.0]", "[2. 3.]", "rsqrt, square"),
    "rsqrt": (FLOAT, "1 / sqrt(x).",
        "[4.0, 16.0]", "[0.5  0.25]", "sqrt, reciprocal"),
    "reciprocal": (FLOAT, "1 / x.",
        "[2, 4]", "[0.5  0.25]", "divide, rsqrt"),
    "floor": (SAME, "The largest integer not above x.",
        "[1.5, -1.5]", "[ 1. -2.]", "ceil, trunc, round"),
    "ceil": (SAME, "The smallest integer not below x.",
        "[1.5, -1.5]", "[ 2. -1.]", "floor, trunc, round"),
    "trunc": (SAME, "x without its fraction: the nearest integer towards 0.",
        "[1.7, -1.7]", "[ 1. -1.]", "floor, ceil, round"),
    "sign": (SIGNED, "-1 below 0, 0 at 0, 1 above.",
        "[-2.5, 0.0, 3.0]", "[-1.  0.  1.]", "absolute, signbit"),
    # Exponentials and logarithms
    "exp": (FLOAT, "e to the power x.",
        "[0, 1]", "[1.        2.7182817]", "expm1, log, exp2"),
    "expm1": (FLOAT, "e to the power x, less 1: exact near 0.",
        "[0.0, 1.0]", "[0.        1.7182819]", "exp, log1p"),
    "log": (FLOAT, "The natural logarithm: -inf at 0, NaN below.",
        "[1, 10]", "[0.        2.3025851]", "log1p, log2, log10, exp"),
    "log1p": (FLOAT, "The natural logarithm of 1 + x: exact near 0.",
        "[0.0, 1.0]", "[0.        0.6931472]", "log, expm1"),
    "log2": (FLOAT, "The logarithm to base 2.",
        "[1, 8]", "[0. 3.]", "log, exp2"),
    "log10": (FLOAT, "The logarithm to base 10.",
        "[1, 1000]", "[0. 3.]", "log"),
    "erf": (FLOAT, "The error function: 2 / sqrt(pi) times the integral of exp(-t * t), 0 to x.",
        "[0.0, 1.0]", "[0.        0.8427008]", "gelu"),
    # Angles, in radians
    "sin": (FLOAT, "The sine of an angle in radians.",
        "[0.0, 0.5]", "[0.         0.47942555]", "cos, arcsin, deg2rad"),
    "cos": (FLOAT, "The cosine of an angle in radians.",
        "[0.0, 0.5]", "[1.         0.87758255]", "sin, arccos, deg2rad"),
    "tan": (FLOAT, "The tangent of an angle in radians.",
        "[0.0, 0.5]", "[0.        0.5463025]", "arctan, deg2rad"),
    "arcsin": (FLOAT, "The angle in radians whose sine is x; NaN outside of -1 to 1.",
        "[0.0, 1.0]", "[0.        1.5707964]", "sin, rad2deg"),
    "arccos": (FLOAT, "The angle in radians whose cosine is x; NaN outside of -1 to 1.",
        "[1.0, 0.0]", "[0.        1.5707964]", "cos, rad2deg"),
    "arctan": (FLOAT, "The angle in radians, from -pi/2 to pi/2, whose tangent is x.",
        "[0.0, 1.0]", "[0.        0.7853982]", "arctan2, tan, rad2deg"),
    "sinh": (FLOAT, "The hyperbolic sine.",
        "[0.0, 1.0]", "[0.        1.1752012]", "cosh, tanh"),
    "cosh": (FLOAT, "The hyperbolic cosine.",
        "[0.0, 1.0]", "[1.        1.5430807]", "sinh, tanh"),
    "tanh": (FLOAT, "The hyperbolic tangent.",
        "[0.0, 1.0]", "[0.        0.7615942]", "sigmoid, hard_tanh"),
    # Comparisons and logic
    "equal": (BOOLS, "True where x1 and x2 are equal; NaN equals nothing.",
        "[1, 2], [1, 3]", "[ True False]", "not_equal, isclose"),
    "not_equal": (BOOLS, "True where x1 and x2 differ.",
        "[1, 2], [1, 3]", "[False  True]", "equal"),
    "greater": (BOOLS, "True where x1 is larger than x2.",
        "[1, 2, 3], 2", "[False False  True]", "greater_equal, less"),
    "greater_equal": (BOOLS, "True where x1 is at least x2.",
        "[1, 2, 3], 2", "[False  True  True]", "greater, less_equal"),
    "less": (BOOLS, "True where x1 is smaller than x2.",
        "[1, 2, 3], 2", "[ True False False]", "less_equal, greater"),
    "less_equal": (BOOLS, "True where x1 is at most x2.",
        "[1, 2, 3], 2", "[ True  True False]", "less, greater_equal"),
    "isnan": (BOOL, "True where x is NaN.",
        "[1.0, float('nan')]", "[False  True]", "isfinite, nan_to_num"),
    "isinf": (BOOL, "True where x is inf or -inf.",
        "[1.0, float('-inf')]", "[False  True]", "isposinf, isneginf, isfinite"),
    "isfinite": (BOOL, "True where x is neither infinite nor NaN.",
        "[1.0, float('inf')]", "[ True False]", "isinf, isnan"),
    "logical_and": (BOOLS, "True where x1 and x2 are both true, that is not 0.",
        "[True, True], [True, False]", "[ True False]", "logical_or, logical_not, all"),
    "logical_or": (BOOLS, "True where x1 or x2 is true, that is not 0, or both.",
        "[True, False], [False, False]", "[ True False]", "logical_and, logical_xor, any"),
    "logical_xor": (BOOLS, "True where one of x1 and x2 is true, not both.",
        "[True, True], [True, False]", "[False  True]", "logical_or, not_equal"),
    "logical_not": (BOOL, "True where x is false, that is 0.",
        "[True, False]", "[False  True]", "logical_and"),
    # Bits of integers
    "bitwise_and": (BITS, "The bits that are set in x and in y.",
        "[6, 5], 3", "[2 1]", "bitwise_or, bitwise_xor"),
    "bitwise_or": (BITS, "The bits that are set in x, in y or in both.",
        "[6, 5], 3", "[7 7]", "bitwise_and, bitwise_xor"),
    "bitwise_xor": (BITS, "The bits that are set in x or in y, but not in both.",
        "[6, 5], 3", "[5 6]", "bitwise_or, bitwise_and"),
    "bitwise_left_shift": (BITS, "The bits of x moved up by y: x * 2 ** y.",
        "[1, 3], 2", "[ 4 12]", "bitwise_right_shift"),
    "bitwise_right_shift": (BITS, "The bits of x moved down by y: the integer below x / 2 ** y.",
        "[8, 9], 2", "[2 2]", "bitwise_left_shift"),
    "bitwise_not": (BIT, "Every bit of x turned over: -x - 1 of a signed integer.",
        "[0, 5]", "[-1 -6]", "bitwise_invert, bitwise_xor"),
    "bitwise_invert": (BIT, "Every bit of x turned over: `bitwise_not` under another name.",
        "[0, 5]", "[-1 -6]", "bitwise_not"),
    # Activations
    "sigmoid": (FLOAT, "1 / (1 + exp(-x)).",
        "[-1.0, 0.0, 1.0]", "[0.26894143 0.5        0.7310586 ]", "log_sigmoid, tanh"),
    "relu": (FLOAT, "x, and 0 below 0.",
        "[-1.0, 0.5]", "[0.  0.5]", "leaky_relu, relu6, elu"),
    "relu6": (FLOAT, "x, 0 below 0 and 6 above 6.",
        "[-1.0, 0.5, 9.0]", "[0.  0.5 6. ]", "relu, clip"),
    "silu": (FLOAT, "x * sigmoid(x).",
        "[-1.0, 0.0, 1.0]", "[-0.26894143  0.          0.7310586 ]", "sigmoid, hard_silu, gelu"),
    "softplus": (FLOAT, "log(1 + exp(x)), without overflow.",
        "[-1.0, 0.0, 1.0]", "[0.3132617 0.6931472 1.3132617]", "squareplus, sparse_plus, relu"),
    "softsign": (FLOAT, "x / (1 + abs(x)).",
        "[-1.0, 0.0, 3.0]", "[-0.5   0.    0.75]", "tanh"),
    "log_sigmoid": (FLOAT, "log(sigmoid(x)), without overflow.",
        "[-1.0, 0.0, 1.0]", "[-1.3132617 -0.6931472 -0.3132617]", "sigmoid, softplus"),
    "hard_sigmoid": (FLOAT, "relu6(x + 3) / 6: a sigmoid of straight lines.",
        "[-3.0, 0.0, 1.5]", "[0.   0.5  0.75]", "sigmoid, sparse_sigmoid"),
    "hard_silu": (FLOAT, "x * hard_sigmoid(x).",
        "[-3.0, 1.5, 4.0]", "[-0.     1.125  4.   ]", "silu, hard_sigmoid"),
    "hard_tanh": (FLOAT, "x, -1 below -1 and 1 above 1.",
        "[-3.0, 0.5, 2.0]", "[-1.   0.5  1. ]", "tanh, clip"),
    "selu": (FLOAT, "elu with fixed scales: 1.0507 * x, and 1.7581 * (exp(x) - 1) below 0.",
        "[-1.0, 1.0]", "[-1.1113307  1.050701 ]", "elu"),
    "tanh_shrink": (FLOAT, "x - tanh(x).",
        "[-1.0, 0.0, 2.0]", "[-0.23840584  0.          1.0359725 ]", "tanh, soft_shrink"),
    "sparse_plus": (FLOAT, "0 up to -1, x from 1 on, (x + 1) ** 2 / 4 between.",
        "[-2.0, 0.0, 2.0]", "[0.   0.25 2.  ]", "softplus, relu"),
    "sparse_sigmoid": (FLOAT, "(x + 1) / 2, 0 below -1 and 1 above 1.",
        "[-2.0, 0.0, 0.5]", "[0.   0.5  0.75]", "hard_sigmoid"),
}
# fmt: on

_DOC = """{does}

Parameters
----------
{names} : array_like or KerasTensor
    {numbers}

Returns
-------
Tensor or KerasTensor
    {shape}; {dtype}.
{raises}
See Also
--------
{also}

Notes
-----
Source: keras.ops.{name}.

Examples
--------
>>> from maskseq import ops
>>> print(ops.{name}({given}))
{printed}
"""


def docstring(name: str) -> str:
    """The docstring of an operation of CELLS, in numpydoc's form."""
    (names, numbers, dtype, errors), does, given, printed, also = CELLS[name]
    shape = "The broadcast shape" if "," in names else "The shape of `x`"
    raises = f"\nRaises\n------\n{errors}" if errors else ""
    return _DOC.format(**locals())
