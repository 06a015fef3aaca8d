"""Sessions: the states of streams, each of which a model answers a part at a time."""

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from .streams import Streams

_making = threading.Lock()


class Session:
    """The states of one stream of a model: what `model.session()` gives.

    Each call takes the next steps of the stream, and answers for these as the model would for the
    whole of it. A masked step changes nothing. Weights are those of the model, also later ones.
    Calls on one session must follow one another; those of a model may be used from any threads.

    Parameters
    ----------
    model : Model
        A model of one input, without layers that look across steps.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> lstm = layers.LSTM(8, return_sequences=True)
    >>> model = maskseq.Sequential([maskseq.Input((None, 4)), lstm])
    >>> x = np.ones((1, 5, 4), "float32")
    >>> whole = model.predict(x)[0]
    >>> session = model.session()
    >>> parts = np.concatenate([session.run(x[0, :2]), session.run(x[0, 2:])])
    >>> bool((parts == whole).all())
    True
    """

    def __init__(self, model: Any):
        self._streams = _streams_of(model)
        self._states: list[list[np.ndarray]] | None = None

    def run(self, x: Any) -> Any:
        """The answer for the next steps `x`: (steps, ...) features, or ids (steps,).

        Parameters
        ----------
        x : array_like
            The input.

        Returns
        -------
        numpy.ndarray
            For outputs of every step an array (steps, ...); else (...), as of the last step.
        """
        return self.run_together([self], [x])[0]

    @staticmethod
    def run_together(sessions: "Sequence[Session]", x: Sequence[Any]) -> list[Any]:
        """Run several sessions as one batch, each on steps of its own, of any number.

        Sessions may come together with others in each call. Answers and states have the same bits
        as those of each alone. If anything fails, no session is changed.

        Parameters
        ----------
        sessions : sequence of Session
            Different ones of one model.
        x : sequence
            The next steps of each.

        Returns
        -------
        list of numpy.ndarray
            The answer for each, as `run` gives it.

        Raises
        ------
        ValueError
            For another number of `x`, one session twice, or another model's.
        """
        if len(sessions) != len(x):
            raise ValueError(f"Session: expected {len(sessions)} inputs, one each, got {len(x)}")
        if len({id(session) for session in sessions}) < len(sessions):
            raise ValueError("Session: a session stands twice in a batch; join its steps instead")
        if len({id(session._streams) for session in sessions}) > 1:
            raise ValueError("Session: expected sessions of one model, got those of several")
        if not sessions:
            return []
        streams = sessions[0]._streams
        answers, states = streams.run([s._states for s in sessions], list(x))
        for session, own in zip(sessions, states, strict=True):
            session._states = own
        return answers

    @property
    def states(self) -> dict[str, list[np.ndarray]]:
        """Copies of the states, a list for each recurrent layer, by its name: (units,) each."""
        states = self._states or self._streams.first()
        return {
            name: [state.copy() for state in own]
            for name, own in zip(self._streams.names, states, strict=True)
        }

    @states.setter
    def states(self, states: dict[str, Any]) -> None:
        self._states = self._streams.checked(states)

    def reset(self) -> None:
        """Start the stream anew."""
        self._states = None


def _streams_of(model: Any) -> Streams:
    """The one copy of a model that all its sessions share, made anew for another graph."""
    with _making:
        streams = model.__dict__.get("_streams")
        if streams is None or streams._model._plan is not model._plan:
            streams = model._streams = Streams(model)
        return streams
