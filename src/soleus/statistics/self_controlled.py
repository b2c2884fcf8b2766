"""Self-controlled case series: does an event come more often in exposed time than in other time of the same person?

Only people with the event are needed, each compared with nobody but oneself, so that whatever does not change in a life
cancels. Given a person's number of events n_i, they fall on the pieces j of the observed time as a multinomial,

    P(j) = days_ij exp(x_ij b) / sum over k of days_ik exp(x_ik b),

with x the windows around exposures, the age group and the calendar season. b is found by Newton's method.

    observed   |---------------------------------------------------------|
    exposed                       [=========]
    pieces     |     other  | pre |  exposed |      other                |   each cut again by birthdays and seasons

Sources: Farrington 1995, Biometrics 51:228-235; Whitaker, Farrington, Spiessens, Musonda 2006, Stat Med 25:1768-1797,
whose worked example is a test. Assumed: an event changes neither later exposure nor the end of observation; a window
before exposure takes out the days in which an event delays or brings about the exposure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from soleus.statistics.special import Floats, normal_quantile

_MOST_STEPS = 60
_SMALL_STEP = 1e-10
_FAR = 25.0  # a log ratio beyond this has no largest likelihood short of infinity


@dataclass(frozen=True)
class Window:
    """A stretch of time around each exposure, counted in days from its first day; both ends belong to it.

    It runs from the first day + ``since`` to the last day of the exposure + ``until``, or with ``of`` "start" to the
    first day + ``until``. Before exposure: ``Window("before", -30, -1, "start")``.
    """

    name: str
    since: int = 0
    until: int = 0
    of: Literal["start", "end"] = "end"


@dataclass(frozen=True)
class Case:
    """One person, in days since 1 January 1970; first and last days belong to what they bound.

    ``start``, ``end``: observation. ``exposures``: (first, last). Events outside the observation do not count.
    ``birth`` is needed where there are age groups.
    """

    start: int
    end: int
    events: tuple[int, ...]
    exposures: tuple[tuple[int, int], ...] = ()
    birth: int = 0


@dataclass(frozen=True)
class CaseSeriesDesign:
    """How time is divided. Of windows that overlap the one named first has the days.

    ``age_days``: ages at which a new group begins, rising. ``seasons``: parts of the calendar year, of whole months,
    1 for none; 12 / ``seasons`` must be whole.
    """

    windows: tuple[Window, ...]
    age_days: tuple[int, ...] = ()
    seasons: int = 1


@dataclass(frozen=True)
class CaseSeries:
    """Log rate ratios against time outside all windows, of the windows in their order. NaN where nothing is known.

    A window in which no event fell has a log ratio of minus infinity, without interval. ``events`` and ``days``: in
    each window, of all cases that count. ``converged``: False where no largest likelihood was found, as where all
    events of everybody fell in one window; then all is NaN.
    """

    names: tuple[str, ...]
    log_ratio: Floats
    se: Floats
    low: Floats
    high: Floats
    events: NDArray[np.int64]
    days: NDArray[np.int64]
    cases: int
    log_likelihood: float
    converged: bool


def case_series(cases: Iterable[Case], design: CaseSeriesDesign, level: float = 0.95) -> CaseSeries:
    """Rate ratios of the windows, adjusted for age group and season."""
    pieces = [found for found in (_pieces(case, design) for case in cases) if sum(p.events for p in found.values())]
    table = _Table(pieces, design)
    b, covariance, height, converged = table.fitted()
    z = normal_quantile((1 + level) / 2)
    n = len(design.windows)
    log_ratio = b[:n]
    se = np.sqrt(np.where(np.isfinite(log_ratio), np.diag(covariance)[:n], np.nan))
    return CaseSeries(
        tuple(w.name for w in design.windows),
        log_ratio,
        se,
        log_ratio - z * se,
        log_ratio + z * se,
        np.array([table.events[table.window == w].sum() for w in range(n)], np.int64),
        np.array([table.days[table.window == w].sum() for w in range(n)], np.int64),
        len(pieces),
        height,
        converged,
    )


# --------------------------------------------------------------------------------------- time into pieces

_Kind = tuple[int, int, int]  # window (-1: none), age group, season


@dataclass
class _Piece:
    days: int = 0
    events: int = 0


def _pieces(case: Case, design: CaseSeriesDesign) -> dict[_Kind, _Piece]:
    """Days and events of each kind of time in one person's observation."""
    out: dict[_Kind, _Piece] = {}
    if case.end < case.start:
        return out
    windows = [
        (n, first + w.since, (last if w.of == "end" else first) + w.until)
        for n, w in enumerate(design.windows)
        for first, last in case.exposures
    ]
    events = Counter(case.events)
    cuts = _cuts(case, design, windows)
    days = np.array(sorted(events), np.int64)
    for first, after in zip(cuts, [*cuts[1:], case.end + 1], strict=True):
        piece = out.setdefault(_kind(first, case, design, windows), _Piece())
        piece.days += after - first
        piece.events += sum(events[d] for d in days[(days >= first) & (days < after)].tolist())
    return out


def _cuts(case: Case, design: CaseSeriesDesign, windows: Sequence[tuple[int, int, int]]) -> list[int]:
    """First days of stretches in which nothing changes."""
    cuts = {case.start}
    cuts.update(day for _, first, last in windows for day in (first, last + 1))
    cuts.update(case.birth + age for age in design.age_days)
    if design.seasons > 1:
        each = 12 // design.seasons
        cuts.update(_first_day(m) for m in range(_month(case.start), _month(case.end) + 1) if not m % each)
    return sorted(day for day in cuts if case.start <= day <= case.end)


