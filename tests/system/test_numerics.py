"""What gives other bits on other CPUs, or in another order of memory, is used nowhere.

NumPy chooses the code of its elementary functions by the CPU and adds in the order of memory, and
the C library's functions differ from one to the next. Of a zero and a negative zero, a maximum
gives what the CPU's instruction gives. What is exact, or of integers, or ordered by its meaning,
stands in a list here with its reason.
"""

import ast
import functools
import re
from pathlib import Path

import pytest

import maskseq

ROOT = Path(maskseq.__file__).parent
CSRC = ROOT.parents[1] / "csrc"
TRANSCENDENTAL = set(
    "exp exp2 expm1 log log2 log10 log1p logaddexp logaddexp2 sin cos tan arcsin arccos arctan "
    "arctan2 asin acos atan atan2 sinh cosh tanh arcsinh arccosh arctanh asinh acosh atanh power "
    "pow float_power hypot cbrt sinc i0 erf erfc gamma lgamma".split()
)
SUMS = set(
    "sum nansum mean nanmean average median var nanvar std nanstd prod nanprod cumsum nancumsum "
    "cumprod nancumprod cumulative_sum cumulative_prod einsum matmul matvec vecmat vecdot dot vdot "
    "inner tensordot kron linalg convolve correlate interp trapezoid cov corrcoef trace norm fft "
    "polyfit polyval histogram quantile percentile sumprod dist".split()
)
EXTREMES = set("max min maximum minimum clip fmax fmin amax amin nanmax nanmin reduceat".split())
ORDERS = set("sort partition unique argsort argpartition".split())  # equal zeros change places
REDUCERS = {"add", "multiply", "maximum", "minimum"}  # np.add.reduce and the like
METHODS = SUMS | EXTREMES | {"sort", "argsort"}
REFUSED = TRANSCENDENTAL | SUMS | EXTREMES | ORDERS
EXACT_MODULES = {"ops", "reductions", "extremes", "_kernels", "activations"}  # ours
EXACT_MODULES |= {"elementwise", "nonlinear", "reduction"}  # of ops
EXACT = {"math.prod", "math.fsum"}  # of integers wherever it is; rounded once

WITHOUT_ANSWERS = (
    "cli",
    "data.",
    "importers.",
    "models.",
    "rows",
    "numerics.extremes",
    "scoring.",
    "testing.",
)
"""Modules that take extremes of nothing but lengths and ids, and the one that settles zeros."""

