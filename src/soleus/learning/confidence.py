"""How well somebody knows what they know: stated confidence against the share that was right.

- Interval of a share: Wilson's score interval, 95 %. Wilson EB. Probable inference, the law of succession, and
  statistical inference. J Am Stat Assoc 1927;22:209-12, doi:10.1080/01621459.1927.10502953. Answers of unequal
  difficulty vary less than it assumes, so that it is rather too wide.
- Score: Brier GW. Verification of forecasts expressed in terms of probability. Mon Weather Rev 1950;78:1-3, in the form
  for one event, the mean of (confidence - right)^2: 0 is best, 0.25 is what always saying 50 % earns.

Only the first answer to a case counts: the second knows the explanation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean
from typing import Literal

from soleus.learning.grading import Given
from soleus.learning.rules import rules

_Z = 1.959963984540054  # 97.5 % point of the normal distribution

Verdict = Literal["too_few", "over", "under", "fits"]
Interval = tuple[float, float]


class _Counted:
    """So many right answers of so many."""

    right: int
    n: int

    @property
    def share(self) -> float:
        return self.right / self.n

    @property
    def interval(self) -> Interval:
        return wilson(self.right, self.n)


@dataclass(frozen=True)
class Bin(_Counted):
    """The answers given with one confidence (0-1): ``right`` of ``n``, with the interval of their share."""

    confidence: float
    right: int
    n: int


@dataclass(frozen=True)
class Calibration(_Counted):
    """``verdict``: over where the mean confidence lies above the interval of the share that was right, under where it
    lies below, fits where it lies within; too_few where the rules let nothing be said.
    """

    n: int
    right: int
    bins: tuple[Bin, ...]
    mean_confidence: float
    brier: float
    verdict: Verdict


def wilson(k: int, n: int) -> Interval:
    """The 95 % interval of k of n; n is at least 1.

    >>> [round(x, 3) for x in wilson(8, 10)]
    [0.49, 0.943]
    """
    p, zz = k / n, _Z * _Z
    middle, half = p + zz / (2 * n), _Z * sqrt(p * (1 - p) / n + zz / (4 * n * n))
    scale = 1 + zz / n
    low, high = (middle - half) / scale, (middle + half) / scale
    return 0.0 if k == 0 else low, 1.0 if k == n else high


def calibration(answers: Sequence[Given]) -> Calibration:
    """Of the answers that were given, each to another case. Without answers there is nothing but a verdict."""
    n, right = len(answers), sum(a.right for a in answers)
    mean = fmean(a.confidence / 100 for a in answers) if answers else 0.0
    brier = fmean((a.confidence / 100 - a.right) ** 2 for a in answers) if answers else 0.0
    return Calibration(n, right, _bins(answers), mean, brier, _verdict(right, n, mean))


def _bins(answers: Sequence[Given]) -> tuple[Bin, ...]:
    out = []
    for step in sorted({a.confidence for a in answers}):
        these = [a for a in answers if a.confidence == step]
        out.append(Bin(step / 100, sum(a.right for a in these), len(these)))
    return tuple(out)


def _verdict(right: int, n: int, mean: float) -> Verdict:
    if n < rules()["calibration_least"]:
        return "too_few"
    low, high = wilson(right, n)
    return "over" if mean > high else "under" if mean < low else "fits"
