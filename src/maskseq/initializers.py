"""First values of weights, under Keras's names and with its distributions.

An initializer is given as a name ("glorot_uniform"), as an object (`GlorotUniform(seed=1)`), as a
config ({"class_name": ..., "config": ...}) or as a function of a shape. Random ones draw from
`set_random_seed`'s stream, unless they have a seed. Source: keras.initializers, version 3.15.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .configured import Configured, hint, snake_case
from .given.checking import in_range

__all__ = [
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity",
    "IdentityInitializer", "Initializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal",
    "OrthogonalInitializer", "RandomNormal", "RandomUniform", "TruncatedNormal",
    "VarianceScaling", "Zeros", "constant", "get", "identity", "ones", "orthogonal",
    "random_normal", "random_uniform", "serialize", "set_random_seed", "truncated_normal",
    "variance_scaling", "zeros",
]  # fmt: skip

_seed: int | None = None


def set_random_seed(seed: int) -> None:
    """Make the random first weights of layers built from now on repeatable.

    Parameters
    ----------
    seed : int
        Any integer from 0 on.

    Raises
    ------
    ValueError
        Unless the seed is an int, at least 0.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> from maskseq import layers
    >>> maskseq.set_random_seed(1)
    >>> first = layers.Dense(2)(np.ones((1, 3)))
    >>> maskseq.set_random_seed(1)
    >>> bool((first == layers.Dense(2)(np.ones((1, 3)))).all())
    True
    """
    global _seed
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
        raise ValueError(f"set_random_seed: seed must be an int, at least 0, got {seed!r}")
    _seed = seed
    _stream.cache_clear()


@functools.cache
def _stream() -> "np.random.Generator":
    """Made when it is first drawn from: numpy.random is a fifth of the time of an import."""
    return np.random.default_rng(_seed)


def draw_seed() -> int:
    """A seed from the stream of `set_random_seed`, for what draws in training.

    Returns
    -------
    int
        The seed.
    """
    return int(_stream().integers(1 << 31))


def _rng(seed: int | None) -> "np.random.Generator":
    return _stream() if seed is None else np.random.default_rng(seed)


def _fans(shape: tuple[int, ...]) -> tuple[float, float]:
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    receptive = int(np.prod(shape[:-2]))
    return shape[-2] * receptive, shape[-1] * receptive


def _truncated_normal(shape, mean, stddev, rng):
    values = rng.standard_normal(shape)
    while (outside := np.abs(values) > 2).any():
        values[outside] = rng.standard_normal(int(outside.sum()))
    return mean + stddev * values


def zeros(shape):
    """All 0.

    Parameters
    ----------
    shape : tuple of int
        Shape of the values.

    Returns
    -------
    numpy.ndarray
        float64, of the shape that is asked for; as weights they become float32.

    See Also
    --------
    Zeros

    Examples
    --------
    >>> from maskseq import initializers
    >>> print(initializers.zeros((3,)))
    [0. 0. 0.]
    """
    return np.zeros(shape)


def ones(shape):
    """All 1.

    Parameters
    ----------
    shape : tuple of int
        Shape of the values.

    Returns
    -------
    numpy.ndarray
        float64, of the shape that is asked for; as weights they become float32.

    See Also
    --------
    Ones

    Examples
    --------
    >>> from maskseq import initializers
    >>> print(initializers.ones((3,)))
    [1. 1. 1.]
    """
    return np.ones(shape)


def constant(shape, value=0.0):
    """All `value`.

    Parameters
    ----------
    shape : tuple of int
        Shape of the values.
    value : scalar or array_like, default 0.0
        The value.

    Returns
    -------
    numpy.ndarray
        Of the dtype of `value`, and the shape that is asked for; as weights they become float32.

    Raises
    ------
    ValueError
        If `value` does not broadcast to the shape.

    See Also
    --------
    Constant

    Examples
    --------
    >>> from maskseq import initializers
    >>> print(initializers.constant((2, 2), 0.5))
    [[0.5 0.5]
     [0.5 0.5]]
    """
    return np.full(shape, value)


def random_normal(shape, mean=0.0, stddev=0.05, seed=None):
    """Normal.

    Parameters
    ----------
    shape : tuple of int
        Shape of the values.
    mean : float, default 0.0
        Mean of the values.
    stddev : float, default 0.05
        Standard deviation of the values.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    Returns
    -------
    numpy.ndarray
        float64, of the shape that is asked for; as weights they become float32.

    See Also
    --------
    RandomNormal

    Examples
    --------
    >>> from maskseq import initializers
    >>> initializers.random_normal((2, 3), stddev=0.1, seed=1).shape
    (2, 3)
    """
    return _rng(seed).normal(mean, stddev, shape)


def random_uniform(shape, minval=-0.05, maxval=0.05, seed=None):
    """Uniform between minval and maxval.

    Parameters
    ----------
    shape : tuple of int
        Shape of the values.
    minval : float, default -0.05
        Smallest value.
    maxval : float, default 0.05
        Largest value.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    Returns
    -------
    numpy.ndarray
        float64, of the shape that is asked for; as weights they become float32.

    See Also
    --------
    RandomUniform

    Examples
    --------
    >>> from maskseq import initializers
    >>> values = initializers.random_uniform((100,), minval=0.0, maxval=1.0, seed=1)
    >>> bool((values >= 0).all() and (values < 1).all())
    True
    """
    return _rng(seed).uniform(minval, maxval, shape)


def truncated_normal(shape, mean=0.0, stddev=0.05, seed=None):
    """Normal, redrawn beyond two standard deviations.

    Parameters
    ----------
    shape : tuple of int
        Shape of the values.
    mean : float, default 0.0
        Mean of the values.
    stddev : float, default 0.05
        Standard deviation of the values.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    Returns
    -------
    numpy.ndarray
        float64, of the shape that is asked for; as weights they become float32.

    See Also
    --------
    TruncatedNormal

    Examples
    --------
    >>> from maskseq import initializers
    >>> values = initializers.truncated_normal((100,), stddev=0.1, seed=1)
    >>> bool(abs(values).max() <= 0.2)
    True
    """
    return _truncated_normal(shape, mean, stddev, _rng(seed))


def variance_scaling(shape, scale=1.0, mode="fan_in", distribution="truncated_normal", seed=None):
    """Variance `scale` over fan in, fan out or their average.

    Parameters
    ----------
    shape : tuple of int
        Shape of the values.
    scale : float, default 1.0
        The variance, times the fan.
    mode : str, default "fan_in"
        "fan_in", "fan_out" or "fan_avg".
    distribution : str, default "truncated_normal"
        "truncated_normal", "untruncated_normal" or "uniform".
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    Returns
    -------
    numpy.ndarray
        float64, of the shape that is asked for; as weights they become float32.

    Raises
    ------
    ValueError
        For a `scale` that is not above 0, an unknown `mode` or `distribution`.

    See Also
    --------
    VarianceScaling

    Examples
    --------
    >>> from maskseq import initializers
    >>> values = initializers.variance_scaling((1000, 10), scale=2.0, seed=1)
    >>> print(round(float(values.var()) * 1000, 1))
    2.0
    """
    _check_scaling(scale, mode, distribution)
    fan_in, fan_out = _fans(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    variance = scale / max(1.0, fan)
    rng = _rng(seed)
    if distribution == "uniform":
        limit = np.sqrt(3 * variance)
        return rng.uniform(-limit, limit, shape)
    if distribution == "untruncated_normal":
        return rng.normal(0, np.sqrt(variance), shape)
    # 0.8796...: the standard deviation of a normal cut at two of them
    return _truncated_normal(shape, 0, np.sqrt(variance) / 0.87962566103423978, rng)


_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "normal", "untruncated_normal", "uniform")


def _check_scaling(scale: Any, mode: Any, distribution: Any) -> None:
    in_range(scale, "(0, inf)", "VarianceScaling: scale")
    given = {"mode": (mode, _MODES), "distribution": (distribution, _DISTRIBUTIONS)}
    for name, (value, known) in given.items():
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"VarianceScaling: {name} must be one of {known}, got {value!r}")


def orthogonal(shape, gain=1.0, seed=None):
    """Orthonormal columns or rows, times `gain`.

    Parameters
    ----------
    shape : tuple of int
        Shape of the values.
    gain : float, default 1.0
        Factor of all values.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    Returns
    -------
    numpy.ndarray
        float64, of the shape that is asked for; as weights they become float32.

    Raises
    ------
    ValueError
        For a shape of fewer than 2 axes.

    See Also
    --------
    Orthogonal

    Examples
    --------
    >>> from maskseq import initializers
    >>> q = initializers.orthogonal((4, 4), seed=1)
    >>> bool(abs(q @ q.T - initializers.identity((4, 4))).max() < 1e-6)
    True
    """
    if len(shape) < 2:
        raise ValueError(f"orthogonal: shape must have at least 2 axes, got {tuple(shape)}")
    rows, columns = int(np.prod(shape[:-1])), shape[-1]
    q, r = np.linalg.qr(_rng(seed).standard_normal((max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))
    return gain * (q.T if rows < columns else q).reshape(shape)


def identity(shape, gain=1.0):
    """The identity matrix, times `gain`.

    Parameters
    ----------
    shape : tuple of int
        Shape of the values.
    gain : float, default 1.0
        Factor of all values.

    Returns
    -------
    numpy.ndarray
        float64, of the shape that is asked for; as weights they become float32.

    See Also
    --------
    Identity

    Examples
    --------
    >>> from maskseq import initializers
    >>> print(initializers.identity((2, 2)))
    [[1. 0.]
     [0. 1.]]
    """
    return gain * np.eye(*shape)


def _scaled(scale, mode, distribution):
    def initializer(shape, seed=None):
        return variance_scaling(shape, scale, mode, distribution, seed)

    return initializer


INITIALIZERS: dict[str, Callable[..., np.ndarray]] = {
    "zeros": zeros,
    "ones": ones,
    "constant": constant,
    "random_normal": random_normal,
    "random_uniform": random_uniform,
    "truncated_normal": truncated_normal,
    "variance_scaling": variance_scaling,
    "orthogonal": orthogonal,
    "identity": identity,
    "glorot_uniform": _scaled(1.0, "fan_avg", "uniform"),
    "glorot_normal": _scaled(1.0, "fan_avg", "truncated_normal"),
    "he_uniform": _scaled(2.0, "fan_in", "uniform"),
    "he_normal": _scaled(2.0, "fan_in", "truncated_normal"),
    "lecun_uniform": _scaled(1.0, "fan_in", "uniform"),
    "lecun_normal": _scaled(1.0, "fan_in", "truncated_normal"),
}
_ALIASES = {
    "uniform": "random_uniform",
    "normal": "random_normal",
    "identity_initializer": "identity",
    "orthogonal_initializer": "orthogonal",
}


class Initializer(Configured):
    """Base of initializers: a call takes a shape and gives the first values.

    These are float32 unless the call says otherwise by `dtype`.

    Notes
    -----
    Source: keras.

    Examples
    --------
    >>> import maskseq
    >>> import numpy as np
    >>> class Rising(maskseq.initializers.Initializer):
    ...     def __call__(self, shape, dtype=None):
    ...         return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    >>> layer = maskseq.layers.Dense(2, kernel_initializer=Rising())
    >>> layer.build((None, 2))
    >>> print(layer.get_weights()[0])
    [[0. 1.]
     [2. 3.]]
    """

    _draws = "zeros"  # the function above that it is

    def __call__(self, shape: Any, dtype: Any = None) -> np.ndarray:
        values = INITIALIZERS[self._draws](tuple(shape), **vars(self))
        return np.asarray(values, dtype or np.float32)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make this object anew; arrays as lists."""
        return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in vars(self).items()}


