"""The folder of a job's parts: one job at a time, and no file of anybody else's."""

import copy
import json
import stat
from pathlib import Path

import pytest

from maskseq.scoring import job, score
from tests.scoring.files import scorer, sequences, write


class Ended(Exception):
    pass


def other():
    """A model of the same shapes, so that its parts have the same places and other numbers."""
    model = copy.deepcopy(scorer())
    model.set_weights([w + 1 for w in model.get_weights()])
    return model


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(job, "PART_SEQUENCES", 30)


def at(count, do):
    """A `progress` that calls `do` once, when so many sequences are done."""
    done = []

    def progress(sequences, _):
        if sequences >= count and not done:
            done.append(sequences)
            do()

    return progress


def end():
    raise Ended


@pytest.fixture
def files(tmp_path, small_parts):
    """The data, the target, and the answers of both models."""
    data, target = write(tmp_path / "d.jsonl", sequences()), tmp_path / "o.jsonl"
    answers = []
    for model in (scorer(), other()):
        score(model, data, tmp_path / "alone.jsonl", batch_steps=60)
        answers.append((tmp_path / "alone.jsonl").read_bytes())
    assert answers[0] != answers[1]
    return data, target, *answers


def test_of_two_jobs_at_once_the_second_stands_whole(files):
    data, target, _, second = files

    def also():
        score(other(), data, target, batch_steps=60)

    with pytest.raises(OSError, match=r"o\.jsonl: another job has begun to write it"):
        score(scorer(), data, target, batch_steps=60, progress=at(100, also))
    assert target.read_bytes() == second
    assert not Path(f"{target}.parts").exists()


def test_parts_of_two_jobs_never_mix(files):
    data, target, _, second = files

    def begin():
        with pytest.raises(Ended):
            score(other(), data, target, batch_steps=60, progress=at(100, end))

    with pytest.raises(OSError, match="another job has begun"):
        score(scorer(), data, target, batch_steps=60, progress=at(130, begin))
    assert not target.exists()
    score(other(), data, target, batch_steps=60, resume=True)
    assert target.read_bytes() == second


def test_a_job_whose_parts_went_while_it_joined_them_is_told(files, monkeypatch):
    data, target, _, second = files
    join = job.replace

    def replace(path, made, parts):
        monkeypatch.setattr(job, "replace", join)
        score(other(), data, target, batch_steps=60)
        join(path, made, parts)

    monkeypatch.setattr(job, "replace", replace)
    with pytest.raises(OSError, match="another job has begun"):
        score(scorer(), data, target, batch_steps=60)
    assert target.read_bytes() == second


FOREIGN = {
    "holiday.part": b"mine",
    "00000000-30-0-30-0.part": b"mine",
    "job.json": b'{"mine": 1}',
    "notes": b"mine",
}


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("names", [[name] for name in FOREIGN] + [[*FOREIGN]])
def test_files_of_others_stay(files, names, resume):
    data, target, *_ = files
    folder = Path(f"{target}.parts")
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(FOREIGN[name])
    with pytest.raises(FileExistsError, match=r"o\.jsonl\.parts: .*are of no such job"):
        score(scorer(), data, target, resume=resume)
    assert {x.name: x.read_bytes() for x in folder.iterdir()} == {x: FOREIGN[x] for x in names}
    assert not target.exists()


def test_a_file_that_came_later_stays_and_the_job_goes_on(files):
    data, target, first, _ = files
    mine = Path(f"{target}.parts") / "holiday.part"

    def put():
        mine.write_bytes(b"mine")

    score(scorer(), data, target, batch_steps=60, progress=at(100, put))
    assert target.read_bytes() == first
    assert mine.read_bytes() == b"mine" and [*mine.parent.iterdir()] == [mine]


def test_no_link_is_followed(files, tmp_path):
    data, target, *_ = files
    (tmp_path / "elsewhere").mkdir()
    Path(f"{target}.parts").symlink_to("elsewhere")
    with pytest.raises(FileExistsError, match="it is a link"):
        score(scorer(), data, target)
    assert not [*(tmp_path / "elsewhere").iterdir()]


def test_only_the_owner_reads_parts(files):
    """As the result may be a file of mode 600, which it keeps."""
    data, target, *_ = files
    modes = []

    def look():
        modes.append(stat.S_IMODE(Path(f"{target}.parts").stat().st_mode))

    score(scorer(), data, target, batch_steps=60, progress=at(100, look))
    assert modes == [0o700]


def test_parts_without_their_job_are_not_resumed(files):
    data, target, first, _ = files
    with pytest.raises(Ended):
        score(scorer(), data, target, batch_steps=60, progress=at(100, end))
    about = Path(f"{target}.parts") / "job.json"
    assert len(json.loads(about.read_bytes())["run"]) == 16
    about.unlink()
    with pytest.raises(ValueError, match="does not say what it is parts of"):
        score(scorer(), data, target, batch_steps=60, resume=True)
    score(scorer(), data, target, batch_steps=60)
    assert target.read_bytes() == first and not about.parent.exists()
