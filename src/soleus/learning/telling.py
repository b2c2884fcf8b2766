"""What is told of a case before the answer: the person, the findings in words, conditions, medicines, measurements."""

from __future__ import annotations

from dataclasses import dataclass

from soleus.clinical.case import Medicine
from soleus.learning.course import CourseCase
from soleus.reasoning import words
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import Presentation, take_in
from soleus.reasoning.medicines import medicine_index
from soleus.reports.words import capital, date_words

_LAST = 1_000  # place of a finding that the interview gives none


@dataclass(frozen=True)
class Finding:
    """``state`` in words; ``denied``: it is the state that means nothing is there."""

    name: str
    state: str
    denied: bool


@dataclass(frozen=True)
class Told:
    """``findings``: what is there first, then what is not; within each as the interview asks."""

    person: str
    setting: str
    findings: tuple[Finding, ...]
    conditions: tuple[str, ...]
    medicines: tuple[str, ...]
    measurements: tuple[str, ...]


def told(compiled: Compiled, case: CourseCase) -> Told:
    """The case in the words of clinicians."""
    read = case.read()
    presented = take_in(read, compiled, medicine_index(compiled.knowledge))[0]
    return Told(
        person=capital(words.person(presented)),
        setting=read.setting.replace("_", " "),
        findings=tuple(sorted(_findings(presented), key=lambda f: f.denied)),
        conditions=_conditions(presented),
        medicines=tuple(_medicine(m) for m in read.medicines),
        measurements=tuple(f"{capital(m.name.replace('_', ' '))} {m.value:g} {m.unit}" for m in read.measurements),
    )


def _findings(presented: Presentation) -> list[Finding]:
    places = {f.id: (f.opening or _LAST, f.bedside or _LAST, f.id) for f in presented.compiled.findings.values()}
    out = []
    for id, seen in sorted(presented.observations.items(), key=lambda pair: places[pair[0]]):
        record = presented.compiled.findings[id]
        state = next((s.label for s in record.states if s.id == seen.state), seen.state)
        if seen.number is None:
            out.append(Finding(record.name, state, seen.state == record.absent))
    return out


def _conditions(presented: Presentation) -> tuple[str, ...]:
    by_medicine = {c for m in presented.medicines for c in (*m.contributors, *m.after_stopping)}
    known = presented.compiled.contributors
    there = [known[c].name for c, so in presented.said.items() if so and c not in by_medicine]
    denied = [f"no {words.lower_first(known[c].name)}" for c, so in presented.said.items() if not so]
    return (*there, *denied)


def _medicine(given: Medicine | str) -> str:
    if isinstance(given, str):
        return capital(given)
    since = f", since {date_words(given.started)}" if given.started else ""
    return f"{capital(given.name)}{since}"
