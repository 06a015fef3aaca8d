"""An example as a module, with Keras or with maskseq under the name of Keras."""

import re
from pathlib import Path
from types import ModuleType

NAMES = (
    "masked_language_model",
    "named_entities",
    "seq2seq_characters",
    "text_bidirectional_lstm",
    "text_transformer",
    "timeseries_transformer",
    "timeseries_weather",
    "translation_transformer",
)


def example(name: str, package: str = "maskseq", change: tuple[str, str] = ("", "")) -> ModuleType:
    """The module of an example, fresh: its imports are those of `package`.

    change: a text in it, and the one in its place.
    """
    path = Path(__file__).parent / f"{name}.py"
    source = path.read_text().replace(*change) if change[0] else path.read_text()
    if package != "keras":
        source = re.sub(r"^import keras$", f"import {package} as keras", source, flags=re.M)
        source = re.sub(r"^from keras import", f"from {package} import", source, flags=re.M)
    module = ModuleType(f"{name}_with_{package}")
    module.__file__ = str(path)
    exec(compile(source, str(path), "exec"), vars(module))
    return module
