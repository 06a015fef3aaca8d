"""Builds `_kernels` (links csrc), `_lists` (reads Python objects) and `_arrow` (Arrow columns).

Switches, from the environment: MASKSEQ_NO_OPENMP=1 builds serial, MASKSEQ_DEBUG=1 keeps asserts,
MASKSEQ_WERROR=1 turns warnings about csrc into errors, MASKSEQ_SANITIZE=address,undefined adds
sanitizers, MASKSEQ_DEV=1 optimises what takes long to compile less (Cython's C and csrc/isa),
MASKSEQ_COVERAGE=1 has csrc count what runs (gcov).

Only what is stale is compiled and linked. A file is kept while the command that made it and all
files that were read for it stay the same, so a change of any switch rebuilds what it concerns.
"""

import os
import platform
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from glob import glob
from pathlib import Path

import Cython
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

WINDOWS, MACOS = sys.platform == "win32", sys.platform == "darwin"
DEV = os.environ.get("MASKSEQ_DEV") == "1" and not WINDOWS


def read_for(made: str) -> list[str]:
    """The source and the headers of an object: the compiler lists them in a file (-MMD).

    clang-cl writes no such file. Its name is returned then, and as it is missing, all is stale.
    """
    listed = Path(made).with_suffix(".d")
    if not listed.exists():
        return [str(listed)]
    return shlex.split(listed.read_text().replace("\\\n", " "))[1:]


# Less code where more gains nothing: kernels for CPUs that have better ones, or of before 2013, and
# what Cython makes of the façade, which checks and calls.
RARE = ("csrc/isa/generic.c", "csrc/isa/low/int8_avx512.c", "csrc/isa/low/int8_generic.c")
CALLING = ("src/maskseq/_kernels.c", "src/maskseq/data/_arrow.c")
SMALLER = dict.fromkeys(RARE, "-Os") | dict.fromkeys(CALLING, "-O2")
SMALLER = {} if WINDOWS else SMALLER


class BuildExt(build_ext):
    """Makes what is stale, on all CPUs. Uses clang-cl, not Microsoft's compiler: csrc is GNU C."""

    def finalize_options(self) -> None:
        super().finalize_options()
        kind = [sys.implementation.cache_tag, "debug" if debug else "", sanitizers]
        kind += ["coverage" if coverage else "", "" if openmp_compile else "serial"]
        kind += ["dev" if DEV else ""]
        self.build_temp = os.path.join("build", "-".join(["objects", *filter(None, kind)]))

    def build_extensions(self) -> None:
        if self.compiler.compiler_type == "msvc":
            self.compiler.initialize()
            self.compiler.cc = "clang-cl"
        pool = ThreadPoolExecutor(self.parallel or os.cpu_count())
        try:
            jobs = [[pool.submit(self.compile, e, s) for s in e.sources] for e in self.extensions]
            for extension, compiling in zip(self.extensions, jobs, strict=True):
                self.link(extension, [job.result() for job in compiling])
        finally:
            pool.shutdown(cancel_futures=True)

    def compile(self, extension: Extension, source: str) -> str:
        """Makes the object of a source, and returns its name."""
        [made] = self.compiler.object_filenames([source], output_dir=self.build_temp)
        ours = source.startswith("csrc")
        less = [SMALLER[source]] if source in SMALLER else []
        if DEV and (not ours or "/isa/" in source):  # what takes long to compile
            less = ["-O0"] if "/low/" in source else ["-O1", "-fno-tree-dominator-opts"]
        counted = ["-O1", "--coverage", "-fprofile-abs-path"] if coverage and ours else []
        options = {
            "sources": [source],
            "output_dir": self.build_temp,
            "macros": extension.define_macros,
            "include_dirs": extension.include_dirs,
            "debug": self.debug,
            "extra_postargs": [
                *extension.extra_compile_args,
                *less,
                *counted,
                *(bare_args if ours else []),
                *(strict if ours else []),
            ],
        }
        compile_ = self.compiler.compile
        self.make(source, self.build_temp, made, read_for(made), compile_, **options)
        return made

    def link(self, extension: Extension, objects: list[str]) -> None:
        """Makes the module of an extension."""
        made = self.get_ext_fullpath(extension.name)
        options = {
            "objects": objects,
            "output_filename": made,
            "libraries": self.get_libraries(extension),
            "export_symbols": self.get_export_symbols(extension),
            "debug": self.debug,
            "extra_postargs": extension.extra_link_args,
            "build_temp": self.build_temp,
        }
        link = self.compiler.link_shared_object
        self.make(extension.name, "build", made, objects, link, **options)

    def make(self, name: str, notes: str, made: str, read: list, run: Callable, **options) -> None:
        """Makes a file, unless this command did, begun after the last change of what it read."""
        programs = [getattr(self.compiler, key, None) for key in ("compiler_so", "linker_so")]
        command = f"{programs}\n{self.compiler.include_dirs}\n{options}"
        note = Path(notes, f"{name}.command")
        if not self.force and Path(made).exists() and note.exists() and note.read_text() == command:
            begun = note.stat().st_mtime_ns
            if all(os.path.exists(file) and os.stat(file).st_mtime_ns < begun for file in read):
                return
        print(f"maskseq: building {name}\n", end="", flush=True)  # one write: threads print
        note.parent.mkdir(parents=True, exist_ok=True)
        Path(made).unlink(missing_ok=True)
        note.write_text(command)
        run(**options)


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


