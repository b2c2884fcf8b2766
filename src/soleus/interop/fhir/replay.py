"""An interview out of the answers of a QuestionnaireResponse: the same questions, replayed in their order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from soleus.errors import InvalidValue
from soleus.interop.fhir.links import SCREEN
from soleus.interop.fhir.shapes import concept, items, mapping, value_of, word
from soleus.interop.fhir.terms import Terms
from soleus.knowledge.schema.safety import ScreenItem
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import observe
from soleus.reasoning.interview import DONT_KNOW, Reply
from soleus.reasoning.questions import Question, Stage

_OLDEST = 120  # years, as `case.Age`
_YES = {"yes", "y", "present", "true", "positive"}
_NO = {"no", "n", "absent", "false", "negative"}
_UNKNOWN = {DONT_KNOW, "asked-unknown", "asku", "unknown", "don't know"}


@dataclass(frozen=True)
class Said:
    """An answer as it came: the question's linkId, the kind of the value (``Coding``) and the value."""

    link: str
    kind: str
    value: Any
    where: str


def question_of(compiled: Compiled, link: str) -> Question | None:
    """The question that a linkId stands for; None where it is none of the knowledge base's."""
    if link.startswith(SCREEN):
        item = compiled.knowledge.by_id(ScreenItem).get(link.removeprefix(SCREEN))
        return Question("red_flag", item.id, 0.0, 0.0, "", item=item) if item else None
    finding, contributor = compiled.findings.get(link), compiled.contributors.get(link)
    if finding is not None:
        stage: Stage = (
            "opening" if finding.opening is not None else "bedside" if finding.bedside is not None else "value"
        )
        return Question(stage, finding.id, 0.0, 0.0, finding.why_asked or "", finding=finding)
    return Question("value", contributor.id, 0.0, 0.0, "", contributor=contributor) if contributor else None


def reply_of(terms: Terms, question: Question, said: Said) -> Reply:
    """What was replied: a state, yes, no or `DONT_KNOW`. Raises `InvalidValue` for any other answer."""
    tried = _words(terms, said)
    lower = {t.lower() for t in tried}
    if lower & _UNKNOWN:
        return DONT_KNOW
    if question.finding is None:
        if lower & _YES or lower & _NO:
            return "yes" if lower & _YES else "no"
        raise InvalidValue(
            said.where, "an answer that is neither", "yes, no or don't know", "Choose one of the answers."
        )
    for name in tried:
        try:
            return observe(question.finding, name, said.where).state
        except InvalidValue:
            continue
    states = ", ".join(s.id for s in question.finding.states)
    raise InvalidValue(
        said.where, "an answer that is none of the question's", f"one of {states}", "Choose one of them."
    )


def _words(terms: Terms, said: Said) -> list[str]:
    """What an answer may be read as, the surest first."""
    if isinstance(said.value, bool):
        return ["yes" if said.value else "no"]
    if said.kind not in ("Coding", "String", "CodeableConcept"):
        return []
    found = concept(said.value)
    coded = terms.answer(found)
    return [w for w in (coded, *(c.code for c in found.codings), *found.names) if w and word(w)]


def is_unknown(terms: Terms, said: Said) -> bool:
    """Whether the answer is that it is not known."""
    return bool({w.lower() for w in _words(terms, said)} & _UNKNOWN)


def first_of(said: Iterable[Said], link: str) -> Said | None:
    """The answer to one question."""
    return next((s for s in said if s.link == link), None)


def item_answers(item: dict[str, Any]) -> list[tuple[str, Any]]:
    """(name after "value", value) of each answer that has a value."""
    return [v for v in (value_of(mapping(a)) for a in items(item.get("answer"))) if v[0]]


def age_of(said: Said) -> float:
    """Years. Raises `InvalidValue`."""
    value = mapping(said.value).get("value") if said.kind == "Quantity" else said.value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _OLDEST:
        raise InvalidValue(said.where, "no such age", f"a number of years from 0 to {_OLDEST}", "Correct it.")
    return float(value)


def sex_of(said: Said) -> str | None:
    """female or male; None for "don't know". Raises `InvalidValue`."""
    codes = {c.code.lower() for c in concept(said.value).codings}
    if len(codes & {"female", "male"}) == 1:
        return "female" if "female" in codes else "male"
    if codes & {"other", *_UNKNOWN}:
        return None
    raise InvalidValue(said.where, "an answer that is neither", "female, male or don't know", "Choose one of them.")


def yes_no_of(terms: Terms, said: Said) -> bool | None:
    """Yes or no; None for "don't know". Raises `InvalidValue`."""
    reply = reply_of(terms, Question("opening", said.link, 0.0, 0.0, ""), said)
    return {"yes": True, "no": False}.get(reply)
