"""How long after the index the marker came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from soleus.reports.drawing import axes
from soleus.reports.drawing.axes import Axis
from soleus.reports.drawing.plot import Frame, Plot, Told, framed, legend, plotted, sides
from soleus.reports.drawing.svg import Canvas
from soleus.reports.population_plots.signals import count

_STEPS = (1, 2, 5, 10, 30, 60, 90, 180, 365, 730, 1825, 3650, 36500)  # days between two ticks


@dataclass(frozen=True)
class Bin:
    """People whose marker came so many days after the index (negative: before), both ends included; None is hidden."""

    first_day: int
    last_day: int
    people: int | None

    @property
    def index_first(self) -> bool:
        return self.first_day > 0

    @property
    def marker_first(self) -> bool:
        return self.last_day < 0


def waiting_time_plot(name: str, index: str, marker: str, bins: Sequence[Bin]) -> Plot:
    """To the right who began the index first, to the left who began the marker first.

    The dashed outline on the right is the left side mirrored: where nothing but chance and the calendar ties the two
    together, the bars fill it.
    """
    after, before = (sum(b.people or 0 for b in found) for found in _halves(bins))
    told = Told(
        name,
        f"How long between {index} and {marker}?",
        "People by the days between both starts. The dashed outline is the left side, mirrored.",
        f"Of the people who are shown, {after:,} began {index} first and {before:,} began {marker} first.",
    )
    rows = [(_days(b), _first(b, index, marker), count(b.people)) for b in bins]
    return plotted(told, lambda c, y: _drawn(c, y, index, marker, bins), ("Days between", "First", "People"), rows)


def _halves(bins: Sequence[Bin]) -> tuple[list[Bin], list[Bin]]:
    return [b for b in bins if b.index_first], [b for b in bins if b.marker_first]


def _drawn(canvas: Canvas, top: float, index: str, marker: str, bins: Sequence[Bin]) -> float:
    reach = max([1, *(abs(day) for b in bins for day in (b.first_day, b.last_day))])
    most = max([4, *(b.people or 0 for b in bins)])
    frame = framed(canvas, top, 190, _across(reach), axes.differences([float(most)]), "people")
    for b in bins:
        _bar(canvas, frame, b)
    _mirror(canvas, frame, _halves(bins)[1])
    y = sides(canvas, frame, f"{marker} first, days", f"{index} first, days")
    return legend(canvas, y, [("hidden", "too few to be shown")]) if any(b.people is None for b in bins) else y


def _across(reach: int) -> Axis:
    step = next(s for s in _STEPS if reach / s <= 4.1)
    days = range(-(reach // step) * step, reach + 1, step)
    return Axis(-reach - 1.0, reach + 1.0, tuple(map(float, days)), tuple(f"{abs(d)}" for d in days), zero=0)


def _bar(canvas: Canvas, frame: Frame, b: Bin) -> None:
    left, right = frame.x(b.first_day - 0.5), frame.x(b.last_day + 0.5)
    gap = min(1.0, (right - left) / 8)
    if b.people is None:
        kind, height, dashes = "expert", 9.0, "2 2"
    else:
        kind, height, dashes = "one" if b.index_first else "marker-bar", frame.bottom - frame.y(b.people), None
    if height:
        canvas.shape("rect", kind, x=left + gap, y=frame.bottom - height, width=right - left - 2 * gap, height=height,
                     stroke_dasharray=dashes)  # fmt: skip


def _mirror(canvas: Canvas, frame: Frame, before: Sequence[Bin]) -> None:
    """The tops of the left side on the right one, as steps; hidden counts leave a gap."""
    d, at = "", None
    for b in sorted(before, key=lambda b: -b.last_day):
        if b.people is not None:
            left, right, y = frame.x(-b.last_day - 0.5), frame.x(-b.first_day + 0.5), frame.y(b.people)
            d += f"{'L' if at == b.last_day else 'M'}{left:.1f} {y:.1f}H{right:.1f}"
            at = b.first_day - 1
    if d:
        canvas.shape("path", "axis", d=d, stroke_dasharray="3 3")


def _days(b: Bin) -> str:
    ends = sorted((abs(b.first_day), abs(b.last_day)))
    return f"{ends[0]}" if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _first(b: Bin, index: str, marker: str) -> str:
    return index if b.index_first else marker if b.marker_first else "same day"
