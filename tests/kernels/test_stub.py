"""What type checkers read of the façade is what it is."""

import ast
import inspect
from pathlib import Path

from maskseq import _kernels

STUB = ast.parse(Path(_kernels.__file__).with_name("_kernels.pyi").read_text())


def arguments_of(signature):
    some = [signature.vararg] if signature.vararg else []
    return [*signature.args, *some, *signature.kwonlyargs]


def test_stub_names_every_function_with_its_arguments():
    stub = {
        node.name: [a.arg for a in arguments_of(node.args)]
        for node in STUB.body
        if isinstance(node, ast.FunctionDef)
    }
    module = {
        name: list(inspect.signature(value).parameters)
        for name, value in vars(_kernels).items()
        if inspect.isroutine(value) and not name.startswith("_")
    }
    assert stub == module
