"""Cases made by Hypothesis that the intake takes, in the words a person or program may use."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from soleus.clinical.case import Case
from soleus.clinical.reading import case_from
from soleus.reasoning.compiled import shipped_compiled

_COMPILED = shipped_compiled()
_FINDINGS = [f for f in _COMPILED.findings.values() if f.kind != "numeric"]
_NUMBERS = {"potassium": ("mmol/L", 1.5, 8.0), "ferritin": ("ng/mL", 1.0, 900.0), "temperature": ("Cel", 30.0, 42.0)}
_PLAIN = [c.id for c in _COMPILED.contributors.values() if c.sex is None and c.kind in ("disease", "habit", "family")]
_MEDICINES = ["furosemide", "Seretide 250 inhaler", "simvastatin 40 mg", "citalopram", "Zz-unknown & <b>", "ramipril"]
_DAYS = st.sampled_from(["2026-11-01", "2026-10", "2025", "2019-02-28", "2026-11-21"])
_LABELS = st.sampled_from([None, "<i>left & right</i>"])
_CODES = st.sampled_from([{}, {"code": "C03CA01", "system": "atc"}, {"code": "q", "system": "own list"}])
_SEXES = st.sampled_from(["female", "male", None])


def _without(found: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in found.items() if v not in (None, [], {})}


@st.composite
def _findings(draw: st.DrawFn, least: int, spelled: bool = True) -> dict[str, Any]:
    """Findings with a state or "don't know". ``spelled``: in several spellings; one story with two spellings of a
    finding says it twice, which the intake counts twice.
    """
    out: dict[str, Any] = {}
    for f in draw(st.lists(st.sampled_from(_FINDINGS), min_size=least, max_size=8, unique_by=lambda f: f.id)):
        if f.id == "new_medicine":
            continue
        state = draw(st.sampled_from(f.states))
        name = draw(st.sampled_from([f.id, f.id.upper(), f.id.replace("_", " ")])) if spelled else f.id
        out[name] = draw(st.sampled_from([state.id, state.id, state.id, "not_assessed", None]))
    return out


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A person with one or two complaints."""
    several = draw(st.booleans())
    numbers = draw(st.lists(st.sampled_from(sorted(_NUMBERS)), max_size=2, unique=True))
    illnesses = draw(st.lists(st.sampled_from(_PLAIN), max_size=4, unique=True))
    female = draw(_SEXES)
    tree = {
        "id": draw(st.sampled_from(["case", "a.b-9", "two words"])),
        "as_of": draw(st.sampled_from(["2026-11-21", "2026-11-21", "2026-12", None])),
        "setting": draw(st.sampled_from(["primary_care", "sleep_clinic", "general_population"])),
        "answered_by": draw(st.sampled_from(["self", "parent", "carer", "clinician"])),
        "country": draw(st.sampled_from([None, "GB", "DE"])),
        "person": _without(
            {
                "age": draw(st.sampled_from([None, 0, 7.5, 34, 67, 120])),
                "birth_date": draw(st.sampled_from([None, "1960", "1960-05-01"])),
                "sex": female,
                "pregnant": draw(st.booleans()) if female == "female" else None,
            }
        ),
        "findings": draw(_findings(0 if several else 2, not several)),
        "onset": draw(st.none() | _DAYS),
        "duration": draw(st.sampled_from([None, "3 weeks", "about two years", "since childhood"])),
        "complaints": [
            _without(
                {
                    "id": id,
                    "label": draw(_LABELS),
                    "onset": draw(st.none() | _DAYS),
                }
            )
            | {"findings": draw(_findings(2, False))}
            for id in (["calf", "rest less"] if several else [])
        ],
        "conditions": [
            draw(
                st.sampled_from(
                    [
                        {"name": c, "status": "absent"},
                        {"name": c.replace("_", " "), "status": "present", "since": "2020-02"},
                        {"name": c, "status": "resolved"},
                        c,
                    ]
                )
            )
            for c in illnesses
        ]
        + draw(st.sampled_from([[], [{"name": "Leg cramps"}], [{"name": "x", "code": "E11.9", "system": "icd10cm"}]])),
        "medicines": [
            _without(
                {
                    "name": m,
                    "started": draw(st.sampled_from([None, "2026-09", "2020-01-31"])),
                    "stopped": draw(st.sampled_from([None, None, "2026-10-30"])),
                    "dose": draw(st.sampled_from([None, "40 mg <once>"])),
                    **draw(_CODES),
                }
            )
            for m in draw(st.lists(st.sampled_from(_MEDICINES), max_size=3, unique=True))
        ],
        "measurements": [
            _without({"name": n, "value": draw(st.floats(low, high)), "unit": unit, "date": draw(st.none() | _DAYS)})
            for n in numbers
            for unit, low, high in [_NUMBERS[n]]
        ],
        "pretest": draw(st.sampled_from([{}, {"nocturnal_leg_cramp": 0.3}])),
        "lists": draw(st.sampled_from([[], ["conditions"], ["medicines", "conditions"]])),
    }
    return case_from({k: v for k, v in tree.items() if v is not None})
