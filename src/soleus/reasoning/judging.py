"""Everything computed for one complaint, before it is put into words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from soleus.inference.causes import Attribution, attribute
from soleus.inference.draws import Draws, draw, draw_phi
from soleus.inference.network import Floats
from soleus.inference.posterior import Judgement, judge
from soleus.knowledge.schema.core import Contributor, Explanation
from soleus.reasoning.intake import Presentation


@dataclass(frozen=True)
class Part:
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

    def interval(self, explanation: str) -> tuple[float, float]:
        """95 % of the draws of an explanation's probability."""
        s = self.number(explanation)
        return float(self.draws.low[s]), float(self.draws.high[s])

    def attribution(self, explanation: str) -> Attribution:
        """The shares of one explanation."""
        if explanation not in self._attributions:
            self._attributions[explanation] = attribute(self.judgement, self.number(explanation))
        return self._attributions[explanation]

    @cached_property
    def _attributions(self) -> dict[str, Attribution]:
        return {}

    def named_cause(self, explanation: str) -> Contributor | None:
        """The necessary cause that an explanation is named after, where it has one that is not ruled out."""
        found = self.attribution(explanation)
        names = [self.network.contributors[c] for c in found.necessary]
        likely = sorted(names, key=lambda c: -found.present[self.network.contributor_index[c]])
        return self.compiled.contributors[likely[0]] if likely else None

    def share_interval(self, explanation: str) -> tuple[tuple[float, float], dict[str, tuple[float, float]]]:
        """95 % intervals of the idiopathic share and of each cause's share, from draws of the ratios.

        The causal ratio of a draw keeps its proportion to the predictive one on the log scale. Within a block the
        members share the block's excess as in the point answer.
        """
        point = self.attribution(explanation)
        keep = np.ones(self.n_draws)
        s = self.number(explanation)
        for k, block in enumerate(self.network.blocks):
            at = np.flatnonzero(block.columns == s)
            if len(at) and block.log_causal[:, at[0]].any():
                keep *= self._kept_draws(k, int(at[0]))
        low, high = np.quantile(keep, (0.025, 0.975))
        own = {}
        for c, share in point.share.items():
            if share > 0:
                scale = (1 - keep) / max(1 - point.idiopathic, 1e-9)
                a, b = np.quantile(np.clip(share * scale, 0, 1), (0.025, 0.975))
                own[self.network.contributors[c]] = (min(float(a), share), max(float(b), share))
        return (min(float(low), point.idiopathic), max(float(high), point.idiopathic)), own

    def _kept_draws(self, k: int, column: int) -> Floats:
        """(n,) E[prod rho^-b | s] of one block under draws."""
        from soleus.inference.draws import _key, streams

        term, block = self.judgement.block(k), self.network.blocks[k]
        phi = draw_phi(term, np.array([column]), self.n_draws)[:, :, 0]  # (n, B)
        weight = term.prior * term.said * phi
        weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
        z = streams(_key(4, np.array(block.members)[:, None], block.columns[[column]][None, :]), self.n_draws)[:, 0, :]
        log_rho, sd = block.log_rho[:, column], block.sd[:, column]
        ratio = np.divide(block.log_causal[:, column], log_rho, out=np.ones_like(log_rho), where=log_rho != 0)
        causal = np.maximum((log_rho[:, None] + sd[:, None] * z) * ratio[:, None], 0.0)  # (members, n)
        causal[block.necessary[:, column]] = 0.0
        return np.asarray((weight * np.exp(-(block.bits @ causal).T)).sum(axis=1), np.float64)

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
        least = self.parameter("diagnosis_least_share")
        shares = {
            self.network.contributors[c]: share for c, share in self.attribution(s).share.items() if share >= least
        }
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
