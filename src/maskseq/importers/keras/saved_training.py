"""What a file of Keras 3 says about training: the arguments of `compile`, the optimizer's state.

It is kept as data until the model is trained or evaluated; who only predicts never pays for it,
and never meets an optimizer or a loss that is not known here.
"""

from typing import Any

import numpy as np

from ...configured import with_own
from ...given.custom import custom_object_scope
from ...storage.text import printable
from ..errors import FormatError
from ..hdf5 import Dataset, Group

_ARGUMENTS = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics")


class SavedTraining:
    """config: the `compile_config` of a file.  state: the values of the optimizer's variables.

    name: of the optimizer, as the file has it.  custom: what its config may name besides.
    """

    def __init__(
        self, path: str, config: dict[str, Any], state: list[np.ndarray], name: str, custom: Any
    ):
        self._path, self.config, self.state, self.name = path, config, state, name
        self._custom = dict(custom or {})

    def restore(self, model: Any) -> None:
        """Compile `model` as it was when it was saved, with the state of its optimizer.

        Raises: ValueError naming the file, if it has what is not known here.
        """
        given = {name: self.config.get(name) for name in _ARGUMENTS}
        steps = self.config.get("steps_per_execution") or 1
        try:
            with custom_object_scope(self._custom):
                model.compile(**with_own(given), steps_per_execution=steps)
            optimizer = model.optimizer
            if len(self.state) > len(optimizer.variables):  # it had made a step
                optimizer.build(model.trainable_weights)
            if self.state:
                optimizer.set_weights(self.state)
        except (
            *(ValueError, TypeError, LookupError, AttributeError),
            *(ArithmeticError, RecursionError),
        ) as error:
            said = printable(error) or type(error).__name__
            raise ValueError(
                f"{printable(self._path)}: the model cannot be compiled as it was saved: {said}; "
                f"call model.compile yourself"
            ) from error


def saved_training(path: str, config: Any, root: Group, custom: Any = None) -> SavedTraining | None:
    """What there is about training in a file; None if there is nothing."""
    if not isinstance(config, dict) or not isinstance(config.get("optimizer"), (str, dict)):
        return None
    group = root.get("optimizer")
    inside = group.get("vars") if isinstance(group, Group) else None
    found: list[np.ndarray] = []
    name = "optimizer"
    if isinstance(inside, Group):
        name = str(inside.attribute("name") or name)
        datasets = [inside.get(str(i)) for i in range(len(list(inside)))]
        known = [x for x in datasets if isinstance(x, Dataset)]
        if len(known) != len(datasets):
            raise FormatError(path, "the optimizer's variables are not numbered")
        if sum(x.nbytes for x in known) > root.file_size:
            raise FormatError(path, "variables that together are larger than the file")
        found = [np.array(x.read()) for x in known]
    return SavedTraining(path, config, found, name, custom)
