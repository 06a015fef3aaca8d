"""What holds for all of one walk through a model, at any depth.

A walk sets its Context when it starts; layers ask `current()` for it. Nothing of it is handed from
layer to layer. A Context does not change once it is set: walks of many threads may share one.
"""

from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any

MASK_LOSS = ("warn", "error", "ignore")


class Context:
    """The settings of a walk. The class's own values hold where no model runs.

    training: layers behave as in training.  on_mask_loss: what a layer does that destroys a mask:
    "warn" once, raise an "error", or "ignore" it.  padded_output: the output of the layer that runs
    now is wanted as a padded array, so that one may be written at once.  tape: what records the
    steps for a walk back, if anything.  reader: the tape while it runs what users wrote: a weight's
    `value` is then Traced.  losses: a list that takes what layers add with `add_loss`.  rng: the
    random generator of the walk; None: each layer's.  edition: the weights that the walk sees
    (`variable.Edition`); None: those of each moment.
    """

    training: bool = False
    on_mask_loss: str = "warn"
    padded_output: bool = True
    tape: Any = None
    reader: Any = None
    losses: Any = None
    rng: Any = None
    edition: Any = None

    def but(self, **settings: Any) -> "Context":
        """This context with some settings changed."""
        context = Context()
        context.__dict__ = {**self.__dict__, **settings}
        return context


OUTSIDE = Context()
"""The context where no model runs."""
_current: ContextVar[Context] = ContextVar("context", default=OUTSIDE)
current = _current.get


class _Walks(dict[str, tuple[Context, Context]]):
    """`Starts.walks`; each is made when it is first wanted: training has new weights each step."""

    __slots__ = ("call",)
    call: Context

    def __missing__(self, mode: str) -> tuple[Context, Context]:
        if mode not in MASK_LOSS:
            raise KeyError(mode)
        last = self.call.but(on_mask_loss=mode)
        return self.setdefault(mode, (last.but(padded_output=False), last))


class Starts:
    """The contexts in which walks start, all of which see the weights of one edition.

    walks: for each `on_mask_loss`, the context of a walk, and the same with padded output for its
    last calls.  call: as OUTSIDE, for a call that is no walk.
    """

    __slots__ = ("walks", "call")

    def __init__(self, edition: Any):
        self.call = OUTSIDE.but(edition=edition)
        self.walks = _Walks()
        self.walks.call = self.call


class Newest:
    """Holds the contexts that see the newest weights, for what starts now."""

    starts = Starts(None)


newest = Newest()


def fixed() -> Context:
    """The current context; outside a walk, one that sees the weights of now to its end."""
    context = current()
    return newest.starts.call if context is OUTSIDE else context


enter: Callable[[Context], Token[Context]] = _current.set
"""Makes a context the current one, until `leave` of what this returns."""
leave = _current.reset


class changed:
    """The current context, fixed and with some settings changed, for the body of a `with`."""

    __slots__ = ("_context", "_token")

    def __init__(self, **settings: Any):
        self._context = fixed().but(**settings) if settings else fixed()

    def __enter__(self) -> Context:
        self._token = enter(self._context)
        return self._context

    def __exit__(self, *error: Any) -> None:
        leave(self._token)
