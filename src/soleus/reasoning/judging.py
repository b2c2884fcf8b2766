"""Everything computed for one complaint, before it is put into words."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from soleus.inference.causes import Attribution, Attributions, attribute_draws
from soleus.inference.draws import Draws, central, draw
from soleus.inference.posterior import Judgement, judge
from soleus.knowledge.schema.core import Contributor, Explanation
from soleus.reasoning.intake import Presentation

Interval = tuple[float, float]


class Part(NamedTuple):
    """One piece of the partition: an explanation with one cause (``cause`` None: none that is known)."""

    explanation: str
    cause: str | None
    probability: float
    low: float
    high: float

    @property
    def id(self) -> str:
        return self.explanation if self.cause is None else f"{self.explanation}.{self.cause}"


class Judged:
    """The judgement of one complaint with what follows from it; each part is computed once, when asked for."""

    def __init__(self, presentation: Presentation, draws: int = 500) -> None:
        self.presentation = presentation
        self.compiled = presentation.compiled
        self.network = presentation.compiled.network
        self.n_draws = draws

    @cached_property
    def judgement(self) -> Judgement:
        return judge(self.network, self.presentation.context, self.presentation.evidence)

    @cached_property
    def draws(self) -> Draws:
        return draw(self.judgement, self.n_draws)

    @cached_property
    def probability(self) -> dict[str, float]:
        """Explanation -> posterior probability, most probable first."""
        p = self.judgement.probability
        return {self.network.explanations[i]: float(p[i]) for i in np.argsort(-p, kind="stable")}

    @cached_property
    def ranked(self) -> tuple[Explanation, ...]:
        """The explanations, most probable first."""
        return tuple(self.compiled.explanations[s] for s in self.probability)

    @property
    def first(self) -> Explanation:
        return self.ranked[0]

    @property
    def second(self) -> Explanation:
        return self.ranked[1]

    def number(self, explanation: str) -> int:
        return self.network.explanation_index[explanation]

    def interval(self, explanation: str) -> Interval:
        """95 % of the draws of an explanation's probability."""
        return self._intervals[self.number(explanation)]

    @cached_property
    def _intervals(self) -> list[Interval]:
        return list(zip(self.draws.low.tolist(), self.draws.high.tolist(), strict=True))

    def attribution(self, explanation: str) -> Attribution:
        """The shares of one explanation."""
        if explanation not in self._attributions:
            self._attributions[explanation] = self._all_attributions.of(self.number(explanation))
        return self._attributions[explanation]

    @cached_property
    def _all_attributions(self) -> Attributions:
        return Attributions(self.judgement)

    @cached_property
    def _attributions(self) -> dict[str, Attribution]:
        return {}

    def named_cause(self, explanation: str) -> Contributor | None:
        """The necessary cause that an explanation is named after, where it has one that is not ruled out."""
        s = self.number(explanation)
        named = max(self.network.necessary[s], key=lambda c: float(self.judgement.presence[c, s]), default=None)
        return None if named is None else self.compiled.contributors[self.network.contributors[named]]

    def share_interval(self, explanation: str) -> tuple[Interval, dict[str, Interval]]:
        """95 % intervals of the idiopathic share and of each cause's share, from draws of the ratios."""
        if explanation not in self._share_intervals:
            self._share_intervals[explanation] = self._share_interval(explanation)
        return self._share_intervals[explanation]

    def _share_interval(self, explanation: str) -> tuple[Interval, dict[str, Interval]]:
        point = self.attribution(explanation)
        drawn = attribute_draws(self.judgement, point, self.n_draws)
        told = {c: share for c, share in point.share.items() if share > 0 and c in drawn.share}
        low, high = central(np.array([drawn.idiopathic, *(drawn.share[c] for c in told)]).T)
        around = [  # 95 % of the draws, widened where the point answer lies outside
            (min(max(a, 0.0), p), max(min(b, 1.0), p))
            for a, b, p in zip(low.tolist(), high.tolist(), (point.idiopathic, *told.values()), strict=True)
        ]
        return around[0], {self.network.contributors[c]: bounds for c, bounds in zip(told, around[1:], strict=True)}

    @cached_property
    def _share_intervals(self) -> dict[str, tuple[Interval, dict[str, Interval]]]:
        return {}

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The partition of all probability into explanation and cause, largest first; it adds to 1."""
        least_p = self.parameter("diagnosis_least_probability")
        out: list[Part] = []
        for s, p in self.probability.items():
            out += self._parts_of(s) if p >= least_p else [Part(s, None, p, *self.interval(s))]
        return tuple(sorted(out, key=lambda d: -d.probability))

    def _parts_of(self, s: str) -> list[Part]:
        p, (low, high) = self.probability[s], self.interval(s)
        share = self._all_attributions.share[:, self.number(s)]
        told = np.flatnonzero(share >= self.parameter("diagnosis_least_share")).tolist()
        shares = {self.network.contributors[c]: float(share[c]) for c in told}
        necessary = self.named_cause(s)
        rest = 1 - sum(shares.values())
        parts = [Part(s, c, p * x, low * x, min(high * x, 1.0)) for c, x in shares.items()]
        if necessary and necessary.id in shares:
            return [*parts, Part(s, None, p * rest, low * rest, high * rest)]
        return [*parts, Part(s, necessary.id if necessary else None, p * rest, low * rest, high * rest)]

    def parameter(self, name: str) -> float:
        """A steering number of the knowledge base."""
        return self.compiled.parameter(name)

    @cached_property
    def leading(self) -> Part:
        """The first explanation with its leading cause.

        The leading cause is the largest share among contributors that are more likely present than not; below the
        share that the parameter sets, the explanation stands without a cause.
        """
        parts = [d for d in self.parts if d.explanation == self.first.id]
        present = self.attribution(self.first.id).present
        known = [d for d in parts if d.cause and present[self.network.contributor_index[d.cause]] > 0.5]
        best = max(known, key=lambda d: d.probability, default=None)
        least = self.parameter("cause_named_least") * self.probability[self.first.id]
        if best and best.probability >= least:
            return best
        return next((d for d in parts if d.cause is None), parts[0])
