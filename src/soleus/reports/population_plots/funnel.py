"""Has a ratio been the same all along?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from soleus.reports.drawing import axes
from soleus.reports.drawing.axes import Axis
from soleus.reports.drawing.plot import Frame, Plot, Sign, Told, framed, legend, plotted, remark, sign
from soleus.reports.drawing.svg import Canvas
from soleus.reports.population_plots.signals import NONE, count, ratio_words, real, short

_LEAD = "Has it been the same all along? Within the grey funnel a difference may be chance."
_HEAD = ("Period", "Adjusted ratio", "Medicine first", "Marker first", "By chance alone", "Outside")
_TWO_SIDED = 1.959964  # normal deviate of 95 %


@dataclass(frozen=True)
class Period:
    """A stretch of calendar time, such as a year, with its own ratio."""

    label: str
    ratio: float | None
    low: float | None
    high: float | None
    index_first: int | None = None
    marker_first: int | None = None


Limits: TypeAlias = tuple[float, float] | None


def funnel_plot(name: str, title: str, periods: Sequence[Period], pooled: float | None, lead: str = "") -> Plot:
    """The ratio of each period, within the limits that chance alone sets around the pooled ratio.

    The funnel is as narrow as people are many: if the ratio never changed, 95 of 100 periods would lie in it.
    """
    limits = [limits_of(p, pooled) for p in periods]
    out = [p.label for p, limit in zip(periods, limits, strict=True) if _outside(p, limit)]
    words = "; ".join(f"{p.label}: {ratio_words(p.ratio, p.low, p.high)}" for p in periods)
    beyond = f"Outside the limits of chance: {', '.join(out)}." if out else "None lies outside the limits of chance."
    told = Told(name, title, lead or _LEAD, f"{title}. All periods {short(pooled)}. {words}. {beyond}")
    rows = [_row(p, limit) for p, limit in zip(periods, limits, strict=True)]
    return plotted(told, lambda c, y: _drawn(c, y, periods, limits, pooled), _HEAD, rows)


def _row(p: Period, limits: Limits) -> tuple[str, ...]:
    chance = f"{short(limits[0])}–{short(limits[1])}" if limits else NONE
    people = count(p.index_first), count(p.marker_first)
    return p.label, ratio_words(p.ratio, p.low, p.high), *people, chance, "yes" if _outside(p, limits) else ""


def limits_of(p: Period, pooled: float | None) -> Limits:
    """Between which the ratio of a period lies 95 times of 100, if it is the pooled one; None where people are hidden.

    The log ratio of n people in two orders has the variance 1 / (n q (1 - q)), q being the share with the index first
    that the pooled ratio and the period's null ratio imply.
    """
    a, b = p.index_first, p.marker_first
    if not real(pooled) or not real(p.ratio) or not pooled or not p.ratio or not a or not b:
        return None
    odds = pooled * (a / b) / p.ratio
    share = odds / (1 + odds)
    half = _TWO_SIDED / math.sqrt((a + b) * share * (1 - share))
    return pooled * math.exp(-half), pooled * math.exp(half)


def _outside(p: Period, limits: Limits) -> bool:
    return limits is not None and p.ratio is not None and not limits[0] <= p.ratio <= limits[1]


def _drawn(
    canvas: Canvas, top: float, periods: Sequence[Period], limits: Sequence[Limits], pooled: float | None
) -> float:
    seen = [n for n, p in enumerate(periods) if real(p.ratio) and p.ratio > 0]
    frame = framed(canvas, top, 220, _slots(periods), _upwards(periods, limits, pooled), "adjusted ratio")
    for n, limit in enumerate(limits):
        if limit:
            left, right, high, low = frame.x(n - 0.5), frame.x(n + 0.5), frame.y(limit[1]), frame.y(limit[0])
            canvas.shape("rect", "limits", x=left, y=high, width=right - left, height=low - high)
    canvas.line("axis", frame.left, frame.y(1.0), frame.right, frame.y(1.0))  # over the funnel
    if real(pooled):
        d = f"M{frame.left:.1f} {frame.y(pooled):.1f}H{frame.right:.1f}"
        canvas.shape("path", "axis", d=d, stroke_dasharray="5 3")
    for n in seen:
        _point(canvas, frame, n, periods[n], _outside(periods[n], limits[n]))
    y = legend(canvas, frame.bottom + 24, _signs(periods, limits, pooled))
    lost = len(periods) - len(seen)
    return remark(canvas, y, f"{lost} of {len(periods)} have no ratio: too few people." if lost else "")


def _signs(periods: Sequence[Period], limits: Sequence[Limits], pooled: float | None) -> list[Sign]:
    outside = [_outside(p, limit) for p, limit in zip(periods, limits, strict=True)]
    return [
        ("line", f"all periods: {short(pooled)}"),
        ("limits", "what chance alone would give"),
        *([("chance", "may be chance")] if not all(outside) else []),
        *([("found", "more than chance")] if any(outside) else []),
    ]


def _slots(periods: Sequence[Period]) -> Axis:
    n = max(len(periods), 1)
    return Axis(-0.6, n - 0.4, tuple(map(float, range(len(periods)))), tuple(p.label for p in periods))


def _upwards(periods: Sequence[Period], limits: Sequence[Limits], pooled: float | None) -> Axis:
    ends = [v for p in periods for v in (p.ratio, p.low, p.high) if real(v) and v > 0]
    ends += [v for limit in limits if limit for v in limit]
    return axes.ratios(min(max(v, 0.1), 10.0) for v in [*ends, *([pooled] if real(pooled) else [])])


def _point(canvas: Canvas, frame: Frame, n: int, p: Period, outside: bool) -> None:
    x, kind, axis = frame.x(n), "measured-span" if outside else "expert-span", frame.up
    if real(p.low) and real(p.high):
        canvas.line(kind, x, frame.y(p.low), x, frame.y(p.high))
        for end in (p.low, p.high):
            if axis.low <= end <= axis.high:
                canvas.line(kind, x - 3.5, frame.y(end), x + 3.5, frame.y(end))
    if real(p.ratio):
        sign(canvas, "found" if outside else "chance", x, frame.y(p.ratio))
