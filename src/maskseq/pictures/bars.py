"""Lengths of sequences as bars, from the longest to the shortest: what padding would cost."""

from collections.abc import Sequence

from .svg import picture, short, text

WIDTH, HEIGHT = 420.0, 8.0


def bars(lengths: Sequence[int]) -> str:
    """An SVG with a bar for each length, the longest first; behind it, what padding adds."""
    ordered = sorted(map(int, lengths), reverse=True)
    longest = max(ordered, default=0)
    margin = 8.0 * len(str(longest)) + 8
    shapes = []
    for i, length in enumerate(ordered):
        y, width = 4 + i * (HEIGHT + 2), WIDTH * length / max(longest, 1)
        box = f'x="{short(margin)}" y="{short(y)}" height="{short(HEIGHT)}"'
        shapes.append(f'<rect {box} width="{short(WIDTH)}" fill="var(--soft, #8882)"/>')
        shapes.append(f'<rect {box} width="{short(width)}" fill="var(--bar, #3b82c4)"/>')
        if i in (0, len(ordered) - 1):
            shapes.append(text(margin - 4, y + HEIGHT + 1, length, "end"))
    height = 4 + len(ordered) * (HEIGHT + 2) + 4  # the first and last number stand out a little
    return picture(margin + WIDTH, height, f"lengths of sequences, up to {longest} steps", *shapes)
