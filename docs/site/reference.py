"""The pages of the reference: every public name of maskseq, from the modules themselves."""

import inspect
from collections import defaultdict
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import maskseq
from maskseq.layers.base.table import FILES

FOLDER = Path(__file__).parents[1] / "reference"
MODULES = (
    *("ops", "losses", "metrics", "optimizers", "callbacks", "initializers", "regularizers"),
    *("constraints", "activations", "testing", "explain", "plot", "report", "scoring", "sklearn"),
    *("saving", "importers", "savers", "backend", "utils", "optimizers.schedules", "scoring.dask"),
)
FIRST = {"Model", "Sequential", "Ragged", "Layer"}
"""Classes whose methods are listed."""
OF_LAYERS = (
    *("add_named_weight", "apply", "build", "call_parameters", "compute_output_dtype"),
    *(
        "ensure_graph",
        "gives_late_mask",
        "on_lost_mask",
        "on_rows",
        "on_tape",
        "on_unmasked",
        "over_shown",
        "pack",
    ),
    "take_mask",
)
"""Methods that a subclass of Layer may write: of models they are not listed."""


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", lambda app: write())
    return {"parallel_read_safe": True}


def public(module: ModuleType) -> dict[str, Any]:
    """The classes and functions of a module that a user may name, with docstrings."""
    found = {name: getattr(module, name) for name in module.__all__}
    return {
        name: value
        for name, value in sorted(found.items())
        if callable(value) and (getattr(value, "__module__", "") or "").startswith("maskseq")
    }


def module_named(name: str) -> ModuleType | None:
    """A module of maskseq; None where its extra is not installed."""
    try:
        return import_module(f"maskseq.{name}")
    except ImportError:
        return None


def everything() -> dict[str, Any]:
    """Each public class and function once, under the name that it gives itself."""
    found = _all_names()
    return {names[0]: found[names[0]] for names in _spellings(found)}


def _all_names() -> dict[str, Any]:
    """Each public name, those of the package first, with what it names."""
    found = {f"maskseq.{name}": value for name, value in public(maskseq).items()}
    found |= {f"maskseq.layers.{name}": getattr(maskseq.layers, name) for name in FILES}
    for module in MODULES:
        if here := module_named(module):
            found |= {f"maskseq.{module}.{name}": x for name, x in public(here).items()}
    return found


def _spellings(found: dict[str, Any]) -> list[list[str]]:
    """The names of each object, first the one that it gives itself."""
    names = defaultdict(list)
    for name, value in found.items():
        names[id(value)].append(name)

    def is_alias(name: str) -> bool:
        return name.rpartition(".")[2] != getattr(found[name], "__name__", name)

    return [sorted(spellings, key=is_alias) for spellings in names.values()]


def entry(name: str, value: Any, also: list[str], members: bool = False) -> str:
    """Lines that sphinx.ext.autodoc reads. also: other names of the same."""
    kind = "autoclass" if inspect.isclass(value) else "autofunction"
    options = "   :members:\n   :inherited-members:\n" if members else ""
    if members and issubclass(value, maskseq.Model):
        options += f"   :exclude-members: {', '.join(OF_LAYERS)}\n"
    others = ", ".join(f"``{other}``" for other in also)
    return f".. {kind}:: {name}\n{options}\n" + (f"   Also {others}.\n\n" if also else "")


def page(title: str, words: str, entries: list[str]) -> str:
    return f"{title}\n{'=' * len(title)}\n\n{words}\n\n" + "\n".join(entries)


def write() -> None:
    """Write the pages into docs/reference, which is in no commit."""
    FOLDER.mkdir(exist_ok=True)
    pages: dict[str, str] = {}
    found = _all_names()
    also = {names[0]: names[1:] for names in _spellings(found)}

    def entries(module: str, names: Iterable[str]) -> list[str]:
        full = [(name, f"{module}.{name}") for name in names]
        return [entry(x, found[x], also[x], name in FIRST) for name, x in full if x in also]

    pages["maskseq"] = page(
        "maskseq", "What ``import maskseq`` gives.", entries("maskseq", public(maskseq))
    )
    families = defaultdict(list)
    for name, file in sorted(FILES.items()):
        families[file.split(".")[-2]].append(name)
    for family, names in sorted(families.items()):
        title = "RNN" if family == "rnn" else family
        pages[f"layers_{family}"] = page(
            f"Layers: {title}", "In ``maskseq.layers``.", entries("maskseq.layers", names)
        )
    for name in MODULES:
        module = module_named(name)
        if module is None:
            continue
        words = (module.__doc__ or "").strip().replace("`", "``")
        pages[name] = page(f"maskseq.{name}", words, entries(module.__name__, public(module)))
    toc = "\n".join(f"   {name}" for name in pages)
    pages["index"] = page(
        "Reference", "Every public name.", [f".. toctree::\n   :maxdepth: 1\n\n{toc}\n"]
    )
    for old in FOLDER.glob("*.rst"):
        if old.stem not in pages:
            old.unlink()
    for name, text in pages.items():
        path = FOLDER / f"{name}.rst"
        if not path.exists() or path.read_text("utf-8") != text:  # what stays is not read again
            path.write_text(text, "utf-8")
