"""Where names may stand beside the points of a plot, so that none lies on another or on a point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from soleus.reports.drawing import lettering


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def within(self, other: Box) -> bool:
        return (
            self.left >= other.left and self.right <= other.right
            and self.top >= other.top and self.bottom <= other.bottom
        )  # fmt: skip


@dataclass(frozen=True)
class Label:
    """A name that found a place: its left end, its baseline, and whether it is far enough to need a line."""

    words: str
    x: float
    base: float
    point: tuple[float, float]
    far: bool

    def box(self, size: float) -> Box:
        return _box(self.words, self.x, self.base, size)


def placed(
    names: Sequence[tuple[str, float, float]],
    points: Sequence[tuple[float, float]],
    field: Box,
    size: float,
    radius: float,
    kept_free: Sequence[Box] = (),
) -> list[Label]:
    """``names`` (words, x, y of its point), the most important first; those that find no place are left out.

    ``points``: everything that is drawn as a dot of ``radius``; ``kept_free``: where no name may stand.
    """
    taken = [*kept_free, *(Box(x - radius, y - radius, x + radius, y + radius) for x, y in points)]
    out: list[Label] = []
    for words, x, y in names:
        for label in _places(words, x, y, size, radius):
            box = label.box(size)
            if box.within(field) and not any(box.meets(other) for other in taken):
                out.append(label)
                taken.append(box)
                break
    return out


def _places(words: str, x: float, y: float, size: float, radius: float) -> Iterator[Label]:
    """Beside the point first, then above and below it, then farther away with a line to it."""
    wide, middle = lettering.width(words, size), y + size * 0.35
    beside, around = radius + 3, (x + radius, x - radius - wide, x - wide / 2)
    yield Label(words, x + beside, middle, (x, y), False)
    yield Label(words, x - beside - wide, middle, (x, y), False)
    for rise in (-size, size):
        yield from (Label(words, left, middle + rise, (x, y), False) for left in around)
    for rise in (2.2, 3.6, 5.0, 6.4, 7.8):
        for way in (-rise * size, rise * size):
            yield from (Label(words, left, middle + way, (x, y), True) for left in around)


def _box(words: str, x: float, base: float, size: float) -> Box:
    return Box(x - 1, base - size * 0.82, x + lettering.width(words, size) + 1, base + size * 0.25)
