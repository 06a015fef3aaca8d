"""Curves over epochs, one for each name."""

import math
from collections.abc import Mapping, Sequence

from .svg import picture, short, text

WIDTH, HEIGHT, MARGIN = 320.0, 140.0, 52.0
COLORS = ("var(--bar, #3b82c4)", "var(--lost, #c2410c)", "var(--mask, #0a7d4f)", "#8b5cf6")


def curves(series: Mapping[str, Sequence[float]], label: str, *, log: bool = False) -> str:
    """An SVG with a line for each name; values that are not finite are left out.

    log: the axis is logarithmic, and values of 0 are left out too.
    """

    def shown(value: float) -> bool:
        return math.isfinite(value) and (value > 0 or not log)

    height, number = (math.log, "{:.1g}") if log else (float, "{:.3g}")
    finite = [v for values in series.values() for v in values if shown(v)]
    low, high = min(finite, default=1.0 if log else 0.0), max(finite, default=1.0)
    span = height(high) - height(low) or 1.0
    longest = max((len(values) for values in series.values()), default=1)

    def place(i: int, value: float) -> str:
        x = MARGIN + (WIDTH * i / (longest - 1) if longest > 1 else WIDTH / 2)
        return f"{short(x)},{short(8 + HEIGHT * (1 - (height(value) - height(low)) / span))}"

    bottom = HEIGHT + 8
    frame = f"M{short(MARGIN)},8 V{short(bottom)} H{short(MARGIN + WIDTH)}"
    shapes = [f'<path d="{frame}" fill="none" stroke="var(--line, #8888)"/>']
    shapes.append(text(MARGIN - 4, 14, number.format(high), "end"))
    shapes.append(text(MARGIN - 4, bottom, number.format(low), "end"))
    for place_of, (name, values) in enumerate(series.items()):
        color = COLORS[place_of % len(COLORS)]
        points = [place(i, v) for i, v in enumerate(values) if shown(v)]
        shapes.append(
            f'<polyline points="{" ".join(points)}" fill="none" stroke="{color}" stroke-width="2"/>'
        )
        shapes += [
            f'<circle cx="{x}" cy="{y}" r="2.5" fill="{color}"/>'
            for x, y in (point.split(",") for point in points)
        ]
        last = next((f"{v:.4g}" for v in reversed(values)), "")
        shapes.append(
            text(MARGIN, bottom + 18 * (place_of + 1), f"{name} {last}", style=f"fill:{color}")
        )
    return picture(MARGIN + WIDTH + 8, bottom + 18 * len(series) + 8, label, *shapes)
