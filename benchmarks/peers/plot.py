"""The pictures of the README: the table as bars, and time against the share of padding."""


def draw_table(times: dict[str, dict[str, float]], file: str) -> None:
    """How many times faster than each engine maskseq was, a group of bars a work.

    times: work -> engine -> its time.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    works = [name for name in times if len(times[name]) > 1]
    engines = sorted({engine for name in works for engine in times[name]} - {"maskseq"})
    figure, axes = plt.subplots(figsize=(9, 0.55 * len(works) + 1.2))
    height = 0.8 / max(1, len(engines))
    for number, engine in enumerate(engines):
        rows = [row for row, name in enumerate(works) if engine in times[name]]
        ratios = [times[works[row]][engine] / times[works[row]]["maskseq"] for row in rows]
        axes.barh([row + number * height for row in rows], ratios, height, label=engine)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks([row + 0.4 - height / 2 for row in range(len(works))], works)
    axes.invert_yaxis()
    axes.set_xlabel("time of the engine / time of maskseq (right of the line: maskseq is faster)")
    axes.legend(loc="lower right")
    figure.savefig(file, dpi=110, bbox_inches="tight")


def draw_curve(curve: dict[float, dict[str, float]], file: str) -> None:
    """Milliseconds against the share of padded cells, a line an engine."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4))
    for engine in next(iter(curve.values())):
        points = [(share, times[engine]) for share, times in curve.items() if engine in times]
        width = 3 if engine == "maskseq" else 1.5
        axes.plot(
            [100 * share for share, _ in points],
            [1e3 * seconds for _, seconds in points],
            marker="o",
            linewidth=width,
            label=engine,
        )
    axes.set_yscale("log")
    axes.set_xlabel("padded cells, %")
    axes.set_ylabel("ms")
    axes.set_title("LSTM 128 > 128, batch 64 x 200 steps, last state")
    axes.legend()
    figure.savefig(file, dpi=110, bbox_inches="tight")
