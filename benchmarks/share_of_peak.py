"""How near the recurrent kernels come to the float32 peak of each instruction set.

    python benchmarks/share_of_peak.py [--time 100]

One thread, long-tailed lengths, multiplications and additions of real steps only, without those
with the first states, which are zeros. The peak is that of fused multiply-adds of the same
instruction set, in the same process and in turns with the kernels; both are minima. The exit status
tells whether each has the share that is promised.
"""

import argparse
import sys

import numpy as np
from cost import minima
from lengths import long_tailed
from peers.peak import FLAGS, probe

from maskseq import _kernels

GATES = {"lstm": 4, "gru": 3, "simple_rnn": 1}
ROUNDS = 1_000_000  # of the probe: some milliseconds


def promised(isa: str, kind: str, units: int) -> float:
    if isa == "avx2":
        return 0.75
    return 0.85 if kind == "lstm" and units > 128 else 0.8


def share(isa: str, kind: str, units: int, time: int) -> float:
    """The kernel's part of the peak."""
    rng = np.random.default_rng(20261122)
    columns = GATES[kind] * units
    bias = (2, columns) if kind == "gru" else (columns,)
    weights = [rng.normal(0, 0.05, s) for s in ((units, columns), (units, columns), bias)]
    packed = _kernels.PackedRNN(kind, *weights)
    offsets = np.append(0, np.cumsum(long_tailed(rng, 64, time)))
    x = rng.standard_normal((offsets[-1], units)).astype(np.float32)
    peak = probe(isa)
    least = minima(
        {
            "kernel": lambda: _kernels.rnn(x, packed, offsets, num_threads=1),
            "peak": lambda: peak(ROUNDS, 1e-9),
        },
        10,
    )
    flops = 2 * columns * units * (2 * offsets[-1] - 64)
    return flops / least["kernel"] / (peak(1, 1e-9) * ROUNDS / least["peak"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--time", type=int, default=100)
    time = parser.parse_args().time
    broken = False
    for isa in [name for name in _kernels.ISAS if name in FLAGS]:
        _kernels.set_isa(isa)
        for kind in GATES:
            shares = {units: share(isa, kind, units, time) for units in (128, 256, 512)}
            broken |= any(s < promised(isa, kind, units) for units, s in shares.items())
            shown = "  ".join(f"{units} -> {units}: {s:.1%}" for units, s in shares.items())
            print(f"{isa:7} {kind:11} {shown}", flush=True)
    sys.exit(broken)


if __name__ == "__main__":
    main()
