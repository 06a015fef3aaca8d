"""Python in a fresh process, which does not inherit the numbers of threads of this one."""

import os
import signal
import subprocess
import sys


def run_python(code, *arguments, timeout=60, **environment):
    """Runs `code`."""
    return _run("-c", code, *arguments, timeout=timeout, **environment)


def run_script(path, *arguments, timeout=60, **environment):
    """Runs a file, as multiprocessing needs it."""
    return _run(path, *arguments, timeout=timeout, **environment)


def heed_interrupts():
    """As `preexec_fn`: what a job in the background starts ignores SIGINT otherwise, as it does."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _run(*arguments, timeout, **environment):
    inherited = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
