"""Every committed input of the fuzzers again, without a fuzzer: what was found stays found."""

import pytest

from tests.fuzz import targets


@pytest.mark.slow
@pytest.mark.sanitize
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", targets.TARGETS)
def test_inputs_that_fuzzing_found_are_read_or_refused(target):
    inputs = targets.seeds(target)
    assert len(inputs) >= 10
    for data in inputs.values():
        targets.check(target, data)


@pytest.mark.parametrize("target", targets.TARGETS)
def test_undamaged_files_are_read(target):
    sound = {name: raw for name, raw in targets.seeds(target).items() if name.startswith("sound-")}
    assert sound
    for name, data in sound.items():
        outcomes = targets.check(target, data)
        outcomes = outcomes if isinstance(outcomes, list) else [outcomes]
        assert any(outcome[0] == "read" for outcome in outcomes), name


def test_an_archive_that_was_streamed_gives_the_same_bytes():
    sound = targets.seeds("archive")
    deflated, streamed = (sound[f"sound-{how}.keras"] for how in ("deflated", "streamed"))
    assert targets.archive(deflated) == targets.archive(streamed)
