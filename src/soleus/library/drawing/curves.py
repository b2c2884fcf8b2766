"""Smooth edges: the paths of our shapes, what lies between two of them, and the outline that they enclose.

A muscle is told by its two edges from origin to insertion; its fibres run between them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from soleus.reports.drawing.svg import number

Point = tuple[float, float]
_STEP = re.compile(r"([MLC])|(-?\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Curve:
    """Cubic Béziers, end to end. ``points`` are the start, then two handles and an end for each piece."""

    points: tuple[Point, ...]

    @property
    def backwards(self) -> Curve:
        return Curve(self.points[::-1])

    def drawn(self, first: str = "M") -> str:
        """As path data; ``first`` L joins it to what was drawn before."""
        start, *rest = self.points
        pieces = [rest[i : i + 3] for i in range(0, len(rest), 3)]
        return first + _said([start]) + "".join("C" + _said(piece) for piece in pieces)


def curve(data: str) -> Curve:
    """The path data of one open path in absolute M, L and C."""
    command, numbers, points = "", [], []
    for letter, figure in _STEP.findall(data):
        if letter:
            command = letter
            continue
        numbers.append(float(figure))
        if command == "C" and len(numbers) == 6:
            points += [(numbers[0], numbers[1]), (numbers[2], numbers[3]), (numbers[4], numbers[5])]
            numbers = []
        elif command in "ML" and len(numbers) == 2:
            points += _straight(points[-1], numbers) if command == "L" else [(numbers[0], numbers[1])]
            numbers = []
    return Curve(tuple(points))


def _straight(start: Point, end: list[float]) -> list[Point]:
    """A line as a Bézier."""
    to = (end[0], end[1])
    return [_mixed(start, to, 1 / 3), _mixed(start, to, 2 / 3), to]


def between(one: Curve, other: Curve, share: float) -> Curve:
    """The curve that lies ``share`` of the way from one to the other. Both have as many pieces."""
    return Curve(tuple(_mixed(p, q, share) for p, q in zip(one.points, other.points, strict=True)))


def _mixed(p: Point, q: Point, share: float) -> Point:
    return (p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share)


def flattened(outline: str, pieces: int = 12) -> list[Point]:
    """The points of a closed outline, for programs that know straight lines alone: so many for each Bézier."""
    points = curve(outline.rstrip("Z")).points
    out = [points[0]]
    for i in range(0, len(points) - 1, 3):
        p0, p1, p2, p3 = points[i : i + 4]
        out += [_on(p0, p1, p2, p3, n / pieces) for n in range(1, pieces + 1)]
    return out


def _on(p0: Point, p1: Point, p2: Point, p3: Point, t: float) -> Point:
    """The point of a Bézier at ``t``."""
    a, b, c = _mixed(p0, p1, t), _mixed(p1, p2, t), _mixed(p2, p3, t)
    return _mixed(_mixed(a, b, t), _mixed(b, c, t), t)


def enclosed(left: Curve, right: Curve) -> str:
    """The outline between two edges, as closed path data."""
    return f"{left.drawn()}{right.backwards.drawn('L')}Z"


def _said(points: list[Point]) -> str:
    return " ".join(f"{number(x)} {number(y)}" for x, y in points)
