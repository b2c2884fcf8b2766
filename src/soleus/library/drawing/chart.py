"""Rows of a chart: a name, a mark with its span on an axis, and the figure beside it.

On a wide sheet they stand in one line; on a narrow one the mark stands under its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from soleus.evidence.record import Basis
from soleus.library.drawing.sheet import MARGIN, Sheet
from soleus.reports.drawing import axes, lettering
from soleus.reports.drawing.axes import Axis

_SIZE, _NOTE, _LEADING = 13.0, 11.0, 16.0
_HALF = 4.5  # half a mark
#: What was read or computed is filled; a word put on a scale, or an estimate, is hollow.
FILLED: tuple[Basis, ...] = ("measured", "derived", "guideline")


@dataclass(frozen=True)
class Mark:
    """One row. ``value`` None: words alone. ``note`` stands small under the name; ``other`` is marked by a tick."""

    label: str
    figure: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    basis: Basis = "expert"
    note: str = ""
    other: float | None = None

    @property
    def measured(self) -> bool:
        return self.basis in FILLED


def ratios(marks: Sequence[Mark]) -> Axis:
    """An axis of ratios around 1, as wide as the spans need."""
    return axes.ratios(v for m in marks for v in (m.value, m.low, m.high) if v)


def differences(marks: Sequence[Mark]) -> Axis:
    """An axis of differences around 0, as wide as the spans need."""
    return axes.differences(v for m in marks for v in (m.value, m.low, m.high) if v is not None)


SHARES = Axis(0, 1, (0, 0.25, 0.5, 0.75, 1), ("0", "25", "50", "75", "100%"))


@dataclass(frozen=True)
class Plot:
    """Where the parts of a row stand across."""

    names: float  # room for names
    left: float
    right: float

    def x(self, axis: Axis, value: float) -> float:
        return self.left + (self.right - self.left) * axis.at(value)


def plot_of(sheet: Sheet, marks: Sequence[Mark]) -> Plot:
    """Where to put these rows, the longest figure of them included."""
    figures = max((lettering.width(m.figure, _SIZE) for m in marks), default=0.0)
    if sheet.look.narrow:
        return Plot(sheet.room, MARGIN + 6, sheet.width - MARGIN - 6)
    return Plot(236, MARGIN + 252, sheet.width - MARGIN - figures - 14)


def rows(
    sheet: Sheet, marks: Sequence[Mark], axis: Axis, below: tuple[str, str] = ("", ""), plot: Plot | None = None
) -> None:
    """The rows with their axis under them; ``below`` are words for what lies left and right of zero.

    ``plot`` lets several panels stand in line.
    """
    plot = plot or plot_of(sheet, marks)
    grid, top = sheet.add(None, "g"), sheet.y
    for mark in marks:
        marked = _row(sheet, plot, axis, mark)
        if sheet.look.narrow and marked:  # only behind the marks, so that no line runs through words
            _ruled(sheet, plot, axis, grid, marked - 9, marked + 9)
    if not sheet.look.narrow:
        _ruled(sheet, plot, axis, grid, top + 1, sheet.y + 2)
    _scaled(sheet, plot, axis, below)


def _row(sheet: Sheet, plot: Plot, axis: Axis, mark: Mark) -> float | None:
    """Draws a row; where its mark lies down the sheet."""
    narrow = sheet.look.narrow
    room = plot.names - (lettering.width(mark.figure, _SIZE) + 12 if narrow else 0)
    names = lettering.lines(mark.label, room, _SIZE, most=3)
    notes = lettering.lines(mark.note, plot.names, _NOTE, most=8) if mark.note else ()
    y = sheet.y + 13
    for line in names:
        sheet.text(MARGIN, y, line, _SIZE)
        y += _LEADING
    for line in notes:
        sheet.text(MARGIN, y - 2, line, _NOTE, "soft")
        y += 13.5
    sheet.text(sheet.width - MARGIN, sheet.y + 13, mark.figure, _SIZE, anchor="end")
    at = y - 4 if narrow else sheet.y + 8.5
    _marked(sheet, plot, axis, mark, at)
    sheet.y = y - 6.5 + (16 if narrow and mark.value is not None else 0)
    return at if mark.value is not None else None


def _marked(sheet: Sheet, plot: Plot, axis: Axis, mark: Mark, y: float) -> None:
    if mark.value is None:
        return
    kind, x = ("measured" if mark.measured else "expert"), plot.x(axis, mark.value)
    if mark.other is not None:
        second = plot.x(axis, mark.other)
        sheet.line("link", x, y, second, y)
        sheet.line("tick", second, y - 5, second, y + 5)
    if mark.low is not None and mark.high is not None:
        _span(sheet, plot, axis, mark, f"{kind}-span", y)
    if mark.measured:
        sheet.shape("rect", kind, x=x - _HALF, y=y - _HALF, width=2 * _HALF, height=2 * _HALF)
    else:
        sheet.shape("circle", kind, cx=x, cy=y, r=_HALF)


def _span(sheet: Sheet, plot: Plot, axis: Axis, mark: Mark, kind: str, y: float) -> None:
    """The interval; an end that lies beyond the axis is an arrow."""
    assert mark.low is not None
    assert mark.high is not None
    x1, x2 = plot.x(axis, mark.low), plot.x(axis, mark.high)
    sheet.line(kind, x1, y, x2, y)
    for x, beyond, out in ((x1, mark.low < axis.low, 1), (x2, mark.high > axis.high, -1)):
        if beyond:
            sheet.shape("path", kind, d=f"M{x + out * 5:.1f} {y - 4:.1f}L{x:.1f} {y:.1f}L{x + out * 5:.1f} {y + 4:.1f}")
        else:
            sheet.line(kind, x, y - 3.5, x, y + 3.5)


def _ruled(sheet: Sheet, plot: Plot, axis: Axis, grid: Element, top: float, bottom: float) -> None:
    for tick in axis.ticks:
        x = plot.x(axis, tick)
        sheet.line("axis" if tick == axis.zero else "grid", x, top, x, bottom, parent=grid)


def _scaled(sheet: Sheet, plot: Plot, axis: Axis, below: tuple[str, str]) -> None:
    y = sheet.y + 2
    sheet.line("axis", plot.left, y, plot.right, y)
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        x = plot.x(axis, tick)
        sheet.line("axis", x, y, x, y + 4)
        sheet.text(x, y + 16, label, _NOTE, "soft", "middle")
    if any(below) and axis.zero is not None:
        x = plot.x(axis, axis.zero)
        less, more = f"← {below[0]}", f"{below[1]} →"
        if axis.low < axis.zero and x - 10 > lettering.width(less, _NOTE):
            sheet.text(x - 6, y + 30, less, _NOTE, "soft", "end")
        if axis.high > axis.zero and sheet.width - x - 10 > lettering.width(more, _NOTE):
            sheet.text(x + 6, y + 30, more, _NOTE, "soft")
        y += 14
    sheet.y = y + 30


def legend(sheet: Sheet, marks: Sequence[Mark], also: Sequence[tuple[str, str]] = ()) -> None:
    """What the signs mean, of those that are there. ``also``: (kind, words) of a further sign."""
    x, y = float(MARGIN), sheet.y + 10
    told = [
        (kind, words)
        for kind, there, words in (
            ("measured", any(m.measured for m in marks), "measured, or computed from what was"),
            ("expert", any(not m.measured for m in marks), "estimated by the editors"),
        )
        if there
    ]
    for kind, words in (*told, *also):
        wide = 18 + lettering.width(words, _NOTE) + 16
        if x > MARGIN and x + wide - 16 > sheet.width - MARGIN:
            x, y = float(MARGIN), y + 17
        _sign(sheet, kind, x + 5, y - 4)
        sheet.text(x + 16, y, words, _NOTE, "soft")
        x += wide
    sheet.y = y + 19


def _sign(sheet: Sheet, kind: str, x: float, y: float) -> None:
    if kind == "expert":
        sheet.shape("circle", kind, cx=x, cy=y, r=4)
    elif kind == "tick":
        sheet.line("tick", x, y - 5, x, y + 5)
    else:
        sheet.shape("rect", kind, x=x - 4, y=y - 4, width=8, height=8)
