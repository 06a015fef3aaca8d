"""Docstrings of public names: in numpydoc's form, with examples that run."""

import doctest
import inspect
import re
import sys
from operator import attrgetter
from pathlib import Path
from pydoc import locate

import pytest

import maskseq
from maskseq import layers, ops

sys.path.insert(0, str(Path(__file__).parents[2] / "docs" / "site"))
from reference import OF_LAYERS, everything  # noqa: E402

pytestmark = pytest.mark.slow

NAMES = everything()
CHECKS = {
    *("GL03", "GL05", "GL06", "GL07", "GL08"),  # sections that are known, in order
    *("SS01", "SS03", "SS04", "SS06"),  # a summary of one line
    *("PR01", "PR02", "PR03", "PR04", "PR05", "PR06", "PR07", "PR09", "PR10"),  # every parameter
    *("RT01", "RT03", "RT05"),  # what comes back
}
"""Codes of numpydoc.validate. Not asked for: capitals, which dtypes and formulas do not have."""
OF_KEYWORDS = {"maskseq.Layer", "maskseq.optimizers.Optimizer"}
"""They name what their **options may be, under "Other Parameters"."""
BRIEF = ("maskseq.Tensor",)
"""A line says what they do: parameters are NumPy's."""
UNLISTED = {*OF_LAYERS, "add_weight", "compute_output_shape"}
NEVER_REFUSE = {"maskseq.layers.Identity"}
"""Layers with no errors of their own."""
WITHOUT_EXAMPLES = ("maskseq.scoring.dask.",)
"""Their extra is not one of the tests; docs/clusters.md shows them."""


def test_no_docstring_has_the_parts_of_another_form():
    for name, value in NAMES.items():
        text = inspect.getdoc(value) or ""
        assert not re.search(r"^(Arguments|Returns|Raises):", text, re.M), name


def test_docstrings_are_those_of_numpydoc():
    validate = pytest.importorskip("numpydoc.validate").validate
    found = []
    for name in NAMES:
        asked = CHECKS - {"PR01", "RT01"} if name.startswith(BRIEF) else CHECKS
        asked = asked - {"PR02"} if name in OF_KEYWORDS else asked
        found += [
            f"{name}: {code} {text}" for code, text in validate(name)["errors"] if code in asked
        ]
    assert not found


def examples():
    finder = doctest.DocTestFinder(recurse=False)
    made = {}
    for name, value in NAMES.items():
        made[name] = value
        if inspect.isclass(value):
            made |= {f"{name}.{key}": x for key, x in vars(value).items() if key[:1] != "_"}
    for name, value in made.items():
        text = getattr(getattr(value, "__func__", value), "__doc__", None) or ""
        if ">>>" in text:
            yield from finder.find(value, name, module=False, globs={})


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_an_example_prints_what_it_says(example, tmp_path, monkeypatch):
    if ".plot." in example.name:
        pytest.importorskip("matplotlib").use("Agg")
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    said: list[str] = []
    runner.run(example, out=said.append)
    assert not runner.failures, "".join(said)


def test_every_name_has_an_example():
    shown = {name for name, value in NAMES.items() if ">>>" in (value.__doc__ or "")}
    assert {name for name in NAMES if not name.startswith(WITHOUT_EXAMPLES)} <= shown


def test_methods_say_what_they_take_and_give():
    """Of models and of Ragged: what a user calls. What a subclass of Layer may write is named in
    OF_LAYERS of docs/site/reference.py."""
    for owner in (maskseq.Model, maskseq.Sequential, maskseq.Ragged):
        for key, value in inspect.getmembers(owner, callable):
            function = inspect.unwrap(getattr(value, "__func__", value))
            ours = (getattr(function, "__module__", None) or "").startswith("maskseq")
            if key[0] == "_" or not ours or key in UNLISTED:
                continue
            name, sections = f"{owner.__name__}.{key}", numpydoc_sections(value)
            signature = inspect.signature(function)
            assert not set(signature.parameters) - {"self", "cls"} or "Parameters" in sections, name
            gives = signature.return_annotation not in (None, "None")
            assert not gives or {"Returns", "Yields"} & set(sections), name


def test_operations_say_their_dtype_source_and_siblings():
    operations = {name: value for name, value in NAMES.items() if name.startswith("maskseq.ops.")}
    assert len(operations) > 200
    for name, value in operations.items():
        sections = numpydoc_sections(value)
        assert sections["Notes"].startswith("Source: keras.ops."), name
        for sibling in sections["See Also"].split(", "):
            assert hasattr(ops, sibling), f"{name}: {sibling}"
        kind, *said = sections["Returns"].splitlines()
        if "Tensor" in kind:
            assert re.search(r"\b(dtype|float32|bool|int32|int64|form)\b", " ".join(said)), name


def test_layers_say_their_errors_and_siblings():
    found = {name: value for name, value in NAMES.items() if ".layers." in name}
    assert len(found) > 80
    for name, value in found.items():
        sections = numpydoc_sections(value)
        assert "Raises" in sections or name in NEVER_REFUSE, name
        for line in sections["See Also"].splitlines():
            for sibling in line.split(" : ")[0].split(", "):
                try:
                    attrgetter(sibling.removeprefix("maskseq."))(maskseq)
                except AttributeError:
                    assert hasattr(layers, sibling), f"{name}: {sibling}"


def test_siblings_are_public_names():
    last = {name.rpartition(".")[2] for name in NAMES}
    for name, value in NAMES.items():
        for line in numpydoc_sections(value).get("See Also", "").splitlines():
            for sibling in line.split(" : ")[0].rstrip(",").split(", "):
                assert locate(sibling) if "." in sibling else sibling in last, f"{name}: {sibling}"


def numpydoc_sections(value):
    """Heading -> text, of a docstring in numpydoc's form."""
    parts = re.split(r"^(\w[\w ]*)\n-+\n", inspect.getdoc(value) or "", flags=re.M)
    return {head: text.strip() for head, text in zip(parts[1::2], parts[2::2], strict=True)}
