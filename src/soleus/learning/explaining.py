"""What is shown after an answer: how the computed judgement stands, what told the two apart, what to do, from where.

Everything here is computed anew from the knowledge base by `assess` and `explain`, so that a course cannot teach what
the judgement does not hold. Sources are ids; a page numbers them.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from soleus.learning.course import CourseCase
from soleus.reasoning import words
from soleus.reasoning.answers import ChainStep, Likely, Named, explain
from soleus.reasoning.assess import assess
from soleus.reasoning.assessment import ComplaintAssessment, Reference, Urgency
from soleus.reasoning.compiled import Compiled

MOST_STEPS = 4  # things to do next
_LIKELIEST = 5  # explanations that are listed besides the choices
_LEAST_DB = 0.5  # a step below is none to the eye


class Step(Struct, frozen=True):
    """A piece of evidence in decibans for the answer, with how common it is in either, as the chain tells it."""

    label: str
    value: str
    other: str
    decibans: float
    sources: tuple[str, ...]


class Flag(Struct, frozen=True):
    label: str
    urgency: Urgency
    action: str
    because: tuple[str, ...]
    sources: tuple[str, ...]


class ToDo(Struct, frozen=True):
    label: str
    urgency: Urgency
    reason: str
    sources: tuple[str, ...]


class Explained(Struct, frozen=True):
    """``ranked``: the choices and what is likelier than they, most probable first, with 95 % intervals.

    ``steps``: the answer against the look-alike, the rate first, then the heaviest; they add up to the odds together
    with the ``small`` ones that are left out.
    """

    answer: Named
    tempting: Named
    ranked: tuple[Likely, ...]
    steps: tuple[Step, ...]
    small: int
    flags: tuple[Flag, ...]
    to_do: tuple[ToDo, ...]
    first: Named
    knowledge_version: str
    knowledge_hash: str
    review_sentence: str
    intended_use: str


def explained(compiled: Compiled, case: CourseCase) -> Explained:
    """The explanation of a case in the words of clinicians."""
    a = assess(case.read(), knowledge=compiled)
    chain = explain(case.read(), explanation=case.answer, against=case.tempting, knowledge=compiled)
    complaint = a.complaints[0]
    steps = [_step(s, chain.references) for s in chain.steps]
    kept = [s for s in steps[1:] if abs(s.decibans) >= _LEAST_DB]
    return Explained(
        answer=chain.explanation,
        tempting=chain.against,
        ranked=_ranked(complaint, case),
        steps=(steps[0], *sorted(kept, key=lambda s: -abs(s.decibans))),
        small=len(steps) - 1 - len(kept),
        flags=_flags(complaint, a.references),
        to_do=_to_do(complaint, a.references),
        first=Named(id=complaint.explanations[0].id, label=complaint.explanations[0].label),
        knowledge_version=a.knowledge_version,
        knowledge_hash=a.knowledge_hash,
        review_sentence=a.review_sentence,
        intended_use=a.intended_use,
    )


def labels(compiled: Compiled, ids: Iterable[str]) -> dict[str, str]:
    """Explanation -> its name in the words of clinicians; one that is known no more stands by its id."""
    known = compiled.explanations
    return {e: words.name(known[e], "clinician") if e in known else e.replace("_", " ") for e in ids}


def _ranked(complaint: ComplaintAssessment, case: CourseCase) -> tuple[Likely, ...]:
    return tuple(
        Likely(id=e.id, label=e.label, probability=e.probability, low=e.low, high=e.high)
        for n, e in enumerate(complaint.explanations)
        if e.id in case.choices or (n < _LIKELIEST and e.id != "other" and e.probability >= 0.05)
    )


def _step(s: ChainStep, references: tuple[Reference, ...]) -> Step:
    return Step(s.label, s.value, s.other, s.decibans, _sources(s.cites, references))


def _flags(complaint: ComplaintAssessment, references: tuple[Reference, ...]) -> tuple[Flag, ...]:
    return tuple(
        Flag(f.label, f.urgency, f.action, f.because, _sources(f.cites, references)) for f in complaint.red_flags
    )


def _to_do(complaint: ComplaintAssessment, references: tuple[Reference, ...]) -> tuple[ToDo, ...]:
    wanted = [w for w in complaint.work_up if w.advice == "do"][:MOST_STEPS]
    return tuple(ToDo(w.label, w.urgency, w.reason, _sources(w.cites, references)) for w in wanted)


def _sources(cites: Iterable[int], references: tuple[Reference, ...]) -> tuple[str, ...]:
    """The ids behind numbers of references, which count from 1."""
    return tuple(references[n - 1].id for n in cites)
