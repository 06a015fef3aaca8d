"""What was built against a header of this major version runs; anything else is told why not."""

import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import maskseq
from maskseq import _kernels
from tests.support.building import ROOT, compile_module, load, run

CONSUMER = ROOT / "tests" / "abi" / "consumer.c"
INCLUDE = Path(maskseq.get_include())
MINOR = re.search(r"MSQ_ABI_MINOR = (\d+)", (INCLUDE / "maskseq_api.h").read_text())[1]
RELEASED = sorted((ROOT / "tests" / "abi" / "headers").iterdir())
PROCESS_WIDE = {  # not in the table: it belongs to those who own the process
    "isa_name",
    "isa_supported",
    "set_isa",
    "thread_budget",
    "set_threads",
    "set_own_threads",
    "set_interrupt_check",
}


def declared(header):
    """Names of the functions in maskseq.h and in maskseq_training.h, without the prefix."""
    text = "".join((header / name).read_text() for name in ("maskseq.h", "maskseq_training.h"))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return set(re.findall(r"^[\w ]+[ *]msq_(\w+)\(", text, re.M)) | {"set_interrupt_check"}


def members(header, file, struct):
    """The members of a struct, one text each."""
    text = re.sub(r"/\*.*?\*/", "", (header / file).read_text(), flags=re.S)
    body = re.search(rf"typedef struct {struct} \{{(.*?)\}} {struct};", text, re.S)[1]
    return [" ".join(member.split()) for member in body.split(";") if member.strip()]


def test_table_and_names_cover_every_function():
    in_table = set(
        re.findall(r"\(\*(\w+)\)\(", "\n".join(members(INCLUDE, "maskseq_api.h", "msq_api")))
    )
    macros = re.findall(
        r"#define msq_(\w+) \(maskseq_api->(\w+)\)", (INCLUDE / "maskseq_capi.h").read_text()
    )
    assert in_table == declared(INCLUDE) - PROCESS_WIDE
    assert {name for name, _ in macros} == in_table
    assert all(name == member for name, member in macros)


def test_new_function_joins_the_end_of_the_table_with_a_new_minor_version():
    headers = runpy.run_path(str(ROOT / "csrc" / "headers.py"))
    before = headers["declared"]()
    function = "/* First in the header. Since 1.99. */\nint msq_new(float **in, int n);\n\n"
    old, new = headers["parts"](before), headers["parts"](function + before)
    member = "\n    /* version 1.99 */\n    int (*new)(float **in, int n);\n"
    assert new["members"] == old["members"] + member
    assert new["names"] == old["names"] + "#define msq_new (maskseq_api->new)\n"
    assert new["values"] == old["values"] + "    .new = msq_new,\n"
    assert new["version"] == "enum { MSQ_ABI_MAJOR = 1, MSQ_ABI_MINOR = 99 };\n"
    assert new["declarations"] == "    int msq_new(float** in_, int n)\n" + old["declarations"]


@pytest.mark.parametrize("header", RELEASED, ids=lambda path: path.name)
def test_structs_only_grew_since(header):
    for file, struct in (
        ("maskseq_api.h", "msq_api"),
        ("maskseq.h", "msq_rnn_call"),
        ("maskseq.h", "msq_attention"),
    ):
        before = members(header, file, struct)
        assert members(INCLUDE, file, struct)[: len(before)] == before


@pytest.mark.parametrize("header", [INCLUDE, *RELEASED], ids=lambda path: path.name)
def test_module_built_against_this_header_runs(header, tmp_path):
    softmax, state, status = load(compile_module(CONSUMER, tmp_path, header)).run()
    assert (softmax, status) == (0.5, 0)
    assert state == pytest.approx(0.54535, abs=1e-5)


def future_header(folder, old, new):
    """A copy of the headers with one change."""
    shutil.copytree(INCLUDE, folder)
    path = folder / "maskseq_api.h"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "old, new, needs",
    [
        ("MSQ_ABI_MAJOR = 1", "MSQ_ABI_MAJOR = 2", f"2.{MINOR}"),
        (f"MSQ_ABI_MINOR = {MINOR}", "MSQ_ABI_MINOR = 99", "1.99"),
        ("} msq_api;", "void (*from_the_future)(void);\n} msq_api;", f"1.{MINOR}"),
    ],
    ids=["major", "minor", "size"],
)
def test_module_built_for_another_version_is_refused(tmp_path, old, new, needs):
    header = future_header(tmp_path / "include", old, new)
    module = compile_module(CONSUMER, tmp_path, header)
    message = rf"built for the C API {re.escape(needs)} of maskseq .* has 1\.{MINOR} "
    with pytest.raises(ImportError, match=message):
        load(module)


def test_module_that_needs_a_missing_feature_is_refused(tmp_path):
    module = compile_module(CONSUMER, tmp_path, None, "-DMASKSEQ_FEATURES=(1ull<<40)")
    with pytest.raises(ImportError, match="features 1099511627776"):
        load(module)


def test_module_without_maskseq_is_an_import_error(tmp_path):
    module = compile_module(CONSUMER, tmp_path)
    code = f"""
import sys
sys.modules["maskseq"] = None
sys.path.insert(0, {str(module.parent)!r})
import consumer
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1 and 'could not import module "maskseq"' in done.stderr


def test_headers_are_cpp_too(tmp_path):
    source = tmp_path / "consumer.cpp"
    source.write_text(
        "#include <maskseq_capi.h>\nint f() { return maskseq_import() + !msq_isa(); }\n"
    )
    include = ["-I", INCLUDE, "-I", sysconfig.get_path("include")]
    run(["c++", "-std=c++11", "-Wall", "-Wextra", "-fsyntax-only", *include, source], tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="nm of ELF files")
@pytest.mark.parametrize(
    "library", sorted(Path(_kernels.__file__).parent.rglob("*.so")), ids=lambda path: path.name
)
def test_library_exports_its_init_function_and_nothing_else(library):
    lines = run(["nm", "-D", "--defined-only", library], ROOT).splitlines()
    names = [line.split()[2] for line in lines]
    names = [name for name in names if "gcov" not in name and name != "mangle_path"]  # libgcov's
    assert names == [f"PyInit_{library.name.split('.')[0]}"]
