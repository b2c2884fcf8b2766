"""Tables of an entry: each row a record, with its figure in words and as a number to draw.

Ratios keep the interval that the record holds. A row leads to its record; what it is about leads to an entry.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from soleus.knowledge.amounts import Amount
from soleus.knowledge.schema.core import Effect, Finding, Likelihood
from soleus.library.figures import number, ratio, told
from soleus.library.model import RecordRef, Row, Table
from soleus.library.titles import name_of
from soleus.library.writing import ref_of
from soleus.reasoning import words as reasoning_words
from soleus.reasoning.assessment import Audience
from soleus.reasoning.citing import Citer
from soleus.reasoning.compare import compare
from soleus.reasoning.compiled import Compiled
from soleus.reports.words import capital, frequency

MOST_FEATURES = {"clinician": 12, "patient": 8}
MOST_AGAINST = {"clinician": 6, "patient": 4}
MOST_CAUSES_TOLD = 12  # to patients; clinicians see all
MOST_APART = {"clinician": 5, "patient": 3}
#: Groups of findings that are shown to each audience; none: all. Patients read what they can feel and see themselves.
TOLD_TO: dict[Audience, tuple[str, ...]] = {"clinician": (), "patient": ("history",)}
_TELLING = 0.1  # share of people with it below which a state is no feature of it
_CLEAR = 2.0  # decibans that a state must weigh to be named
_CAUSE = 1.2  # ratios nearer to one than this are not told to patients


# --------------------------------------------------------------------------------------------------- causes


def causes_table(compiled: Compiled, explanation: str, audience: Audience, citer: Citer) -> Table:
    """What changes how often an explanation occurs, the strongest first: ratios with intervals."""
    effects = [e for (_, s), e in compiled.effects.items() if s == explanation]
    return _ratios(compiled, effects, audience, citer, "causes", "What changes how often it occurs", by="contributor")


def effects_table(compiled: Compiled, contributor: str, audience: Audience, citer: Citer) -> Table:
    """Which explanations a contributor changes, and by how much."""
    effects = [e for (c, _), e in compiled.effects.items() if c == contributor]
    return _ratios(compiled, effects, audience, citer, "changes", "What it changes", by="explanation")


def _ratios(
    compiled: Compiled, effects: list[Effect], audience: Audience, citer: Citer, id: str, title: str, by: str
) -> Table:
    ranked = sorted(effects, key=lambda e: (not e.necessary, -(e.rho or 0), e.id))
    if audience == "patient":
        ranked = [e for e in ranked if told_to_patients(e)][:MOST_CAUSES_TOLD]
    things = compiled.contributors if by == "contributor" else compiled.explanations
    return Table(
        id=id,
        title=title,
        scale="ratio",
        rows=tuple(_effect_row(e, things[getattr(e, by)], by, audience, citer) for e in ranked),
        columns=(
            ("Cause" if by == "contributor" else "Condition"),
            "Rate ratio (95% interval)" if audience == "clinician" else "How much oftener",
            "How it is known" if audience == "clinician" else "",
        ),
    )


def as_cause(e: Effect) -> float:
    """The ratio that is taken as causal; where that was not judged, the whole."""
    return e.causal_rho or e.rho or 1.0


def told_to_patients(e: Effect) -> bool:
    """Whether a link is told: the ratio is far enough from one, and so is what is taken as causal.

    A medicine that is given for a condition goes with it. Who reads that the condition comes more often with it could
    stop what helps.
    """
    seen, cause = e.rho or 1.0, as_cause(e)
    return e.necessary or min(seen, cause) >= _CAUSE or max(seen, cause) <= 1 / _CAUSE


def _effect_row(e: Effect, thing: Any, kind: str, audience: Audience, citer: Citer) -> Row:
    clinician = audience == "clinician"
    amount = Amount(e.rho, e.low, e.high, "ratio")
    said = "necessary" if e.necessary else told(amount, "interval")
    return Row(
        label=capital(name_of(thing, audience)),
        figure=said if clinician else times_words(e),
        value=e.rho,
        low=e.low,
        high=e.high,
        note=_design(e) if clinician else "",
        basis=e.basis,
        record=ref_of(e),
        entry=RecordRef(kind=kind, id=thing.id),
        cites=citer.cite(e.source),
    )


def times_words(e: Effect) -> str:
    """A ratio in plain words: 2.4 (2-2.9) is "about 2.4 times as often, likely 2 to 2.9"."""
    if e.necessary:
        return "it does not come without this"
    value = e.rho or 1.0
    if value < 1:
        return "less often"
    within = f", likely {number(e.low)} to {number(e.high)}" if e.low and e.high else ""
    return f"about {number(round(value, 1 if value < 3 else 0))} times as often{within}"


_DESIGNS = {
    "cohort": "cohort or trial",
    "meta_analysis": "meta-analysis",
    "cross_sectional": "survey",
    "case_control": "case-control study",
}


def _design(e: Effect) -> str:
    """What the ratio was read from, how far other causes may explain it, and what is left of it as a cause."""
    told = "" if e.design == e.basis else (e.design or "")  # an estimate is called one beside it
    parts = [_DESIGNS.get(told, told.replace("_", " "))]
    if e.confounded == "high":
        parts.append("much confounded")
    if e.causal_rho and e.rho and abs(math.log(e.causal_rho / e.rho)) > 0.05:
        parts.append(
            f"taken as causal: {ratio(e.causal_rho)}" if e.causal_rho != 1 else "nothing of it taken as causal"
        )
    return "; ".join(p for p in parts if p)


# -------------------------------------------------------------------------------------------------- features


def features_table(compiled: Compiled, explanation: str, audience: Audience, citer: Citer) -> Table:
    """The states that speak for an explanation, against other leg complaints, the most telling first."""
    rows = _weighed(compiled, explanation, favouring=True, groups=TOLD_TO[audience])[: MOST_FEATURES[audience]]
    return _shares("features", "What speaks for it", rows, audience, citer)


def against_table(compiled: Compiled, explanation: str, audience: Audience, citer: Citer) -> Table:
    """The states that are rarer in it than in other leg complaints, and so speak against it."""
    rows = _weighed(compiled, explanation, favouring=False, groups=TOLD_TO[audience])[: MOST_AGAINST[audience]]
    return _shares("against", "What speaks against it", rows, audience, citer)


Weighed = tuple[Finding, int, Likelihood, float, float]


def _weighed(compiled: Compiled, explanation: str, favouring: bool, groups: Sequence[str] = ()) -> list[Weighed]:
    """(finding, number of the state, record, share with it, share without): one state a finding, the best first."""
    found = []
    for f, record in compiled.findings.items():
        own, base = compiled.likelihoods.get((explanation, f)), compiled.backgrounds.get(f)
        if own is None or base is None or f in compiled.markers or (groups and record.group not in groups):
            continue
        k = _most_telling(own.p, base.p, favouring)
        if k is not None:
            found.append((record, k, own, own.p[k], base.p[k]))
    return sorted(found, key=lambda w: (-(w[3] + w[4]) * abs(decibans(w[3], w[4])), w[0].id))


def _most_telling(p: Sequence[float], q: Sequence[float], favouring: bool) -> int | None:
    """The state that weighs most in the direction asked for; None where none weighs enough."""
    sign = 1 if favouring else -1
    fit = [
        k for k in range(len(p)) if sign * decibans(p[k], q[k]) >= _CLEAR and (p[k] if favouring else q[k]) >= _TELLING
    ]
    return max(fit, key=lambda k: (p[k] + q[k]) * abs(decibans(p[k], q[k]))) if fit else None


def decibans(p: float, q: float) -> float:
    """Weight of evidence of a state found in a share ``p`` of one group and ``q`` of another."""
    least = 1e-4
    return 10 * math.log10(max(p, least) / max(q, least))


def _shares(id: str, title: str, found: Iterable[Weighed], audience: Audience, citer: Citer) -> Table:
    return Table(
        id=id,
        title=title,
        scale="share",
        rows=tuple(
            Row(
                label=observed(f, k, audience),
                figure=f"{share(p, audience)} against {share(q, audience)}",
                value=p,
                other=q,
                basis=own.basis,
                record=ref_of(own),
                entry=ref_of(f),
                cites=citer.cite(own.source),
            )
            for f, k, own, p, q in found
        ),
        columns=("Finding" if audience == "clinician" else "What is found", "With it, and in other leg complaints", ""),
        legend=("With it", "Other leg complaints"),
    )


def observed(finding: Finding, state: int, audience: Audience) -> str:
    """A finding and its state as a line of a table."""
    return capital(reasoning_words.observed(finding, finding.states[state].id, audience == "patient"))


def share(p: float, audience: Audience) -> str:
    """A share as this audience reads it: a percentage for clinicians, a natural frequency for patients."""
    if audience == "patient":
        return frequency(p).removeprefix("about ")
    return "under 1%" if p < 0.01 else "over 99%" if p > 0.99 else f"{number(p * 100)}%"


def tests_that_tell(compiled: Compiled, explanation: str, audience: Audience, citer: Citer) -> Table:
    """Signs and tests that change the odds most."""
    rows = _weighed(compiled, explanation, favouring=True, groups=("examination", "test"))[:6]
    return _shares("telling_tests", "Signs and tests that speak for it", rows, audience, citer)


def apart_table(
    compiled: Compiled, one: str, other: str, audience: Audience, citer: Citer, most: int | None = None
) -> Table:
    """The findings that separate an explanation from a look-alike best; as many as an entry shows, or ``most``."""
    names = [name_of(compiled.explanations[e], audience) for e in (one, other)]
    found = [r for r in compare(compiled, one, other) if abs(r.decibans) >= _CLEAR]
    wanted = TOLD_TO[audience]
    rows = [r for r in found if not wanted or compiled.findings[r.finding].group in wanted]
    rows = rows[: most or MOST_APART[audience]]
    return Table(
        id=f"apart-{other}",
        title=capital(names[1]),
        scale="share",
        rows=tuple(
            Row(
                label=observed(f := compiled.findings[r.finding], [s.id for s in f.states].index(r.state), audience),
                figure=f"{share(r.p_first, audience)} against {share(r.p_second, audience)}",
                value=r.p_first,
                other=r.p_second,
                basis=r.basis,
                record=_cell(compiled, one, other, r.finding),
                entry=ref_of(f),
                cites=citer.cite(r.sources),
            )
            for r in rows
        ),
        columns=("Finding" if audience == "clinician" else "What is found", "Here, and there", ""),
        legend=(capital(names[0]), capital(names[1])),
    )


def _cell(compiled: Compiled, one: str, other: str, finding: str) -> RecordRef:
    record = compiled.likelihoods.get((one, finding)) or compiled.likelihoods[other, finding]
    return ref_of(record)


def points_to_table(compiled: Compiled, finding: Finding, state: int, audience: Audience, citer: Citer) -> Table:
    """The explanations in which a state of a finding is commoner than elsewhere, the most telling first."""
    base = compiled.backgrounds[finding.id].p[state]
    own = [r for (_, f), r in compiled.likelihoods.items() if f == finding.id and decibans(r.p[state], base) >= _CLEAR]
    ranked = sorted(own, key=lambda r: (-r.p[state], r.id))[: MOST_FEATURES[audience]]
    return Table(
        id=f"points_to-{finding.states[state].id}",
        title=observed(finding, state, audience),
        scale="share",
        rows=tuple(
            Row(
                label=capital(name_of(e := compiled.explanations[r.explanation], audience)),
                figure=f"{share(r.p[state], audience)} against {share(base, audience)}",
                value=r.p[state],
                other=base,
                basis=r.basis,
                record=ref_of(r),
                entry=ref_of(e),
                cites=citer.cite(r.source),
            )
            for r in ranked
        ),
        columns=("Condition", "Share who have it, and in other leg complaints", ""),
        legend=("With the condition", "Other leg complaints"),
    )
