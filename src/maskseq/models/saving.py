"""The methods that write a model to a file, and read its weights from one."""

from typing import Any


class Saving:
    """save, save_weights and load_weights, as keras.Model has them."""

    def save(self, filepath: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
        """Write the model, with weights and the state of its optimizer, to a `.keras` file.

        Keras 3 opens it. A path that ends in `.safetensors` gets maskseq's own format, which
        `load_model` maps: processes that load it, or are forked later, share its memory. The file
        is written whole or not at all. overwrite: False: an existing file is an error.

        Raises
        ------
        ValueError, FileExistsError, OSError
            If it does not fit.

        Notes
        -----
        Source: keras.Model.save.
        """
        from ..savers import save_model

        model: Any = self
        save_model(model, filepath, overwrite, include_optimizer)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights to a `.weights.h5` file; see `save`.

        Notes
        -----
        Source: keras.Model.
        """
        from ..savers import save_weights

        model: Any = self
        save_weights(model, filepath, overwrite)

    def load_weights(self, path: Any) -> None:
        """Take the weights from a `.weights.h5`, legacy `.h5` or `.keras` file of Keras, or from a
        `.safetensors` file of `save`.

        Layers are matched by class and order.

        Raises
        ------
        FormatError
            Naming layer, weight, expected and got if the file does not fit; the model is then
            unchanged.
        """
        from ..importers import load_weights

        model: Any = self
        load_weights(model, path)
