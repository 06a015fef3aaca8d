"""Compiles C in a temporary folder, against the maskseq that is installed."""

import importlib.util
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import maskseq

ROOT = Path(__file__).parents[2]
CC = os.environ.get("CC", "cc").split()
WARNINGS = ["-Wall", "-Wextra", "-Werror"]


def run(command, cwd, **environment):
    """Runs a command as in an activated environment; its failure fails the test."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | {"PATH": programs} | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.args}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def compile_module(source, folder, include=None, *flags):
    """A Python extension of one C file; returns where it is."""
    target = Path(folder, source.stem + sysconfig.get_config_var("EXT_SUFFIX"))
    shared = (
        ["-bundle", "-undefined", "dynamic_lookup"] if sys.platform == "darwin" else ["-shared"]
    )
    run(
        [*CC, "-std=c11", "-O1", "-fPIC", *shared, *WARNINGS, *flags]
        + ["-I", include or maskseq.get_include(), "-I", sysconfig.get_path("include")]
        + [source, "-o", target],
        folder,
    )
    return target


def load(path):
    """Imports the extension module in that file."""
    spec = importlib.util.spec_from_file_location(path.name.split(".")[0], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
