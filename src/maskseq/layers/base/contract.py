"""What a layer is for models: its promises, and the methods that a subclass may write."""

from collections.abc import Mapping
from typing import Any

from numpy import ndarray

from ...configured import is_ours
from ...context import current
from ...graph.ends import Ends
from ...graph.record import probe_call, tensors_of
from ...nest import map_structure
from ...numerics.drawing import on_rows_of
from ...rows import Rows, Unmasked
from .binding import settings_of, training_option
from .checks import refuse_samples
from .masks import tell_mask_loss
from .weights import WeightHolder, marking_built, overridable


class Contract(Ends, WeightHolder):
    """The class attributes and methods that subclasses of `Layer` override; it describes them."""

    supports_masking = False
    stepwise = False
    plain = False
    mixes_features = False
    depends_on_padding: Any = None  # str | None
    packs: int | None = None
    input_axes: str | None = None  # None: any
    takes_list = False
    any_time = False
    reads_masked = "all"
    takes_masks = False
    ends_masks = False  # a call may give Unmasked, though the layer supports masking
    fixed_features = False
    _built_features: int | None = None
    mask_rule = "keras3"
    kept_dtypes: tuple[str, ...] = ()
    has_vocabulary = False
    quantizes: Mapping[str, int] = {}  # weights that `quantize` keeps in fewer bits: see `encoded`
    precision = "float32"  # what they are kept in
    reads_summary: Any = False  # it waits for what `adapt` learnt in Keras 2
    not_in_config: frozenset[str] = frozenset()
    traceable = True
    runs_given = False  # True: `call` runs a function that users gave
    own_queries = False
    gives_table = False  # a graph may call `look_up` in place of the layer
    takes_table = False  # and `on_table` on what that gives
    _makes_masks = False
    _takes_arrays = False
    _walks = False
    _word = "layer"  # what errors call it
    _made_at: tuple[str, int] | None = None  # the file and the line of the user's code
    _saved_as: str  # the name under which a file keeps the weights, if it is not the class's

    @property
    def own_steps(self) -> bool:
        """True if a step of the output depends on no other step of the inputs."""
        return self.reads_masked == "own"

    @overridable
    @marking_built
    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of that shape, None = unknown.

        Parameters
        ----------
        input_shape : tuple
            (batch, ..., features) of the first argument of `call`; a list or dict of shapes for
            several tensors.
        """

    @overridable
    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The layer's function, from arrays to arrays.

        Parameters
        ----------
        inputs : Tensor or nested Tensors
            Padded arrays, with their masks.
        *args, **kwargs
            What else the layer takes; `mask` and `training` are filled in if they are named.

        Returns
        -------
        Tensor or nested Tensors
            The outputs.

        Raises
        ------
        NotImplementedError
            If the subclass does not write it.
        """
        raise NotImplementedError(f"{type(self).__name__} has no call method")

    @overridable
    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the output; by default the mask of the input.

        Parameters
        ----------
        inputs : Tensor or nested Tensors
            As for `call`.
        previous_mask : Tensor, nested Tensors or None
            bool (batch, time), True = real; in the structure of `inputs`.

        Returns
        -------
        Tensor, nested Tensors or None
            bool, the mask of each output; None = no mask.
        """
        return previous_mask

    def gives_late_mask(self, masked: bool, shape: tuple, made: tuple) -> bool:
        """True if an output may carry a mask, in a run, of which its symbolic tensor says nothing.

        masked: an input has one.  shape, made: those of the first input and of the output.
        """
        return masked and shape == made and (self.runs_given or not is_ours(type(self)))

    @overridable
    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the output for the shapes of the arguments, None = unknown.

        Shapes go by the order of the arguments of `call`, or by their names with "_shape".

        Parameters
        ----------
        *args, **kwargs : tuple
            The shapes.

        Returns
        -------
        tuple or nested tuples
            As the outputs are nested.

        Raises
        ------
        ValueError
            If the layer does not take such shapes.
        """
        given = {k.removesuffix("_shape"): tensors_of(v, "float32") for k, v in kwargs.items()}
        outputs = probe_call(self, tuple(tensors_of(x, "float32") for x in args), given)
        return map_structure(lambda x: x.shape, outputs)

    def add_loss(self, loss: Any) -> None:
        """Inside `call`: add a number to the loss of the step that runs; outside of one, nothing.

        Parameters
        ----------
        loss : Loss or function
            Made with maskseq.ops, so that a gradient passes.

        Notes
        -----
        Source: keras.layers.Layer.add_loss.
        """
        losses = current().losses
        if losses is not None:
            losses.append(loss)

    def compute_output_dtype(self, inputs: Any) -> str:
        """The dtype of the output.

        Parameters
        ----------
        inputs : KerasTensor or nested KerasTensors
            What the layer is called on.

        Returns
        -------
        str
            Such as "float32" or "int32".
        """
        return "float32"

    @overridable
    def on_rows(self, rows: Any) -> Any:
        """What a call gives for Rows: Rows or an array; NotImplemented: pad them and use `call`."""
        if not self.stepwise:
            return NotImplemented
        values = rows.values
        if values.ndim < 2:
            if self.mixes_features:
                refuse_samples(rows)
            return NotImplemented
        if not current().training:
            return rows.with_values(self.call(values))
        with on_rows_of(rows.layout, len(values)):
            return rows.with_values(self.call(values, **training_option(self)))

    @overridable
    def over_shown(self, rows: Rows, **settings: Any) -> Any:
        """The answer to the padded array that `rows` stand for, where it need not be made.

        settings: arguments of `call` that are no tensors, those that the method names.

        Returns
        -------
        Rows, array or NotImplemented
            Rows, an array; NotImplemented: `call` runs on the padded array.
        """
        return self.on_rows(rows) if self.stepwise else NotImplemented

    def on_lost_mask(self, rows: Rows, **settings: Any) -> Any:
        """What a layer that loses the mask gives for Rows, unless it pads them."""
        made = self.over_shown(rows, **settings)
        if made is NotImplemented:
            return made
        tell_mask_loss(self)
        if type(made) is not Rows:
            return made
        return made.to_padded() if current().training else Unmasked.of(made)

    @overridable
    def on_unmasked(self, inputs: Any = None, *args: Any, **arguments: Any) -> Any:
        """What a call gives where an argument is Unmasked, not in training.

        Returns
        -------
        Unmasked, Rows, array or NotImplemented
            Unmasked, Rows or an array; NotImplemented: `call` runs on padded arrays.
        """
        given = settings_of(type(self), (inputs, *args), arguments)
        if type(inputs) is not Unmasked or given is None:
            return NotImplemented
        made = self.over_shown(inputs.rows, **given)
        return Unmasked.of(made) if type(made) is Rows else made

    @overridable
    def on_tape(self, tape: Any, inputs: Any, **arguments: Any) -> Any:
        """What a call gives under a tape (`maskseq.tape`), recorded.

        inputs and arguments: those that `on_rows`, `pack` or `call` would get and that are not
        None, without `training`: Traced in place of Rows and arrays, but for masks.

        Returns
        -------
        Traced or NotImplemented
            Traced; NotImplemented: as for `on_rows`, or `call` runs on Traced values.
        """
        return NotImplemented

    def pack(self, x: ndarray) -> Any:
        """The answer for an array of `packs` axes: Rows of the steps that are real to the layer."""
        raise NotImplementedError
