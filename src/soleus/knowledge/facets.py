"""Solving the facets of a knowledge base: every facet for every explanation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from soleus.evidence.record import Spread
from soleus.inference.facets import Fit, Mixture, fit, one_factor_joint, solve
from soleus.knowledge.schema.core import Background, Facet, Finding, Joint, Likelihood

#: Standard deviation of the log-odds for a spread word: its 95 % interval is a factor 1.3, 2 or 4 in odds.
LOGIT_SD: dict[Spread, float] = {"narrow": 0.1339, "medium": 0.3536, "wide": 0.7073}
_CLIP = 0.003

FacetTable = dict[str, tuple[float, tuple[float, ...], tuple[float, ...]]]


def effective(record: Likelihood, background: tuple[float, ...], shrink: float) -> tuple[float, ...]:
    """P(state | explanation) as it enters the model: an expert's estimate is drawn towards the background.

    Experts state likelihoods that are too extreme; (1 - k) p + k background keeps a distribution and bounds what one
    finding can do. ``shrink`` is k for the basis of the record (parameters ``shrink_<basis>``, docs/adr/0007).
    """
    return tuple((1 - shrink) * p + shrink * b for p, b in zip(record.p, background, strict=True))


def shrinkage(records: Mapping[str, tuple[Any, ...]]) -> dict[str, float]:
    """Basis -> share of the background; 0 where no parameter is set."""
    found = {p.id: p.value for p in records.get("parameter", ())}
    return {
        basis: found.get(f"shrink_{basis}", 0.0)
        for basis in ("expert", "qualitative", "derived", "measured", "guideline")
    }


def effective_rows(records: Mapping[str, tuple[Any, ...]]) -> dict[tuple[str, str], tuple[float, ...]]:
    """(explanation, finding) -> P as it enters the model, for every likelihood record."""
    base: dict[str, Background] = {b.id: b for b in records.get("background", ())}
    k = shrinkage(records)
    return {
        (r.explanation, r.finding): effective(r, base[r.finding].p, k[r.basis]) if r.finding in base else r.p
        for r in records.get("likelihood", ())
    }


def marginals(facet: Facet, findings: dict[str, Finding], rows: dict[str, tuple[float, ...]]) -> list[float]:
    """P(item typical) for each item, from the distribution of each finding given one explanation."""
    out = []
    for item in facet.items:
        ids = [state.id for state in findings[item.finding].states]
        p = rows[item.finding]
        total = sum(p[ids.index(state)] for state in item.typical)
        out.append(min(max(total, _CLIP), 1 - _CLIP))
    return out


def solve_one(mu: list[float], facet: Facet, published: Joint | None, sds: list[float]) -> Fit:
    """The mixture of one facet for one explanation."""
    if published is None:
        pi = one_factor_joint(mu, facet.correlation.value)
        return Fit(solve(mu, pi), pi, pi, 0.0)
    n = published.n or 30
    share = min(max(published.value, _CLIP), 1 - _CLIP)
    return fit(mu, share, [1 / sd**2 for sd in sds], n * share * (1 - share))


def fits(records: Mapping[str, tuple[Any, ...]]) -> dict[str, dict[str, Fit]]:
    """Every facet fitted for every explanation."""
    findings: dict[str, Finding] = {f.id: f for f in records.get("finding", ())}
    rows: dict[tuple[str, str], Likelihood] = {(r.explanation, r.finding): r for r in records.get("likelihood", ())}
    base: dict[str, Background] = {b.id: b for b in records.get("background", ())}
    entering = effective_rows(records)
    out: dict[str, dict[str, Fit]] = {}
    for facet in records.get("facet", ()):
        published = {j.explanation: j for j in facet.joints}
        out[facet.id] = {}
        for e in records.get("explanation", ()):
            own = [rows.get((e.id, item.finding), base[item.finding]) for item in facet.items]
            shares = {item.finding: entering.get((e.id, item.finding), base[item.finding].p) for item in facet.items}
            mu = marginals(facet, findings, shares)
            sds = [LOGIT_SD[record.spread] for record in own]
            out[facet.id][e.id] = solve_one(mu, facet, published.get(e.id), sds)
    return out


def solve_all(records: Mapping[str, tuple[Any, ...]]) -> dict[str, FacetTable]:
    """facet id -> explanation id -> (w, a, b)."""
    return {facet: {s: _plain(result.mixture) for s, result in table.items()} for facet, table in fits(records).items()}


def _plain(mix: Mixture) -> tuple[float, tuple[float, ...], tuple[float, ...]]:
    return round(mix.w, 9), tuple(round(x, 9) for x in mix.a), tuple(round(x, 9) for x in mix.b)
