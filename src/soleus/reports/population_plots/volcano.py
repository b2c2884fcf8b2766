"""How large against how rare by chance, a point a medicine."""

from __future__ import annotations

import math
from collections.abc import Sequence

from soleus.reports.drawing import axes, labels, lettering
from soleus.reports.drawing.axes import Axis
from soleus.reports.drawing.labels import Box, Label
from soleus.reports.drawing.plot import (
    DOT,
    NOTE,
    Frame,
    Plot,
    Told,
    framed,
    is_narrow,
    legend,
    plotted,
    remark,
    sides,
    sign,
)  # fmt: skip
from soleus.reports.drawing.svg import Canvas
from soleus.reports.population_plots.signals import SIGNAL_HEAD, Signal, real, short, sign_of, signal_row, signs_of

_MOST = 12.0  # a p below 10^-12 stands at the upper edge
_LEAD = "Each point is a medicine. To the right it comes first more often; the higher, the less it can be chance."
_POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def volcano_plot(name: str, title: str, signals: Sequence[Signal], lead: str = "") -> Plot:
    """Ratio across, p upwards. What was found and the negative controls are named where there is room, rarest first."""
    shown = [s for s in signals if real(s.ratio) and s.ratio > 0 and real(s.p)]
    found = [f"{s.name} {short(s.ratio)}" for s in _rarest(shown) if s.found]
    words = f"{title}. {len(shown)} medicines, {sum(s.control for s in shown)} of them negative controls. " + (
        f"Found: {', '.join(found)}." if found else "None is found."
    )
    told, lost = Told(name, title, lead or _LEAD, words), len(signals) - len(shown)
    return plotted(told, lambda c, y: _drawn(c, y, shown, lost), SIGNAL_HEAD, [signal_row(s) for s in signals])


def _rarest(signals: Sequence[Signal]) -> list[Signal]:
    return sorted(signals, key=lambda s: (not s.found, s.p or 0.0, -abs(math.log(s.ratio or 1))))


def _drawn(canvas: Canvas, top: float, shown: Sequence[Signal], lost: int) -> float:
    across = axes.ratios(min(max(s.ratio or 1, 0.02), 50.0) for s in shown)
    frame = framed(canvas, top, 300 if is_narrow(canvas) else 340, across, _upwards(shown), "p")
    for s in sorted(shown, key=lambda s: (s.control, s.found)):
        sign(canvas, sign_of(s), *_place(frame, s))
    named = [s for s in _rarest(shown) if s.found or s.control]
    unnamed = len(named) - _named(canvas, frame, named, shown)
    signs = [s for s in signs_of(shown) if s[0] != "tick"]
    y = legend(canvas, sides(canvas, frame, "marker first", "medicine first"), signs)
    return remark(canvas, y, _left_out(unnamed, lost))


def _left_out(unnamed: int, lost: int) -> str:
    told = []
    if unnamed:
        told.append(f"{unnamed} {'name' if unnamed == 1 else 'names'} found no room")
    if lost:
        told.append(f"{lost} {'medicine has' if lost == 1 else 'medicines have'} no ratio or no p")
    return f"{'; '.join(told)}: see the table." if told else ""


def _place(frame: Frame, s: Signal) -> tuple[float, float]:
    return frame.x(s.ratio or 1), frame.y(_rarity(s))


def _named(canvas: Canvas, frame: Frame, named: Sequence[Signal], shown: Sequence[Signal]) -> int:
    """Writes names beside their points; how many found room."""
    field = Box(frame.left + 2, frame.top + 1, frame.right - 1, frame.bottom - 2)
    middle, room = frame.x(1.0), (frame.right - frame.left) * 0.4
    wanted = [(lettering.lines(s.name, room, NOTE, most=1)[0], *_place(frame, s)) for s in named]
    dots = [_place(frame, s) for s in shown]
    put = labels.placed(wanted, dots, field, NOTE, DOT + 1, [Box(middle - 1, frame.top, middle + 1, frame.bottom)])
    for label in put:
        if label.far:
            canvas.line("leader", *label.point, *_end(label))
        canvas.text(label.x, label.base, label.words, NOTE)
    return len(put)


def _end(label: Label) -> tuple[float, float]:
    """Where the line from a point meets its name."""
    box = label.box(NOTE)
    return min(max(label.point[0], box.left), box.right), box.bottom if box.bottom < label.point[1] else box.top


def _rarity(s: Signal) -> float:
    return min(-math.log10(s.p), _MOST) if s.p else _MOST


def _upwards(shown: Sequence[Signal]) -> Axis:
    """−log10 p, told as p."""
    top = math.ceil(max([2.0, *(_rarity(s) for s in shown)]) + 0.1)
    step = next(n for n in (1, 2, 3) if top / n <= 5)
    ticks = tuple(range(0, top + 1, step))
    return Axis(0, top, tuple(map(float, ticks)), tuple(map(_power, ticks)))


def _power(zeros: int) -> str:
    return f"{10.0**-zeros:g}" if zeros <= 3 else f"10{str(-zeros).translate(_POWERS)}"
