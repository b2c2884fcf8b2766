"""What would you ask next? The learner's choice against what each answer is worth to the computed judgement.

The worth of a question is the expected loss that its answer avoids, less the burden of asking
(`soleus.inference.decisions`). Not to ask but to act is a choice too, and worth nothing more and nothing less.
"""

from __future__ import annotations

from dataclasses import dataclass

from soleus.inference.decisions import agenda, value_of
from soleus.learning.course import CourseCase, course
from soleus.learning.records import Asked
from soleus.learning.rules import rules
from soleus.reasoning import questions
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.losses import losses
from soleus.reasoning.medicines import medicine_index

ACT = "act"  # the choice to ask nothing more
_PRESSING = ("emergency", "same_day")


@dataclass(frozen=True)
class Worth:
    """A finding that was not told. ``gain``: the expected loss avoided; ``value``: less the burden of asking."""

    finding: str
    label: str
    question: str
    gain: float
    value: float
    reason: str


@dataclass(frozen=True)
class Exercise:
    """The choices of a case, the most valuable first; ``best`` is never below that of acting, which is 0."""

    case: CourseCase
    worths: tuple[Worth, ...]

    @property
    def best(self) -> float:
        return max(0.0, self.worths[0].value)

    def asked(self, choice: str) -> Asked | None:
        """The choice with what it is worth; None for one that there is not."""
        if choice == ACT:
            return Asked(self.case.id, None, 0.0, self.best)
        found = next((w for w in self.worths if w.finding == choice), None)
        return None if found is None else Asked(self.case.id, found.finding, found.value, self.best)


def exercise(compiled: Compiled, case: CourseCase) -> Exercise:
    """What each question of a case is worth."""
    judged = _judged(compiled, case)
    asks = [a for a in questions.asks(judged, ("history",)) if a.id in case.ask]
    found = {q.id: q for q in questions.by_value(judged, value_of(agenda(judged.judgement, losses(compiled), asks)))}
    worths = [
        Worth(q.id, compiled.findings[q.id].name, q.text("clinician"), q.gain, q.net, q.reason) for q in found.values()
    ]
    return Exercise(case, tuple(sorted(worths, key=lambda w: -w.value)))


def exercises(compiled: Compiled) -> tuple[CourseCase, ...]:
    """The cases where there is something to find: a question that is worth asking, or a reason to act at once."""
    return compiled.once(_exercises)


def _exercises(compiled: Compiled) -> tuple[CourseCase, ...]:
    return tuple(c for c in course() if _worth_it(compiled, c))


def _worth_it(compiled: Compiled, case: CourseCase) -> bool:
    if exercise(compiled, case).best >= rules()["ask_least_value"]:
        return True
    return any(f.flag.urgency in _PRESSING for f in questions.fired_flags(_judged(compiled, case)))


def _judged(compiled: Compiled, case: CourseCase) -> Judged:
    return Judged(take_in(case.read(), compiled, medicine_index(compiled.knowledge))[0])
