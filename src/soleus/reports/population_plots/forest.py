"""Ratios with their intervals, a row a medicine."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from xml.etree.ElementTree import Element

from soleus.reports.drawing import axes, lettering
from soleus.reports.drawing.axes import Axis
from soleus.reports.drawing.plot import (
    MARGIN,
    NOTE,
    TEXT,
    Frame,
    Plot,
    Told,
    is_narrow,
    legend,
    plotted,
    remark,
    sides,
    sign,
)  # fmt: skip
from soleus.reports.drawing.svg import Canvas
from soleus.reports.population_plots.signals import (
    SIGNAL_HEAD,
    Signal,
    ratio_words,
    real,
    sign_of,
    signal_row,
    signs_of,
)  # fmt: skip

_LEAD = "How much more often the medicine comes first than the calendar alone would have it, with its 95% interval."
_TOLD = 20  # rows that are read out; all stand in the table
_NAMES = 232.0  # room for names where a row is one line


def forest_plot(name: str, title: str, signals: Sequence[Signal], lead: str = "") -> Plot:
    """The signals in the order in which they are given; those without a ratio stand in the table alone."""
    shown = [s for s in signals if real(s.ratio)]
    words = [f"{s.name} {_figure(s)}" for s in signals[:_TOLD]]
    if len(signals) > _TOLD:
        words.append(f"and {len(signals) - _TOLD} more")
    told = Told(name, title, lead or _LEAD, f"{title}. {'; '.join(words)}.")
    lost = len(signals) - len(shown)
    return plotted(told, lambda c, y: _drawn(c, y, shown, lost), SIGNAL_HEAD, [signal_row(s) for s in signals])


def _figure(s: Signal) -> str:
    return ratio_words(s.ratio, s.low, s.high)


def _drawn(canvas: Canvas, top: float, shown: Sequence[Signal], lost: int) -> float:
    narrow, axis = is_narrow(canvas), _axis(shown)
    figures = max([0.0, *(lettering.width(_figure(s), TEXT) for s in shown)])
    left, right = (MARGIN + 6, MARGIN + 6) if narrow else (_NAMES, MARGIN + figures + 14)
    grid, y = canvas.add(None, "g"), top + 6
    frame = Frame(left, canvas.width - right, top, top, axis, axis)
    for s in shown:
        y = (_under if narrow else _beside)(canvas, frame, grid, s, y)
    if not narrow:
        _ruled(canvas, frame, grid, top + 2, y)
    canvas.line("axis", frame.left, y, frame.right, y)
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        canvas.text(frame.x(tick), y + 16, label, NOTE, "soft", "middle")
    below = Frame(frame.left, frame.right, top, y, axis, axis)
    y = legend(canvas, sides(canvas, below, "marker first", "medicine first"), signs_of(shown))
    return remark(canvas, y, f"{lost} without a ratio: in the table." if lost else "")


def _axis(shown: Sequence[Signal]) -> Axis:
    """As wide as the ratios, and as their intervals up to ten times less and more."""
    ratios = [v for s in shown for v in (s.ratio, s.known) if real(v)]
    return axes.ratios([*ratios, *(min(max(v, 0.1), 10.0) for s in shown for v in (s.low, s.high) if real(v))])


def _ruled(canvas: Canvas, frame: Frame, grid: Element, top: float, bottom: float) -> None:
    for tick in frame.across.ticks:
        x = frame.x(tick)
        canvas.line("axis" if tick == frame.across.zero else "grid", x, top, x, bottom, parent=grid)


def _beside(canvas: Canvas, frame: Frame, _: Element, s: Signal, y: float) -> float:
    """A row in one line; the height below."""
    bottom = _words(canvas, s, y, frame.left - MARGIN - 14)
    _mark(canvas, frame, s, y + 8)
    return bottom + 9


def _under(canvas: Canvas, frame: Frame, grid: Element, s: Signal, y: float) -> float:
    """The mark under its words; the height below."""
    at = _words(canvas, s, y, canvas.width - 2 * MARGIN - lettering.width(_figure(s), TEXT) - 12) + 14
    _ruled(canvas, frame, grid, at - 8, at + 8)
    _mark(canvas, frame, s, at)
    return at + 10


def _words(canvas: Canvas, s: Signal, y: float, room: float) -> float:
    """Name and figure; the baseline of the last line."""
    lines = lettering.lines(s.name, room, TEXT, most=2)
    for n, line in enumerate(lines):
        canvas.text(MARGIN, y + 12 + 15 * n, line, TEXT)
    canvas.text(canvas.width - MARGIN, y + 12, _figure(s), TEXT, anchor="end")
    return y + 12 + 15 * (len(lines) - 1)


def _mark(canvas: Canvas, frame: Frame, s: Signal, y: float) -> None:
    if s.low is not None and s.high is not None:
        _span(canvas, frame, s.low, s.high if real(s.high) else inf, y, "measured-span" if s.found else "expert-span")
    if real(s.known):
        sign(canvas, "tick", frame.x(s.known), y)
    if real(s.ratio):
        sign(canvas, sign_of(s), frame.x(s.ratio), y)


def _span(canvas: Canvas, frame: Frame, low: float, high: float, y: float, kind: str) -> None:
    """An interval; an end beyond the axis is an arrow."""
    axis = frame.across
    low = low if real(low) else 0.0
    left, right = frame.x(max(low, axis.low)), frame.x(min(high, axis.high))
    canvas.line(kind, left, y, right, y)
    for x, beyond, out in ((left, low < axis.low, 5), (right, high > axis.high, -5)):
        if beyond:
            canvas.shape("path", kind, d=f"M{x + out:.1f} {y - 4:.1f}L{x:.1f} {y:.1f}L{x + out:.1f} {y + 4:.1f}")
        else:
            canvas.line(kind, x, y - 3.5, x, y + 3.5)
