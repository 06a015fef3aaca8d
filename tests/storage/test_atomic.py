"""A file is written whole or not at all, whatever fails; links, modes and other files stay."""

import contextlib
import errno
import json
import os
import secrets
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from maskseq.storage import atomic
from tests.scoring.results import made_of
from tests.support.building import CC, ROOT, WARNINGS, run

posix = pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")


def put(path, content: bytes) -> None:
    with atomic.replacing(path) as file:
        file.write(content)


def mode_of(path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_new_file_is_as_if_opened(tmp_path):
    put(tmp_path / "a", b"new")
    (tmp_path / "b").write_bytes(b"")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert mode_of(tmp_path / "a") == mode_of(tmp_path / "b")
    assert sorted(x.name for x in tmp_path.iterdir()) == ["a", "b"]


def test_exception_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    for error in (ValueError, MemoryError, KeyboardInterrupt, SystemExit):
        with pytest.raises(error), atomic.replacing(tmp_path / "a") as file:
            file.write(b"half")
            raise error
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [x.name for x in tmp_path.iterdir()] == ["a"]


@posix
@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666, 0o640, 0o755, 0o200])
def test_mode_is_kept_and_never_wider_meanwhile(mode, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(mode)
    with atomic.replacing(path) as file:
        (temporary,) = (x for x in tmp_path.iterdir() if x != path)
        assert mode_of(temporary) == mode
        file.write(b"new")
    assert mode_of(path) == mode


@posix
@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="root may give away")
def test_owner_is_kept(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    os.chown(path, 12345, 23456)
    put(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


@posix
def test_rights_of_a_group_that_cannot_be_kept_are_dropped(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o664)

    def refuse(*_):
        raise PermissionError

    info = os.stat(path)
    other = os.stat_result((*info[:5], info.st_gid + 1, *info[6:]))
    monkeypatch.setattr(os, "fchown", refuse)
    monkeypatch.setattr(atomic, "_target", lambda _: (path, other))
    put(path, b"new")
    assert mode_of(path) == 0o604


@posix
def test_links_are_followed_and_stay(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "real").write_bytes(b"old")
    (tmp_path / "middle").symlink_to("deep/real")
    (tmp_path / "link").symlink_to("middle")
    (tmp_path / "dangling").symlink_to("deep/made")
    for name, real in (("link", "real"), ("dangling", "made")):
        put(tmp_path / name, name.encode())
        assert (tmp_path / name).is_symlink()
        assert not (tmp_path / "deep" / real).is_symlink()
        assert (tmp_path / "deep" / real).read_bytes() == name.encode()
    assert sorted(x.name for x in (tmp_path / "deep").iterdir()) == ["made", "real"]


@posix
def test_no_link_at_the_temporary_name_is_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(secrets, "token_hex", lambda n: "0" * 2 * n)
    (tmp_path / "victim").write_bytes(b"mine")
    trap = tmp_path / ".maskseq-0000000000000000.tmp"
    trap.symlink_to("victim")
    with pytest.raises(FileExistsError, match="/a'"):
        put(tmp_path / "a", b"new")
    assert trap.is_symlink() and (tmp_path / "victim").read_bytes() == b"mine"


@posix
def test_what_is_no_file_is_refused_before_and_then(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to("circle")
    for path, error in (
        (tmp_path / "folder", IsADirectoryError),
        (tmp_path / "pipe", OSError),
        (tmp_path / "circle", OSError),
        ("/dev/null", OSError),
        (tmp_path / "nowhere" / "a", FileNotFoundError),
        (tmp_path / ("n" * 300), OSError),
    ):
        for write in (atomic.check, lambda path: put(path, b"new")):
            with pytest.raises(error):
                write(path)
    assert sorted(x.name for x in tmp_path.iterdir()) == ["circle", "folder", "pipe"]
    put(tmp_path / ("n" * 255), b"new")


@posix
def test_read_only_files_and_folders_are_refused(tmp_path, monkeypatch):
    """Asked of the system, as root may write everything."""
    (tmp_path / "a").write_bytes(b"old")
    for denied in (tmp_path / "a", tmp_path):
        monkeypatch.setattr(os, "access", lambda path, _, denied=denied: path != denied)
        with pytest.raises(PermissionError, match="/a'"):
            atomic.check(tmp_path / "a")


@pytest.mark.slow
@pytest.mark.sanitize
def test_of_several_writers_one_whole_answer_stands(tmp_path):
    path, answers = tmp_path / "a", [bytes([i]) * 300_000 for i in range(4)]
    seen, done = set(), threading.Event()

    def write(answer):
        for _ in range(25):
            put(path, answer)

    def watch():
        while not done.is_set():
            if path.exists():
                seen.add(path.read_bytes())

    writers = [threading.Thread(target=write, args=[answer]) for answer in answers]
    watcher = threading.Thread(target=watch)
    for thread in (watcher, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    watcher.join()
    assert seen and seen <= set(answers) and path.read_bytes() in answers
    assert [x.name for x in tmp_path.iterdir()] == ["a"]


@pytest.fixture
def hits_of(tmp_path):
    """Runs a module with faults.c preloaded; what it prints."""
    library, folder = tmp_path / "faults.so", tmp_path / "folder"
    folder.mkdir()
    source = ROOT / "tests" / "storage" / "faults.c"
    run([*CC, "-O1", "-shared", "-fPIC", *WARNINGS, source, "-o", library, "-ldl"], tmp_path)

    def hits(module):
        done = subprocess.run(
            [sys.executable, "-m", module, library, folder],
            cwd=ROOT,
            env=os.environ | {"LD_PRELOAD": str(library), "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return hits


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="glibc's LD_PRELOAD")
def test_fault_at_every_system_call_leaves_the_old_file_or_the_new_one(hits_of):
    hits = hits_of("tests.storage.faults")
    kinds = ["out.npy", "out.npz", "out.jsonl", "model.keras", "model.h5", "log.csv"]
    kinds += ["model.weights.h5", "training.npz", "model.safetensors", "masks.svg"]
    assert [*hits] == [f"{kind} {how}" for kind in kinds for how in ("over", "new")]
    for kind, calls in hits.items():
        assert calls["?"] > 10, kind  # the process ended
        expected = {"open64", "write", "fsync", "close", "rename"}
        expected |= {"fchmod"} if kind.endswith("over") else set()
        assert expected <= calls.keys(), (kind, calls)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="glibc's LD_PRELOAD")
def test_a_job_goes_on_after_a_fault_at_every_system_call(hits_of):
    hits = hits_of("tests.storage.job_faults")
    assert hits["?"] > 100  # the process ended
    assert {"open64", "write", "fsync", "close", "rename", "fchmod"} <= hits.keys()


def test_full_disk_is_an_error_of_numpys_writers_too(tmp_path):
    """/dev/full takes nothing: what a writer hides in a buffer of its own would be lost."""
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    for suffix in (".npy", ".npz", ".jsonl"):
        made, part = made_of(np.zeros((3, 2), np.float32), Path(f"out{suffix}"), tmp_path)
        with pytest.raises(OSError, match="No space"), open("/dev/full", "wb") as file:
            made.join([part], file)
            file.flush()
        assert suffix


def noting(monkeypatch, name, notes):
    """Note each call of a function of os, and what it is called on."""
    real = getattr(os, name)

    def call(first, *others, **options):
        is_folder = isinstance(first, int) and stat.S_ISDIR(os.fstat(first).st_mode)
        notes.append(f"{name} of a folder" if is_folder else name)
        return real(first, *others, **options)

    monkeypatch.setattr(os, name, call)


@posix
def test_bytes_are_on_the_disk_before_the_name_and_the_name_before_the_end(tmp_path, monkeypatch):
    notes = []
    for name in ("fsync", "replace"):
        noting(monkeypatch, name, notes)
    put(tmp_path / "a", b"new")
    assert notes == ["fsync", "replace", "fsync of a folder"]


@posix
@pytest.mark.parametrize("number, told", [("EIO", True), ("ENOSPC", True), ("EINVAL", False)])
def test_a_folder_that_cannot_be_written_to_the_disk_is_told(tmp_path, monkeypatch, number, told):
    real, code = os.fsync, getattr(errno, number)

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError) if told else contextlib.nullcontext():
        put(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
