"""The methods that write a model to a file, and read its weights from one."""

from typing import Any


class Saving:
    """save, save_weights and load_weights, as keras.Model has them."""

    def save(self, filepath: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
        """Write the model, with weights and the state of its optimizer, to a file.

        It is written whole or not at all. Keras 3 opens `.keras` and `.h5` files. `load_model` maps
        a `.safetensors` file: processes that load it, or are forked later, share its memory.

        Parameters
        ----------
        filepath : str or os.PathLike
            The file; its ending names the format: `.keras`, `.h5` or `.safetensors`.
        overwrite : bool, default True
            Replace a file that is there.
        include_optimizer : bool, default True
            The state of the optimizer too, so that training goes on where it stopped.

        Raises
        ------
        ValueError
            For another ending, or a model that is not built.
        FileExistsError
            If the file is there and `overwrite` is False.
        OSError
            If it cannot be written.

        Notes
        -----
        Source: keras.Model.save.
        """
        from ..savers import save_model

        model: Any = self
        save_model(model, filepath, overwrite, include_optimizer)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights to a `.weights.h5` file, whole or not at all.

        Parameters
        ----------
        filepath : str or os.PathLike
            The file, with the ending `.weights.h5`.
        overwrite : bool, default True
            Replace a file that is there.

        Raises
        ------
        ValueError
            For another ending, or a model that is not built.
        FileExistsError
            If the file is there and `overwrite` is False.
        OSError
            If it cannot be written.

        Notes
        -----
        Source: keras.Model.save_weights.
        """
        from ..savers import save_weights

        model: Any = self
        save_weights(model, filepath, overwrite)

    def load_weights(self, path: Any) -> None:
        """Take the weights from a file; layers are matched by class and order.

        Parameters
        ----------
        path : str, os.PathLike or binary file
            A `.weights.h5`, legacy `.h5` or `.keras` file of Keras or maskseq, or a
            `.safetensors` file of `save`.

        Raises
        ------
        FormatError
            Naming layer, weight, expected and got; the model is unchanged.

        Notes
        -----
        Source: keras.Model.load_weights.
        """
        from ..importers import load_weights

        model: Any = self
        load_weights(model, path)
