"""Builds `_kernels` (links csrc), `_lists` (reads Python objects) and `_arrow` (Arrow columns).

Switches, from the environment: MASKSEQ_NO_OPENMP=1 builds serial, MASKSEQ_DEBUG=1 keeps asserts,
MASKSEQ_WERROR=1 turns C warnings into errors, MASKSEQ_SANITIZE=address,undefined adds sanitizers.
"""

import os
import platform
import subprocess
import sys
import tempfile
from glob import glob
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

WINDOWS, MACOS = sys.platform == "win32", sys.platform == "darwin"


class BuildExt(build_ext):
    """Takes clang-cl in place of Microsoft's compiler: csrc is GNU C."""

    def build_extensions(self) -> None:
        if self.compiler.compiler_type == "msvc":
            self.compiler.initialize()
            self.compiler.cc = "clang-cl"
        super().build_extensions()


def links(flags: list[str], source: str) -> bool:
    """Whether the compiler makes a program of `source` with these flags."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "probe.c").write_text(source)
        compiler = os.environ.get("CC", "cc").split()
        command = [*compiler, "probe.c", *flags, "-o", "probe"]
        return subprocess.run(command, cwd=folder, capture_output=True).returncode == 0


def openmp_flags() -> tuple[list[str], list[str]]:
    """Flags to compile and to link with OpenMP, or none: then the kernels are serial.

    Apple's compiler has OpenMP but no runtime: CPPFLAGS and LDFLAGS say where libomp is, if at all.
    """
    if os.environ.get("MASKSEQ_NO_OPENMP") == "1" or WINDOWS:
        return [], []
    to_compile, to_link = ["-fopenmp"], ["-fopenmp"]
    if MACOS:
        to_compile, to_link = ["-Xpreprocessor", "-fopenmp"], ["-lomp"]
    asked = [*os.environ.get("CPPFLAGS", "").split(), *os.environ.get("LDFLAGS", "").split()]
    program = "#include <omp.h>\nint main(void) { return !omp_get_max_threads(); }\n"
    if links([*to_compile, *asked, *to_link], program):
        return to_compile, to_link
    print("maskseq: no OpenMP here, building serial kernels", file=sys.stderr)
    return [], []


def baseline_flags() -> list[str]:
    """x86-64-v2 (SSE4.2: any CPU since 2009, and what NumPy needs) where the compiler knows it.

    Wider instruction sets are chosen when the program runs. A Mac may build for two CPUs at once.
    """
    level = ["/clang:-march=x86-64-v2" if WINDOWS else "-march=x86-64-v2"]
    if MACOS or platform.machine() not in ("x86_64", "AMD64"):
        return []
    return level if WINDOWS or links(level, "int main(void) { return 0; }") else []


debug = os.environ.get("MASKSEQ_DEBUG") == "1"
if WINDOWS:
    compile_args = ["/clang:-std=c11", "/clang:-O3", *baseline_flags()]
    exact_args = ["/clang:-ffp-contract=off"]
else:
    # -g0: Python's own flags ask for debug information, nine tenths of the file.
    compile_args = ["-g", "-UNDEBUG", "-fno-wrapv"] if debug else ["-g0"]
    compile_args += ["-std=c11", "-O3", "-fvisibility=hidden", *baseline_flags()]
    exact_args = ["-ffp-contract=off"]
link_args = []
if os.environ.get("MASKSEQ_SANITIZE"):
    sanitize = [f"-fsanitize={os.environ['MASKSEQ_SANITIZE']}", "-fno-sanitize-recover=all"]
    compile_args += [*sanitize, "-O1"]  # -O3 takes minutes over the checks of unrolled loops
    link_args += sanitize
openmp_compile, openmp_link = openmp_flags()
strict = ["-Wall", "-Wextra", "-Werror"] if os.environ.get("MASKSEQ_WERROR") == "1" else []

kernels = Extension(
    "maskseq._kernels",
    ["src/maskseq/_kernels.pyx", *sorted(glob("csrc/**/*.c", recursive=True))],
    include_dirs=["src/maskseq/include", "csrc"],
    define_macros=[("MASKSEQ_STATIC", None)],
    depends=[
        *glob("csrc/**/*.h", recursive=True),
        *glob("src/maskseq/*.pxd"),
        *glob("src/maskseq/facade/*.pxi"),
        *glob("src/maskseq/include/*.h"),
    ],
    extra_compile_args=[*compile_args, *exact_args, *openmp_compile, *strict],
    extra_link_args=[*link_args, *openmp_link],
)
lists, arrow = (
    Extension(
        f"maskseq.data.{name}",
        [f"src/maskseq/data/{name}.pyx"],
        extra_compile_args=compile_args,
        extra_link_args=link_args,
    )
    for name in ("_lists", "_arrow")
)

setup(
    cmdclass={"build_ext": BuildExt},
    ext_modules=cythonize(
        [kernels, lists, arrow],
        language_level=3,
        compiler_directives={"boundscheck": False, "wraparound": False, "embedsignature": True},
    ),
)
