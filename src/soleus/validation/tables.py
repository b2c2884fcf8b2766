"""Published tables, computed again from the knowledge base. The kinds of check are described in schema/care.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from soleus.clinical.reading import case_from
from soleus.clinical.rules import evaluate
from soleus.inference.facets import Mixture, joint
from soleus.knowledge.schema.care import (
    Check,
    ContributorShareCheck,
    EffectCheck,
    FacetCheck,
    LikelihoodCheck,
    LikelihoodRatioCheck,
    MarkerCheck,
    OddsRatioCheck,
    PosteriorCheck,
    PredictiveValueCheck,
    PrevalenceCheck,
    ProductCheck,
    PublishedTable,
    QuotientCheck,
    RateRatioCheck,
    SimulateCheck,
)
from soleus.knowledge.schema.core import Rate
from soleus.knowledge.schema.safety import CriteriaSet
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.facts import PresentationFacts
from soleus.reasoning.intake import Observation, take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import MedicineIndex
from soleus.validation.simulate import _answers


@dataclass(frozen=True)
class CheckResult:
    check: Check
    computed: float | None
    held: bool | None  # None: nothing to compute
    reason: str = ""


@dataclass(frozen=True)
class TableResult:
    """A table is reproduced if every check that computes something holds, and one does."""

    table: PublishedTable
    checks: tuple[CheckResult, ...]

    @property
    def computed(self) -> bool:
        return any(c.held is not None for c in self.checks)

    @property
    def reproduced(self) -> bool:
        return self.computed and all(c.held is not False for c in self.checks)


def reproduce(compiled: Compiled) -> tuple[TableResult, ...]:
    """Every published table of the knowledge base."""
    maker = _Maker(compiled)
    return tuple(
        TableResult(t, tuple(maker.result(c) for c in t.checks)) for t in compiled.knowledge.all(PublishedTable)
    )


class _Maker:
    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self._simulated: dict[bytes, float] = {}

    def result(self, check: Check) -> CheckResult:
        kind = check.compute.kind()
        what = getattr(check.compute, kind)
        if kind == "none":
            return CheckResult(check, None, None, what.reason)
        try:
            value = float(getattr(self, kind)(what))
        except KeyError as error:
            return CheckResult(check, None, False, f"no record {error}")
        held = (check.low is None or value >= check.low) and (check.high is None or value <= check.high)
        return CheckResult(check, value, held)

    def _row(self, explanation: str, finding: str) -> dict[str, float]:
        compiled = self.compiled
        record = None if explanation == "background" else compiled.likelihoods.get((explanation, finding))
        p = (record or compiled.backgrounds[finding]).p
        return {s.id: x for s, x in zip(compiled.findings[finding].states, p, strict=True)}

    def likelihood(self, c: LikelihoodCheck) -> float:
        row = self._row(c.explanation, c.finding)
        return sum(row[s] for s in c.states)

    def marker(self, c: MarkerCheck) -> float:
        record = next(m for m in self.compiled.markers[c.finding] if m.contributor == c.contributor)
        p = record.p_present if c.present else record.p_absent
        ids = [s.id for s in self.compiled.findings[c.finding].states]
        return sum(p[ids.index(s)] for s in c.states)

    def facet(self, c: FacetCheck) -> float:
        return joint(Mixture(*self.compiled.knowledge.facets[c.facet][c.explanation]))

    def odds_ratio(self, c: OddsRatioCheck) -> float:
        p = self.likelihood(LikelihoodCheck(explanation=c.explanation, finding=c.finding, states=c.states))
        q = self.likelihood(LikelihoodCheck(explanation=c.against, finding=c.finding, states=c.states))
        return p / (1 - p) / (q / (1 - q))

    def likelihood_ratio(self, c: LikelihoodRatioCheck) -> float:
        context = self.compiled.context(c.age, c.sex, c.setting)
        weight = np.exp(context.log_rate)
        ids = self.compiled.network.explanations
        p = np.array([sum(self._row(s, c.finding)[v] for v in c.states) for s in ids])
        others = np.array([s != c.explanation for s in ids])
        rest = float((weight * p)[others].sum() / weight[others].sum())
        return float(p[ids.index(c.explanation)]) / rest

    def effect(self, c: EffectCheck) -> float:
        record = self.compiled.effects[c.contributor, c.explanation]
        return float((record.causal_rho if c.causal else record.rho) or 1.0)

    def rate_ratio(self, c: RateRatioCheck) -> float:
        cells = self.compiled.knowledge.by_id(Rate)[c.explanation].per_100k
        top, bottom = (float(np.mean([cells[x] for x in names])) for names in (c.numerator, c.denominator))
        return top / bottom

    def prevalence(self, c: PrevalenceCheck) -> float:
        rate = self.compiled.knowledge.by_id(Rate)[c.explanation]
        mean = float(np.average([rate.per_100k[x] for x in c.cells], weights=c.weights or None))
        value = mean * rate.setting["general_population"] / 100_000
        if c.child_age is None:
            return value
        low, high = c.child_age
        parts = [(min(f["to"], high) - max(f["from"], low), f["factor"]) for f in rate.child_age_factor]
        spans = [(max(width, 0.0), factor) for width, factor in parts]
        return value * sum(w * f for w, f in spans) / sum(w for w, _ in spans)

    def contributor_share(self, c: ContributorShareCheck) -> float:
        p = self.compiled.contributors[c.contributor].prevalence[c.group]
        rho = self.effect(EffectCheck(contributor=c.contributor, explanation=c.explanation))
        share = p * rho / (p * rho + 1 - p)
        return share / (1 - share) / (p / (1 - p)) if c.as_odds_ratio else share

    def posterior(self, c: PosteriorCheck) -> float:
        case = case_from({"person": {"age": c.age, "sex": c.sex}, "setting": c.setting, "findings": dict(c.findings)})
        judged = Judged(take_in(case, self.compiled, MedicineIndex(self.compiled.knowledge))[0])
        p = judged.probability
        among = c.conditional_on or tuple(p)
        return p[c.explanation] / sum(p[s] for s in among)

    def product(self, c: ProductCheck) -> float:
        return float(np.prod([self.likelihood(x) for x in c.parts]))

    def quotient(self, c: QuotientCheck) -> float:
        return self.posterior(c.numerator) / self.posterior(c.denominator)

    def predictive_value(self, c: PredictiveValueCheck) -> float:
        s, f = self.facet(c.sensitivity), self.simulate(c.false_positive)
        return c.prevalence * s / (c.prevalence * s + (1 - c.prevalence) * f)

    def simulate(self, c: SimulateCheck, n: int = 20_000) -> float:
        import msgspec

        key = msgspec.json.encode(c)
        if key not in self._simulated:
            self._simulated[key] = self._simulate(c, n)
        return self._simulated[key]

    def _simulate(self, c: SimulateCheck, n: int) -> float:
        compiled, network = self.compiled, self.compiled.network
        criteria = compiled.knowledge.by_id(CriteriaSet)[c.criteria]
        names = sorted(_findings(criteria.items) & set(network.findings))
        numbers = [network.finding_index[f] for f in names]
        rng = np.random.default_rng(16)
        blank = take_in(case_from({}), compiled, MedicineIndex(compiled.knowledge), empty=True)[0]
        met = 0
        for _ in range(n):
            sex = "female" if rng.random() < c.female else "male"
            context = compiled.context(float(rng.uniform(*c.ages)), sex, c.setting)
            weight = np.ones(len(network.explanations)) if c.equal else np.exp(context.log_rate)
            for i, s in enumerate(network.explanations):
                if s in c.without or (c.only and s not in c.only):
                    weight[i] = 0.0
            s_drawn = int(rng.choice(len(weight), p=weight / weight.sum()))
            answers = _answers(network, s_drawn, numbers, rng, redraw=False)
            told = {
                network.findings[f]: Observation(network.findings[f], network.states[f][v]) for f, v in answers.items()
            }
            facts = PresentationFacts(_with(blank, told))
            met += all(evaluate(i.when, facts) is not False for i in criteria.items)
        return met / n


def _with(blank: Any, told: dict[str, Observation]) -> Any:
    from dataclasses import replace

    return replace(blank, observations=told)


def _findings(items: Any) -> set[str]:
    from soleus.clinical.rules import leaves, subject

    return {name for i in items for leaf in leaves(i.when) for kind, name in [subject(leaf)] if kind == "finding"}


def four_criteria_without_rls(compiled: Compiled) -> float:
    """Share of people without restless legs who meet its four criteria: the whole-model check (16 % in hening2009)."""
    table = compiled.knowledge.by_id(PublishedTable)
    found = next((c.compute.simulate for t in table.values() for c in t.checks if c.compute.simulate), None)
    return _Maker(compiled).simulate(found) if found else float("nan")
