"""The frame of an SVG picture, and its numbers."""

from .html import escape


def picture(width: float, height: float, label: str, *shapes: str) -> str:
    """An SVG of that size in pixels. label: what it shows, for those who cannot see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{short(width)}" height="{short(height)}" '
        f'font-family="system-ui, sans-serif" font-size="12" '
        f'viewBox="0 0 {short(width)} {short(height)}" role="img" aria-label="{escape(label)}">'
        f"{''.join(shapes)}</svg>"
    )


def short(x: float) -> str:
    """A number of pixels with at most one decimal."""
    return f"{x:.1f}".removesuffix(".0")


def text(x: float, y: float, words: object, anchor: str = "start", style: str = "") -> str:
    """Words at a place. anchor: "start", "middle" or "end"."""
    styled = f' style="{style}"' if style else ""
    return (
        f'<text x="{short(x)}" y="{short(y)}" text-anchor="{anchor}"{styled}>{escape(words)}</text>'
    )
