from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

ISAS: tuple[str, ...]
ACTIVATIONS: tuple[str, ...]
OF_ROWS: tuple[str, ...]
openmp: bool

# from here on written by csrc/stub.py
def isa() -> str: ...
def set_isa(name: str | None) -> None: ...
def default_threads() -> int: ...
def set_threads(n: int | None) -> int | None: ...
def set_own_threads(n: int | None) -> int | None: ...
def thread_budget(cgroup_root: str | PathLike[str] = "/sys/fs/cgroup") -> int: ...
def activation(
    x: ArrayLike, name: str, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def activation_with(
    x: ArrayLike, name: str, *options: float, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def prelu(
    x: ArrayLike, alpha: ArrayLike, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def glu(
    x: ArrayLike, d: ArrayLike | None = None, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def elementary(
    x: ArrayLike, name: str, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def elementary_pair(
    x: ArrayLike, y: ArrayLike, name: str, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def reduce(x: ArrayLike, name: str, *, num_threads: int | None = None) -> NDArray[np.float32]: ...
def normalize(
    x: ArrayLike,
    norm: str,
    epsilon: float = 0.0,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def scale_rows(
    x: ArrayLike,
    scale: ArrayLike,
    offset: ArrayLike,
    mean: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def normalize_groups(
    x: ArrayLike,
    batch: int,
    time: int,
    groups: int,
    epsilon: float = 0.0,
    gamma: ArrayLike | None = None,
    beta: ArrayLike | None = None,
    offsets: ArrayLike | None = None,
    starts: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def log_softmax(x: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.float32]: ...
def log_sum_exp(x: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.float32]: ...
def sparsemax(x: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.float32]: ...
def additive_scores(
    q: ArrayLike,
    k: ArrayLike,
    scale: ArrayLike | None = None,
    factor: float = 1.0,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def first_outside(ids: ArrayLike, count: int) -> int: ...
def mask_from_ids(ids: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.bool_]: ...
def mask_from_values(
    x: ArrayLike, mask_value: float, *, num_threads: int | None = None
) -> NDArray[np.bool_]: ...
def mask_from_lengths(
    lengths: ArrayLike, time: int, padding: Literal["post", "pre"] = "post"
) -> NDArray[np.bool_]: ...
def layout_from_mask(mask: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...
def gather_rows(
    x: ArrayLike, index: ArrayLike, *, num_threads: int | None = None
) -> NDArray[Any]: ...
def embedding(
    table: ArrayLike, ids: ArrayLike, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def scatter_rows(
    values: ArrayLike,
    offsets: ArrayLike,
    cells: ArrayLike,
    batch: int,
    time: int,
    carry: bool,
    *,
    own_pads: bool = False,
    num_threads: int | None = None,
) -> NDArray[Any]: ...
def fill_masked(
    out: NDArray[np.float32],
    mask: ArrayLike,
    first: ArrayLike | None = None,
    *,
    carry: bool = False,
    num_threads: int | None = None,
) -> None: ...
def sum_rows(
    x: ArrayLike, offsets: ArrayLike, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def masked_softmax(
    x: ArrayLike, mask: ArrayLike | None = None, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def time_softmax(
    x: ArrayLike, offsets: ArrayLike, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def pool_sequences(
    x: ArrayLike, offsets: ArrayLike, mean: bool = False, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def pool_windows(
    x: ArrayLike,
    batch: int,
    time: int,
    count: int,
    size: int,
    stride: int = 1,
    before: int = 0,
    mean: bool = False,
    index: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def has_products_in(precision: str) -> bool: ...
def use_extensions(use: bool) -> bool: ...

class PackedDense:
    features: int
    units: int
    def __init__(
        self, kernel: ArrayLike, bias: ArrayLike | None = None, *, turned: bool = False
    ) -> None: ...

def dense(
    x: ArrayLike,
    packed: PackedDense,
    activation: str = "linear",
    *,
    out: NDArray[np.float32] | None = None,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def dense_beside(
    x: ArrayLike, layers: Sequence[PackedDense], *, num_threads: int | None = None
) -> list[NDArray[np.float32]]: ...
def lstm_of_rows(
    h: ArrayLike,
    packed: PackedDense,
    of_input: ArrayLike,
    c: ArrayLike,
    gate: str,
    activation: str,
    *,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]: ...

class Windows:
    def __init__(
        self,
        batch: int,
        time: int,
        count: int,
        size: int,
        stride: int = 1,
        dilation: int = 1,
        before: int = 0,
        row_of: ArrayLike | None = None,
        made: ArrayLike | None = None,
    ) -> None: ...

def convolve(
    x: ArrayLike,
    packed: list[PackedDense],
    windows: Windows,
    activation: str = "linear",
    *,
    out: NDArray[np.float32] | None = None,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def depthwise(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None,
    windows: Windows,
    activation: str = "linear",
    *,
    mixing: PackedDense | None = None,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...

class PackedRNN:
    kind: str
    features: int
    units: int
    def __init__(
        self,
        kind: str,
        kernel: ArrayLike,
        recurrent_kernel: ArrayLike,
        bias: ArrayLike | None = None,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
    ) -> None: ...
    @property
    def kept_bytes(self) -> int: ...

def rnn(
    x: ArrayLike,
    packed: PackedRNN,
    offsets: ArrayLike | None = None,
    *,
    index: ArrayLike | None = None,
    initial_state: Sequence[ArrayLike] | None = None,
    return_sequences: bool = False,
    return_c: bool = True,
    reverse: bool = False,
    out: NDArray[np.float32] | None = None,
    cells: ArrayLike | None = None,
    keep: int = 0,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float32] | None, tuple[NDArray[np.float32], ...]]: ...
def rnn_pair(
    x: ArrayLike,
    one: PackedRNN,
    other: PackedRNN,
    offsets: ArrayLike,
    *,
    index: ArrayLike | None = None,
    initial_states: Sequence[Sequence[ArrayLike] | None] = (None, None),
    return_sequences: bool = False,
    reverse: bool = False,
    out: Sequence[NDArray[np.float32] | None] = (None, None),
    cells: ArrayLike | None = None,
    keep: int = 0,
    num_threads: int | None = None,
) -> tuple[
    tuple[NDArray[np.float32] | None, tuple[NDArray[np.float32], ...]],
    tuple[NDArray[np.float32] | None, tuple[NDArray[np.float32], ...]],
]: ...

class PackedConvLSTM:
    size: int
    features: int
    filters: int
    def __init__(
        self,
        kernel: ArrayLike,
        recurrent_kernel: ArrayLike,
        bias: ArrayLike | None = None,
        activation: str = "tanh",
        recurrent_activation: str = "sigmoid",
    ) -> None: ...

def conv_lstm(
    x: ArrayLike,
    packed: PackedConvLSTM,
    windows: Windows,
    offsets: ArrayLike,
    initial_state: Sequence[ArrayLike],
    *,
    index: ArrayLike | None = None,
    reverse: bool = False,
    out: NDArray[np.float32] | None = None,
    cells: ArrayLike | None = None,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]: ...
def rnn_taped(
    x: ArrayLike,
    packed: PackedRNN,
    offsets: ArrayLike,
    *,
    index: ArrayLike | None = None,
    initial_state: Sequence[ArrayLike] | None = None,
    reverse: bool = False,
    out: NDArray[np.float32],
    num_threads: int | None = None,
) -> tuple[tuple[NDArray[np.float32], ...], NDArray[np.float32], NDArray[np.float32] | None]: ...
def rnn_taped_pair(
    x: ArrayLike,
    one: PackedRNN,
    other: PackedRNN,
    offsets: ArrayLike,
    *,
    index: ArrayLike | None = None,
    initial_states: Sequence[Sequence[ArrayLike] | None] = (None, None),
    reverse: bool = False,
    out: Sequence[NDArray[np.float32]],
    num_threads: int | None = None,
) -> tuple[
    tuple[tuple[NDArray[np.float32], ...], NDArray[np.float32], NDArray[np.float32] | None],
    tuple[tuple[NDArray[np.float32], ...], NDArray[np.float32], NDArray[np.float32] | None],
]: ...
def has_way_back(packed: PackedRNN) -> bool: ...

class RnnWayBack:
    def __init__(
        self,
        packed: PackedRNN,
        turned: PackedDense,
        offsets: ArrayLike,
        kept: NDArray[np.float32],
        state: NDArray[np.float32],
        *,
        initial: ArrayLike | None = None,
        d_outputs: NDArray[np.float32] | None = None,
        d_last: ArrayLike | None = None,
        d_cell: ArrayLike | None = None,
        reverse: bool = False,
    ) -> None: ...

def rnn_backward(
    one: RnnWayBack,
    other: RnnWayBack | None = None,
    *,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float32], ...]: ...
def rnn_gradients(
    ways: Sequence[RnnWayBack],
    x: ArrayLike,
    outputs: Sequence[NDArray[np.float32]],
    wanted: Sequence[Sequence[bool]],
    index: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> list[tuple[NDArray[np.float32] | None, ...]]: ...
def dense_rows(
    x: ArrayLike, packed: PackedDense, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def attention(
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    query_offsets: ArrayLike,
    key_offsets: ArrayLike,
    *,
    scale: float | None = None,
    causal: bool = False,
    query_steps: ArrayLike | None = None,
    key_steps: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    scores_time: tuple[int, int] | None = None,
    out: NDArray[np.float32] | None = None,
    dropout: tuple[ArrayLike, int, float] | None = None,
    num_threads: int | None = None,
) -> NDArray[np.float32] | tuple[NDArray[np.float32], NDArray[np.float32]]: ...
def attention_backward(
    d_out: ArrayLike,
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    query_offsets: ArrayLike,
    key_offsets: ArrayLike,
    *,
    scale: float | None = None,
    causal: bool = False,
    query_steps: ArrayLike | None = None,
    key_steps: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    dropout: tuple[ArrayLike, int, float] | None = None,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]: ...
def outer(
    x: ArrayLike,
    dz: ArrayLike,
    x_index: ArrayLike | None = None,
    *,
    out: NDArray[np.float32] | None = None,
    accumulate: bool = False,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def outers(
    products: Sequence[tuple[Any, Any, Any]],
    summed: Sequence[Any],
    *,
    num_threads: int | None = None,
) -> tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]]: ...
def column_sums(x: ArrayLike, *, num_threads: int | None = None) -> NDArray[np.float32]: ...
def sum_segments(
    x: ArrayLike, index: ArrayLike, offsets: ArrayLike, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def draws(
    sequences: ArrayLike,
    steps: ArrayLike,
    features: int,
    key: int,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def dropout(
    x: ArrayLike,
    sequences: ArrayLike,
    steps: ArrayLike,
    key: int,
    rate: float,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def activation_backward(
    d: ArrayLike, y: ArrayLike, x: ArrayLike, name: str, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def activation_with_backward(
    d: ArrayLike,
    y: ArrayLike,
    x: ArrayLike,
    name: str,
    *options: float,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def softmax_backward(
    d: ArrayLike, y: ArrayLike, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def normalize_backward(
    d: ArrayLike,
    x: ArrayLike,
    norm: str,
    epsilon: float = 0.0,
    gamma: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]: ...
def update_weights(
    rule: str,
    numbers: Sequence[float],
    weights: Sequence[tuple[Any, ...]],
    decay: tuple[float, float] | None = None,
    decays: Sequence[bool] | None = None,
    *,
    num_threads: int | None = None,
) -> list[tuple[NDArray[np.float32], ...]]: ...
def crossentropy(
    y: ArrayLike,
    classes: ArrayLike | None,
    labels: ArrayLike | None,
    from_logits: bool,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def crossentropy_backward(
    d: ArrayLike,
    y: ArrayLike,
    classes: ArrayLike | None,
    labels: ArrayLike | None,
    from_logits: bool,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def binary_crossentropy(
    y: ArrayLike, labels: ArrayLike, from_logits: bool, *, num_threads: int | None = None
) -> NDArray[np.float32]: ...
def binary_crossentropy_backward(
    d: ArrayLike,
    y: ArrayLike,
    labels: ArrayLike,
    from_logits: bool,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def crf(
    emissions: ArrayLike,
    path: ArrayLike,
    offsets: ArrayLike,
    transitions: ArrayLike,
    start: ArrayLike | None = None,
    end: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]: ...
def crf_backward(
    d_losses: ArrayLike,
    alphas: ArrayLike,
    emissions: ArrayLike,
    path: ArrayLike,
    offsets: ArrayLike,
    transitions: ArrayLike,
    start: ArrayLike | None = None,
    end: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> tuple[
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32] | None,
    NDArray[np.float32] | None,
]: ...
def crf_decode(
    emissions: ArrayLike,
    offsets: ArrayLike,
    transitions: ArrayLike,
    start: ArrayLike | None = None,
    end: ArrayLike | None = None,
    *,
    num_threads: int | None = None,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]: ...
def ctc(
    logits: ArrayLike,
    labels: ArrayLike,
    offsets: ArrayLike,
    label_offsets: ArrayLike,
    blank: int = 0,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
def ctc_backward(
    d_losses: ArrayLike,
    logits: ArrayLike,
    labels: ArrayLike,
    offsets: ArrayLike,
    label_offsets: ArrayLike,
    blank: int = 0,
    *,
    num_threads: int | None = None,
) -> NDArray[np.float32]: ...
