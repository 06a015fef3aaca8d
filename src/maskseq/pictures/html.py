"""Tables and blocks of HTML: escaped, in a style of their own for light and dark pages."""

import html
from collections.abc import Iterable, Sequence

from ..storage.text import printable

STYLE = """<style>
.maskseq { --mask: #0a7d4f; --lost: #c2410c; --line: #8884; --bar: #3b82c4; --soft: #8882;
  font: 13px/1.4 system-ui, sans-serif; color: inherit; max-width: 100%; overflow-x: auto; }
.maskseq table { border-collapse: collapse; margin: 6px 0; }
.maskseq th, .maskseq td { padding: 2px 10px; text-align: left; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
.maskseq td.number, .maskseq th.number { text-align: right; font-variant-numeric: tabular-nums; }
.maskseq .title { font-weight: 600; }
.maskseq .note { opacity: .75; }
.maskseq svg { max-width: 100%; height: auto; }
@media (max-width: 600px) {
  .maskseq th, .maskseq td { white-space: normal; overflow-wrap: break-word; padding: 2px 5px; } }
.maskseq svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
</style>"""
"""Colours are variables: a page around may set others."""


def escape(text: object) -> str:
    """`text` as HTML shows it, control characters as escapes."""
    return html.escape(printable(text))


def table(
    header: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()
) -> str:
    """A table. numbers: the columns that are aligned to the right."""

    def line(cells: Sequence[object], tag: str) -> str:
        made = []
        for i, cell in enumerate(cells):
            kind = ' class="number"' if i in numbers else ""
            made.append(f"<{tag}{kind}>{escape(cell)}</{tag}>")
        return f"<tr>{''.join(made)}</tr>"

    body = "".join(line(row, "td") for row in rows)
    return f"<table><thead>{line(header, 'th')}</thead><tbody>{body}</tbody></table>"


def block(title: str, *parts: str) -> str:
    """Parts of HTML under a title, with the style: what `_repr_html_` returns."""
    head = f'<div class="title">{escape(title)}</div>'
    return f'{STYLE}<div class="maskseq">{head}{"".join(parts)}</div>'


def note(text: object) -> str:
    """A line of small print."""
    return f'<div class="note">{escape(text)}</div>'
