"""Fixtures of all tests: `isa` runs a kernel test once on every instruction set of this CPU."""

import os
import sys

import numpy as np
import pytest

from maskseq import _kernels

os.environ.setdefault("KERAS_BACKEND", "jax")  # of the Keras that some tests compare with


@pytest.fixture(autouse=True)
def keep_isa():
    before = _kernels.isa()
    yield
    _kernels.set_isa(before)


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
    """With -m "not slow", a file that is slow as a whole is not imported: Keras takes seconds."""
    if config.option.markexpr == "not slow" and collection_path.suffix == ".py":
        return "\npytestmark = pytest.mark.slow\n" in collection_path.read_text("utf-8") or None


def pytest_configure(config):
    """What C counted for `make coverage` is written when a process ends: give workers time."""
    if workers := sys.modules.get("xdist.workermanage"):
        workers.NodeManager.EXIT_TIMEOUT = 60


def see_to_a_missing_peer(report):
    """A test that misses Keras, PyTorch or the like fails with MASKSEQ_REQUIRE_PEERS=1.

    Without, its file is added to those that the file MASKSEQ_MISSED names: to be run with them.
    """
    if report.skipped and "could not import" in str(report.longrepr):
        if os.environ.get("MASKSEQ_REQUIRE_PEERS") == "1":
            report.outcome = "failed"
        elif missed := os.environ.get("MASKSEQ_MISSED"):
            with open(missed, "a") as file:
                file.write(report.nodeid.partition("::")[0] + "\n")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    return see_to_a_missing_peer((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return see_to_a_missing_peer((yield))
