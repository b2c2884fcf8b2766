"""From a person's words to evidence: statements, numbers, dates, medicines, contradictions and near names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from soleus.clinical.case import Case
from soleus.clinical.reading import case_from
from soleus.errors import CannotAssess, Contradiction, InputError, InvalidValue, UnknownName
from soleus.knowledge.schema.core import Finding
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.intake import Presentation, observe, statement_likelihood, take_in
from soleus.reasoning.medicines import MedicineIndex
from tests.reasoning.people import CRAMP, case, present


def told(presentation: Presentation) -> dict[str, str]:
    return {o.finding: o.state for o in presentation.observations.values()}


def said_of(presentation: Presentation, contributor: str) -> tuple[float, float]:
    """(P(what was told | absent), P(what was told | present)) of a contributor."""
    number = presentation.compiled.network.contributor_index[contributor]
    return presentation.evidence.contributors.get(number, (1.0, 1.0))


# --- statements ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["present", "yes", "true", True, "Present", "Y", "positive"])
def test_yes_in_every_spelling(word: Any) -> None:
    assert told(present({**CRAMP, "urge_to_move": word}))["urge_to_move"] == "yes"


@pytest.mark.parametrize("word", ["absent", "no", "false", False, "ABSENT", "n", "negative"])
def test_no_in_every_spelling(word: Any) -> None:
    found = told(present({**CRAMP, "urge_to_move": word, "swelling": word}))
    assert found["urge_to_move"] == "no"
    assert found["swelling"] == "none"


@pytest.mark.parametrize("word", ["not_assessed", "unknown", "don't know", "n/a", "not known", None])
def test_not_known_is_no_answer_but_was_asked(word: Any) -> None:
    found = present({**CRAMP, "urge_to_move": word})
    assert "urge_to_move" not in told(found)
    assert "urge_to_move" in found.asked


def test_a_state_is_found_by_its_id_and_its_words() -> None:
    quality = shipped_compiled().findings["quality"]
    for state in quality.states:
        for word in (state.id, state.label, state.patient_label, state.id.upper().replace("_", " ")):
            assert observe(quality, word, "findings.quality").state == state.id


def test_every_label_of_a_finding_means_one_state() -> None:
    for finding in shipped_compiled().findings.values():
        for state in finding.states:
            assert observe(finding, state.id, finding.id).state == state.id
            assert observe(finding, state.label, finding.id).state == state.id, finding.id


def test_present_says_too_little_where_there_are_several_ways_to_be() -> None:
    with pytest.raises(InvalidValue) as fault:
        present({**CRAMP, "swelling": "present"})
    assert "one_leg" in fault.value.expected


@pytest.mark.parametrize(("name", "near"), [("qualty", "quality"), ("urge_to_mov", "urge_to_move")])
def test_an_unknown_finding_is_an_error_with_near_names(name: str, near: str) -> None:
    with pytest.raises(UnknownName) as fault:
        present({**CRAMP, name: "yes"})
    assert fault.value.where == f"findings.{name}"
    assert near in fault.value.repair


def test_an_unknown_state_is_an_error_that_lists_the_states() -> None:
    with pytest.raises(InvalidValue) as fault:
        present({"quality": "cramb"})
    assert "cramp" in fault.value.repair
    assert "burning" in fault.value.expected


# --- what people say of contributors ------------------------------------------------------------------------


def test_a_statement_is_believed_as_far_as_it_is_right() -> None:
    # P(has it | says so) = stated_ppv, whatever the prevalence; cut where more than half would be false alarms.
    compiled = shipped_compiled()
    for c in compiled.contributors.values():
        if c.id == "pregnancy":
            continue
        for q in (0.001, 0.02, 0.2):
            absent, with_it = statement_likelihood(compiled, c.id, True, q)
            ppv = q * with_it / (q * with_it + (1 - q) * absent)
            assert ppv == pytest.approx(c.stated_ppv, abs=1e-6) or absent in (0.5, 1e-9), c.id
            no_absent, no_with = statement_likelihood(compiled, c.id, False, q)
            assert absent + no_absent == pytest.approx(1.0)
            assert with_it + no_with == pytest.approx(1.0)


def test_a_statement_raises_and_a_denial_lowers() -> None:
    yes, no = present(conditions=["cirrhosis"]), present(conditions=[{"name": "cirrhosis", "status": "absent"}])
    assert said_of(yes, "cirrhosis")[1] > said_of(yes, "cirrhosis")[0]
    assert said_of(no, "cirrhosis")[1] < said_of(no, "cirrhosis")[0]
    assert yes.said["cirrhosis"] is True
    assert no.said["cirrhosis"] is False


def test_no_denial_settles_a_necessary_cause() -> None:
    # "No arterial disease" must not make claudication impossible: most of it is not diagnosed.
    no = present(conditions=[{"name": "known_pad", "status": "absent"}])
    assert said_of(no, "known_pad")[1] > 0


def test_pregnancy_is_settled_by_the_person() -> None:
    yes = present(person={"age": 30, "sex": "female", "pregnant": True})
    no = present(person={"age": 30, "sex": "female", "pregnant": False})
    assert said_of(yes, "pregnancy")[0] < 0.001
    assert said_of(no, "pregnancy")[1] < 0.001
    assert present(person={"age": 30, "sex": "male"}).pregnant is False


def test_a_condition_by_name_code_and_range_of_codes() -> None:
    for condition in (
        "Diabetes",
        "diabetes mellitus",
        {"name": "x", "code": "E11.42", "system": "icd10cm"},
        {"name": "x", "code": "E10", "system": "icd10"},
    ):
        assert present(conditions=[condition]).said == {"diabetes": True}, condition


def test_a_condition_that_is_over_is_no_longer_present() -> None:
    found = present(conditions=[{"name": "cirrhosis", "status": "resolved"}])
    assert "cirrhosis" not in found.said
    assert any("no longer present" in u for u in found.unused)


def test_an_event_counts_within_its_window() -> None:
    recent = present(conditions=[{"name": "recent_major_surgery", "since": "2026-11-11"}])
    long_ago = present(conditions=[{"name": "recent_major_surgery", "since": "2024-11-11"}])
    assert recent.said == {"recent_major_surgery": True}
    assert long_ago.said == {}
    assert any("too long ago" in u for u in long_ago.unused)


def test_a_condition_that_changes_nothing_is_listed_and_not_lost() -> None:
    found = present(conditions=["hay fever in spring"])
    assert any(u.startswith("conditions[0]") for u in found.unused)


# --- numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "unit", "state_of"),
    [
        ("potassium", 3.1, "mmol/L", 3.1),
        ("potassium", 3.1, "meq/L", 3.1),
        ("ferritin", 12, "ug/L", 12.0),
        ("ferritin", 12, "µg/L", 12.0),
        ("ferritin", 12, "ng/mL", 12.0),
    ],
)
def test_units_are_converted(name: str, value: float, unit: str, state_of: float) -> None:
    found = present({**CRAMP, name: {"value": value, "unit": unit}}).observations[name]
    assert found.number == pytest.approx(state_of)


def test_a_number_falls_into_its_interval_on_both_sides_of_every_cut() -> None:
    for finding in shipped_compiled().findings.values():
        if finding.kind != "numeric":
            continue
        low, high = finding.plausible or (0.0, 1e9)
        for state in finding.states:
            for value in (state.at_least, None if state.below is None else float(np.nextafter(state.below, -np.inf))):
                if value is not None and low <= value <= high:
                    assert in_own_unit(finding, value) == state.id, (finding.id, value)


def in_own_unit(finding: Finding, value: float) -> str:
    return observe(finding, {"value": value, "unit": finding.unit} if finding.unit else value, finding.id).state


def test_a_number_without_its_unit_is_an_error_and_never_a_guess() -> None:
    with pytest.raises(InvalidValue) as fault:
        present({**CRAMP, "potassium": {"value": 3.1}})
    assert "no unit" in fault.value.found
    assert "mmol/L" in fault.value.expected


@pytest.mark.parametrize("unit", ["mg", "Mmol/L", "furlong", ""])
def test_a_unit_that_is_not_one_of_the_test_is_an_error(unit: str) -> None:
    with pytest.raises(InvalidValue):
        present({**CRAMP, "potassium": {"value": 3.1, "unit": unit}})


@pytest.mark.parametrize("value", [-1, 99, float("nan"), float("inf")])
def test_an_impossible_value_is_an_error(value: float) -> None:
    with pytest.raises(InvalidValue):
        present({**CRAMP, "potassium": {"value": value, "unit": "mmol/L"}})


@pytest.mark.parametrize(
    "value", [True, "much", [3.1], {"value": "3.1"}, {"amount": 3.1}, {"value": 3, "units": "mmol/L"}]
)
def test_a_number_in_another_form_is_an_error(value: Any) -> None:
    with pytest.raises(InputError):
        present({**CRAMP, "potassium": value})


def test_a_number_for_a_finding_in_words_is_an_error() -> None:
    with pytest.raises(InvalidValue):
        present({"quality": 3})


def test_a_measurement_is_the_same_as_a_finding() -> None:
    one = present(measurements=[{"name": "ferritin", "value": 12, "unit": "ug/L", "date": "2026-10-01"}])
    two = present({**CRAMP, "ferritin": {"value": 12, "unit": "ug/L", "date": "2026-10-01"}})
    assert told(one) == told(two)
    assert one.evidence == two.evidence


def test_a_measurement_nobody_speaks_of_is_listed_and_one_that_is_misspelt_is_an_error() -> None:
    found = present(measurements=[{"name": "serum rhubarb", "value": 1, "unit": "g"}])
    assert any("measurements[0]" in u for u in found.unused)
    with pytest.raises(UnknownName) as fault:
        present(measurements=[{"name": "feritin", "value": 12, "unit": "ug/L"}])
    assert "ferritin" in fault.value.repair


def test_a_test_speaks_of_its_contributor() -> None:
    low = present({**CRAMP, "ferritin": {"value": 8, "unit": "ug/L"}})
    high = present({**CRAMP, "ferritin": {"value": 150, "unit": "ug/L"}})
    assert said_of(low, "iron_deficiency")[1] > said_of(low, "iron_deficiency")[0]
    assert said_of(high, "iron_deficiency")[1] < said_of(high, "iron_deficiency")[0]


# --- time ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "tempo"),
    [("3 hours", "hours"), ("36 hours", "days"), ("5 days", "days"), ("ten days", "days"), ("three weeks", "weeks"),
     ("4 months", "months"), ("about two years", "years"), ("15 years", "years")],
)  # fmt: skip
def test_a_duration_in_words_becomes_tempo(words: str, tempo: str) -> None:
    assert told(present(duration=words))["tempo"] == tempo


@pytest.mark.parametrize(
    ("onset", "tempo"), [("2026-11-21", "hours"), ("2026-11-10", "days"), ("2026-06", "months"), ("2020", "years")]
)
def test_an_onset_becomes_tempo(onset: str, tempo: str) -> None:
    assert told(present(onset=onset))["tempo"] == tempo


def test_a_year_that_yaml_takes_for_a_number_is_a_date() -> None:
    found = present(onset=2020, conditions=[{"name": "diabetes", "since": 2011}], person={"birth_date": 1959})
    assert told(found)["tempo"] == "years"
    assert found.age == pytest.approx(67.9, abs=0.1)


def test_an_onset_without_the_day_of_the_case_says_nothing() -> None:
    assert "tempo" not in told(present(onset="2020-01-01", as_of=None))


@pytest.mark.parametrize("words", ["a while", "3", "long", "three fortnights"])
def test_a_duration_that_cannot_be_read_is_an_error(words: str) -> None:
    with pytest.raises(InvalidValue):
        present(duration=words)


def test_dates_that_disagree_with_what_was_stated_are_told() -> None:
    found = present({**CRAMP, "tempo": "days"}, onset="2020-01-01")
    assert told(found)["tempo"] == "days"
    assert found.disagreements


@pytest.mark.parametrize(
    "future",
    [
        {"onset": "2027-01-01"},
        {"conditions": [{"name": "diabetes", "since": "2027-01-01"}]},
        {"measurements": [{"name": "ferritin", "value": 12, "unit": "ug/L", "date": "2027-01-01"}]},
        {"findings": {**CRAMP, "ferritin": {"value": 12, "unit": "ug/L", "date": "2027-01-01"}}},
        {"medicines": [{"name": "furosemide", "started": "2027-01-01"}]},
        {"person": {"birth_date": "2027-01-01"}},
    ],
)
def test_a_date_in_the_future_is_an_error(future: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue) as fault:
        present(**future)
    assert "after as_of" in fault.value.found


def test_a_date_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(InvalidValue):
        present(onset="2026-02-30")


def test_age_from_the_date_of_birth() -> None:
    assert present(person={"birth_date": "1959-11-21"}).age == pytest.approx(67, abs=0.01)
    with pytest.raises(InvalidValue):
        present(person={"birth_date": "1859-11-21"})


def test_what_is_not_known_of_the_person_is_named() -> None:
    assert set(present(person={}).not_known) == {"age", "sex"}


# --- medicines ----------------------------------------------------------------------------------------------


def taken(**medicine: Any) -> Any:
    return present(medicines=[{"name": "furosemide", **medicine}], onset="2026-06-01").medicines[0]


def test_a_medicine_taken_before_the_complaint_counts() -> None:
    found = taken(started="2026-05-01")
    assert found.counts
    assert found.days_before_onset == 31


def test_a_medicine_begun_after_the_complaint_does_not_count() -> None:
    found = taken(started="2026-07-01")
    assert not found.counts
    assert found.days_before_onset == -30
    later = present(medicines=[{"name": "furosemide", "started": "2026-07-01"}], onset="2026-06-01")
    assert "diuretic_loop" not in later.said


def test_a_medicine_that_was_stopped_does_not_count_and_one_that_will_be_does() -> None:
    assert not taken(started="2026-05-01", stopped="2026-08-01").current
    assert taken(started="2026-05-01", stopped="2026-12-31").current


def test_a_medicine_stopped_before_it_was_started_is_an_error() -> None:
    with pytest.raises(InvalidValue):
        taken(started="2026-05-01", stopped="2026-04-01")


def test_a_medicine_begun_shortly_before_is_new() -> None:
    found = present(medicines=[{"name": "furosemide", "started": "2026-05-20"}], onset="2026-06-01")
    assert told(found)["new_medicine"] == "yes"
    long_before = present(medicines=[{"name": "furosemide", "started": "2020-05-20"}], onset="2026-06-01")
    assert "new_medicine" not in told(long_before)


@pytest.mark.parametrize("name", ["Lasix", "furosemide", "Furosemide 40 mg tablets", "FRUSEMIDE", "furosemide sodium"])
def test_a_medicine_is_known_by_generic_brand_salt_and_strength(name: str) -> None:
    found = present(medicines=[name]).medicines[0]
    assert found.record is not None
    assert "furosemide" in found.record.id


def test_a_combination_has_the_contributors_of_its_parts() -> None:
    found = present(medicines=["Seretide"])
    assert "laba_or_high_beta_agonist" in found.said


def test_an_unknown_medicine_is_listed_and_not_lost() -> None:
    found = present(medicines=["Zyxomab forte"])
    assert found.medicines[0].record is None
    assert any("medicines[0]" in u for u in found.unused)


def test_a_condition_that_denies_what_the_medicines_say_is_a_contradiction() -> None:
    with pytest.raises(Contradiction):
        present(medicines=["furosemide"], conditions=[{"name": "diuretic_loop", "status": "absent"}])


# --- contradictions -----------------------------------------------------------------------------------------


BOTH: list[dict[str, Any]] = [
    {"conditions": ["diabetes", {"name": "diabetes", "status": "absent"}]},
    {"conditions": ["diabetes"], "findings": {**CRAMP, "diabetes": "absent"}},
    {"person": {"sex": "male", "pregnant": True}},
    {"person": {"sex": "female", "pregnant": False}, "conditions": ["pregnancy"]},
    {"findings": {**CRAMP, "ferritin": {"value": 8, "unit": "ug/L"}},
     "measurements": [{"name": "ferritin", "value": 200, "unit": "ug/L"}]},
    {"findings": {**CRAMP, "Dominant quality": "burning"}},
]  # fmt: skip


@pytest.mark.parametrize("both", BOTH)
def test_statements_that_cannot_both_hold_are_an_error(both: dict[str, Any]) -> None:
    with pytest.raises(Contradiction):
        present(**both)


def test_the_same_statement_twice_is_no_contradiction() -> None:
    assert told(present({**CRAMP, "Dominant quality": "cramp"})) == told(present())


# --- context ------------------------------------------------------------------------------------------------


def test_every_setting_is_known_and_another_is_an_error() -> None:
    names = (
        "primary_care",
        "emergency_department",
        "sleep_clinic",
        "neurology_clinic",
        "vascular_clinic",
        "general_population",
    )
    rates = [present(setting=s).context.log_rate for s in names]
    assert len({tuple(np.round(r, 6)) for r in rates}) > 1
    with pytest.raises(UnknownName):
        present(setting="primary care")


def test_the_rates_of_a_person_of_unknown_sex_lie_between() -> None:
    women, men = present(person={"age": 67, "sex": "female"}), present(person={"age": 67, "sex": "male"})
    either = np.exp(present(person={"age": 67}).context.log_rate)
    both = np.exp([women.context.log_rate, men.context.log_rate])
    assert (either <= both.max(axis=0) + 1e-12).all()
    assert (either >= both.min(axis=0) - 1e-12).all()


def test_lists_that_are_called_complete_speak_by_their_silence() -> None:
    listed = present(medicines=["paracetamol"], lists=["medicines"])
    number = listed.compiled.network.contributor_index["statin"] if "statin" in listed.compiled.contributors else None
    assert listed.silent
    for c in listed.silent:
        absent, with_it = said_of(listed, c)
        assert absent >= with_it, c
    assert number is None or number in listed.evidence.contributors


def test_an_empty_case_is_admitted_only_to_an_interview() -> None:
    compiled = shipped_compiled()
    index, empty = MedicineIndex(compiled.knowledge), case_from(case({}))
    assert take_in(empty, compiled, index, empty=True)[0].observations == {}
    with pytest.raises(CannotAssess):
        take_in(empty, compiled, index)


def test_findings_shared_by_all_complaints_belong_to_each() -> None:
    compiled = shipped_compiled()
    read: Case = case_from(
        {
            "findings": {"systemic": "none"},
            "complaints": [{"id": "a", "findings": CRAMP}, {"id": "b", "findings": {"quality": "burning"}}],
        }
    )
    one, two = take_in(read, compiled, MedicineIndex(compiled.knowledge))
    assert told(one)["systemic"] == told(two)["systemic"] == "none"
    assert "relief_stretch" not in told(two)
