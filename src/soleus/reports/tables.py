"""Tables of plain data on a terminal: a chain of evidence, two explanations side by side, a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.console import Console

from soleus.reports import words
from soleus.reports.console import Page, weight_rows


class Link(NamedTuple):
    """One step of a chain from an answer to its citations; ``decibans`` None where it carries no weight."""

    label: str
    decibans: float | None
    basis: str
    detail: str = ""  # the parameters: 0.82 against 0.11
    sources: tuple[str, ...] = ()


class Contrast(NamedTuple):
    """How two explanations differ in one finding."""

    finding: str
    left: str
    right: str
    decibans: float
    basis: str


def explain(console: Console, title: str, prior: float | None, links: Sequence[Link], total: float | None) -> None:
    """The chain from an answer to its citations: the prior, each piece with its parameters and sources, and the sum."""
    page = Page(console)
    page.line((title, "bold"))
    weighed = [(k.label, k.decibans, k.basis) for k in links if k.decibans is not None]
    weight_rows(page, prior, weighed)
    if total is not None:
        page.line((f"Together: {words.decibans(total)} decibans ({words.odds_factor(total)}).", "bold"), indent=2)
    console.print()
    for k in links:
        page.line((k.label, "bold"), f" ({k.basis}) {k.detail}")
        for source in k.sources:
            page.item("-", source)


def compare(console: Console, left: str, right: str, rows: Sequence[Contrast]) -> None:
    """The discriminating table of two explanations, most telling finding first."""
    page = Page(console)
    page.line((f"{left} or {right}?", "bold"))
    page.line((f"Decibans for {left} (+) or {right} (-) if the typical answer is given.", "dim"))
    ordered = sorted(rows, key=lambda r: -abs(r.decibans))
    cells = [(r.finding, r.left, r.right, words.decibans(r.decibans), r.basis) for r in ordered]
    wide: dict[str, object] = {"ratio": 3}
    page.grid(
        cells,
        [
            ("Finding", wide),
            (left, wide),
            (right, wide),
            ("dB", {"justify": "right", "no_wrap": True}),
            ("Basis", {}),
        ],
    )


def listing(console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A plain table with a title: causes, sources, statistics."""
    page = Page(console)
    page.line((title, "bold"))
    page.grid(rows, [(name, {}) for name in columns])
