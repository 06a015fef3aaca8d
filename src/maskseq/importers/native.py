"""maskseq's own file of a model: safetensors, with the model's config in the metadata.

Other tools read its arrays as those of any safetensors file. Loaded from a path, the weights are
views of the mapped file, so that processes that load it, or are forked later, share its memory.
"""

from typing import Any, NamedTuple

import numpy as np

from ..models.model import Model
from ..numerics.quantized import PRECISIONS, Codes, Quantized
from ..numerics.quantizing import mark, quantize
from ..storage.source import Source
from ..variable import Variable, publish, replace
from . import formats
from .errors import FormatError
from .keras.archive import is_table
from .keras.parsing import parse_json
from .keras.places import places
from .keras.saved_training import SavedTraining
from .keras.tables import Tables
from .safetensors import read_safetensors

FORMAT, VERSION = "maskseq", "1"
OPTIMIZER = "optimizer/vars/"
PRECISIONS_OF, STEPS = "precisions", ".steps"
"""The metadata of weights in fewer bits, {place: precision}; the end of the name of steps."""


class Native(NamedTuple):
    """What a file holds."""

    keras_version: str  # whose config it is
    config: dict[str, Any]
    arrays: dict[str, np.ndarray]
    tables: dict[str, bytes]  # vocabularies, as in a `.keras` archive
    optimizer: str  # its name
    size: int  # of the file, in bytes
    precisions: dict[str, str]  # of the layers at these places

    @property
    def float_size(self) -> int:
        """The size of the file, were its weights at least half of float32."""
        return self.size * (2 if "int8" in self.precisions.values() else 1)


def read_native(source: Source) -> Native:
    """The parts of a file. Raises: FormatError, also for a safetensors file without a model."""
    name, (metadata, arrays) = source.name, read_safetensors(source)
    if metadata.get("format") != FORMAT or "config" not in metadata:
        raise FormatError(name, formats.SAFETENSORS)
    if metadata.get("format_version") != VERSION:
        raise FormatError(
            name,
            f"version {metadata.get('format_version')!s:.20} of maskseq's format, expected "
            f"{VERSION}; a newer maskseq has written it",
        )
    raw = metadata["config"].encode("utf-8", "surrogatepass")
    config = parse_json(raw, name, "the config", source.size)
    tables = {k: x.encode() for k, x in metadata.items() if is_table(k)}
    version = metadata.get("keras_version", "")
    optimizer = metadata.get("optimizer", "optimizer")
    found = parse_json(metadata.get(PRECISIONS_OF, "{}").encode(), name, PRECISIONS_OF, source.size)
    if not isinstance(found, dict) or not all(x in PRECISIONS for x in found.values()):
        raise FormatError(name, f"{PRECISIONS_OF} that are not known")
    return Native(version, config, arrays, tables, optimizer, source.size, found)


def has_model(source: Source) -> bool:
    """True for a safetensors file that holds a model of maskseq's."""
    return read_safetensors(source).metadata.get("format") == FORMAT


class _NoTokens:
    """Stands for the tree of a file, which has no weights of tokens."""

    def take_named(self, place: str, name: str) -> None:
        return None


def load_native(model: Model, saved: Native, path: str) -> None:
    """Give the model the weights, without a copy where type and place in the file allow it.

    Raises: FormatError naming layer, weight, expected and got; then the model is unchanged.
    """
    left = {name: x for name, x in saved.arrays.items() if not name.startswith(OPTIMIZER)}
    tables: Any = Tables(path, saved.tables, saved.size)
    found: list[tuple[Variable, np.ndarray]] = []
    low: list[tuple[Variable, Any]] = []
    for layer, place, owner in places(model):
        tables.note(layer, place, _NoTokens())
        if place in saved.precisions:
            _quantize(layer, saved.precisions[place], path)
        variables = layer._own_variables
        for number, variable in enumerate(variables):
            name = f"{place}/vars/{number}"
            who = f"layer '{owner.name}' ({type(owner).__name__}): weight {variable.name}"
            array = left.pop(name, None)
            if array is None:
                raise FormatError(path, f"{who}: no {name} in it")
            if array.shape != variable.shape:
                raise FormatError(
                    path, f"{who}: expected shape {variable.shape}, got {array.shape}"
                )
            if isinstance(variable, Quantized):
                low.append((variable, _codes(variable, array, left.pop(f"{name}{STEPS}", None))))
            else:
                found.append((variable, array))
    if left:
        raise FormatError(path, f"weights that no layer reads, {[*left][:10]}")
    others = tables.read()
    try:
        arrays = [_fit(variable, array) for variable, array in found]
    except (ValueError, TypeError) as error:  # a number that float32 does not hold
        raise FormatError(path, str(error)) from error
    variables = [variable for variable, _ in found]
    replace(variables, arrays, [variable.version for variable in variables])
    if low:
        publish([variable for variable, _ in low], [value for _, value in low])
        mark(model)
    for take in others:
        take()


def _quantize(layer: Any, precision: str, path: str) -> None:
    try:
        quantize(layer, precision)
    except ValueError as error:
        raise FormatError(path, str(error)) from error


def _codes(variable: Quantized, array: np.ndarray, steps: Any) -> Any:
    """What becomes the value of a weight: codes of int8 as they are, all else to be rounded."""
    wanted = variable.held()[1].steps
    if steps is None or wanted is None or array.dtype != np.int8 or steps.dtype != np.float32:
        return array
    return Codes(array, steps) if steps.shape == wanted.shape else array


def _fit(variable: Variable, array: np.ndarray) -> np.ndarray:
    """The array itself if it may be the variable's value as it is, else a copy that may."""
    same = array.dtype == variable.dtype and array.flags.aligned and array.flags.c_contiguous
    return array if same else variable.checked(array)


def native_training(saved: Native, path: str, custom: Any) -> SavedTraining | None:
    """What there is about training in a file; None if there is nothing."""
    config = saved.config.get("compile_config")
    if not isinstance(config, dict) or not isinstance(config.get("optimizer"), (str, dict)):
        return None
    names = [f"{OPTIMIZER}{i}" for i in range(sum(x.startswith(OPTIMIZER) for x in saved.arrays))]
    if any(name not in saved.arrays for name in names):
        raise FormatError(path, "the optimizer's variables are not numbered")
    state = [np.array(saved.arrays[name]) for name in names]
    return SavedTraining(path, config, state, saved.optimizer, custom)
