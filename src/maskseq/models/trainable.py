"""The methods with which a model is trained. `training`, imported when needed, does the work."""

from typing import Any, Unpack

from ..given.options import count, flag
from .asked import FrameOptions
from .labelled import data_of, names_columns


class Trainable:
    """compile, fit, evaluate and their likes, as keras.Model has them.

    Attributes
    ----------
    stop_training
        True ends `fit` after the batch.
    history
        What `fit` returned last.
    saved_training
        What a file has about training, until it is needed.
    run_eagerly, jit_compile, steps_per_execution
        What `compile` was given.
    """

    history: Any = None
    run_eagerly: bool = False
    jit_compile: Any = "auto"
    steps_per_execution = 1
    stop_training = False
    saved_training: Any = None
    _trainer: Any = None

    @property
    def trainer(self) -> Any:
        """What `compile` made, or None; of a model from a file, as it was when it was saved."""
        if self._trainer is None and self.saved_training is not None:
            saved = self.saved_training
            try:
                saved.restore(self)
            except BaseException:  # not half of it: the next call says the same
                self._trainer, self.saved_training = None, saved
                raise
        return self._trainer

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
        averages: str = "exact",
    ) -> None:
        """Say how the model is trained.

        Parameters
        ----------
        optimizer : str, dict or Optimizer, default "rmsprop"
            A name or an object of `maskseq.optimizers`.
        loss : Loss or function, optional
            A name, a function of (y_true, y_pred) or an object of `maskseq.losses`; for several
            outputs a list or a dict of them by the outputs' names, None for none.
        loss_weights : list or dict of float, optional
            Numbers, in the same way.
        metrics, weighted_metrics : optional
            Names, functions or objects of `maskseq.metrics`, in a list; for several outputs a list
            or a dict of lists. The second ones use sample_weight.
        run_eagerly : bool, default False
            Accepted, no effect.
        steps_per_execution : int, default 1
            Batches between which callbacks are called.
        jit_compile : bool or str, default "auto"
            Accepted, no effect.
        auto_scale_loss : bool, default True
            Accepted, no effect.
        averages : str, default "exact"
            "exact": over all real steps. "keras", for comparison: as Keras has them, of the
            batches' means and padded lengths, and where its metrics ignore the mask.

        Raises
        ------
        ValueError, TypeError
            Naming the argument, with the nearest known name.

        Notes
        -----
        Source: keras.Model.compile.
        """
        from ..training.trainer import Trainer

        steps_per_execution = count(steps_per_execution, "steps_per_execution")
        run_eagerly = run_eagerly is not None and flag(run_eagerly, "run_eagerly")
        if jit_compile is not None and not (isinstance(jit_compile, str) and jit_compile == "auto"):
            flag(jit_compile, "jit_compile")
        flag(auto_scale_loss, "auto_scale_loss")
        self.saved_training = None
        self.run_eagerly, self.jit_compile = run_eagerly, jit_compile
        self.steps_per_execution = steps_per_execution
        self._trainer = Trainer(
            self, optimizer, loss, loss_weights, metrics, weighted_metrics, averages
        )

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        **options: Unpack[FrameOptions],
    ) -> Any:
        """Train for some epochs. Nothing is padded, and masked steps count for nothing.

        Parameters
        ----------
        x : array_like, optional
            As for `predict`; or a generator or iterable of batches (x, y) or (x, y, sample_weight);
            or an object with ``__len__`` and ``__getitem__`` that gives batches.
        y : array_like, Ragged, or list or dict of them, optional
            Targets, one for each sequence: an array, a list; for targets of every step a Ragged, a
            list of sequences or a padded array. One of them for each output. Of a frame the name of
            a column, as may be sample_weight.
        batch_size : int, optional
            Sequences a step, 32 by default.
        epochs : int, default 1
            The last epoch's number.
        verbose : int or str, default "auto"
            0 silent, 1 a bar, 2 a line an epoch, "auto" 1.
        callbacks : Callback, list of Callback or None, default None
            A list of `maskseq.callbacks`.
        validation_split : float, default 0.0
            The share of the sequences, the last ones before shuffling, that `validation_data` is
            made of.
        validation_data : tuple or data set, optional
            (x, y), (x, y, sample_weight) or batches.
        shuffle : bool, default True
            Permute the sequences anew in each epoch; see `maskseq.set_random_seed`.
        class_weight : dict, optional
            Class -> weight.
        sample_weight : array_like, or list or dict of them, optional
            (sequences,), or one for each step.
        initial_epoch : int, default 0
            The first epoch's number, from 0.
        steps_per_epoch : int, optional
            Batches an epoch.
        validation_steps, validation_batch_size : int, optional
            The same for validation.
        validation_freq : int or sequence of int, default 1
            The same for validation.
        **options
            How a frame is read, `models.asked.FrameOptions`.

        Returns
        -------
        maskseq.callbacks.History
            A `maskseq.callbacks.History`. Its losses and metrics count real steps only.

        Raises
        ------
        ValueError, TypeError
            Naming the argument, the sequence, expected and got.
        KeyboardInterrupt
            Weights and `model.history` are those of the steps so far.

        Notes
        -----
        Source: keras.Model.fit.
        """
        from ..training.fitting import fit

        if options or names_columns(y, sample_weight):
            x, y, sample_weight = data_of(self, x, y, sample_weight, **options)
        return fit(
            self._compiled("fit"),
            x,
            y,
            batch_size,
            epochs,
            verbose,
            callbacks,
            validation_split,
            validation_data,
            shuffle,
            class_weight,
            sample_weight,
            initial_epoch,
            steps_per_epoch,
            validation_steps,
            validation_batch_size,
            validation_freq,
        )

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **options: Unpack[FrameOptions],
    ) -> Any:
        """The loss and the metrics, the same for any batch size.

        Parameters
        ----------
        steps : int, optional
            Batches at most.
        return_dict : bool, default False
            Name -> number.

        Returns
        -------
        float or list of float
            The loss, or a list of it and the metrics; see `metrics_names`.

        Notes
        -----
        Arguments are as for `fit`.

        Source: keras.Model.evaluate.
        """
        from ..training.fitting import evaluate

        given = x, y, sample_weight
        if options or names_columns(y, sample_weight):
            given = data_of(self, *given, **options)
        logs = evaluate(self._compiled("evaluate"), *given, batch_size, verbose, steps, callbacks)
        return _as_asked(logs, return_dict)

    def _predict_by_batch(
        self, x: Any, batch_size: Any, steps: Any, callbacks: Any, verbose: Any
    ) -> Any:
        """`predict` with callbacks, a number of steps, or batches as they come."""
        from ..training.fitting import predict

        return predict(self, x, batch_size, steps, callbacks, verbose)

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One step of the optimizer.

        Parameters
        ----------
        x : array_like, Ragged, or list or dict of them
            One batch, as `predict` takes it.
        y : array_like, Ragged, or list or dict of them, optional
            The labels, as `fit` takes them.
        sample_weight : array_like, optional
            (sequences,), or one for each step.
        class_weight : dict of int to float, optional
            Class -> weight.
        return_dict : bool, default False
            Give them by name.

        Returns
        -------
        float, list of float or dict
            The loss, or loss and metrics, of the weights before the step.

        Raises
        ------
        ValueError
            For what does not fit, and for no sequence.
        RuntimeError
            If the weights were replaced meanwhile; nothing is changed.

        Notes
        -----
        Source: keras.Model.train_on_batch.
        """
        trainer = self._compiled("train_on_batch")
        return _as_asked(trainer.train_on_batch(x, y, sample_weight, class_weight), return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """The losses and metrics of one batch.

        Parameters
        ----------
        x : array_like, Ragged, or list or dict of them
            One batch, as `predict` takes it.
        y : array_like, Ragged, or list or dict of them, optional
            The labels, as `fit` takes them.
        sample_weight : array_like, optional
            (sequences,), or one for each step.
        return_dict : bool, default False
            Give them by name.

        Returns
        -------
        float, list of float or dict
            The loss, or loss and metrics.

        Notes
        -----
        Source: keras.Model.test_on_batch.
        """
        trainer = self._compiled("test_on_batch")
        return _as_asked(trainer.test_on_batch(x, y, sample_weight), return_dict)

    @property
    def compiled(self) -> bool:
        """True once `compile` was called."""
        return self.trainer is not None

    @property
    def optimizer(self) -> Any:
        """The optimizer that `compile` was given, or None."""
        return None if self.trainer is None else self.trainer.optimizer

    @property
    def loss(self) -> Any:
        """The loss that `compile` was given, or None."""
        return None if self.trainer is None else self.trainer.given["loss"]

    @property
    def metrics(self) -> list[Any]:
        """The metrics that `compile` was given, as objects."""
        return [] if self.trainer is None else self.trainer.metrics.all

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns."""
        return ["loss"] if self.trainer is None else self.trainer.names

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """What a step minimizes: the losses of `compile` and all penalties.

        A model of your own may write it anew.

        Parameters
        ----------
        x : array_like or structure of them
            The batch.
        y : array_like or structure of them
            The labels.
        y_pred : Tensor or structure of them
            What the model answered, padded.
        sample_weight : array_like, optional
            As it was given.
        training : bool, default True
            Whether it is for a step of training.

        Returns
        -------
        array
            A number.

        Raises
        ------
        RuntimeError
            Outside of a step.

        Notes
        -----
        Source: keras.Model.compute_loss.
        """
        return self._compiled("compute_loss").loss_of(y, y_pred, sample_weight)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Count a batch in the metrics.

        A model of your own may write it anew, and give more numbers.

        Parameters
        ----------
        x : array_like or structure of them
            The batch.
        y : array_like or structure of them
            The labels.
        y_pred : Tensor or structure of them
            What the model answered, padded.
        sample_weight : array_like, optional
            As it was given.

        Returns
        -------
        dict of str to float
            What they are since they were reset, by name.

        Notes
        -----
        Source: keras.Model.compute_metrics.
        """
        return self._compiled("compute_metrics").metrics_of(y, y_pred, sample_weight)

    def reset_metrics(self) -> None:
        """Begin the sums of losses and metrics anew.

        Notes
        -----
        Source: keras.Model.
        """
        if self.trainer is not None:
            self.trainer.reset()

    def get_metrics_result(self) -> dict[str, float]:
        """The losses and metrics since they were reset.

        Returns
        -------
        dict of str to float
            By name.

        Notes
        -----
        Source: keras.Model.get_metrics_result.
        """
        return {} if self.trainer is None else self.trainer.named_logs()

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile` as data.

        Returns
        -------
        dict or None
            The config; None if the model is not compiled.

        Notes
        -----
        Source: keras.Model.get_compile_config.
        """
        return None if self.trainer is None else self.trainer.get_config()

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile with what `get_compile_config` returned.

        Parameters
        ----------
        config : dict
            The config.

        Notes
        -----
        Source: keras.Model.compile_from_config.
        """
        self.compile(**config)

    def _compiled(self, what: str) -> Any:
        if self.trainer is None:
            raise ValueError(f"call compile before {what}, as model.compile('adam', loss='mse')")
        self.trainer.check_model()
        return self.trainer


def _as_asked(logs: dict[str, float], return_dict: bool) -> Any:
    if flag(return_dict, "return_dict"):
        return logs
    numbers = [*logs.values()]
    return numbers[0] if len(numbers) == 1 else numbers
