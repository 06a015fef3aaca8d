"""The levels of the package: calls only go down, and numpy is the only dependency at run time."""

import ast
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

import maskseq
from maskseq import layers
from maskseq.layers.base.table import ALIASES, FILES, IN_KERAS, OURS, names_in

ROOT = Path(maskseq.__file__).parent
LEVELS = [
    {"nest", "context", "configured", "storage", "given", "pictures"},
    {"_kernels", "_openmp", "data._lists", "data._arrow", "variable"},
    {"activations", "numerics", "initializers", "regularizers", "constraints"}
    | {"tensor", "rows", "runtime", "data", "tape"},
    {"graph"},
    {"ops"},
    {"layers.base"},
    {"layers"},
    {"losses", "metrics", "optimizers"},
    {"models"},
    {
        "callbacks",
        "explain",
        "importers",
        "plot",
        "report",
        "savers",
        "scoring",
        "sklearn",
        "testing",
        "training",
        "cli",
        "demo",
        "backend",
        "utils",
        "saving",
        "__main__",
        "_openmp.threadpools",
        "data.files",
    },
]
# Methods of a model, as in Keras: load_weights, save and save_weights, compile and fit; and
# load_torch of any layer.
UPWARDS = {
    ("layers.base.weights", "importers.torch.load"),
    ("models.saving", "importers"),
    ("models.saving", "savers"),
    ("models.trainable", "training.fitting"),
    ("models.trainable", "training.trainer"),
}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def level_of(module: str) -> int:
    """The level of the longest name that `module` starts with."""
    while module:
        for level, names in enumerate(LEVELS):
            if module in names:
                return level
        module = module.rpartition(".")[0]
    raise AssertionError("a module without a level: give it one here")


def imports_of(path: Path) -> list[str]:
    """What `path` imports: modules of this package without "maskseq.", others with their name."""
    package = ["maskseq", *path.relative_to(ROOT).parts[:-1]]
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                deeper = ROOT.joinpath(*base[1:], alias.name)
                is_module = deeper.is_dir() or any(deeper.parent.glob(f"{alias.name}.*py*"))
                found.append(".".join([*base, alias.name] if is_module else base))
    return found


SOURCES = {".py", ".pyi", ".pyx", ".pxd", ".pxi", ".h", ".keras", ".npz", ".md"}


def test_no_folder_of_the_package_has_more_than_twenty_files():
    folders = [ROOT, *(path for path in ROOT.rglob("*") if path.is_dir())]
    counts = {
        path: sum(x.suffix in SOURCES or x.name == "py.typed" for x in path.iterdir())
        for path in folders
    }
    assert not {path.name: count for path, count in counts.items() if count > 20}


HAND_WRITTEN = {".py", ".pyi", ".pyx", ".pxd", ".pxi", ".c", ".h"}
FOLDERS = ("src", "csrc", "tests", "benchmarks", "examples")
MADE = {"_kernels.c", "_arrow.c", "_lists.c", "_kernels.pyi"}  # by Cython and csrc/stub.py


def test_no_other_folder_has_more_than_twenty_source_files():
    root = Path(__file__).parents[2]
    paths = [path for folder in FOLDERS for path in (root / folder).rglob("*")]
    counts = Counter(
        path.parent.relative_to(root)
        for path in paths
        if path.suffix in HAND_WRITTEN and path.name not in MADE
    )
    assert len(counts) > 50
    assert not {str(path): count for path, count in counts.items() if count > 20}


MOST_LINES = 400


def lines_of_code(path):
    """Lines of a file; of Python without those of docstrings."""
    text = path.read_text()
    if path.suffix != ".py" or text.count("\n") <= MOST_LINES:
        return text.count("\n")
    kinds = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef
    nodes = [x for x in ast.walk(ast.parse(text)) if isinstance(x, kinds)]
    said = [x.body[0] for x in nodes if ast.get_docstring(x, clean=False) is not None]
    return text.count("\n") - sum(x.end_lineno - x.lineno + 1 for x in said)


