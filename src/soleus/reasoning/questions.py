"""What to ask next: red-flag questions first, then the bedside questions, then by expected loss avoided."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from soleus.inference.decisions import (
    Agenda,
    Ask,
    Stop,
    Value,
    Values,
    agenda,
    best_pair,
    stop_rule,
)
from soleus.inference.network import Context
from soleus.knowledge.schema.core import Contributor, Finding
from soleus.knowledge.schema.safety import RedFlag, ScreenItem
from soleus.reasoning import red_flags
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.facts import PresentationFacts
from soleus.reasoning.intake import statement_likelihood
from soleus.reasoning.judging import Judged
from soleus.reasoning.losses import losses

Stage = Literal["opening", "red_flag", "bedside", "value"]


@dataclass(frozen=True)
class Question:
    """One question to ask. ``item`` for the grouped red-flag screen, else ``finding`` or ``contributor``."""

    stage: Stage
    id: str
    gain: float
    net: float
    reason: str
    item: ScreenItem | None = None
    finding: Finding | None = None
    contributor: Contributor | None = None
    value: Value | None = None

    def text(self, respondent: str) -> str:
        """The question in the words of who answers."""
        if self.item:
            return {
                "clinician": self.item.clinician_question,
                "parent": self.item.carer_question,
                "carer": self.item.carer_question,
            }.get(respondent, self.item.question)
        if self.finding:
            return self.finding.clinician_question if respondent == "clinician" else self.finding.question
        assert self.contributor is not None
        return self.contributor.question or f"Do you have {self.contributor.patient_name}?"


def screen_questions(judged: Judged) -> tuple[Question, ...]:
    """The items of the red-flag screen that are still open, in their order."""
    facts = PresentationFacts(judged.presentation)
    done = judged.presentation.asked
    items = red_flags.screen(judged.compiled.knowledge.all(ScreenItem), facts)
    return tuple(
        Question("red_flag", i.id, 0.0, 0.0, "A yes could mean something that must not wait.", item=i)
        for i in items
        if i.id not in done and not done.issuperset(i.no_means)
    )


def opening_questions(judged: Judged) -> tuple[Question, ...]:
    """What the complaint is, as far as it was not told: the red-flag screen adapts to it."""
    placed = [(f.opening, f) for f in judged.compiled.findings.values() if f.opening is not None]
    return _in_order(judged, placed, "opening", "The other questions depend on it.")


def bedside_questions(judged: Judged) -> tuple[Question, ...]:
    """The bedside questions that are still open, in their order."""
    placed = [(f.bedside, f) for f in judged.compiled.findings.values() if f.bedside is not None]
    return _in_order(judged, placed, "bedside", "It separates cramp from its look-alikes.")


def _in_order(judged: Judged, placed: list[tuple[int, Finding]], stage: Stage, reason: str) -> tuple[Question, ...]:
    found = [f for _, f in sorted(placed, key=lambda pair: pair[0]) if _open(judged, f.id)]
    return tuple(Question(stage, f.id, 0.0, 0.0, f.why_asked or reason, finding=f) for f in found)


def _open(judged: Judged, finding: str) -> bool:
    return finding not in judged.presentation.observations and finding not in judged.presentation.asked


def asks(judged: Judged, groups: Iterable[str]) -> list[Ask]:
    """Everything that can still be asked in these groups of findings, and of contributors that have a question."""
    wanted = set(groups)
    out = [ask for group, ask in judged.compiled.once(_finding_asks) if group in wanted and _open(judged, ask.id)]
    if "history" in wanted:
        out += _contributor_asks(judged)
    if "test" in wanted:
        out += _marker_asks(judged)
    return out


def _finding_asks(compiled: Compiled) -> tuple[tuple[str, Ask], ...]:
    """Every finding of the network as a question, with its group."""
    at = compiled.network.finding_index
    return tuple((f.group, Ask(f.id, at[f.id], f.burden)) for f in compiled.findings.values() if f.id in at)


def _contributor_asks(judged: Judged) -> list[Ask]:
    p = judged.presentation
    known = p.said.keys() | p.asked
    told = p.evidence.contributors
    return [ask for ask in _statements(judged) if ask.id not in known and ask.number not in told]


def _statements(judged: Judged) -> tuple[Ask, ...]:
    """Every contributor that can be asked about, as a question: the same for all of a context."""
    context = judged.presentation.context
    if "statements" not in context.known:
        found = (_statement(judged, c, context) for c in judged.compiled.contributors.values())
        context.known["statements"] = tuple(ask for ask in found if ask is not None)
    asks: tuple[Ask, ...] = context.known["statements"]
    return asks


def _statement(judged: Judged, c: Contributor, context: Context) -> Ask | None:
    number = judged.network.contributor_index[c.id]
    q = float(context.prevalence[number])
    if c.question is None or q <= 0:
        return None
    yes = statement_likelihood(judged.compiled, c.id, True, q)
    return Ask(c.id, number, c.burden, np.array([yes, (1 - yes[0], 1 - yes[1])]))


def _marker_asks(judged: Judged) -> list[Ask]:
    out = []
    for finding, markers in judged.compiled.markers.items():
        if _open(judged, finding):
            marker, record = markers[0], judged.compiled.findings[finding]
            said = np.array([marker.p_absent, marker.p_present]).T
            out.append(Ask(finding, judged.network.contributor_index[marker.contributor], record.burden, said))
    return out


def open_agenda(judged: Judged, groups: Iterable[str]) -> Agenda:
    """The open questions of these groups with the rows of their answers."""
    return agenda(judged.judgement, losses(judged.compiled), asks(judged, groups))


def by_value(judged: Judged, values: Values) -> Iterator[Question]:
    """Open questions in the order in which they are best asked."""
    return (_question(judged, values.at(n)) for n in values.order)


def by_pair(values: Values) -> str | None:
    """The first question of the best pair, if two answers together are worth their burden."""
    best = best_pair(values)
    return best[0].ask.id if best is not None and best[1] > 0 else None


def _question(judged: Judged, v: Value) -> Question:
    compiled = judged.compiled
    return Question(
        "value",
        v.ask.id,
        v.gain,
        v.net,
        _reason(judged, v),
        finding=compiled.findings.get(v.ask.id),
        contributor=compiled.contributors.get(v.ask.id),
        value=v,
    )


def _reason(judged: Judged, v: Value) -> str:
    """What the answer could do: the explanation it moves most and the action it could change."""
    p = judged.judgement.probability
    answer, s = v.moved
    name = judged.compiled.explanations[judged.network.explanations[s]].name
    verb = "raise" if v.posterior[answer, s] > p[s] else "lower"
    actions = {a for a, p_a in zip(v.action.tolist(), v.chance.tolist(), strict=True) if p_a > 0.01}
    tail = "; it could change what to do." if len(actions) > 1 else "."
    return f"An answer could {verb} {name[0].lower() + name[1:] if name[1:2].islower() else name}{tail}"


def should_stop(found: Agenda, tolerance: float) -> Stop:
    """The stop rule over the questions that are left.

    Asking stops when all of them together are worth no more than ``tolerance`` units of loss (parameter
    ``stop_tolerance``), or than the least burden of one.
    """
    return stop_rule(found, tolerance=tolerance)


def fired_flags(judged: Judged) -> tuple[red_flags.RedFlagResult, ...]:
    """The red flags that hold."""
    return red_flags.fired(judged.compiled.knowledge.all(RedFlag), PresentationFacts(judged.presentation))
