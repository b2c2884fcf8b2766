"""People for tests: the examples, and a plain cramp that tests alter."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from soleus.clinical.reading import case_from
from soleus.interop.reading import read_any
from soleus.reasoning.assess import assess
from soleus.reasoning.assessment import Assessment, Audience, ComplaintAssessment
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.intake import Presentation, take_in
from soleus.reasoning.medicines import MedicineIndex

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = tuple(sorted(p.name for p in EXAMPLES.iterdir() if p.suffix in (".yaml", ".json")))
CRAMP: dict[str, Any] = {
    "pattern": "attacks",
    "attack_duration": "1_10min",
    "quality": "cramp",
    "site": "calf",
    "timing": "night_in_bed",
    "relief_stretch": "yes",
    "visible_hard_muscle": "yes",
    "swelling": "none",
    "weakness": "none",
}


def case(findings: Any = None, **rest: Any) -> dict[str, Any]:
    """A woman of 67 with the plain cramp, or with other findings."""
    person = {"age": 67, "sex": "female"}
    told = CRAMP if findings is None else findings
    return {"as_of": "2026-11-21", "person": person, "findings": dict(told), **rest}


@cache
def example(name: str, audience: Audience = "clinician", draws: int = 200) -> Assessment:
    """An example, judged."""
    return assess(read_any(EXAMPLES / name, shipped_compiled()), audience=audience, draws=draws)


def whole(findings: Any = None, *, audience: Any = "clinician", **rest: Any) -> Assessment:
    """The assessment of a case that differs from the plain cramp."""
    return assess(case(findings, **rest), audience=audience, draws=60)


def judged(findings: Any = None, **rest: Any) -> ComplaintAssessment:
    """Its only complaint."""
    return whole(findings, **rest).complaints[0]


def probabilities(answer: ComplaintAssessment) -> dict[str, float]:
    return {e.id: e.probability for e in answer.explanations}


def present(findings: Any = None, **rest: Any) -> Presentation:
    """A case as the intake reads it."""
    compiled = shipped_compiled()
    return take_in(case_from(case(findings, **rest)), compiled, MedicineIndex(compiled.knowledge))[0]
