"""Builds `_kernels` (links csrc), `_lists` (reads Python objects) and `_arrow` (Arrow columns).

Switches, from the environment: MASKSEQ_NO_OPENMP=1 builds serial, MASKSEQ_DEBUG=1 keeps asserts,
MASKSEQ_WERROR=1 turns C warnings into errors, MASKSEQ_SANITIZE=address,undefined adds sanitizers.
"""

import os
import subprocess
import sys
import tempfile
from glob import glob
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup


def openmp_flag() -> list[str]:
    """The compiler's OpenMP flag, or nothing where a program using it does not link."""
    if os.environ.get("MASKSEQ_NO_OPENMP") == "1":
        return []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text("#include <omp.h>\nint main(void) { return !omp_get_max_threads(); }\n")
        compiler = os.environ.get("CC", "cc").split()
        command = [*compiler, "-fopenmp", str(source), "-o", str(source.with_suffix(""))]
        works = subprocess.run(command, capture_output=True, check=False).returncode == 0
    if not works:
        print("maskseq: no OpenMP here, building serial kernels", file=sys.stderr)
    return ["-fopenmp"] if works else []


# -g0: Python's own flags ask for debug information, nine tenths of the file.
debug_args = ["-g", "-UNDEBUG", "-fno-wrapv"] if os.environ.get("MASKSEQ_DEBUG") == "1" else ["-g0"]
compile_args, link_args = [*debug_args, "-std=c11", "-O3", "-fvisibility=hidden"], []
if os.environ.get("MASKSEQ_SANITIZE"):
    sanitize = [f"-fsanitize={os.environ['MASKSEQ_SANITIZE']}", "-fno-sanitize-recover=all"]
    compile_args += [*sanitize, "-O1"]  # -O3 takes minutes over the checks of unrolled loops
    link_args += sanitize
openmp = openmp_flag()
strict = ["-Wall", "-Wextra", "-Werror"] if os.environ.get("MASKSEQ_WERROR") == "1" else []

kernels = Extension(
    "maskseq._kernels",
    ["src/maskseq/_kernels.pyx", *sorted(glob("csrc/*.c") + glob("csrc/isa/*.c"))],
    include_dirs=["src/maskseq/include", "csrc"],
    define_macros=[("MASKSEQ_STATIC", None)],
    depends=[
        *glob("csrc/**/*.h", recursive=True),
        *glob("src/maskseq/*.px[di]"),
        *glob("src/maskseq/include/*.h"),
    ],
    extra_compile_args=[*compile_args, "-ffp-contract=off", *openmp, *strict],
    extra_link_args=[*link_args, *openmp],
)
lists, arrow = (
    Extension(
        f"maskseq.{name}",
        [f"src/maskseq/{name}.pyx"],
        extra_compile_args=compile_args,
        extra_link_args=link_args,
    )
    for name in ("_lists", "_arrow")
)

setup(
    ext_modules=cythonize(
        [kernels, lists, arrow],
        language_level=3,
        compiler_directives={"boundscheck": False, "wraparound": False, "embedsignature": True},
    )
)
