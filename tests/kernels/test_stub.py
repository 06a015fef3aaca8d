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


def test_stub_names_every_class_that_it_can_make_with_its_attributes():
    stub = {node.name: node.body for node in STUB.body if isinstance(node, ast.ClassDef)}
    module = {name: value for name, value in vars(_kernels).items() if isinstance(value, type)}
    named = {"PackedConvLSTM", "PackedDense", "PackedRNN", "RnnWayBack", "Windows"}
    assert stub.keys() == named <= module.keys()
    for name, body in stub.items():
        known = [node.target.id if isinstance(node, ast.AnnAssign) else node.name for node in body]
        public = {x for x in vars(module[name]) if not x.startswith("_")}
        assert set(known) == {"__init__", *public}