INTEGERS = "of integers: exact in any order"
KEYS = "of words and ids: equal ones are one"
LEARNT = "bins are learnt from data once, by Keras's rule, and saved; NumPy has one code for it"
POSITIVE = "of numbers above 0"
SHAPES = "of sizes"
RUNNING = "each needs the one before it: there is one order"
STABLE = "equal ones keep their order"
NAMES = "named, for users' calls of it under a tape"
CHECKS = "of what is compared with a tolerance"
FIRST_WEIGHTS = "random first values of weights: numpy.random draws them, the C library computes"
PICTURE = "of what a picture shows"
ALLOWED = {
    ("layers.core.embedding", "np.cumsum"): INTEGERS,
    ("layers.merging.dot", "np.cumsum"): INTEGERS,
    ("ops.products", "np.einsum"): INTEGERS,
    ("ops.products", "np.matmul"): INTEGERS,
    ("layers.attention.meeting", "np.add.reduceat"): INTEGERS,
    ("numerics.quantized", ".max"): POSITIVE,
    ("testing.precision", ".sum"): INTEGERS,
    ("testing.precision", "np.median"): CHECKS,
    ("data.pictured", ".sum"): INTEGERS,
    ("data.pictured", "np.sort"): INTEGERS,
    ("plot.attention", ".mean"): PICTURE,
    ("given.kinds", ".max"): "a constant",
    ("pictures.curves", "math.log"): PICTURE,
    ("plot.precision", ".max"): PICTURE,
    ("plot.precision", "np.sort"): PICTURE,
    ("plot.padding", ".mean"): PICTURE,
    ("plot.padding", ".sum"): PICTURE,
    ("plot.padding", "np.argsort"): PICTURE,
    ("report.installation", "np.prod"): SHAPES,
    ("report.measure", ".sum"): INTEGERS,
    ("report.measure", "np.prod"): SHAPES,
    ("report.page", ".max"): INTEGERS,
    ("report.page", ".min"): INTEGERS,
    ("report.page", "np.median"): INTEGERS,
    ("report.page", "np.quantile"): PICTURE,
    ("cli", ".mean"): "of answers that are right or wrong",
    ("cli", ".sum"): INTEGERS,
    ("cli", "np.sort"): INTEGERS,
    ("data.arrow", "np.cumsum"): INTEGERS,
    ("data.arrow", "np.prod"): SHAPES,
    ("data.arrow_entries", "np.cumsum"): INTEGERS,
    ("data.grouping", "np.argsort"): STABLE,
    ("data.grouping", "np.cumsum"): INTEGERS,
    ("data.grouping", "np.sort"): INTEGERS,
    ("data.grouping", "np.unique"): KEYS,
    ("data.interchange", "np.cumsum"): INTEGERS,
    ("data.json_lists", "np.cumsum"): INTEGERS,
    ("data.lists", "np.cumsum"): INTEGERS,
    ("data.ragged", ".sum"): INTEGERS,
    ("data.text", "np.cumsum"): INTEGERS,
    ("importers.keras.conversions", ".sum"): "of two rows: one addition each",
    ("importers.keras.tensorflow", "np.cumsum"): INTEGERS,
    ("initializers", ".sum"): INTEGERS,
    ("initializers", "np.linalg"): FIRST_WEIGHTS,
    ("initializers", "np.linalg.qr"): FIRST_WEIGHTS,
    ("initializers", "np.prod"): SHAPES,
    ("layers.normalization.batch_normalization", "np.sum"): INTEGERS,
    ("layers.base.checks", ".max"): INTEGERS,
    ("layers.base.checks", ".min"): INTEGERS,
    ("layers.pooling.global_pooling", "np.maximum"): INTEGERS,
    ("layers.core.embedding", "np.argsort"): INTEGERS,
    ("numerics.normalizing", "np.argsort"): INTEGERS,
    ("layers.preprocessing.discretization", "np.argsort"): LEARNT,
    ("layers.preprocessing.discretization", "np.cumsum"): LEARNT,
    ("layers.preprocessing.discretization", "np.interp"): LEARNT,
    ("layers.preprocessing.discretization", "np.sort"): LEARNT,
    ("layers.preprocessing.hashing", "np.unique"): KEYS,
    ("layers.preprocessing.normalization", "np.maximum"): POSITIVE,
    ("layers.preprocessing.text_vectorization", "np.cumsum"): INTEGERS,
    ("layers.preprocessing.vocabulary", "np.argsort"): KEYS,
    ("layers.preprocessing.vocabulary", "np.minimum"): INTEGERS,
    ("layers.rnn.run_cell", ".max"): INTEGERS,
    ("layers.rnn.run_cell", "np.argsort"): INTEGERS,
    ("layers.rnn.stacked_rnn_cells", "np.cumsum"): INTEGERS,
    ("models.batches", "np.prod"): SHAPES,
    ("ops.arranging", "np.cumsum"): SHAPES,
    ("ops.composed", ".max"): "of what a type can hold",
    ("ops.composed", ".min"): "of what a type can hold",
    ("ops.networks", ".max"): "of what a type can hold",
    ("ops.placing", ".max"): INTEGERS,
    ("ops.placing", ".min"): "of what a type can hold",
    ("ops.placing", "np.add.at"): "in the order of the places",
    ("ops.placing", "np.maximum"): "two at a time; a zero that comes out is settled",
    ("ops.placing", "np.minimum"): "two at a time; a zero that comes out is settled",
    ("ops.sorting", "np.argsort"): STABLE,
    ("ops.sorting", "np.sort"): STABLE,
    ("ops.elementwise", "np.power"): INTEGERS,
    ("numerics.slopes", "np.argsort"): STABLE,
    ("numerics.draws", "np.cumsum"): INTEGERS,
    ("numerics.slopes", "np.cumsum"): RUNNING,
    ("numerics.slopes", "np.sum"): INTEGERS,
    ("ops.nonlinear", "np.maximum"): POSITIVE,
    ("ops.notation", "np.amax"): NAMES,
    ("ops.notation", "np.amin"): NAMES,
    ("ops.notation", "np.argsort"): NAMES,
    ("ops.notation", ".matmul"): NAMES,
    ("ops.notation", "np.dot"): NAMES,
    ("ops.reduction", "np.argsort"): INTEGERS,
    ("ops.reduction", "np.cumprod"): RUNNING,
    ("ops.reduction", "np.cumsum"): RUNNING,
    ("ops.reduction", "np.prod"): INTEGERS,
    ("ops.reduction", "np.sum"): INTEGERS,
    ("ops.shaping", "np.argsort"): INTEGERS,
    ("ops.shaping", "np.cumsum"): INTEGERS,
    ("metrics.confusion", "np.argsort"): "stable: equal scores keep their places",
    ("numerics.reductions", "np.argsort"): INTEGERS,
    ("numerics.reductions", "np.cumsum"): "each sum needs the one before it: there is one order",
    ("rows", "np.cumsum"): INTEGERS,
    ("scoring.arrays", "np.prod"): SHAPES,
    ("scoring.json_text", "np.cumsum"): INTEGERS,
    ("scoring.json_text", "np.prod"): SHAPES,
    ("scoring.keys", "np.sort"): KEYS,
    ("scoring.sink", "np.cumsum"): INTEGERS,
    ("scoring.tables", "np.cumsum"): INTEGERS,
    ("sklearn.estimators", ".max"): INTEGERS,
    ("sklearn.estimators", "np.unique"): "classes: equal ones are one",
    ("sklearn.sequences", "np.prod"): SHAPES,
    ("tape.of_rows", "np.argsort"): INTEGERS,
    ("testing.gradients", ".sum"): CHECKS,
    ("testing.gradients", "np.mean"): CHECKS,
    ("testing.gradients", "np.vdot"): CHECKS,
    ("tape.of_rows", "np.maximum"): INTEGERS,
    ("tape.of_rows", "np.maximum.accumulate"): INTEGERS,
    ("utils", ".max"): INTEGERS,
}
"""{(module, what is used): reason}."""


