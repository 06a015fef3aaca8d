"""The promises of every layer hold for every value of every argument, in any combination."""

import pytest

from maskseq.layers.base.table import IN_KERAS, OURS, names_in
from maskseq.testing import check_layer
from tests.layers.base import options
from tests.layers.base.test_check_layer import WITHOUT

LAYERS = sorted({*names_in(IN_KERAS), *names_in(OURS)} - WITHOUT)


def skipped(chosen) -> list[str]:
    """As in Keras, all outputs of a layer that goes backwards come in the order of the padded time,
    and zero_output_for_mask makes 0 of the last output where the last step is masked; weights of
    the time axis are for one time."""
    if chosen.get("axis") == 1:
        return ["padding_amount"]
    returned = chosen.get("return_sequences")
    by_padding = chosen.get("go_backwards" if returned else "zero_output_for_mask")
    return ["padding_amount"] if by_padding else []


def check(name, chosen):
    example = options.example_of(name, chosen)
    try:
        check_layer(example.make(), example.inputs, example.call, skip=skipped(chosen))
    except Exception as error:
        error.add_note(f"with {chosen}")
        raise


def test_every_layer_has_values_for_its_arguments():
    for name in LAYERS:
        assert options.own_values(name).keys() <= options.values_of(name).keys(), name


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LAYERS)
def test_promises_hold_for_every_value(name):
    for chosen in options.covering(name, 1):
        check(name, chosen)


@pytest.mark.slow
@pytest.mark.sanitize
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LAYERS)
def test_promises_hold_for_every_pair_of_values_and_others(name):
    for chosen in [*options.covering(name, 2), *options.drawn(name, 20)]:
        check(name, chosen)
