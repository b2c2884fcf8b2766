"""Changing an earlier answer: the answers after it stay, as far as they still are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from soleus.reasoning import red_flags
from soleus.reasoning.facts import PresentationFacts
from soleus.reasoning.interview import Answered, Interview
from soleus.reasoning.questions import Question
from soleus.web.asking import asked


@dataclass(frozen=True)
class Said:
    """A reply to a question; ``details``: what was ticked below a "yes"."""

    question: Question
    reply: str
    details: Mapping[str, str] | None = None


def changed(session: Interview, at: int, said: Sequence[Said]) -> Interview:
    """The interview in which ``said`` takes the place of answer number ``at``.

    Of the later answers these go: to the same questions, what the new answer settles, items of the screen that no
    longer apply, and the details of a screen item that is not answered "yes" any more.
    """
    new = {s.question.id for s in said}
    fresh = Interview(session.compiled, session.case, session.groups, session.respondent)
    fresh.answers = [a for a in session.answers[:at] if a.question not in new or a.followed_by]
    for s in said:
        fresh.answer(s.question, s.reply, s.details)
    settled = {f for a in fresh.answers[-len(said) :] for f, _ in a.set_findings}
    dropped = new | settled | {f for s in said for f in _pointless(s, session.answers[at + 1 :])}
    for a in session.answers[at + 1 :]:
        if a.question not in dropped:
            _replay(fresh, a, settled)
    return fresh


def _pointless(said: Said, later: Sequence[Answered]) -> set[str]:
    """The details of an item that is no longer answered "yes" with each detail asked in turn."""
    if said.question.item is None or (said.reply == "yes" and said.details is None):
        return set()
    return {a.question for a in later if a.question in said.question.item.then_ask and a.stage == "red_flag"}


def _replay(fresh: Interview, a: Answered, settled: set[str]) -> None:
    question = asked(fresh, a)
    if question.item is not None and not _still_asked(fresh, question):
        return
    fresh.answer(question, a.reply, _details(a, settled))


def _details(a: Answered, settled: set[str]) -> dict[str, str] | None:
    told = {f: state for f, state in a.set_findings if f not in settled}
    return told if a.reply == "yes" and told and not a.followed_by else None


def _still_asked(fresh: Interview, question: Question) -> bool:
    assert question.item is not None
    return bool(red_flags.screen([question.item], PresentationFacts(fresh.judged().presentation)))
