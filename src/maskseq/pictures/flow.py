"""A graph of boxes and arrows, from top to bottom: where a mask goes through a model."""

from collections.abc import Sequence
from dataclasses import dataclass

from .html import escape
from .svg import picture, short, text

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 290.0, 68.0, 30.0, 34.0, 10.0
MASK, LOST, LINE = "var(--mask, #0a7d4f)", "var(--lost, #c2410c)", "var(--line, #8888)"


@dataclass(frozen=True)
class Box:
    """A call: three lines of words, and whether a mask is lost there."""

    name: str
    detail: str
    role: str = ""
    loses: bool = False


@dataclass(frozen=True)
class Arrow:
    """From one box to another, by their numbers; masked: a mask goes along."""

    start: int
    end: int
    masked: bool


def flow(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> str:
    """An SVG. Arrows go from a box to one of a greater number. Those with a mask are green."""
    places = _places(len(boxes), arrows)
    right = [x + WIDTH for x, _ in places]
    right += [_reach(places, arrow) for arrow in arrows if _is_far(places, arrow)]
    width = max(right, default=WIDTH) + MARGIN
    height = max((y for _, y in places), default=0) + HEIGHT + MARGIN
    shapes = [_drawn_arrow(places, arrow) for arrow in arrows]
    shapes += [_drawn_box(box, x, y) for box, (x, y) in zip(boxes, places, strict=True)]
    legend = "a line for a mask that is handed on, dashed without one"
    return picture(width, height, f"the way of a mask through a model: {legend}", *shapes)


def _places(count: int, arrows: Sequence[Arrow]) -> list[tuple[float, float]]:
    """Where boxes stand: below the lowest that leads to them, under all those if there is room."""
    rows = [0] * count
    for arrow in sorted(arrows, key=lambda arrow: arrow.end):
        rows[arrow.end] = max(rows[arrow.end], rows[arrow.start] + 1)
    places = [(MARGIN, MARGIN)] * count
    taken: dict[int, float] = {}
    for i in sorted(range(count), key=lambda i: (rows[i], i)):
        above = [places[a.start][0] for a in arrows if a.end == i]
        wanted = sum(above) / len(above) if above else MARGIN
        x = max(taken.get(rows[i], MARGIN), wanted)
        taken[rows[i]] = x + WIDTH + GAP_X
        places[i] = x, MARGIN + rows[i] * (HEIGHT + GAP_Y)
    return places


def _is_far(places: Sequence[tuple[float, float]], arrow: Arrow) -> bool:
    """Whether it goes past other boxes: around them."""
    return places[arrow.end][1] - places[arrow.start][1] > HEIGHT + GAP_Y + 1


def _reach(places: Sequence[tuple[float, float]], arrow: Arrow) -> float:
    """How far to the right an arrow goes around boxes, at most."""
    return max(places[arrow.start][0], places[arrow.end][0]) + WIDTH + GAP_X / 2


def _drawn_arrow(places: Sequence[tuple[float, float]], arrow: Arrow) -> str:
    (x0, y0), (x1, y1) = places[arrow.start], places[arrow.end]
    x0, x1, y0 = x0 + WIDTH / 2, x1 + WIDTH / 2, y0 + HEIGHT
    # A curve goes three quarters of the way to its two inner points.
    bend = (WIDTH + GAP_X) / 2 / 0.75 if _is_far(places, arrow) else 0
    path = (
        f"M{short(x0)},{short(y0)} C{short(x0 + bend)},{short(y0 + GAP_Y)} "
        f"{short(x1 + bend)},{short(y1 - GAP_Y)} {short(x1)},{short(y1 - 5)}"
    )
    color, dash = (MASK, "") if arrow.masked else (LINE, ' stroke-dasharray="5 4"')
    head = (
        f"{short(x1 - 4)},{short(y1 - 7)} {short(x1 + 4)},{short(y1 - 7)} {short(x1)},{short(y1)}"
    )
    return (
        f'<path d="{path}" fill="none" stroke="{color}" stroke-width="2"{dash}/>'
        f'<polygon points="{head}" fill="{color}"/>'
    )


def _drawn_box(box: Box, x: float, y: float) -> str:
    color = LOST if box.loses else LINE
    frame = (
        f'<rect x="{short(x)}" y="{short(y)}" width="{WIDTH:.0f}" height="{HEIGHT:.0f}" rx="6" '
        f'fill="var(--soft, #8881)" stroke="{color}" stroke-width="{2 if box.loses else 1}"/>'
    )
    name = text(x + 10, y + 21, _cut(box.name), style="font-weight:600")
    detail = text(x + 10, y + 39, _cut(box.detail))
    role = text(x + 10, y + 56, _cut(box.role)) if box.role else ""
    return f"<g><title>{escape(box.name)}</title>{frame}{name}{detail}{role}</g>"


def _cut(words: str, most: int = 36) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"
