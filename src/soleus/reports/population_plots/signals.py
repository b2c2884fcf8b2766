"""A medicine of a screen as plots show it: its figures, its sign, and what is said of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

from soleus.reports.drawing.plot import Sign

HIDDEN, NONE = "hidden", "not computed"


@dataclass(frozen=True)
class Signal:
    """One medicine of a screen. ``p`` is two-sided; ``known`` is what the knowledge base says.

    ``found``: it still stands when false discoveries are controlled. ``index_first`` and ``marker_first`` None: hidden.
    """

    name: str
    ratio: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    index_first: int | None = None
    marker_first: int | None = None
    control: bool = False
    found: bool = False
    known: float | None = None


_MEANINGS = (
    ("found", "found"),
    ("chance", "may be chance"),
    ("control", "negative control"),
    ("tick", "what the knowledge base holds"),
)
SIGNAL_HEAD = ("Medicine", "Adjusted ratio", "Medicine first", "Marker first", "p", "Control", "Found", "Known")


def signal_row(s: Signal) -> tuple[str, ...]:
    return (
        s.name, ratio_words(s.ratio, s.low, s.high), count(s.index_first), count(s.marker_first), p_words(s.p),
        "negative control" if s.control else "", "yes" if s.found else "no", short(s.known) if real(s.known) else "",
    )  # fmt: skip


def sign_of(s: Signal) -> str:
    return "control" if s.control else "found" if s.found else "chance"


def signs_of(shown: Sequence[Signal]) -> list[Sign]:
    """The signs that a plot of these shows, with their meaning."""
    there = {sign_of(s) for s in shown} | ({"tick"} if any(real(s.known) for s in shown) else set())
    return [(kind, words) for kind, words in _MEANINGS if kind in there]


def ratio_words(value: float | None, low: float | None, high: float | None) -> str:
    """A ratio with its interval: 1.86 (1.32–2.62)."""
    if not real(value):
        return NONE
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return short(value)
    return f"{short(value)} ({short(low)}–{short(high)})"


def p_words(p: float | None) -> str:
    """A p value: two digits, or less than one in ten thousand."""
    if p is None or math.isnan(p):
        return NONE
    return "<0.0001" if p < 0.0001 else f"{p:.2g}"


def short(value: float | None) -> str:
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def count(people: int | None) -> str:
    return HIDDEN if people is None else f"{people:,}"


def real(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)
