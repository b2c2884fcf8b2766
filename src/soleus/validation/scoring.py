"""Scoring answers against what the source says it was; every share with its n and 95 % Wilson interval."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from soleus.errors import SoleusError
from soleus.reasoning.assess import assess
from soleus.reasoning.assessment import ComplaintAssessment
from soleus.reasoning.compiled import Compiled
from soleus.validation.vignettes import Vignette

_SOON = ("emergency", "same_day")


@dataclass(frozen=True)
class Share:
    """k of n with its 95 % Wilson score interval; None of both where n is 0."""

    k: int
    n: int

    @property
    def value(self) -> float | None:
        return self.k / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        if not self.n:
            return None
        p, z = self.k / self.n, 1.959964
        middle = (p + z * z / (2 * self.n)) / (1 + z * z / self.n)
        half = z * math.sqrt(p * (1 - p) / self.n + z * z / (4 * self.n**2)) / (1 + z * z / self.n)
        return max(middle - half, 0.0), min(middle + half, 1.0)

    def words(self) -> str:
        if self.interval is None:
            return "none"
        low, high = self.interval
        return f"{self.k}/{self.n} = {self.k / self.n:.0%} ({low:.0%} to {high:.0%})"


@dataclass(frozen=True)
class Outcome:
    """One vignette, judged."""

    vignette: Vignette
    rank: int  # of the best-placed right explanation
    strict_rank: int  # of the expected explanation alone
    probability: float  # of the right explanations together
    strict_probability: float
    first: str
    first_probability: float
    leading: str  # the most likely diagnosis
    cause_right: bool | None  # None where the source names no cause
    named: bool  # a right explanation stands in a shown tier, or a red flag suggests it
    flagged: bool  # a red flag of the same day or sooner fires
    any_flag: bool
    do_not_miss: int
    soon: bool  # a flag of the same day or sooner, or a first explanation that needs care so soon
    stability: float  # share of draws in which the first stays first
    brier: float
    error: str | None = None


def judge_one(vignette: Vignette, compiled: Compiled, draws: int = 200) -> Outcome:
    """The outcome of one vignette. A vignette that cannot be judged counts as missed."""
    try:
        found = assess(vignette.read(), knowledge=compiled, draws=draws).complaints[0]
    except SoleusError as error:
        return _failed(vignette, str(error))
    right = set(vignette.expected.right)
    ranks = {e.id: e.rank for e in found.explanations}
    p = {e.id: e.probability for e in found.explanations}
    flagged = any(f.urgency in _SOON for f in found.red_flags)
    return Outcome(
        vignette=vignette,
        rank=min((ranks[r] for r in right if r in ranks), default=999),
        strict_rank=ranks.get(vignette.expected.explanation, 999),
        probability=sum(p.get(r, 0.0) for r in right),
        strict_probability=p.get(vignette.expected.explanation, 0.0),
        first=found.explanations[0].id,
        first_probability=found.explanations[0].probability,
        leading=found.tiers.most_likely[0],
        cause_right=_cause_right(vignette, found),
        named=_named(found, right),
        flagged=flagged,
        any_flag=bool(found.red_flags),
        do_not_miss=len(found.tiers.do_not_miss),
        soon=flagged or found.explanations[0].acuity in _SOON,
        stability=found.explanations[0].first_share,
        brier=sum((q - (e == vignette.expected.explanation)) ** 2 for e, q in p.items()),
    )


def _failed(vignette: Vignette, error: str) -> Outcome:
    return Outcome(vignette, 999, 999, 0.0, 0.0, "", 0.0, "", None, False, False, False, 0, False, 0.0, 2.0, error)


def _cause_right(vignette: Vignette, found: ComplaintAssessment) -> bool | None:
    """Whether the most likely diagnosis is the right explanation with the cause that the source names."""
    if vignette.expected.cause is None:
        return None
    leading = next(d for d in found.diagnoses if d.id == found.tiers.most_likely[0])
    return leading.explanation in vignette.expected.right and leading.cause == vignette.expected.cause


def _named(found: ComplaintAssessment, right: set[str]) -> bool:
    shown = {e.id for e in found.explanations if e.tier}
    suggested = {s for f in found.red_flags for s in f.suggests}
    return bool(right & (shown | suggested))


@dataclass(frozen=True)
class Scores:
    """The figures of a set of vignettes."""

    n: int
    top1: Share
    top1_strict: Share
    top3: Share
    top1_diagnosis: Share
    must_not_miss_recall: Share
    over_triage: Share
    under_triage: Share
    dnm_entries_median: float
    brier: float
    sharpness: float  # mean probability of the first
    stability: float
    slope: float | None  # logistic recalibration of the probability of the first


def score(outcomes: Sequence[Outcome]) -> Scores:
    """Figures over outcomes.

    top1, top3: a right explanation first, or among the first three. over-triage: benign cases in which a flag of the
    same day or sooner fires. under-triage: cases that needed care the same day in which no such flag fires and the
    first explanation is not one that needs it.
    """
    benign = [o for o in outcomes if not o.vignette.expected.dangerous]
    dangerous = [o for o in outcomes if o.vignette.expected.dangerous]
    soon = [o for o in outcomes if o.vignette.expected.urgency in _SOON]
    causes = [o for o in outcomes if o.cause_right is not None]
    n = len(outcomes)
    return Scores(
        n=n,
        top1=_share(o.rank == 1 for o in outcomes),
        top1_strict=_share(o.strict_rank == 1 for o in outcomes),
        top3=_share(o.rank <= 3 for o in outcomes),
        top1_diagnosis=_share(bool(o.cause_right) for o in causes),
        must_not_miss_recall=_share(o.named for o in dangerous),
        over_triage=_share(o.flagged for o in benign),
        under_triage=_share(not o.soon for o in soon),
        dnm_entries_median=float(median([o.do_not_miss for o in benign])) if benign else 0.0,
        brier=sum(o.brier for o in outcomes) / max(n, 1),
        sharpness=sum(o.first_probability for o in outcomes) / max(n, 1),
        stability=sum(o.stability for o in outcomes) / max(n, 1),
        slope=slope([o.first_probability for o in outcomes], [o.rank == 1 for o in outcomes]),
    )


def _share(flags: Iterable[bool]) -> Share:
    found = list(flags)
    return Share(sum(found), len(found))


def slope(p: Sequence[float], right: Sequence[bool]) -> float | None:
    """Slope of a logistic regression of being right on the log-odds that were given (1 = calibrated).

    Newton's method on intercept and slope; None where one outcome never happens.
    """
    return recalibration(p, right)[1] if 0 < sum(right) < len(right) else None


def recalibration(p: Sequence[float], right: Sequence[bool]) -> tuple[float, float]:
    """(intercept, slope) of the logistic recalibration."""
    import numpy as np

    q = np.clip(np.asarray(p, float), 1e-6, 1 - 1e-6)
    x = np.column_stack([np.ones(len(q)), np.log(q / (1 - q))])
    y = np.asarray(right, float)
    beta = np.array([0.0, 1.0])
    for _ in range(50):
        mu = 1 / (1 + np.exp(-x @ beta))
        weight = np.maximum(mu * (1 - mu), 1e-9)
        move = np.linalg.solve((x * weight[:, None]).T @ x + 1e-9 * np.eye(2), x.T @ (y - mu))
        beta = beta + np.clip(move, -2, 2)
        if float(np.abs(move).max()) < 1e-9:
            break
    return float(beta[0]), float(beta[1])
