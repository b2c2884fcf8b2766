"""Each medicine of a case: verdict, timing against onset, and what it rests on."""

from __future__ import annotations

from typing import Any

import pytest

from soleus.reasoning.assessment import MedicineVerdict
from tests.reasoning.people import CRAMP, judged

RESTLESS = {
    "quality": "crawling_restless",
    "urge_to_move": "yes",
    "at_rest": "yes",
    "relief_walking": "yes",
    "timing": "evening_and_night",
}


def verdict(medicine: Any, findings: dict[str, Any] = CRAMP, **rest: Any) -> MedicineVerdict:
    told = {"onset": "2026-06-01", "medicines": [medicine], **rest}
    return judged(findings, **told).medications[0]


def test_verdicts_stand_in_the_order_of_the_list() -> None:
    names = ["paracetamol", "salmeterol", "Zyxomab", "furosemide"]
    found = judged(medicines=names).medications
    assert [m.as_given for m in found] == names


def test_no_list_no_verdict() -> None:
    assert judged().medications == ()


def test_a_strong_cause_taken_before_is_a_likely_contributor() -> None:
    found = verdict({"name": "salmeterol", "started": "2026-05-01"})
    assert found.verdict == "likely_contributor"
    assert found.contributor == "laba_or_high_beta_agonist"
    assert found.timing == "The complaint began 31 days after it was started."
    assert found.cites


@pytest.mark.parametrize("dates", [{"started": "2026-07-01"}, {"started": "2026-05-01", "stopped": "2026-05-10"}])
def test_what_was_begun_after_or_stopped_is_unlikely(dates: dict[str, str]) -> None:
    found = verdict({"name": "salmeterol", **dates})
    assert found.verdict == "unlikely"
    assert found.timing


def test_what_was_begun_after_adds_nothing_to_the_explanation() -> None:
    late = judged(onset="2026-06-01", medicines=[{"name": "salmeterol", "started": "2026-07-01"}])
    early = judged(onset="2026-06-01", medicines=[{"name": "salmeterol", "started": "2026-05-01"}])
    shares = [{c.id: c.share for c in a.causes}.get("laba_or_high_beta_agonist", 0.0) for a in (late, early)]
    assert shares[0] < 0.1 < shares[1]


def test_popular_opinion_is_not_followed() -> None:
    # Statins are blamed for cramps; against comparison little or nothing is left.
    assert verdict("atorvastatin").verdict in ("unlikely", "possible_contributor")
    assert verdict("atorvastatin").certainty in ("weak", "refuted")


def test_a_medicine_without_a_known_link_is_said_to_have_none() -> None:
    assert verdict("paracetamol").verdict == "no_signal_known"


def test_a_name_that_is_not_known_is_not_called_harmless() -> None:
    found = verdict("Zyxomab forte")
    assert found.verdict == "not_recognised"
    assert "says nothing about the medicine" in found.strength
    assert found.cites == ()


def test_the_symptom_decides_what_is_said() -> None:
    # Mirtazapine is known to bring on restless legs, not cramps.
    legs = verdict("mirtazapine", RESTLESS)
    assert legs.verdict in ("likely_contributor", "possible_contributor")
    assert legs.strength != verdict("mirtazapine").strength


def test_what_not_to_do_is_said_of_a_medicine_that_must_not_be_stopped_at_once() -> None:
    found = verdict({"name": "salmeterol", "started": "2026-05-01"})
    assert found.do_not
    assert found.discuss


def test_patients_get_their_own_words_and_the_same_verdict() -> None:
    told = {"medicines": ["salmeterol", "furosemide", "atorvastatin", "Zyxomab"], "onset": "2026-06-01"}
    doctor, patient = judged(**told), judged(audience="patient", **told)
    assert [m.verdict for m in doctor.medications] == [m.verdict for m in patient.medications]
    assert all("Rate ratio" not in m.strength for m in patient.medications)
    assert any("Rate ratio" in m.strength for m in doctor.medications)


def test_a_start_that_is_not_known_is_said_to_be_so() -> None:
    assert verdict("salmeterol").timing == "When it was started is not known."


def test_a_start_long_before_is_later_than_usual() -> None:
    found = verdict({"name": "amlodipine", "started": "2019-01-01"})
    assert "later than is usual" in found.timing
