"""What the slides of an entry share: lines and rows that fit, their sources alone cited, the rest in the notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from soleus.library import addresses
from soleus.library.deck import BOTTOM, BROAD, TOP, Deck, Line, Slide
from soleus.library.drawing.sheet import Look
from soleus.library.model import Entry, Row
from soleus.library.slide_lines import Numbers
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled

Built = Callable[[Numbers], list[Line]]
Rows = Callable[[Numbers, Sequence[Row]], list[tuple[Line, ...]]]


class Making:
    """A deck in the making, with the numbers of its references."""

    def __init__(self, compiled: Compiled, entries: Sequence[Entry], address: str, title: str) -> None:
        self.compiled, self.entries, self.address, self.title = compiled, entries, address, title
        self.audience: Audience = entries[0].audience
        self.look = Look(self.audience)
        self.numbers = Numbers()
        approved = all(e.standing.status == "approved" for e in entries)
        review = "reviewed" if approved else "not reviewed by a clinician"
        foot = f"Soleus knowledge {entries[0].knowledge_version}, {review}. CC BY 4.0"
        self.deck = Deck(title, "Slides of the Soleus library", foot)

    def slide(self, title: str, size: float = 28) -> Slide:
        self.numbers.begin()
        return self.deck.slide(title, size)

    def noted(self, slide: Slide, left_out: Iterable[str] = (), more: str = "") -> None:
        """Notes: what did not fit, where to read on, and the sources of what stands on the slide."""
        told = [more] if more else []
        if left := list(left_out):
            told.append("Not on the slide:\n" + "\n".join(f"- {text}" for text in left))
        told += [f"Read on: {self.place(e)}" for e in self.entries]
        if sources := self.numbers.told():
            told.append("Sources:\n" + "\n".join(sources))
        slide.notes("\n\n".join(told))

    def place(self, entry: Entry) -> str:
        plain = "?for=patient" if entry.audience == "patient" else ""
        return f"{self.address}{addresses.entry(entry.kind, entry.id)}{plain}"

    def bulleted(self, slide: Slide, build: Built, **where: float) -> list[str]:
        """Lines that fit, and only their sources; gives the lines that did not."""
        sizes = (where.pop("most", 20), where.pop("least", 12))
        tried = build(self.numbers.tried())
        n = slide.holds(tried, where.get("wide", BROAD), where.get("tall", BOTTOM - TOP), sizes)
        slide.bullets(_first(build, self.numbers, n), sizes=sizes, **where)
        return [line.text for line in tried[n:]]

    def tabled(
        self, slide: Slide, columns: Sequence[str], rows: Sequence[Row], build: Rows, widths: Sequence[float],
        size: float,
    ) -> list[str]:  # fmt: skip
        """Rows that fit, and only their sources; gives the rows that did not."""
        n = slide.holds_rows(columns, build(self.numbers.tried(), rows), widths, size)
        slide.table(columns, build(self.numbers, rows[:n]), widths, size=size)
        return [": ".join(filter(None, (r.label, r.figure, r.note))) for r in rows[n:]]

    def row(self, entry: Entry, note: Callable[[Row], str]) -> Rows:
        """Rows of a table of an entry: label with its sources, figure, and what ``note`` gives."""

        def build(numbers: Numbers, rows: Sequence[Row]) -> list[tuple[Line, ...]]:
            return [
                (
                    Line(r.label, numbers.of(entry, r.cites), bullet=False),
                    Line(r.figure, bullet=False),
                    Line(note(r), bullet=False, kind="soft"),
                )
                for r in rows
            ]

        return build


def _first(build: Built, numbers: Numbers, n: int) -> list[Line]:
    """The first lines alone, so that only they are cited: which lines come first does not depend on the numbers."""
    tried = numbers.tried()
    lines = build(tried)[:n]
    wanted = {c for line in lines for c in line.cites}
    ids = {number: id for id, number in tried.of_id.items()}
    for number in sorted(wanted):
        numbers.cite([tried.known[ids[number]]])
    return lines