def dotted(node):
    """`a.b.c` as text; `.c` for a method of an expression."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id if isinstance(node, ast.Name) else "", *reversed(parts)])


def is_whole_number(node):
    return isinstance(node, ast.Constant) and type(node.value) is int


def refused(tree):
    """Every use, as text, of what may give other bits elsewhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield "@"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            if not (is_whole_number(node.left) and is_whole_number(node.right)):
                yield "**"
        elif isinstance(node, ast.ImportFrom) and node.module in ("numpy", "math"):
            yield from (a.name for a in node.names if a.name in REFUSED)
        elif isinstance(node, ast.Name) and node.id == "pow":
            yield "pow"
        elif isinstance(node, ast.Attribute):
            name = dotted(node)
            first, last = name.split(".")[0], node.attr
            if name in EXACT or first in EXACT_MODULES:
                continue
            if first in ("np", "numpy", "math"):
                middle = name.split(".")[1]
                if last in REFUSED or middle in ("linalg", "fft"):
                    yield name
                elif middle in REDUCERS and last != middle:
                    yield name
            elif last in METHODS and not name.startswith("self."):
                yield f".{last}"


def module_name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


@functools.cache
def uses():
    found = set()
    for path in sorted(ROOT.rglob("*.py")):
        module = module_name(path)
        for use in refused(ast.parse(path.read_text("utf-8"))):
            words = set(use.split("."))
            if not (module.startswith(WITHOUT_ANSWERS) and words & EXTREMES):
                found.add((module, use))
    return found


def test_nothing_is_used_that_the_cpu_or_the_order_of_memory_changes():
    unknown = {f"{module}: {use}" for module, use in uses()} - {": ".join(key) for key in ALLOWED}
    assert not unknown, "use maskseq.numerics or _kernels.elementary, or say why not"


def test_no_reason_outlives_its_use():
    assert not set(ALLOWED) - set(uses())


@pytest.mark.parametrize(
    "code",
    [
        "np.exp(x)",
        "numpy.log1p(x)",
        "np.sum(x)",
        "x.sum()",
        "x.values.mean(axis=0)",
        "np.add.reduce(x)",
        "np.maximum.reduceat(x, i)",
        "np.maximum(x, y)",
        "np.sort(x)",
        "x.max()",
        "np.linalg.norm(x)",
        "x @ y",
        "x ** 2",
        "2 ** x",
        "pow(x, 2)",
        "math.exp(x)",
        "f(np.tanh)",
        "from math import sin",
    ],
)
def test_what_the_rule_refuses(code):
    assert list(refused(ast.parse(code)))


@pytest.mark.parametrize(
    "code", ["np.add(x, y)", "np.sqrt(x)", "2**31", "math.prod(s)", "math.sqrt(x)", "ops.sum(x)"]
)
def test_what_the_rule_lets_pass(code):
    assert not list(refused(ast.parse(code)))


C_LIBRARY = re.compile(
    r"(?<![\w.])(?:exp|exp2|exp10|expm1|log|log2|log10|log1p|pow|sin|cos|tan|asin|acos|atan|atan2|"
    r"sinh|cosh|tanh|asinh|acosh|atanh|erf|erfc|tgamma|lgamma|hypot|cbrt|fmod)(?:f|l)?\("
)


def test_c_calls_nothing_of_the_c_library_but_exact_functions():
    sources = [*CSRC.rglob("*.[ch]"), *ROOT.rglob("*.px[id]"), *ROOT.rglob("*.pyx")]
    for path in sources:
        code = re.sub(r"/\*.*?\*/|#[^\n]*$", "", path.read_text("utf-8"), flags=re.S | re.M)
        code = re.sub(r'"""(.*?)"""', "", code, flags=re.S)
        assert not C_LIBRARY.findall(code), path
        imported = ", ".join(re.findall(r"from libc.math cimport ([\w, ]+)", code))
        exact = {"", "sqrt", "fabs", "isfinite", "frexp", "ldexp", "signbit"}
        assert set(imported.split(", ")) <= exact, path
