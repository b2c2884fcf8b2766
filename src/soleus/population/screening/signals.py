"""Ratios of a screen, judged: calibrated by negative controls, and with the rate of false discoveries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from soleus.population.screening.planning import Plan
from soleus.population.screening.screened import Published, Screened
from soleus.population.sequences.counted import PairCounts
from soleus.statistics.calibration import (
    NullDistribution,
    calibrate,
    fit_null,
    left_out_p,
    mean_error,
    standard_error,
    with_uncertain_mean,
)
from soleus.statistics.discovery import adjusted_p
from soleus.statistics.sequence_symmetry import NullSums, SequenceRatios, sequence_ratios
from soleus.statistics.special import Floats, normal_two_sided

#: Fewer controls say too little about their scatter to judge others by it.
LEAST_CONTROLS = 5
#: Nor do controls whose mean is less sure than this, a standard error on the log scale: they would move estimates by
#: the play of chance among a few people.
MOST_UNCERTAIN = 0.2
ITSELF = "It is the marker itself, or holds it."


@dataclass(frozen=True)
class Signal:
    """One medicine with one marker; undefined is NaN.

    ``log_ratio``, ``se``, ``p``: of the adjusted ratio; where nobody came in one of the orders one half is added to
    both counts. ``calibrated``: freed of what the negative controls show. ``q``: the rate of false discoveries at which
    it would be found, from the calibrated p value where there is one; negative controls are not among the hypotheses.
    """

    index: str
    name: str
    marker: str
    n_index_first: int
    n_marker_first: int
    crude: float
    crude_low: float
    crude_high: float
    null: float
    adjusted: float
    low: float
    high: float
    log_ratio: float
    se: float
    p: float
    calibrated: float = math.nan
    calibrated_low: float = math.nan
    calibrated_high: float = math.nan
    calibrated_log_ratio: float = math.nan
    calibrated_se: float = math.nan
    calibrated_p: float = math.nan
    q: float = math.nan
    found: bool = False
    control: bool = False
    why: str = ""
    published: Published | None = None
    contributors: tuple[str, ...] = ()
    same_as: tuple[str, ...] = ()


@dataclass(frozen=True)
class Control:
    """A negative control and, against the distribution of the others, its p value: these should be uniform."""

    index: str
    name: str
    marker: str
    log_ratio: float
    se: float
    p: float
    used: bool


@dataclass(frozen=True)
class Calibration:
    """Systematic error on the log scale as the negative controls of one marker show it; NaN where none could be used.

    ``error``: of the mean, which intervals carry. ``used``: False where there are too few controls, or too unsure.
    """

    marker: str
    mean: float
    sd: float
    error: float
    controls: int
    used: bool


def judged(
    plan: Plan, pairs: PairCounts, sums: NullSums
) -> tuple[tuple[Signal, ...], tuple[Control, ...], tuple[Calibration, ...], list[str]]:
    """Ratios, calibration and false discoveries, marker by marker, and what must be said."""
    s, wanted = plan.settings.sequence, plan.medicines
    places = range(len(wanted)), range(len(plan.markers))
    found = sequence_ratios(*pairs.table(*places), sums, s.level, s.interval, s.compat)
    signals: list[Signal] = []
    controls: list[Control] = []
    fits: list[Calibration] = []
    for k, marker in enumerate(plan.markers):
        rows = [_signal(found, (n, k), medicine, marker, sums, s.level) for n, medicine in enumerate(wanted)]
        fit, judged = _fit(wanted, rows, marker.id)
        fits, controls = [*fits, fit], controls + judged
        rows = _calibrated(rows, fit, s.level) if fit.used and plan.settings.calibrate else rows
        signals += [
            replace(r, q=float(q), found=bool(q <= plan.settings.rate and _ratio(r) > 1 and not r.control))
            for r, q in zip(rows, _rates(rows), strict=True)
        ]
    notes = [_uncalibrated(fit) for fit in fits if not fit.used and any(m.fits for m in wanted)]
    return tuple(signals), tuple(controls), tuple(fits), notes


def _uncalibrated(fit: Calibration) -> str:
    few = fit.controls < LEAST_CONTROLS
    why = f"fewer than {LEAST_CONTROLS}" if few else "their mean too unsure to move other estimates by"
    return f"{fit.marker}: {fit.controls} negative controls could be used, {why}; nothing is calibrated by them."


def _signal(
    found: SequenceRatios, at: tuple[int, int], medicine: Screened, marker: Screened, sums: NullSums, level: float
) -> Signal:
    a, b = int(found.n_index_first[at]), int(found.n_marker_first[at])
    null, low, high = (float(v[at]) for v in (found.null, found.low, found.high))
    itself = bool(medicine.concepts & marker.concepts)
    se = float(standard_error(low, high, level))
    half = 0.0 if a and b else 0.5
    known = a + b > 0 and math.isfinite(null) and math.isfinite(se) and not itself
    log_ratio = math.log((a + half) / (b + half) / null) if known else math.nan
    row = Signal(
        medicine.id, medicine.name, marker.id, a, b,
        crude=float(found.crude[at]), crude_low=float(found.crude_low[at]), crude_high=float(found.crude_high[at]),
        null=null, adjusted=float(found.adjusted[at]), low=low, high=high, log_ratio=log_ratio, se=se,
        p=float(normal_two_sided(log_ratio / se)) if known else math.nan,
        control=medicine.control, why=_why(a, b, float(sums.forward[at]), float(sums.backward[at])),
        published=medicine.published if marker.id == "quinine" else None, contributors=medicine.contributors,
        same_as=medicine.same_as,
    )  # fmt: skip
    return _of_itself(row) if itself else row


def _of_itself(row: Signal) -> Signal:
    """A medicine that holds the marker has no order in time with it."""
    nothing = dict.fromkeys(("crude", "crude_low", "crude_high", "null", "adjusted", "low", "high", "se"), math.nan)
    return replace(row, n_index_first=0, n_marker_first=0, why=ITSELF, **nothing)  # type: ignore[arg-type]


def _why(a: int, b: int, forward: float, backward: float) -> str:
    """What could not be computed, in words; nothing where all could."""
    if forward + backward == 0:
        return "Nobody began it within reach of a start of the marker: there is no null ratio."
    if a + b == 0:
        return "Nobody began both within the window."
    if not forward or not backward:
        return "On one side of the null ratio there are no starts: the ratio cannot be adjusted."
    if not a or not b:
        return "Nobody began in one of the two orders: the ratio has bounds only."
    return ""


def _fit(wanted: Sequence[Screened], rows: Sequence[Signal], marker: str) -> tuple[Calibration, list[Control]]:
    own = [r for s, r in zip(wanted, rows, strict=True) if s.fits]
    y, se = np.array([r.log_ratio for r in own]), np.array([r.se for r in own])
    usable = np.isfinite(y) & np.isfinite(se)
    p = left_out_p(y, se) if usable.sum() > 1 else np.full(y.shape, np.nan)
    judged = [
        Control(r.index, r.name, marker, r.log_ratio, r.se, float(v), bool(u))
        for r, v, u in zip(own, p, usable, strict=True)
    ]
    fit = fit_null(y, se)
    error = mean_error(fit, se[usable])
    used = fit.controls >= LEAST_CONTROLS and error <= MOST_UNCERTAIN
    return Calibration(marker, fit.mean, fit.sd, error, fit.controls, used), judged


def _calibrated(rows: Sequence[Signal], fit: Calibration, level: float) -> list[Signal]:
    null = with_uncertain_mean(NullDistribution(fit.mean, fit.sd, fit.controls), fit.error)
    found = calibrate(null, [r.log_ratio for r in rows], [r.se for r in rows], level)
    columns: list[Floats] = [
        np.exp(found.log_ratio), np.exp(found.low), np.exp(found.high), found.log_ratio, found.se, found.p,
    ]  # fmt: skip
    return [
        replace(
            r, calibrated=float(c[0]), calibrated_low=float(c[1]), calibrated_high=float(c[2]),
            calibrated_log_ratio=float(c[3]), calibrated_se=float(c[4]), calibrated_p=float(c[5]),
        )
        for r, c in zip(rows, zip(*columns, strict=True), strict=True)
    ]  # fmt: skip


def _rates(rows: Sequence[Signal]) -> Floats:
    """The false discovery rate at which each is found; negative controls are no hypotheses."""
    p = np.array([math.nan if r.control else _p(r) for r in rows])
    return adjusted_p(p)


def _p(row: Signal) -> float:
    return row.calibrated_p if math.isfinite(row.calibrated_p) else row.p


def _ratio(row: Signal) -> float:
    log = row.calibrated_log_ratio if math.isfinite(row.calibrated_log_ratio) else row.log_ratio
    return math.exp(log) if math.isfinite(log) else math.nan
