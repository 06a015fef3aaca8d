"""Fixtures of all tests: `isa` runs a kernel test once on every instruction set of this CPU."""

import gc
import os
import random
import re
import sys
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

import maskseq
from maskseq import _kernels

# Of a test with many cases, so many are quick, and other ones with another text.
CASES = int(os.environ.get("MASKSEQ_CASES", "8"))
DRAW = os.environ.get("MASKSEQ_DRAW", "")
# K/N: of all test files every N-th, in an order that says nothing, from the K-th on.
PART, PARTS = map(int, os.environ.get("MASKSEQ_PART", "1/1").split("/"))
os.environ.setdefault("KERAS_BACKEND", "jax")  # of the Keras that some tests compare with


@pytest.fixture(autouse=True)
def keep_isa():
    before = _kernels.isa()
    yield
    _kernels.set_isa(before)


@pytest.fixture(autouse=True)
def draw_the_same_in_any_order():
    """First weights and dropout depend on no test that ran before."""
    maskseq.set_random_seed(20261122)


@pytest.fixture(autouse=True)
def dont_wait_for_the_disk(request, monkeypatch):
    """Files that tests write need not outlive the power; tests/storage is about those that do."""
    if "storage" not in request.path.parts:
        monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(params=_kernels.ISAS)
def isa(request, keep_isa):
    _kernels.set_isa(request.param)
    return request.param


@pytest.fixture
def rng():
    return np.random.default_rng(20261122)


def pytest_ignore_collect(collection_path, config):
    """A file of another part, or whose tests all stay out, is not imported: Keras takes seconds."""
    if collection_path.suffix != ".py":
        return None
    if zlib.crc32(collection_path.name.encode()) % PARTS != PART - 1:
        return True
    if "not slow" not in config.option.markexpr:
        return None
    marks = re.search(r"^pytestmark = .*mark\.slow.*", collection_path.read_text("utf-8"), re.M)
    return True if marks and "sanitize" not in marks[0] else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Of a test with many cases the drawn ones are quick. MASKSEQ_ONLY names tests and files."""
    if only := os.environ.get("MASKSEQ_ONLY"):
        named = set(Path(only).read_text("utf-8").splitlines())
        items[:] = [
            i for i in items if not named.isdisjoint([i.nodeid, i.nodeid.partition("::")[0]])
        ]
    tests = defaultdict(list)
    for item in items:
        tests[item.path, item.originalname].append(item)
    for (path, name), cases in tests.items():
        draw = random.Random(f"{path.name} {name}{DRAW}")
        for case in set(cases) - set(draw.sample(cases, min(len(cases), CASES))):
            case.add_marker("slow")


def pytest_configure(config):
    """What C counted for `make coverage` is written when a process ends: give workers time."""
    if workers := sys.modules.get("xdist.workermanage"):
        workers.NodeManager.EXIT_TIMEOUT = 60


def pytest_collection_finish():
    """Thousands of collected tests are no garbage: with them, each collection takes a second."""
    gc.collect()
    gc.freeze()


def see_to_a_missing_peer(report):
    """A test that misses Keras, PyTorch or the like fails with MASKSEQ_REQUIRE_PEERS=1.

    Without, it is added to those that the file MASKSEQ_MISSED names: to be run with them, by
    MASKSEQ_ONLY.
    """
    if report.skipped and "could not import" in str(report.longrepr):
        if os.environ.get("MASKSEQ_REQUIRE_PEERS") == "1":
            report.outcome = "failed"
        elif missed := os.environ.get("MASKSEQ_MISSED"):
            with open(missed, "a") as file:
                file.write(report.nodeid + "\n")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return see_to_a_missing_peer((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return see_to_a_missing_peer((yield))
