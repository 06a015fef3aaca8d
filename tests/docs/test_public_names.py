"""`__all__` of the public modules: what a module has for users, and what the reference lists."""

import inspect
import sys
from pathlib import Path

import pytest

import maskseq

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "site"))
from reference import MODULES, everything, module_named  # noqa: E402

NAMES = ["maskseq", *(f"maskseq.{name}" for name in (*MODULES, "layers", "models"))]
FOR_OTHER_MODULES = {
    *("activate", "as_numpy", "gradient_of", "kernel_name", "value_of", "as_loss", "for_output"),
    *("Configured", "Elementwise", "checked", "draw_seed", "hint", "operation", "snake_case"),
    *("in_range", "is_real", "need", "real_numbers", "threads_here"),
}
"""Functions that other modules of maskseq take from a public one, or it from them."""


@pytest.fixture(params=NAMES)
def module(request):
    if request.param == "maskseq":
        return maskseq
    found = module_named(request.param.removeprefix("maskseq."))
    return found or pytest.skip("its extra is not installed")


def is_of_users(name, value):
    of_maskseq = (getattr(value, "__module__", None) or "").startswith("maskseq")
    return name[0] != "_" and of_maskseq and callable(value) and not inspect.ismodule(value)


def test_all_names_what_is_there(module):
    here = {name: getattr(module, name) for name in dir(module)}
    found = {name for name, value in here.items() if is_of_users(name, value)}
    listed = {name for name in module.__all__ if callable(getattr(module, name))}
    assert listed == found - FOR_OTHER_MODULES
    assert len(set(module.__all__)) == len(module.__all__)


def test_the_reference_lists_it(module):
    listed = {id(value) for value in everything().values()}
    missing = [
        n for n in module.__all__ if callable(x := getattr(module, n)) and id(x) not in listed
    ]
    assert not missing


def test_from_import_all_gives_it(module):
    given = {}
    exec(f"from {module.__name__} import *", given)
    assert given.keys() - {"__builtins__"} == set(module.__all__)
