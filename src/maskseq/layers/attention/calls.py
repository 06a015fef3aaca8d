"""Types of the calls of attention layers: one tensor, unless the scores are asked for."""

from typing import TYPE_CHECKING, Any

from ..base.layer import Layer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, TypedDict, Unpack, overload

    from ...tensor import Tensor
    from ..base.one_tensor import Arrays, KerasTensor

    class OfHeads(TypedDict, total=False):
        """Options of a call of attention of several heads, but for `return_attention_scores`."""

        query_mask: Any
        value_mask: Any
        key_mask: Any
        attention_mask: Any
        training: bool | None
        use_causal_mask: bool

    class OfLists(TypedDict, total=False):
        """The same of attention over a list of inputs."""

        mask: Any
        training: bool | None
        use_causal_mask: bool


class CallOfHeads(Layer):
    """A layer that is called on a query, a value and maybe a key."""

    if TYPE_CHECKING:

        @overload
        def __call__(
            self,
            query: KerasTensor,
            value: KerasTensor,
            key: Any = None,
            *,
            return_attention_scores: Literal[False] = False,
            **options: Unpack[OfHeads],
        ) -> KerasTensor: ...
        @overload
        def __call__(
            self,
            query: Arrays,
            value: Arrays,
            key: Any = None,
            *,
            return_attention_scores: Literal[False] = False,
            **options: Unpack[OfHeads],
        ) -> Tensor: ...
        @overload
        def __call__(
            self,
            query: Any,
            value: Any,
            key: Any = None,
            *,
            return_attention_scores: bool,
            **options: Unpack[OfHeads],
        ) -> Any: ...
        def __call__(self, query: Any, value: Any, *args: Any, **kwargs: Any) -> Any: ...


class CallOfLists(Layer):
    """A layer that is called on a list of these."""

    if TYPE_CHECKING:

        @overload
        def __call__(
            self,
            inputs: Sequence[KerasTensor],
            *,
            return_attention_scores: Literal[False] = False,
            **options: Unpack[OfLists],
        ) -> KerasTensor: ...
        @overload
        def __call__(
            self,
            inputs: Sequence[Arrays],
            *,
            return_attention_scores: Literal[False] = False,
            **options: Unpack[OfLists],
        ) -> Tensor: ...
        @overload
        def __call__(
            self, inputs: Any, *, return_attention_scores: bool, **options: Unpack[OfLists]
        ) -> Any: ...
        def __call__(self, inputs: Any, **kwargs: Any) -> Any: ...
