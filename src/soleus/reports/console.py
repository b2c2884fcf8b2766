"""The few ways in which reports write to a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from soleus.reports import text, words

MOST_COLUMNS = 100
NARROW = 60


class Page:
    """A console and the few ways in which a report writes to it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.encoding = console.encoding
        self.blocks = text.UTF8 if text.speaks_unicode(console.encoding) else text.ASCII
        self.width = min(console.width, MOST_COLUMNS)

    def text(self, words_: str, style: str = "") -> Text:
        return Text(text.safe(words_, self.encoding), style=style)

    def line(self, *parts: str | tuple[str, str], indent: int = 0) -> None:
        """One paragraph of parts, each plain or with a style; wrapped, with ``indent`` spaces before every line."""
        whole = Text()
        for part in parts:
            whole.append_text(self.text(part) if isinstance(part, str) else self.text(*part))
        self.console.print(Padding(whole, (0, 0, 0, indent)), width=self.width, soft_wrap=False, highlight=False)

    def item(self, mark: str, *parts: str | tuple[str, str], indent: int = 2) -> None:
        """A paragraph with ``mark`` hanging in front of it."""
        grid = Table.grid(padding=(0, 1, 0, 0))
        grid.add_column(width=max(2, len(mark)), no_wrap=True)
        grid.add_column(overflow="fold")
        body = Text()
        for part in parts:
            body.append_text(self.text(part) if isinstance(part, str) else self.text(*part))
        grid.add_row(self.text(mark), body)
        self.console.print(Padding(grid, (0, 0, 0, indent)), width=self.width, highlight=False)

    def heading(self, title: str, style: str = "bold") -> None:
        self.console.print()
        self.line((title.upper(), style))

    def grid(self, rows: Iterable[Sequence[str]], columns: Sequence[tuple[str, dict[str, object]]]) -> None:
        """A table without lines; each column is (title, options of rich)."""
        table = Table(
            box=None,
            padding=(0, 2, 0, 0),
            pad_edge=False,
            show_header=any(t for t, _ in columns),
            header_style="dim",
        )
        for title, options in columns:
            table.add_column(self.text(title), **({"overflow": "fold"} | options))  # type: ignore[arg-type]
        for row in rows:
            table.add_row(*(self.text(cell) for cell in row))
        self.console.print(Padding(table, (0, 0, 0, 2)), width=self.width, highlight=False)


def weight_rows(page: Page, prior: float | None, rows: Sequence[tuple[str, float, str]]) -> None:
    """Diverging bars: label, bar, decibans, basis. ``prior`` comes first if it is given."""
    whole = ([("Before any finding", prior, "rates")] if prior is not None else []) + list(rows)
    scale = max([1.0, *(abs(value) for _, value, _ in whole)])
    half = 6 if page.width < NARROW else 10
    cells = [(n, text.deciban_bar(v, scale, half, page.blocks), words.decibans(v), basis) for n, v, basis in whole]
    right: dict[str, object] = {"justify": "right", "no_wrap": True}
    page.grid(cells, [("", {"ratio": 1}), ("", {"no_wrap": True}), ("", right), ("", {"style": "dim"})])