class Zeros(Initializer):
    """All 0.

    See Also
    --------
    Ones, Constant

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.Zeros()((2, 2)).tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """


class Ones(Initializer):
    """All 1.

    See Also
    --------
    Zeros, Constant

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.Ones()((2, 2)).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """

    _draws = "ones"


class Constant(Initializer):
    """All `value`, a number or an array.

    Parameters
    ----------
    value : scalar or array_like, default 0.0
        The value.

    Raises
    ------
    ValueError
        In a call, if `value` does not broadcast to the shape.

    See Also
    --------
    Zeros, Ones

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.Constant(0.5)((2, 2)).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """

    _draws = "constant"

    def __init__(self, value: Any = 0.0):
        self.value = value


class RandomNormal(Initializer):
    """Normal.

    Parameters
    ----------
    mean : float, default 0.0
        Mean of the values.
    stddev : float, default 0.05
        Standard deviation of the values.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    See Also
    --------
    TruncatedNormal, RandomUniform

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.RandomNormal(seed=1)((4, 8)).shape
    (4, 8)
    """

    _draws = "random_normal"

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None):
        self.mean, self.stddev, self.seed = mean, stddev, seed


class TruncatedNormal(RandomNormal):
    """Normal, redrawn beyond two standard deviations.

    Parameters
    ----------
    mean : float, default 0.0
        Mean of the values.
    stddev : float, default 0.05
        Standard deviation of the values.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    See Also
    --------
    RandomNormal

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.TruncatedNormal(seed=1)((4, 8)).shape
    (4, 8)
    """

    _draws = "truncated_normal"