def _kind(day: int, case: Case, design: CaseSeriesDesign, windows: Sequence[tuple[int, int, int]]) -> _Kind:
    window = next((n for n, first, last in windows if first <= day <= last), -1)
    age = sum(day - case.birth >= limit for limit in design.age_days)
    season = _month(day) % 12 * design.seasons // 12 if design.seasons > 1 else 0
    return window, age, season


def _month(day: int) -> int:
    """Months since January 1970."""
    return int(np.datetime64(day, "D").astype("M8[M]").astype(int))


def _first_day(month: int) -> int:
    return int(np.datetime64(month, "M").astype("M8[D]").astype(int))


# --------------------------------------------------------------------------------------- the likelihood


class _Table:
    """All pieces of all people, one row each; ``first`` is where each person's rows begin."""

    def __init__(self, people: Sequence[dict[_Kind, _Piece]], design: CaseSeriesDesign) -> None:
        rows = [(kind, piece) for person in people for kind, piece in person.items()]
        kinds = np.array([kind for kind, _ in rows], np.int64).reshape(-1, 3)
        self.window = kinds[:, 0]
        self.days = np.array([piece.days for _, piece in rows], np.int64)
        self.events = np.array([piece.events for _, piece in rows], np.int64)
        self.first = np.cumsum([0, *(len(person) for person in people)])[:-1].astype(np.int64)
        self.person = np.repeat(np.arange(len(people)), [len(person) for person in people])
        columns = [self.window == n for n in range(len(design.windows))]
        columns += [self._group(kinds[:, 1], n) for n in range(len(design.age_days) + 1)]
        columns += [self._group(kinds[:, 2], n) for n in range(design.seasons)]
        self.x = np.array(columns, np.float64).reshape(len(columns), len(rows)).T

    def _group(self, of: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
        """Rows of one age group or season; none for the first that anybody was in, with which others are compared."""
        reference = of.min() if of.size else 0
        return np.asarray((of == n) & (of != reference))

    def fitted(self) -> tuple[Floats, Floats, float, bool]:
        """Coefficients, their covariance, the log likelihood, and whether there is a largest one."""
        width = self.x.shape[1]
        b, covariance = np.full(width, np.nan), np.full((width, width), np.nan)
        # Time, but no event: the ratio is 0, and the likelihood that of the other pieces.
        silent = np.asarray((self.x.sum(axis=0) > 0) & (self.x.T @ self.events == 0))
        rows = np.asarray(~(self.x[:, silent] > 0).any(axis=1))
        used = self._estimable(rows, ~silent)
        found, inverse, height, converged = self._newton(rows, used)
        if converged:
            b[silent] = -math.inf
            b[used] = found
            covariance[np.ix_(used, used)] = inverse
        return b, covariance, height, converged

    def _estimable(self, rows: NDArray[np.bool_], candidates: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Columns that differ within somebody, and from those before them."""
        keep: list[int] = []
        centred = self._centred(rows)
        for column in np.flatnonzero(candidates).tolist():
            if np.linalg.matrix_rank(centred[:, [*keep, column]]) > len(keep):
                keep.append(column)
        return np.array(keep, np.intp)

    def _centred(self, rows: NDArray[np.bool_]) -> Floats:
        """Cross products of the columns, each less its mean within a person, over the rows that count."""
        x, person = self.x[rows], self.person[rows]
        number = np.maximum(np.bincount(person, minlength=len(self.first)), 1)
        mean = np.stack([np.bincount(person, c, len(self.first)) / number for c in x.T], axis=1)
        off = x - mean[person]
        return np.asarray(off.T @ off)

    def _newton(self, rows: NDArray[np.bool_], used: NDArray[np.intp]) -> tuple[Floats, Floats, float, bool]:
        x = self.x[np.ix_(rows, used)]
        b = np.zeros(len(used))
        height, slope, information = self._derivatives(b, x, rows)
        for _ in range(_MOST_STEPS):
            step = np.linalg.solve(information, slope) if len(used) else b
            while (tried := self._derivatives(b + step, x, rows))[0] < height - 1e-9 * abs(height) - 1e-12:
                step = step / 2
            b = b + step
            height, slope, information = tried
            if np.abs(b).max(initial=0) > _FAR or not _invertible(information):
                return b, information, math.nan, False
            if np.abs(step).max(initial=0) < _SMALL_STEP:
                return b, np.asarray(np.linalg.inv(information), np.float64), height, bool(self.events.any())
        return b, information, math.nan, False

    def _derivatives(self, b: Floats, x: Floats, rows: NDArray[np.bool_]) -> tuple[float, Floats, Floats]:
        """Log likelihood, its gradient and the observed information."""
        person, events = self.person[rows], self.events[rows]
        people = len(self.first)
        log_weight = x @ b + np.log(self.days[rows])
        weight = np.exp(log_weight - log_weight.max(initial=0))
        total = np.bincount(person, weight, people)
        share = weight / total[person]
        number = np.bincount(person, events, people)
        height = float((events * np.log(share)).sum())
        mean = (
            np.stack([np.bincount(person, share * c, people) for c in x.T], axis=1) if x.size else np.zeros((people, 0))
        )
        expected = number[person] * share
        information = (x * expected[:, None]).T @ x - (mean * number[:, None]).T @ mean
        return height, x.T @ (events - expected), information


def _invertible(matrix: Floats) -> bool:
    return bool(not matrix.size or np.linalg.cond(matrix) < 1e12)
