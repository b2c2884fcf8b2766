"""Sequence symmetry analysis: crude, null and adjusted sequence ratios, for all pairs of a screen at once.

Among people with an index event and a marker event within the combination window, a have the index first and b the
marker. The crude ratio a / b is divided by the null ratio: what a / b would be if nothing tied the two together but
the calendar, taken from the days on which people had their first event of each.

What is undefined is NaN, not infinity. With ``compat="cohortsymmetry"`` the arithmetic is that of the R package
CohortSymmetry 0.3.1 and 0.4 (OHDSI; getConfidenceInterval, generateSequenceCohortSet): with b = 0 all bounds are
infinite, with a = 0 one half is added to a twice, a null ratio with one empty side is 0 or divides as infinity.

Sources: Hallas 1996, Epidemiology 7:478-484, appendix (null ratio); Tsiropoulos, Andersen, Hallas 2009,
Pharmacoepidemiol Drug Saf 18:483-491 (doi 10.1002/pds.1736), for the restriction to d days as CohortSymmetry has it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from soleus.statistics.special import Floats, beta_log_odds_quantile

Interval: TypeAlias = Literal["jeffreys", "clopper_pearson"]
Compat: TypeAlias = Literal["cohortsymmetry"]


@dataclass(frozen=True)
class NullSums:
    """Both sides of the null ratio, (index, marker), added up over days and strata; whole numbers, hence exact.

    ``forward``: pairs of one person's index day and another's marker day with the marker 1 to d days later.
    ``backward``: with the marker 1 to d days before.
    """

    forward: Floats
    backward: Floats

    def __add__(self, other: NullSums) -> NullSums:
        return NullSums(self.forward + other.forward, self.backward + other.backward)

    def ratio(self, compat: Compat | None = None) -> Floats:
        """The null ratio; NaN where a side is empty. In compat an empty side gives 0 or infinity, as in R."""
        with np.errstate(divide="ignore", invalid="ignore"):
            if compat:
                share = self.forward / (self.forward + self.backward)
                return np.asarray(share / (1 - share))
            return np.where((self.forward > 0) & (self.backward > 0), self.forward / self.backward, np.nan)


def null_sums(index: ArrayLike, marker: ArrayLike, window_days: float) -> NullSums:
    """The null sums of every index with every marker.

    ``index`` (L, T) and ``marker`` (K, T): people whose first event ever falls on each of T consecutive days of the
    study range; with strata (S, L, T) and (S, K, T), which are added up before anything is divided.
    ``window_days``: d; infinity takes the whole range. Sums stay exact up to 2**53.
    """
    first, second = (np.asarray(v, np.float64) for v in (index, marker))
    if first.ndim == 3:
        parts = (null_sums(i, m, window_days) for i, m in zip(first, second, strict=True))
        return sum(parts, NullSums(np.zeros(1), np.zeros(1)))
    forward, backward = neighbours(second, window_days)
    return NullSums(first @ forward.T, first @ backward.T)


def neighbours(marker: Floats, window_days: float) -> tuple[Floats, Floats]:
    """(K, T) events in the next and in the previous ``window_days`` days of each day, that day left out."""
    days = marker.shape[-1]
    reach = days if math.isinf(window_days) else min(int(window_days), days)
    before = np.concatenate([np.zeros((*marker.shape[:-1], 1)), np.cumsum(marker, axis=-1)], axis=-1)
    t = np.arange(days)
    forward = before[..., np.minimum(t + reach + 1, days)] - before[..., t + 1]
    backward = before[..., t] - before[..., np.maximum(t - reach, 0)]
    return forward, backward


@dataclass(frozen=True)
class SequenceRatios:
    """Arrays of one shape; NaN where undefined. Bounds are infinite only in compat."""

    n_index_first: NDArray[np.int64]
    n_marker_first: NDArray[np.int64]
    crude: Floats
    crude_low: Floats
    crude_high: Floats
    null: Floats
    adjusted: Floats
    low: Floats
    high: Floats


def sequence_ratios(
    n_index_first: ArrayLike,
    n_marker_first: ArrayLike,
    sums: NullSums,
    level: float = 0.95,
    interval: Interval = "jeffreys",
    compat: Compat | None = None,
) -> SequenceRatios:
    """Ratios of a and b people, with intervals of ``level``; shapes as of ``sums``.

    The interval is that of the share a / (a + b), turned into odds and divided by the null ratio, which is taken as
    known; `with_uncertain_null` does not. Jeffreys bounds are finite where a or b is 0. Clopper-Pearson bounds are 0
    where a is 0 and NaN above where b is 0: no upper bound. Where a + b is 0 there is neither ratio nor interval.
    """
    a, b = np.asarray(n_index_first, np.int64), np.asarray(n_marker_first, np.int64)
    null = sums.ratio(compat)
    with np.errstate(divide="ignore", invalid="ignore"):
        crude = a / b
        low, high = _compat_bounds(a, b, level) if compat else odds_interval(a, b, level, interval)
        adjusted, adjusted_low, adjusted_high = crude / null, low / null, high / null
    if compat:  # the package writes infinity itself here, whatever the null ratio
        adjusted_low, adjusted_high = (np.where((a > 0) & (b == 0), np.inf, v) for v in (adjusted_low, adjusted_high))
    return SequenceRatios(
        a, b, _finite(crude), low, high, _finite(null), _finite(adjusted), adjusted_low, adjusted_high
    )


def odds_interval(
    a: ArrayLike, b: ArrayLike, level: float = 0.95, kind: Interval = "jeffreys"
) -> tuple[Floats, Floats]:
    """Bounds of p / (1 - p) after ``a`` successes and ``b`` failures; NaN where there are none of both."""
    a, b = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(b, np.float64))
    tail = (1 - level) / 2
    if kind == "jeffreys":
        low, high = (np.exp(beta_log_odds_quantile(p, a + 0.5, b + 0.5)) for p in (tail, 1 - tail))
    else:
        # A parameter of 0 stands for a bound at the end of the scale; 1 takes its place in the arithmetic.
        low = np.where(a == 0, 0.0, np.exp(beta_log_odds_quantile(tail, np.maximum(a, 1), b + 1)))
        high = np.where(b == 0, np.nan, np.exp(beta_log_odds_quantile(1 - tail, a + 1, np.maximum(b, 1))))
    known = a + b > 0
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


def _compat_bounds(a: NDArray[np.int64], b: NDArray[np.int64], level: float) -> tuple[Floats, Floats]:
    """Jeffreys, with the package's ways at zero: one half is added to a twice, and b = 0 is infinite on both sides."""
    low, high = odds_interval(np.where(a == 0, 0.5, a), b, level)
    endless, known = (a > 0) & (b == 0), a + b > 0
    return tuple(np.where(endless, np.inf, np.where(known, v, np.nan)) for v in (low, high))  # type: ignore[return-value]


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)