class RandomUniform(Initializer):
    """Uniform between minval and maxval.

    Parameters
    ----------
    minval : float, default -0.05
        Smallest value.
    maxval : float, default 0.05
        Largest value.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    See Also
    --------
    RandomNormal

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.RandomUniform(seed=1)((4, 8)).shape
    (4, 8)
    """

    _draws = "random_uniform"

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None):
        self.minval, self.maxval, self.seed = minval, maxval, seed


class VarianceScaling(Initializer):
    """Variance `scale` over fan in, fan out or their average.

    Parameters
    ----------
    scale : float, default 1.0
        The variance, times the fan.
    mode : str, default "fan_in"
        "fan_in", "fan_out" or "fan_avg".
    distribution : str, default "truncated_normal"
        "truncated_normal", "untruncated_normal" or "uniform".
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    Raises
    ------
    ValueError
        For an unknown `mode`.

    See Also
    --------
    GlorotUniform, HeUniform, LecunUniform

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.VarianceScaling(seed=1)((4, 8)).shape
    (4, 8)
    """

    _draws = "variance_scaling"

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ):
        _check_scaling(scale, mode, distribution)
        self.scale, self.mode, self.distribution, self.seed = scale, mode, distribution, seed


class _Seeded(Initializer):
    def __init__(self, seed: int | None = None):
        self.seed = seed