def translated(extensions: list[Extension]) -> list[Extension]:
    """The extensions with the C that Cython makes of .pyx files older than it or their includes.

    Cython compares times; that its version and directives are the same is for us to see.
    """
    directives = {"boundscheck": True, "wraparound": False, "embedsignature": True}
    how, note = f"{Cython.__version__} {directives}", Path("build/cython.command")
    force = not (note.exists() and note.read_text() == how)
    with_c = cythonize(extensions, language_level=3, compiler_directives=directives, force=force)
    note.parent.mkdir(exist_ok=True)
    note.write_text(how)
    return with_c


debug = os.environ.get("MASKSEQ_DEBUG") == "1"
if WINDOWS:
    compile_args = ["/clang:-std=c11", "/clang:-O3", *baseline_flags()]
    exact_args = ["/clang:-ffp-contract=off"]
else:
    # -g0: Python's own flags ask for debug information, nine tenths of the file.
    compile_args = ["-g", "-UNDEBUG", "-fno-wrapv"] if debug else ["-g0"]
    compile_args += ["-std=c11", "-O3", "-MMD", "-fvisibility=hidden", *baseline_flags()]
    exact_args = ["-ffp-contract=off", "-fno-math-errno"]  # roots of whole vectors
# Tables to unwind the stack with, for exceptions that C has none of: a hundredth of a wheel.
no_tables = sys.platform == "linux" and not (DEV or debug or os.environ.get("MASKSEQ_SANITIZE"))
bare_args = ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"] if no_tables else []
# Where loops happen to start made a difference of 15 % to lists of floats.
steady_args = [] if WINDOWS else ["-falign-loops=16"]
# Names of inner functions are a fiftieth of a wheel.
link_args = ["-s"] if sys.platform == "linux" and not (DEV or debug) else []
sanitizers = os.environ.get("MASKSEQ_SANITIZE", "")
if sanitizers:
    sanitize = [f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all"]
    # -O3, and checks that are not calls, take minutes to compile in unrolled loops.
    compile_args += [*sanitize, "-Og", "-g1"]
    compile_args += ["--param=asan-instrumentation-with-call-threshold=0"]
    link_args += sanitize
coverage = os.environ.get("MASKSEQ_COVERAGE") == "1"
link_args += ["--coverage"] if coverage else []
openmp_compile, openmp_link = openmp_flags()
warned = os.environ.get("MASKSEQ_WERROR") == "1" and not sanitizers  # they make gcc warn wrongly
strict = ["-Wall", "-Wextra", "-Werror"] if warned else []

sources = sorted(glob("csrc/**/*.c", recursive=True))
sources.sort(key=lambda name: "isa" not in name)  # what takes longest first
kernels = Extension(
    "maskseq._kernels",
    ["src/maskseq/_kernels.pyx", *sources],
    include_dirs=["src/maskseq/include", "csrc"],
    define_macros=[("MASKSEQ_STATIC", None)],
    depends=[
        *glob("csrc/**/*.h", recursive=True),
        *glob("src/maskseq/*.pxd"),
        *glob("src/maskseq/*.pyx"),
        *glob("src/maskseq/facade/*.pxi"),
        *glob("src/maskseq/include/*.h"),
    ],
    extra_compile_args=[*compile_args, *exact_args, *openmp_compile],
    extra_link_args=[*link_args, *openmp_link],
)
lists, arrow = (
    Extension(
        f"maskseq.data.{name}",
        [f"src/maskseq/data/{name}.pyx"],
        depends=[*glob("src/maskseq/data/*.pyx"), *glob("src/maskseq/data/*.pxi")],
        extra_compile_args=[*compile_args, *steady_args],
        extra_link_args=link_args,
    )
    for name in ("_lists", "_arrow")
)

setup(cmdclass={"build_ext": BuildExt}, ext_modules=translated([kernels, lists, arrow]))
