"""An estimate with its interval as a small drawing, one a row of a table; rows on one axis make a forest plot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log

from markupsafe import Markup

from soleus.reports.drawing import axes

_WIDTH, _HEIGHT, _EDGE = 240.0, 18.0, 6.0
_HALF = 3.5  # half a mark


@dataclass(frozen=True)
class Axis:
    """Values from ``low`` to ``high`` across a row; ``zero`` is where nothing differs."""

    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool = False
    zero: float | None = None
    unit: str = ""

    def x(self, value: float) -> float:
        """Where a value lies; what lies beyond an end is at that end."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            part = log(inside / self.low) / log(self.high / self.low)
        else:
            part = (inside - self.low) / (self.high - self.low)
        return _EDGE + part * (_WIDTH - 2 * _EDGE)


def ratios(ends: Iterable[float]) -> Axis:
    """An axis for ratios around 1 by steps of 2, wide enough for what is not extreme."""
    steps = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    seen = sorted(ends)
    low = max((s for s in steps if s <= min([0.5, *seen[:1]])), default=steps[0])
    high = min((s for s in steps if s >= max([2.0, *seen[-1:]])), default=steps[-1])
    return Axis(low, high, tuple(s for s in steps if low <= s <= high), logarithmic=True, zero=1.0)


def shares(highest: float) -> Axis:
    """An axis for shares from 0 to a little above the highest, by tenths (or twentieths)."""
    step = 0.1 if highest > 0.25 else 0.05
    count = int(highest / step) + 1
    return Axis(0.0, count * step, tuple(n * step for n in range(count + 1)), unit="%")


def amounts(highest: float) -> Axis:
    """An axis for amounts from 0 to at least the highest, by a few round steps."""
    made = axes.differences([highest])
    return Axis(made.low, made.high, made.ticks)


def row(axis: Axis, value: float | None, low: float | None, high: float | None, *, hollow: bool = False) -> Markup:
    """The mark with its interval; an end beyond the axis is an arrow. The figures stand beside it as text."""
    parts = [
        _line("zero" if tick == axis.zero else "grid", axis.x(tick), 0, axis.x(tick), _HEIGHT) for tick in axis.ticks
    ]
    middle = _HEIGHT / 2
    if value is not None:
        if low is not None and high is not None:
            parts.append(_line("span", axis.x(low), middle, axis.x(high), middle))
            parts += [_end(axis, end, out) for end, out in ((low, 1), (high, -1))]
        kind, size = "mark hollow" if hollow else "mark", 2 * _HALF
        place = f'x="{axis.x(value) - _HALF:.1f}" y="{middle - _HALF:.1f}" width="{size:g}" height="{size:g}"'
        parts.append(f'<rect class="{kind}" {place}/>')
    return _svg(_HEIGHT, parts)


def scale(axis: Axis) -> Markup:
    """The numbers of the axis, for the head of the column."""
    parts = [
        f'<text x="{axis.x(tick):.1f}" y="12" text-anchor="{_anchor(axis, tick)}">{_label(axis, tick)}</text>'
        for tick in axis.ticks
    ]
    return _svg(15.0, parts)


def _svg(height: float, parts: Iterable[str]) -> Markup:
    head = f'<svg class="plot" viewBox="0 0 {_WIDTH:g} {height:g}" aria-hidden="true" focusable="false">'
    return Markup(head + "".join(parts) + "</svg>")  # numbers and names of our own


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def _end(axis: Axis, value: float, out: int) -> str:
    x, y = axis.x(value), _HEIGHT / 2
    if value < axis.low or value > axis.high:
        return f'<path class="span" d="M{x + out * 4:.1f} {y - 3:.1f}L{x:.1f} {y:.1f}L{x + out * 4:.1f} {y + 3:.1f}"/>'
    return _line("span", x, y - 3, x, y + 3)


def _anchor(axis: Axis, tick: float) -> str:
    return "start" if tick == axis.ticks[0] else "end" if tick == axis.ticks[-1] else "middle"


def _label(axis: Axis, tick: float) -> str:
    return f"{tick * 100:.0f}%" if axis.unit == "%" else f"{tick:g}"
