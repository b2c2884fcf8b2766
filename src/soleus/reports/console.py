"""The few ways in which reports write to a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, RenderableType
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
        self.cited: set[int] = set()

    def text(self, words_: str, style: str = "") -> Text:
        return Text(text.safe(words_, self.encoding), style=style)

    def cites(self, numbers: Sequence[int]) -> str:
        """Sources behind a text, and a note that they are cited: only those stand among the references."""
        self.cited.update(numbers)
        return "".join(f" [{label}]" for _, label in words.ranges(numbers))

    def _print(self, renderable: RenderableType) -> None:
        """Print without blanks at the ends of lines, so that a pipe gets clean text."""
        options = self.console.options.update(width=self.width, highlight=False)
        lines = self.console.render_lines(renderable, options, pad=False)
        self._put(Text.assemble(*((s.text, s.style or "") for s in line if not s.control)) for line in lines)

    def _put(self, lines: Iterable[Text]) -> None:
        """Print lines that fit as they are, without blanks at their ends."""
        ready = list(lines)
        for line in ready:
            line.rstrip()
        self.console.print(Text("\n").join(ready), soft_wrap=True, highlight=False)

    def _wrapped(self, words_: Text, first: str, rest: str) -> Iterable[Text]:
        """Lines of a paragraph, ``first`` before the first and ``rest`` before the others."""
        room = max(1, self.width - len(rest))
        for n, line in enumerate(words_.wrap(self.console, room, overflow="fold")):
            yield Text(rest if n else first).append_text(line)

    def _joined(self, parts: Iterable[str | tuple[str, str]]) -> Text:
        return Text.assemble(*(self.text(p) if isinstance(p, str) else self.text(*p) for p in parts))

    def line(self, *parts: str | tuple[str, str], indent: int = 0) -> None:
        """One paragraph of parts, each plain or with a style; wrapped, with ``indent`` spaces before every line."""
        self._put(self._wrapped(self._joined(parts), " " * indent, " " * indent))

    def item(self, mark: str, *parts: str | tuple[str, str], indent: int = 2) -> None:
        """A paragraph with ``mark`` hanging in front of it."""
        first = " " * indent + text.safe(mark, self.encoding).ljust(2) + " "
        self._put(self._wrapped(self._joined(parts), first, " " * len(first)))

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
        self._print(Padding(table, (0, 0, 0, 2)))


def weight_rows(page: Page, prior: float | None, rows: Sequence[tuple[str, float, str]]) -> None:
    """Diverging bars: label, bar, decibans, basis. ``prior`` comes first if it is given."""
    whole = ([("Before any finding", prior, "rates")] if prior is not None else []) + list(rows)
    scale = max([1.0, *(abs(value) for _, value, _ in whole)])
    half = 6 if page.width < NARROW else 10
    cells = [(n, text.deciban_bar(v, scale, half, page.blocks), words.decibans(v), basis) for n, v, basis in whole]
    right: dict[str, object] = {"justify": "right", "no_wrap": True}
    page.grid(cells, [("", {"ratio": 1}), ("", {"no_wrap": True}), ("", right), ("", {"style": "dim"})])
