"""An interview: one question at a time, each with its reason, until nothing more is worth asking.

Order: the red-flag screen, the bedside questions, then by expected loss avoided. "Don't know" counts as an answer.
Going back takes the last answer away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from soleus.clinical.reading import case_from
from soleus.errors import InvalidValue
from soleus.inference.decisions import Stop, value_of
from soleus.knowledge.schema.core import Derivation
from soleus.knowledge.schema.safety import ScreenItem
from soleus.reasoning import questions
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import observe, take_in
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import medicine_index
from soleus.reasoning.questions import Question

Reply = str  # a state, "yes", "no", or DONT_KNOW
DONT_KNOW = "not_assessed"


def may_be_pregnant(compiled: Compiled, age: float | None, sex: str | None) -> bool:
    """Whether pregnancy is worth asking about; of an unknown age it is."""
    low, high = compiled.parameter("pregnancy_asked_from"), compiled.parameter("pregnancy_asked_to")
    return sex == "female" and (age is None or low <= age <= high)


@dataclass(frozen=True)
class Answered:
    """One step of the interview: what was asked, what was said, and what it set."""

    question: str
    stage: str
    reply: Reply
    set_findings: tuple[tuple[str, str], ...]
    set_condition: tuple[str, str] | None = None
    followed_by: tuple[str, ...] = ()


@dataclass
class Interview:
    """The state of an interview; ``case`` is what was known before it began."""

    compiled: Compiled
    case: dict[str, Any]
    groups: tuple[str, ...] = ("history",)
    respondent: str = "self"
    answers: list[Answered] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._last: tuple[object, Judged] | None = None
        self._first: frozenset[str] | None = None  # the findings of the case itself

    def known(self) -> dict[str, Any]:
        """The case with every answer so far."""
        findings = dict(self.case.get("findings", {}))
        conditions = list(self.case.get("conditions", []))
        for a in self.answers:
            findings.update(a.set_findings)
            if a.set_condition:
                conditions.append({"name": a.set_condition[0], "status": a.set_condition[1]})
        return {**self.case, "findings": findings, "conditions": conditions}

    def judged(self, draws: int = 200) -> Judged:
        """The judgement as things stand."""
        at = (draws, *self.answers)
        if self._last is None or self._last[0] != at:
            index = medicine_index(self.compiled.knowledge)
            told = take_in(case_from(self.known()), self.compiled, index, empty=True)[0]
            self._last = at, Judged(told, draws)
        return self._last[1]

    def next(self) -> Question | None:
        """The next question, or None when asking should stop."""
        judged = self.judged()
        follow = self._follow_up(judged)
        if follow is not None:
            return follow
        skipped = {a.question for a in self.answers}
        stages = (questions.opening_questions, questions.screen_questions, questions.bedside_questions)
        for stage in (ask(judged) for ask in stages):
            fresh = [q for q in stage if q.id not in skipped]
            if fresh:
                return fresh[0]
        return self._by_value(judged, skipped)

    def _follow_up(self, judged: Judged) -> Question | None:
        """The questions that a "yes" in the screen leads to."""
        for a in reversed(self.answers):
            for f in a.followed_by:
                record = self.compiled.findings.get(f)
                if record and f not in judged.presentation.observations and f not in judged.presentation.asked:
                    return Question("red_flag", f, 0.0, 0.0, "It tells how urgent this is.", finding=record)
        return None

    def _by_value(self, judged: Judged, skipped: set[str]) -> Question | None:
        agenda = questions.open_agenda(judged, self.groups)
        if questions.should_stop(agenda, judged.parameter("stop_tolerance")).stop:
            return None
        values = value_of(agenda)
        fresh = (q for q in questions.by_value(judged, values) if q.id not in skipped)
        best = next(fresh, None)
        if best is None or best.net > 0:
            return best
        pair = questions.by_pair(values)  # two answers may matter only together
        return next((q for q in chain([best], fresh) if q.id == pair), None)

    def stop(self) -> Stop:
        """The stop rule as things stand."""
        judged = self.judged()
        agenda = questions.open_agenda(judged, self.groups)
        return questions.should_stop(agenda, judged.parameter("stop_tolerance"))

    def answer(self, question: Question, reply: Reply, details: Mapping[str, str] | None = None) -> None:
        """Record an answer. Raises `InvalidValue` for a reply that the question does not have.

        ``details``: with a "yes" to an item of the screen, the findings that were ticked below it and their states;
        without them each is asked in turn.
        """
        self.answers.append(self._answered(question, reply, details))

    def _answered(self, question: Question, reply: Reply, details: Mapping[str, str] | None) -> Answered:
        if question.item is not None:
            return self._screened(question, reply, details)
        if question.finding is not None:
            state = DONT_KNOW if reply == DONT_KNOW else observe(question.finding, _number(reply), question.id).state
            return Answered(question.id, question.stage, reply, ((question.id, state),))
        if reply == DONT_KNOW:
            return Answered(question.id, question.stage, reply, ())
        status = {"yes": "present", "no": "absent"}.get(reply)
        if status is None:
            raise InvalidValue(question.id, "a reply that is neither", "yes, no or don't know", "Answer yes or no.")
        return Answered(question.id, question.stage, reply, (), (question.id, status))

    def _screened(self, question: Question, reply: Reply, details: Mapping[str, str] | None) -> Answered:
        assert question.item is not None
        item = question.item
        if reply == "yes" and details is not None:
            told = {f: observe(self.compiled.findings[f], state, f).state for f, state in details.items()}
            return Answered(question.id, question.stage, reply, tuple(told.items()))
        if reply == "yes":
            return Answered(question.id, question.stage, reply, (), followed_by=item.then_ask)
        if reply in ("no", DONT_KNOW):
            before = self._observed(item)  # stays: a grouped question takes no finding back
            means = {f: state if reply == "no" else DONT_KNOW for f, state in item.no_means.items() if f not in before}
            return Answered(question.id, question.stage, reply, tuple(means.items()))
        raise InvalidValue(question.id, "a reply that is neither", "yes, no or don't know", "Answer yes or no.")

    def _observed(self, item: ScreenItem) -> set[str]:
        """The findings that are known; what no rule derives is known without judging all answers anew."""
        derived = {d.finding for d in self.compiled.knowledge.all(Derivation)}
        if derived & item.no_means.keys():
            return set(self.judged().presentation.observations)
        if self._first is None:
            told = take_in(case_from(self.case), self.compiled, medicine_index(self.compiled.knowledge), empty=True)[0]
            self._first = frozenset(told.observations)
        known = set(self._first)
        for finding, state in (pair for a in self.answers for pair in a.set_findings):
            (known.discard if state == DONT_KNOW else known.add)(finding)
        return known

    def back(self) -> bool:
        """Take the last answer away; False if there is none."""
        if self.answers:
            self.answers.pop()
            return True
        return False

    def choices(self, question: Question) -> tuple[tuple[str, str], ...]:
        """(reply, words) for every answer that the question has, without "don't know"."""
        clinician = self.respondent == "clinician"
        if question.finding is None:
            return (("yes", "Yes"), ("no", "No"))
        return tuple((s.id, s.label if clinician else s.patient_label) for s in question.finding.states)

    def saved(self) -> dict[str, Any]:
        """The interview as plain data."""
        import msgspec

        return {
            "case": self.case,
            "respondent": self.respondent,
            "answers": [msgspec.to_builtins(a) for a in self.answers],
        }


def _number(reply: Reply) -> str | float:
    try:
        return float(reply)
    except ValueError:
        return reply


def resumed(saved: dict[str, Any], compiled: Compiled, groups: tuple[str, ...]) -> Interview:
    """An interview from `Interview.saved`."""
    import msgspec

    try:
        answers = [msgspec.convert(a, Answered) for a in saved["answers"]]
        return Interview(compiled, dict(saved["case"]), groups, str(saved["respondent"]), answers)
    except (KeyError, TypeError, ValueError, msgspec.ValidationError):
        raise InvalidValue("saved interview", "another form", "case, respondent and answers", "Start anew.") from None
