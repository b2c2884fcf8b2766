"""Axes: which values a plot spans, where its ticks stand, and what they say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log, log10

_MOST_TICKS = 10


@dataclass(frozen=True)
class Axis:
    """Values from ``low`` to ``high`` along the plot; ``zero`` is where nothing changes (None: no such place)."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    logarithmic: bool = False
    zero: float | None = None

    def at(self, value: float) -> float:
        """Where a value lies, 0 to 1; what lies beyond is at the edge."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            return log(inside / self.low) / log(self.high / self.low)
        return (inside - self.low) / (self.high - self.low)


def ratios(ends: Iterable[float]) -> Axis:
    """An axis of ratios around 1, as wide as these need, by steps of 1, 2 and 5; at most from 1/1000 to 1000."""
    steps = [1 / s for s in (1000, 500, 200, 100, 50, 20, 10, 5, 2)] + [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    seen = [v for v in ends if v]
    first = max((s for s in steps if s <= min([*seen, 0.7])), default=steps[0])
    last = min((s for s in steps if s >= max([*seen, 1.5])), default=steps[-1])
    ticks = tuple(s for s in steps if first <= s <= last)
    if len(ticks) > _MOST_TICKS:
        ticks = tuple(t for t in ticks if log10(t).is_integer())
    return Axis(first, last, ticks, tuple(f"{t:g}" for t in ticks), logarithmic=True, zero=1)


def differences(ends: Iterable[float]) -> Axis:
    """An axis of differences around 0, with about four round steps."""
    seen = [0.0, *ends]
    span = max(seen) - min(seen) or 1.0
    step = next(s * 10.0**e for e in range(-3, 9) for s in (1, 2, 5) if s * 10.0**e * 5 >= span)
    first, last = floor(min(seen) / step + 1e-9) * step, ceil(max(seen) / step - 1e-9) * step
    ticks = tuple(first + i * step for i in range(round((last - first) / step) + 1))
    return Axis(first, last, ticks, tuple(f"{t:g}".replace("-", "−") for t in ticks), zero=0)
