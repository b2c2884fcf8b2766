"""Texts inside a record are read as notes, and what is coded goes before what is written, save where danger is told."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soleus.clinical.case import Case
from soleus.interop.fhir.reading import case_of
from soleus.interop.reading import read_any
from soleus.notes.judging import assess_note
from soleus.reasoning.assess import assess
from soleus.reasoning.compiled import shipped_compiled
from tests.interop.bundles import AS_OF, answers, bundle, condition, observation, patient, potassium, request, text

COMPILED = shipped_compiled()
CRAMP = "Calf cramps at night in bed, stretching helps. No swelling of the legs."
DANGER = "Left calf swollen and painful for three days. Cramp in the calf."


def read(*resources: Any, **more: Any) -> Case:
    return case_of(bundle(*resources, **more), COMPILED)


def encoded(words: str, kind: str | None = "text/plain") -> dict[str, Any]:
    return {"contentType": kind, "data": base64.b64encode(words.encode()).decode()}


def document(words: str, kind: str | None = "text/plain", **more: Any) -> dict[str, Any]:
    body = {"resourceType": "DocumentReference", "status": "current", "date": "2026-11-20T10:00:00Z"}
    return {**body, "content": [{"attachment": encoded(words, kind)}], **more}


def message(words: str, **more: Any) -> dict[str, Any]:
    body = {"resourceType": "Communication", "status": "completed", "sent": "2026-11-20"}
    return {**body, "payload": [{"contentString": words}], **more}


def report(words: str) -> dict[str, Any]:
    return {"resourceType": "DiagnosticReport", "status": "final", "presentedForm": [encoded(words)]}


def noted(words: str) -> dict[str, Any]:
    return {**condition(text("Impacted molars")), "note": [{"text": words, "time": "2026-11-20T10:00:00Z"}]}


def why(case: Case, where: str = "") -> list[str]:
    return [u.why for u in case.unused if where in u.where]


@pytest.mark.parametrize("holder", [document, message, report, noted])
def test_a_text_tells_what_it_tells_as_a_note(holder: Any) -> None:
    case = read(patient(), holder(CRAMP))
    alone = assess_note(CRAMP, as_of=AS_OF).assessment
    assert alone is not None
    expected = {"quality": "cramp", "site": "calf", "timing": "night_in_bed", "swelling": "none"}
    assert expected.items() <= case.findings.items()
    assert assess(case, draws=50).complaints[0].explanations[0].id == alone.complaints[0].explanations[0].id


def test_html_is_read_without_its_marks() -> None:
    page = (
        "<html><head><style>p{swelling}</style><script>alert('weakness')</script></head>"
        "<p>Calf <b>cramps</b></p><p>at night in bed &amp; no swelling.</p>"
    )
    assert read(patient(), document(page, "text/html; charset=utf-8")).findings["quality"] == "cramp"


def test_what_is_coded_goes_before_what_is_written() -> None:
    coded = answers(quality={"valueString": "burning"}, site={"valueString": "calf"})
    case = read(patient(), coded, potassium(4.2), document(CRAMP + " K 4.6 mmol/L."))
    assert case.findings["quality"] == "burning"
    assert case.findings["timing"] == "night_in_bed"
    assert [m.value for m in case.measurements] == [4.2]
    (left,) = [u for u in case.unused if u.what == "quality"]
    assert left.why == "told otherwise, and the first counts"
    assert left.where == "entry[3].content[0].attachment"


def test_a_danger_that_is_written_is_not_hidden_by_codes() -> None:
    """The record denies the swelling; the text tells of it. What was found counts, and the flag is raised."""
    coded = answers(swelling={"valueString": "none"}, site={"valueString": "calf"}, side={"valueString": "both"})
    quiet = assess(read(patient(), coded), draws=50)
    case = read(patient(), coded, document(DANGER))
    assert case.findings["swelling"] == "one_leg"
    assert "the record says otherwise; what tells of danger counts" in why(case)
    assert not any(f.urgency == "same_day" for f in quiet.complaints[0].red_flags)
    assert any(f.urgency == "same_day" for f in assess(case, draws=50).complaints[0].red_flags)


def test_a_number_that_was_measured_after_the_text_counts() -> None:
    words = CRAMP + " Potassium 7.1 mmol/L."
    before = read(patient(), potassium(4.2, effectiveDateTime="2026-11-01"), document(words))
    after = read(patient(), potassium(4.2, effectiveDateTime="2026-11-21"), document(words))
    assert before.measurements == ()
    assert before.findings["potassium"] == {"value": 7.1, "unit": "mmol/L"}
    assert [m.value for m in after.measurements] == [4.2]


def test_medicines_of_a_text_are_added_once() -> None:
    case = read(patient(), request("Furosemide 40 mg"), document(CRAMP + " Takes furosemide and simvastatin."))
    names = [m.name for m in case.medicines if not isinstance(m, str)]
    assert names == ["Furosemide 40 mg", "simvastatin"]


def test_a_medicine_that_a_text_denies_stays() -> None:
    case = read(patient(), request("simvastatin"), document(CRAMP + " She does not take a statin. No diabetes."))
    assert [m.name for m in case.medicines if not isinstance(m, str)] == ["simvastatin"]
    assert assess(case, draws=50).complaints[0].medications[0].id == "simvastatin"


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (document("Sore throat and cough for two days, no fever."), "no complaint of the legs is told in it"),
        (document("His calf cramps at night in bed. This man of 60 has leg cramps."),
         "it seems to tell of another person: the sex differs"),
        (document(CRAMP, "application/pdf"), "neither plain text nor HTML"),
        (document(CRAMP, None), "its kind is not said"),
        (document(CRAMP, status="entered-in-error"), "its status is entered-in-error"),
        (document(CRAMP, status="superseded"), "its status is superseded"),
        (document(CRAMP, date="2026-12-24"), "dated after the day of the case"),
        (document(CRAMP, date="2019-01-01"), "too old to tell of now"),
        (document(CRAMP, subject={"reference": "Patient/other"}), "it is about another person"),
        (document("x" * 61_000 + CRAMP), "expected at most 60,000"),
        ({**document(CRAMP), "content": [{"attachment": {"contentType": "text/plain", "url": "http://x/"}}]},
         "the text is not in the record; nothing is fetched"),
        ({**document(CRAMP), "content": [{"attachment": {"contentType": "text/plain", "data": "%%%"}}]},
         "its data cannot be decoded"),
        ({**document(CRAMP), "content": [{"attachment": {"contentType": "text/plain", "data": "A" * 400_004}}]},
         "too long to be read"),
    ],
)  # fmt: skip
def test_texts_that_tell_nothing(resource: dict[str, Any], reason: str) -> None:
    case = read(patient(), answers(quality={"valueString": "cramp"}), resource)
    assert case.findings == {"quality": "cramp"}
    assert why(case, "entry[2]") == [reason]


def test_a_text_about_a_relative_tells_nothing() -> None:
    relative = {"resourceType": "FamilyMemberHistory", "status": "completed", "note": [{"text": CRAMP}]}
    assert read(patient(), answers(quality={"valueString": "ache"}), relative).findings == {"quality": "ache"}


def test_a_tempo_grows_with_the_age_of_the_text() -> None:
    """One week before the day of the text, which was half a year ago."""
    words = "Calf cramps at night in bed for one week."
    assert read(patient(), document(words)).findings["tempo"] == "days"
    assert read(patient(), document(words, date="2026-05-20")).findings["tempo"] == "months"


def test_the_latest_text_goes_before_the_others() -> None:
    old, new = document("Burning pain of the calf.", date="2026-10-01"), document("Calf cramps at night in bed.")
    assert read(patient(), old, new).findings["quality"] == read(patient(), new, old).findings["quality"] == "cramp"


def test_no_more_text_is_read_than_the_limit() -> None:
    case = read(patient(), *(message(f"{CRAMP} {n}") for n in range(60)))
    (left,) = [u for u in case.unused if u.why == "more text than is read of one record"]
    assert "and 9 more" in left.where


def test_the_command_and_python_read_the_same(tmp_path: Path) -> None:
    tree = bundle(patient(), observation(text("urge_to_move"), valueBoolean=False), document(CRAMP))
    path = tmp_path / "record.json"
    path.write_text(json.dumps(tree), encoding="utf-8")
    assert read_any(path, COMPILED) == case_of(tree, COMPILED, path.name)


def test_no_word_of_a_text_is_listed() -> None:
    case = read(
        patient(), document("Mrs Zanzibar says: calf cramps at night in bed, maybe swelling."), message("Zanzibar")
    )
    assert "Zanzibar" not in json.dumps([[u.where, u.what, u.why] for u in case.unused])


@given(st.lists(st.sampled_from([
    CRAMP, DANGER, "no diabetes", "pregnant, 30 weeks", "takes furosemide", "not on a statin",
    "no urge to move the legs",
    "weakness of both legs", "calf cramps", "K 7.2 mmol/L", "her leg is swollen", "A woman of 30.", "post partum",
]), max_size=6), st.booleans())  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_text_beside_a_record_leaves_a_case_that_is_taken_in(said: list[str], female: bool) -> None:
    own = patient(gender="female" if female else "male")
    coded = [answers(quality={"valueString": "cramp"}, swelling={"valueString": "none"}), condition(text("diabetes")),
             request("simvastatin"), potassium(4.0)]  # fmt: skip
    case = read(own, *coded, document(" ".join(said) or "-"), message(" ".join(reversed(said)) or "-"))
    assert assess(case, draws=50).complaints