def bootstrap_null(
    index_day: ArrayLike,
    marker_day: ArrayLike,
    window_days: float,
    stratum: ArrayLike | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> Floats:
    """(draws,) null ratios of one pair, people drawn with replacement; NaN where a drawn side is empty.

    ``index_day`` and ``marker_day`` (people,): day of the first event ever, counted from the first day of the study
    range; negative where a person has none in it. ``stratum`` (people,): 0, 1, ...; default one for all.
    People without any of the two events change nothing and may be left out.
    """
    days = np.stack([np.asarray(index_day, np.int64), np.asarray(marker_day, np.int64)])
    group = np.zeros(days.shape[1], np.int64) if stratum is None else np.asarray(stratum, np.int64)
    if not days.size or days.max() < 0:
        return np.full(draws, np.nan)
    shape = (group.max() + 1, days.max() + 1)
    place = [np.where(d >= 0, group * shape[1] + d, shape[0] * shape[1]) for d in days]  # the last place is nowhere
    rng, people = np.random.default_rng(seed), days.shape[1]
    out = np.empty(draws)
    for n in range(draws):
        times = np.bincount(rng.integers(people, size=people), minlength=people)
        index, marker = (np.bincount(p, times, shape[0] * shape[1] + 1)[:-1].reshape(shape) for p in place)
        out[n] = null_sums(index[:, None], marker[:, None], window_days).ratio()[0, 0]
    return out


def central_interval(draws: Floats, level: float = 0.95) -> tuple[float, float]:
    """The middle ``level`` of the draws that are defined; NaN if none is."""
    defined = draws[np.isfinite(draws)]
    if not defined.size:
        return math.nan, math.nan
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def with_uncertain_null(a: int, b: int, null_draws: Floats, level: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Bounds of the adjusted ratio when the null ratio is uncertain too: Jeffreys draws of a / b over null draws."""
    if a + b == 0:
        return math.nan, math.nan
    share = np.random.default_rng(seed).beta(a + 0.5, b + 0.5, len(null_draws))
    return central_interval(share / (1 - share) / null_draws, level)