class GlorotUniform(_Seeded):
    """Uniform, of variance 1 over the average of fan in and fan out.

    Parameters
    ----------
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    See Also
    --------
    GlorotNormal, VarianceScaling

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.GlorotUniform(seed=1)((4, 8)).shape
    (4, 8)
    """

    _draws = "glorot_uniform"


class GlorotNormal(_Seeded):
    """Normal, cut at two deviations, of variance 1 over the average of fan in and fan out.

    Parameters
    ----------
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    See Also
    --------
    GlorotUniform, VarianceScaling

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.GlorotNormal(seed=1)((4, 8)).shape
    (4, 8)
    """

    _draws = "glorot_normal"


class HeUniform(_Seeded):
    """Uniform, of variance 2 over fan in.

    Parameters
    ----------
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    See Also
    --------
    HeNormal, VarianceScaling

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.HeUniform(seed=1)((4, 8)).shape
    (4, 8)
    """

    _draws = "he_uniform"


class HeNormal(_Seeded):
    """Normal, cut at two deviations, of variance 2 over fan in.

    Parameters
    ----------
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    See Also
    --------
    HeUniform, VarianceScaling

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.HeNormal(seed=1)((4, 8)).shape
    (4, 8)
    """

    _draws = "he_normal"


class LecunUniform(_Seeded):
    """Uniform, of variance 1 over fan in.

    Parameters
    ----------
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    See Also
    --------
    LecunNormal, VarianceScaling

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.LecunUniform(seed=1)((4, 8)).shape
    (4, 8)
    """

    _draws = "lecun_uniform"


