"""Lines of text on a slide, and how many of them a box holds.

Positions are in inches from the upper left corner of a slide of 13.333 by 7.5; sizes of type in points. Lines are
broken by the widths of Helvetica (`soleus.reports.drawing.lettering`), to which Arial is cut: nothing overflows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from soleus.reports.drawing import lettering

WIDE, TALL = 13.333, 7.5
LEFT, RIGHT, TOP, BOTTOM = 0.7, WIDE - 0.7, 1.6, 6.8
BROAD = RIGHT - LEFT
PAD = 0.08  # inches within a cell
LEADING = 1.2
ROOM = 0.97  # of the width: programs break lines a little earlier than we reckon


@dataclass(frozen=True)
class Line:
    """A line of text with the numbers of its sources, raised; ``bullet`` for an item of a list."""

    text: str
    cites: tuple[int, ...] = ()
    bullet: bool = True
    bold: bool = False
    kind: str = "ink"

    @property
    def numbers(self) -> str:
        return ",".join(str(n) for n in self.cites)

    def tall(self, room: float, size: float) -> float:
        """Its height in inches at a width in inches."""
        told = f"{self.text} {self.numbers}" if self.cites else self.text
        hang = size / 72 if self.bullet else 0
        n = len(lettering.lines(told, (room - hang) * 72 * ROOM, size, self.bold))
        return n * size * LEADING / 72


GAP = 0.45  # between lines, as a share of the size


def first_that_fit(lines: Sequence[Line], room: float, tall: float, size: float, gap: float = GAP) -> int:
    """How many of the lines fit at a size, one after the other; ``gap`` between them is a share of the size."""
    used = 0.0
    for n, line in enumerate(lines):
        used += line.tall(room, size) + (gap * size / 72 if n else 0)
        if used > tall:
            return n
    return len(lines)


def fitted(lines: Sequence[Line], room: float, tall: float, sizes: tuple[float, float], gap: float = GAP) -> float:
    """The largest size, by steps of a half point, at which the lines fit; the smallest where none does."""
    size, least = sizes
    while size > least and first_that_fit(lines, room, tall, size, gap) < len(lines):
        size -= 0.5
    return size


def row_tall(row: Sequence[Line], widths: Sequence[float], size: float) -> float:
    return max(line.tall(BROAD * w - 2 * PAD, size) for line, w in zip(row, widths, strict=True)) + 2 * 0.05
