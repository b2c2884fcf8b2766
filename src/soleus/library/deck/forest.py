"""A forest plot as native shapes: it can be changed in the program that shows it."""

from __future__ import annotations

from collections.abc import Sequence

from soleus.library.deck.lines import LEADING, LEFT, RIGHT, ROOM, TOP, Line
from soleus.library.deck.slide import Shape, Slide
from soleus.library.drawing.chart import Mark
from soleus.reports.drawing import lettering
from soleus.reports.drawing.axes import Axis


def forest(
    slide: Slide, marks: Sequence[Mark], axis: Axis, below: tuple[str, str], y: float = TOP, row: float = 0.31,
    size: float = 12.5, cites: Sequence[tuple[int, ...]] = (),
) -> float:  # fmt: skip
    """Rows of a forest plot as native shapes; where it ends. A name takes as many lines as its row holds.

    ``cites`` are the numbers of the sources, row by row.
    """
    names, figures = 4.6, 2.1
    left, right = LEFT + names + 0.25, RIGHT - figures - 0.25
    bottom = y + row * len(marks)
    drawn = [_upright(slide, axis, tick, left, right, y, bottom) for tick in axis.ticks]
    drawn.append(slide.line(left, bottom, right, bottom, "axis"))
    for n, mark in enumerate(marks):
        middle = y + row * (n + 0.5)
        _named(slide, mark, middle, row, size, names, figures, cites[n] if cites else ())
        drawn += _mark(slide, mark, axis, left, right, middle)
    slide.group(drawn, "; ".join(f"{m.label} {m.figure}" for m in marks))
    _scale(slide, axis, below, left, right, bottom)
    return bottom + (0.55 if any(below) else 0.35)


def _upright(slide: Slide, axis: Axis, tick: float, left: float, right: float, top: float, bottom: float) -> Shape:
    x = left + (right - left) * axis.at(tick)
    return slide.line(x, top, x, bottom, "axis" if tick == axis.zero else "grid")


def _named(
    slide: Slide,
    mark: Mark,
    middle: float,
    row: float,
    size: float,
    names: float,
    figures: float,
    cites: tuple[int, ...],
) -> None:
    """The words of a row, around the middle of its height."""
    most = max(1, int(row * 72 / (size * LEADING)))
    room = names * 72 * ROOM - lettering.width(",".join(map(str, cites)), size * 0.7)
    label = lettering.lines(mark.label, room, size, most=most)
    tall = len(label) * size * LEADING / 72
    slide.text([Line(" ".join(label), cites, bullet=False)], LEFT, middle - tall / 2, names, tall, size)
    tall = size * LEADING / 72
    told = [Line(mark.figure, bullet=False)]
    slide.text(told, RIGHT - figures, middle - tall / 2, figures, tall, size, right=True)


def _mark(slide: Slide, mark: Mark, axis: Axis, left: float, right: float, y: float) -> list[Shape]:
    """The mark of a row with its interval."""
    if mark.value is None:
        return []
    kind = "measured" if mark.measured else "expert"
    x, *ends = (left + (right - left) * axis.at(v) for v in (mark.value, mark.low, mark.high) if v is not None)
    drawn = []
    if len(ends) == 2:
        drawn.append(slide.line(ends[0], y, ends[1], y, f"{kind}-span"))
        drawn += [slide.line(end, y - 0.05, end, y + 0.05, f"{kind}-span") for end in ends]
    drawn.append(slide.bar(x - 0.06, y - 0.06, 0.12, 0.12, kind) if mark.measured else slide.dot(x, y, 0.13, kind))
    return drawn


def _scale(slide: Slide, axis: Axis, below: tuple[str, str], left: float, right: float, y: float) -> None:
    for tick, label in zip(axis.ticks, axis.labels, strict=True):
        x = left + (right - left) * axis.at(tick)
        slide.text([Line(label, bullet=False, kind="soft")], x - 0.4, y + 0.02, 0.8, 0.22, 10, middle=True)
    if any(below) and axis.zero is not None:
        x = left + (right - left) * axis.at(axis.zero)
        less, more = (
            Line(f"← {below[0]}", bullet=False, kind="soft"),
            Line(f"{below[1]} →", bullet=False, kind="soft"),
        )
        if x - left > 1.1:
            slide.text([less], x - 1.6, y + 0.24, 1.5, 0.22, 10, right=True)
        if right - x > 1.1:
            slide.text([more], x + 0.1, y + 0.24, 1.5, 0.22, 10)