def test_no_source_file_has_more_than_four_hundred_lines():
    """Nor has a test's. Docstrings do not count: a page of the reference may be long."""
    root = Path(__file__).parents[2]
    counts = {
        path.relative_to(root): lines_of_code(path)
        for folder in FOLDERS
        for path in (root / folder).rglob("*")
        if path.suffix in HAND_WRITTEN and path.name not in MADE
    }
    assert len(counts) > 500
    assert not {str(path): count for path, count in counts.items() if count > MOST_LINES}


def test_table_of_layers_names_what_its_files_have():
    assert set(layers.__all__) == {"Layer", *FILES} <= set(dir(layers))
    for name, file in FILES.items():
        module, own = import_module(file), ALIASES.get(name, name)
        assert getattr(layers, name) is getattr(module, own)
        assert getattr(module, own).__module__ == file


def test_every_layer_is_in_the_table():
    """Public classes of the families that are layers, but for bases, which are no layers to use."""
    bases = {
        *("CallOfHeads", "CallOfLists", "Cell", "CellRNN", "ConvLSTMCell", "Convolution"),
        *("DataLayer", "HeadsAttention"),
        *("IndexLookup", "ListAttention", "OverShownWindows", "OverTime", "Projection"),
    }
    found = set()
    for path in (ROOT / "layers").glob("[a-z]*/*.py"):
        if path.parent.name != "base":
            module = import_module(f"maskseq.layers.{path.parent.name}.{path.stem}")
            found |= {
                name
                for name, value in vars(module).items()
                if isinstance(value, type)
                and issubclass(value, layers.Layer)
                and value.__module__ == module.__name__
                and not name.startswith("_")
            }
    assert found - bases == {*names_in(IN_KERAS), *names_in(OURS)}


def test_stub_of_layers_is_that_of_the_table():
    stub = ast.parse((ROOT / "layers" / "__init__.pyi").read_text())
    imports = [node for node in stub.body if isinstance(node, ast.ImportFrom)]
    names = {alias.name: node.module for node in imports for alias in node.names}
    assert names.pop("Layer") == "base.layer"
    own = {name: file for name, file in FILES.items() if name not in ALIASES}
    assert {name: f"maskseq.layers.{module}" for name, module in names.items()} == own
    aliases = {x.targets[0].id: x.value.id for x in stub.body if isinstance(x, ast.Assign)}
    assert aliases == ALIASES


MODULES = sorted(path for path in ROOT.rglob("*.py") if path.stem != "__init__")
# imported only where they are installed
OPTIONAL = {
    "sklearn.estimators": {"sklearn"},
    "sklearn.sequences": {"sklearn"},
}


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_module_imports_only_from_below(path):
    name = module_name(path)
    for imported in imports_of(path):
        if not imported.startswith("maskseq."):
            continue
        target = imported.removeprefix("maskseq.")
        if (name, target) in UPWARDS:
            continue
        assert level_of(target) <= level_of(name), f"{name} imports {target}"
        family, other = name.split(".")[:2], target.split(".")[:2]
        if family[0] == other[0] == "layers" and level_of(name) == level_of(target):
            assert family == other, f"{name} imports another family, {target}"


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_module_needs_nothing_but_numpy_to_import(path):
    tree = ast.parse(path.read_text())
    for node in tree.body:
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        for name in names:
            top = name.split(".")[0]
            known = {"numpy", "maskseq"} | OPTIONAL.get(module_name(path), set())
            assert top in known or top in sys.stdlib_module_names, name


WRITES = {"write_text", "write_bytes", "tofile", "savetxt", "NamedTemporaryFile", "mkstemp"}


def opened_for_writing(tree):
    """Calls that write a file otherwise than by storage.atomic."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        texts = [x.value for x in [*node.args, *(k.value for k in node.keywords)]
                 if isinstance(x, ast.Constant) and isinstance(x.value, str)]  # fmt: skip
        if name in WRITES or (name == "open" and any(set("wax+") & set(x) for x in texts)):
            yield node.lineno


def test_files_are_written_by_storage_atomic_alone():
    assert list(opened_for_writing(ast.parse('open(p, "w"); p.open(mode="ab"); open(p, "rb")')))
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in ROOT.rglob("*.py")
        if path != ROOT / "storage" / "atomic.py"
        for line in opened_for_writing(ast.parse(path.read_text("utf-8")))
    }
    assert not found