class LecunNormal(_Seeded):
    """Normal, cut at two deviations, of variance 1 over fan in.

    Parameters
    ----------
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    See Also
    --------
    LecunUniform, VarianceScaling

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.LecunNormal(seed=1)((4, 8)).shape
    (4, 8)
    """

    _draws = "lecun_normal"


class Orthogonal(Initializer):
    """Orthonormal columns or rows, times `gain`.

    Parameters
    ----------
    gain : float, default 1.0
        Factor of all values.
    seed : int, optional
        Seeds what is drawn at random; None: drawn from `maskseq.set_random_seed`.

    Raises
    ------
    ValueError
        In a call, for a shape of fewer than 2 axes.

    See Also
    --------
    Identity, maskseq.regularizers.OrthogonalRegularizer

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.Orthogonal(seed=1)((4, 8)).shape
    (4, 8)
    """

    _draws = "orthogonal"

    def __init__(self, gain: float = 1.0, seed: int | None = None):
        self.gain, self.seed = gain, seed


class Identity(Initializer):
    """The identity matrix, times `gain`.

    Parameters
    ----------
    gain : float, default 1.0
        Factor of all values.

    See Also
    --------
    Orthogonal

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.Identity()((2, 2)).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    _draws = "identity"

    def __init__(self, gain: float = 1.0):
        self.gain = gain


OrthogonalInitializer, IdentityInitializer = Orthogonal, Identity


def _name_of(identifier: str) -> str:
    key = snake_case(identifier)
    return _ALIASES.get(key, key)


def checked(identifier: Any, argument: str) -> Any:
    """`identifier`, if it is an initializer.

    Parameters
    ----------
    identifier : object
        A name, a config, a class, an object, or None.
    argument : str
        Its name, for errors.

    Returns
    -------
    object
        The identifier, as it came.

    Raises
    ------
    ValueError
        With the nearest name.
    """
    if type(identifier) is str and identifier in INITIALIZERS:
        return identifier
    name = identifier.get("class_name") if isinstance(identifier, dict) else identifier
    known = callable(name) or name is None
    if not known and not (isinstance(name, str) and _name_of(name) in INITIALIZERS):
        raise ValueError(
            f"{argument} must be the name of an initializer or a function of a shape, got {name!r}"
            + (f"; {hint(name, INITIALIZERS)}" if isinstance(name, str) else "")
        )
    return identifier


def serialize(value: Any) -> Any:
    """The config of an object of this module, in Keras's form; anything else as it is.

    Parameters
    ----------
    value : object
        An initializer, or anything else.

    Returns
    -------
    str or dict
        The config.

    Examples
    --------
    >>> from maskseq import initializers
    >>> initializers.serialize(initializers.Constant(3))["config"]
    {'value': 3}
    """
    if not isinstance(value, Initializer) or type(value).__module__ != __name__:
        return value
    names = {"module": "keras.initializers", "class_name": type(value).__name__}
    return {**names, "config": value.get_config(), "registered_name": None}


def get(identifier: Any) -> Callable[..., Any]:
    """The initializer function that `identifier` names.

    Parameters
    ----------
    identifier : object
        A name, a config, a class, an object, or None.

    Returns
    -------
    callable
        The initializer.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> import maskseq
    >>> maskseq.initializers.get("ones")((2,)).tolist()
    [1.0, 1.0]
    """
    if isinstance(identifier, type):
        identifier = identifier()
    if callable(identifier):
        return identifier
    config: dict[str, Any] = {}
    name = "zeros" if identifier is None else identifier
    if isinstance(identifier, dict):
        name, config = identifier.get("class_name"), identifier.get("config") or {}
    function = INITIALIZERS.get(_name_of(name)) if isinstance(name, str) else None
    if function is None:
        raise ValueError(f"initializer: expected one of {sorted(INITIALIZERS)}, got {identifier!r}")
    options = {k: v for k, v in config.items() if k in function.__code__.co_varnames[1:]}
    if isinstance(options.get("seed"), dict):
        options.pop("seed")
    return lambda shape: function(shape, **options)
