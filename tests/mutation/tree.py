"""A copy of the working tree in which mutants are planted, built and tested."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutant import Mutant

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("benchmarks", "csrc", "docs", "examples", "src", "tests")
LIMIT = 90  # seconds of processor time that the tests of a mutant may take: some loop for ever
PATIENCE = 400  # seconds of a clock that they may take, beside other work: some wait for ever


@dataclass(frozen=True)
class Result:
    """The end of a program: its status (None if it took too long) and what it printed."""

    status: int | None
    output: str


class Tree:
    """The copy, in `folder`. What was built in the working tree is copied, and not built again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "tree"
        self._clean = folder / "clean"
        ignored = shutil.ignore_patterns("__pycache__", ".*")
        for name in (*COPIED, "build"):
            if (ROOT / name).exists():
                shutil.copytree(ROOT / name, self.folder / name, ignore=ignored)
        for path in ROOT.iterdir():
            if path.is_file():
                shutil.copy2(path, self.folder)

    def _run(self, *arguments: str, limit: int | None = None) -> Result:
        paths = os.pathsep.join([str(self.folder / "src"), str(self.folder)])
        own = {"PYTHONPATH": paths, "MASKSEQ_DEV": "1", "OMP_WAIT_POLICY": "passive"}
        own["MASKSEQ_WERROR"] = "0"  # a mutant may leave a name unused
        own["MASKSEQ_CASES"] = "1000000"  # all cases of a test, not a few drawn ones
        process = subprocess.Popen(
            ["sh", "-c", f'ulimit -S -t {limit or "unlimited"}; exec "$@"', "sh"]
            + [sys.executable, *arguments],
            cwd=self.folder,
            env=os.environ | own,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=limit and PATIENCE)
            looped = process.returncode == -signal.SIGXCPU
            return Result(None if looped else process.returncode, output)
        except subprocess.TimeoutExpired:
            return Result(None, "")
        finally:
            with contextlib.suppress(ProcessLookupError):  # and the programs that it started
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def build(self) -> Result:
        """Compiles what is stale."""
        return self._run("setup.py", "-q", "build_ext", "--inplace")

    def keep_build(self) -> None:
        """Remembers what is built now: `planted` goes back to it."""
        for path in self._built():
            kept = self._clean / path.relative_to(self.folder)
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, kept)

    def _built(self) -> Iterator[Path]:
        yield from (path for path in (self.folder / "build").rglob("*") if path.is_file())
        package = self.folder / "src" / "maskseq"
        yield from package.rglob("*.so")
        yield from (path.with_suffix(".c") for path in package.rglob("*.pyx"))

    def test(self, tests: tuple[str, ...]) -> Result:
        """Runs the tests up to the first that fails."""
        options = ["-x", "-p", "no:cacheprovider", "-W", "ignore", "--tb=short"]
        options += ["-m", "not slow or sanitize"]
        return self._run("-m", "pytest", *options, *tests, limit=LIMIT)

    @contextlib.contextmanager
    def planted(self, mutant: Mutant) -> Iterator[Result | None]:
        """The tree with the fault, and the result of the build if the file needs one.

        Afterwards the source has its text and its time back, and what was compiled from it is
        copied back, so that nothing is compiled again.
        """
        path = self.folder / mutant.file
        source, times = path.read_text("utf-8"), path.stat()
        path.write_text(mutant.mutated(source), "utf-8")
        try:
            yield None if path.suffix == ".py" else self.build()
        finally:
            path.write_text(source, "utf-8")
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
            if path.suffix != ".py":
                shutil.copytree(self._clean, self.folder, dirs_exist_ok=True)
            for compiled in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
                compiled.unlink()
