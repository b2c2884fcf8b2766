"""Where the marks of the plots of learning stand, in units of their drawings: results over time, and confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from soleus.learning.confidence import Bin
from soleus.learning.records import Kept, Paper
from soleus.web.learning_parts import day_of

WIDTH, HEIGHT = 320, 200
LEFT, RIGHT, TOP, BOTTOM = 40, 20, 12, 34
_LOWEST = 0.5  # confidence that the axis begins with


@dataclass(frozen=True)
class Mark:
    """A point with its interval, where it has one; ``radius`` by how much is behind it."""

    x: float
    y: float
    title: str
    low: float | None = None
    high: float | None = None
    radius: float = 4
    kind: str = ""


@dataclass(frozen=True)
class Plot:
    """``levels``: (height, label) of lines across; ``ticks``: (place, label) below; ``line``: what joins the marks."""

    marks: tuple[Mark, ...]
    levels: tuple[tuple[float, str], ...]
    ticks: tuple[tuple[float, str, str], ...]
    line: str = ""
    pass_y: float | None = None


def _y(share: float) -> float:
    return round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 1)


def _x(part: float) -> float:
    return round(LEFT + part * (WIDTH - LEFT - RIGHT), 1)


_LEVELS = tuple((_y(s), f"{s:.0%}") for s in (0.0, 0.5, 1.0))


def results_plot(quizzes: Sequence[Kept[Paper]], pass_share: float) -> Plot | None:
    """The share of each quiz in the order of the attempts; None where there is none."""
    if not quizzes:
        return None
    n = len(quizzes)
    marks = [_result(q, (i + 0.5) / n) for i, q in enumerate(quizzes)]
    ends = [(marks[0].x, day_of(quizzes[0].at), "start")]
    if n > 1:
        ends.append((marks[-1].x, day_of(quizzes[-1].at), "end"))
    if n == 1:
        ends = [(marks[0].x, ends[0][1], "middle")]
    line = " ".join(f"{m.x},{m.y}" for m in marks) if n > 1 else ""
    return Plot(tuple(marks), _LEVELS, tuple(ends), line, _y(pass_share))


def _result(q: Kept[Paper], part: float) -> Mark:
    score = q.what.score
    return Mark(
        _x(part), _y(score.share), f"{day_of(q.at)}: {score.right} / {score.n}", kind="on" if score.passed else "off"
    )


def confidence_plot(bins: Sequence[Bin]) -> Plot:
    """For each confidence the share that was right, with its 95 % interval; the diagonal is perfect calibration."""
    marks = tuple(_bin(b) for b in bins)
    ticks = tuple((_x((s - _LOWEST) / (1 - _LOWEST)), f"{s:.0%}", "middle") for s in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0))
    diagonal = f"{_x(0)},{_y(_LOWEST)} {_x(1)},{_y(1.0)}"
    return Plot(marks, _LEVELS, ticks, diagonal)


def _bin(b: Bin) -> Mark:
    low, high = b.interval
    x = _x((b.confidence - _LOWEST) / (1 - _LOWEST))
    return Mark(x, _y(b.share), f"{b.confidence:.0%}: {b.right} / {b.n}", _y(low), _y(high), min(3 + b.n**0.5, 9))
