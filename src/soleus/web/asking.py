"""A question of the interview as a page shows it: words, replies, details, what was answered and how belief moved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast, get_args

import msgspec

from soleus.errors import InvalidValue
from soleus.knowledge.schema.care import Guide
from soleus.knowledge.schema.core import Finding
from soleus.knowledge.schema.safety import EmergencyNumber, RedFlag, ScreenItem
from soleus.reasoning import words
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.interview import DONT_KNOW, Answered, Interview
from soleus.reasoning.questions import Question, Stage, fired_flags
from soleus.reasoning.red_flags import RedFlagResult
from soleus.web.catalogue import text
from soleus.web.form import Visit

SHOWN = 3  # explanations beside a question
PART = {"opening": 1, "red_flag": 2, "bedside": 3, "value": 4}
CALM = ("routine",)  # flags that can wait until the questions are done


def question_of(compiled: Compiled, id: str, stage: str = "", *, screen: bool = False) -> Question:
    """The question with this id; ``screen``: the item of the screen, where a finding has the same id.

    Raises `InvalidValue` where there is none.
    """
    item = compiled.knowledge.by_id(ScreenItem).get(id) if screen else None
    finding = None if screen else compiled.findings.get(id)
    contributor = None if screen or finding else compiled.contributors.get(id)
    if item is None and finding is None and contributor is None:
        raise InvalidValue("question", "one that is none", "a question of this version", "Start anew.")
    found = _stage(stage, item, finding)
    return Question(found, id, 0.0, 0.0, "", item=item, finding=finding, contributor=contributor)


def _stage(told: str, item: ScreenItem | None, finding: Finding | None) -> Stage:
    for stage in get_args(Stage):
        if stage == told:
            return cast("Stage", stage)
    if item is not None:
        return "red_flag"
    if finding is not None and finding.opening is not None:
        return "opening"
    return "bedside" if finding is not None and finding.bedside is not None else "value"


def asked(session: Interview, answer: Answered) -> Question:
    """The question that was answered; an item of the screen sets more than the finding of its own name."""
    items = session.compiled.knowledge.by_id(ScreenItem)
    own = answer.set_findings and answer.set_findings[0][0] == answer.question and len(answer.set_findings) == 1
    to_item = answer.question in items and (answer.reply in ("yes", "no") or not own)
    return question_of(session.compiled, answer.question, answer.stage, screen=to_item)


def reason(question: Question, respondent: str) -> str:
    """Why it is asked, in words for who answers."""
    if respondent == "clinician" and question.reason:
        return question.reason
    if question.item is not None:
        return text("interview.why_flag")
    why = question.finding.why_asked if question.finding else None
    return why or text(f"interview.why_{question.stage}")


@dataclass(frozen=True)
class Reply:
    """A possible reply; ``given``: the one that was chosen before."""

    value: str
    label: str
    given: bool = False


def replies(session: Interview, question: Question, given: str | None = None) -> tuple[Reply, ...]:
    """Every reply, "don't know" last."""
    told = [*session.choices(question), (DONT_KNOW, text("interview.dont_know"))]
    return tuple(Reply(value, label[:1].upper() + label[1:], value == given) for value, label in told)


def speaks_to_you(question: str, replies: tuple[Reply, ...]) -> bool:
    """Whether a question is put to the person who has the trouble, so that who answers for them must be told."""
    return re.search(r"\b(you|your|I|my)\b", " ".join((question, *(r.label for r in replies)))) is not None


@dataclass(frozen=True)
class Detail:
    """A finding below a "yes" of the screen. ``choices`` is empty for one to tick."""

    id: str
    text: str
    choices: tuple[Reply, ...]
    given: str | None = None


def details(session: Interview, item: ScreenItem, given: dict[str, str]) -> tuple[Detail, ...]:
    """What a "yes" leads to, as far as it is not known yet or was told here."""
    known = session.judged().presentation.observations
    found = [session.compiled.findings[f] for f in item.then_ask if f in session.compiled.findings]
    return tuple(_detail(session, f, given.get(f.id)) for f in found if f.id not in known or f.id in given)


def _detail(session: Interview, f: Finding, given: str | None) -> Detail:
    clinician = session.respondent == "clinician"
    labels = [(s.id, s.label if clinician else s.patient_label) for s in f.states]
    choices = tuple(Reply(value, label[:1].upper() + label[1:], value == given) for value, label in labels)
    said = f.clinician_question if clinician else f.question
    return Detail(f.id, said, () if f.kind == "yes_no" else choices, given)


# --- what was answered ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Earlier:
    """An earlier answer in words, with its place among the answers."""

    number: int
    question: str
    reply: str


def earlier(session: Interview) -> tuple[Earlier, ...]:
    """The answers so far, in their order."""
    return tuple(
        Earlier(n, asked(session, a).text(session.respondent), said(session, a)) for n, a in enumerate(session.answers)
    )


def said(session: Interview, answer: Answered) -> str:
    """A reply in words, with what was ticked below it."""
    question = asked(session, answer)
    labels = {r.value: r.label for r in replies(session, question)}
    known = labels.get(answer.reply, answer.reply[:60])
    if question.item is None or answer.reply != "yes" or not answer.set_findings:
        return known
    names = [_told(session, f, state) for f, state in answer.set_findings if f in session.compiled.findings]
    return f"{known}: {'; '.join(names)}"


def _told(session: Interview, finding: str, state: str) -> str:
    record = session.compiled.findings[finding]
    clinician = session.respondent == "clinician"
    found = next((s for s in record.states if s.id == state), None)
    label = (found.label if clinician else found.patient_label) if found else state[:60]
    name = record.name[:1].lower() + record.name[1:]
    label = label.removeprefix("Yes, ")
    return name if state == "yes" else f"{name}: {label[:1].lower() + label[1:]}"


# --- red flags --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Warned:
    """A red flag in the words of who answers."""

    id: str
    urgency: str
    label: str
    action: str


def warned(flag: RedFlag, clinician: bool) -> Warned:
    label = flag.name if clinician else flag.patient_name
    return Warned(flag.id, flag.urgency, label, flag.action if clinician else flag.patient_action)


def warnings(visit: Visit, session: Interview) -> tuple[Warned, ...]:
    """Every red flag that holds, most urgent first."""
    return tuple(warned(f.flag, visit.clinician) for f in fired_flags(session.judged()))


def interrupting(visit: Visit, session: Interview) -> tuple[RedFlagResult, ...]:
    """The red flags that were not shown yet and must not wait."""
    fired = fired_flags(session.judged())
    return tuple(f for f in fired if f.flag.id not in visit.state.told and f.flag.urgency not in CALM)


def emergency(compiled: Compiled, country: object) -> EmergencyNumber:
    """Whom to ring there; the sentence without a number where the country is not known."""
    numbers = compiled.knowledge.by_id(EmergencyNumber)
    return numbers.get(str(country or "").lower()) or numbers["default"]


_AT_ONCE = 2  # steps of the guide that cannot wait: the ambulance, the emergency department


def at_once(compiled: Compiled) -> tuple[str, ...]:
    """When to get help at once, in the words of the guide that says when to seek care."""
    guides = (g for g in compiled.knowledge.all(Guide) if g.purpose == "seek_care")
    return tuple(step.text for g in guides for step in g.steps[:_AT_ONCE])


# --- belief -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bar:
    """An explanation as things stand, and how probable it was before the last answer."""

    label: str
    p: float
    low: float
    high: float
    before: float | None


class Belief(msgspec.Struct, frozen=True):
    """``moved``: the explanation whose chance the last answer changed most."""

    bars: tuple[Bar, ...]
    moved: Bar | None


_NOTICED = 0.01  # a smaller change is called none


def belief(visit: Visit, session: Interview, stage: str | None) -> Belief | None:
    """The first explanations; None before something of the legs was told.

    People who are not clinicians see it once the screen for warning signs is done: a harmless name shown earlier could
    make the questions about danger seem needless.
    """
    judged = session.judged()
    early = not visit.clinician and stage in ("opening", "red_flag")
    if visit.quiet or early or not judged.presentation.observations:
        return None
    before = _before(session)
    bars = tuple(
        Bar(words.name(e, visit.audience), judged.probability[e.id], *judged.interval(e.id), before.get(e.id))  # type: ignore[arg-type]
        for e in judged.ranked[:SHOWN]
    )
    changed = [b for b in bars if b.before is not None and abs(b.p - b.before) >= _NOTICED]
    return Belief(bars, max(changed, key=lambda b: abs(b.p - (b.before or 0)), default=None))


def _before(session: Interview) -> dict[str, float]:
    """The probabilities without the last answer; empty where nothing was told before it."""
    if not session.answers:
        return {}
    shorter = Interview(session.compiled, session.case, session.groups, session.respondent, session.answers[:-1])
    judged = shorter.judged()
    return judged.probability if judged.presentation.observations else {}
