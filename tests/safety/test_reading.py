"""A patient's answer in plain words (docs/hazard-log.yaml: H19)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.reading_grade import grade

import soleus
from soleus.knowledge.loader import shipped
from soleus.knowledge.schema.core import Contributor, Explanation
from soleus.knowledge.schema.medicines import Medicine
from soleus.reasoning.assessment import ComplaintAssessment

LEAST_WORDS, MOST_GRADE = 50, 7.0
EXAMPLES = ["idiopathic-cramp", "drug-induced-cramp", "restless-legs", "claudication", "dvt-told-as-cramp"]


def names() -> list[str]:
    """Names of conditions and medicines, which count as one easy word."""
    knowledge = shipped()
    found = [r.patient_name for r in knowledge.all(Explanation)] + [r.patient_name for r in knowledge.all(Contributor)]
    return found + [name for m in knowledge.all(Medicine) for name in (m.name, *m.names) if len(name) > 4]


def paragraphs(c: ComplaintAssessment) -> Iterator[str]:
    """What stands together on the page."""
    yield from (f"{f.label}. {f.action}" for f in c.red_flags)
    yield from (f"{x.strength} {x.belief or ''}" for x in c.causes)
    yield from (f"{m.discuss or ''} {m.do_not or ''}" for m in c.medications)
    yield from (q.text for q in c.next_questions)
    yield from (f"{w.reason} {w.would_change}" for w in c.work_up)
    yield from (f"{m.text} {m.reason or ''}" for m in c.management)
    yield from (" ".join(s.text for s in g.steps) for g in c.guides)
    yield from c.seek_care


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_patients_answer_is_easy_to_read(root: Path, name: str) -> None:
    case = soleus.read_case(root / f"examples/{name}.yaml")
    answer = soleus.assess(case, audience="patient", draws=50).complaints[0]
    easy = names()
    long = [text for text in paragraphs(answer) if len(text.split()) > LEAST_WORDS]
    hard = {text[:60]: round(found, 1) for text in long if (found := grade(text, easy)) > MOST_GRADE}
    assert hard == {}
