"""Words that people and records use: each leads to one record, and the usual ones lead somewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache

import pytest

from soleus.evidence.record import Record
from soleus.knowledge.loader import DATA, Knowledge, load
from soleus.knowledge.schema.core import Contributor, Finding
from soleus.knowledge.schema.medicines import Medicine
from soleus.reasoning.compiled import Names, loose_form, normal_form, shipped_compiled
from soleus.reasoning.intake import observe
from soleus.reasoning.medicines import MedicineIndex

Words = dict[str, set[str]]
# Among findings these are the complaint or the test, among conditions what the person has had before.
BY_PLACE = {"long qt", "mg", "previous optic neuritis", "urinary retention"}


@cache
def knowledge() -> Knowledge:
    return load(DATA)


def gathered(records: Iterable[tuple[Record, tuple[str, ...]]]) -> Words:
    """Normal form of each word -> ids of the records that answer to it."""
    out: Words = defaultdict(set)
    for record, words in records:
        for word in (record.id, *words):
            out[normal_form(word.removeprefix("!"))].add(record.id)
    return out


@cache
def finding_words() -> Words:
    return gathered((f, (f.name, *f.former_ids, *f.synonyms)) for f in knowledge().all(Finding))


@cache
def contributor_words() -> Words:
    return gathered((c, (c.name, c.patient_name, *c.synonyms)) for c in knowledge().all(Contributor))


@cache
def medicine_words() -> Words:
    return gathered((m, (m.name, *m.names)) for m in knowledge().all(Medicine))


def clashes(words: Words) -> Words:
    return {word: ids for word, ids in words.items() if len(ids) > 1}


def test_each_word_of_a_finding_leads_to_one() -> None:
    assert clashes(finding_words()) == {}


def test_each_word_of_a_contributor_leads_to_one() -> None:
    assert clashes(contributor_words()) == {}


def test_each_name_of_a_medicine_leads_to_one() -> None:
    assert clashes(medicine_words()) == {}


def test_contributors_stay_apart_when_the_order_of_words_is_lost() -> None:
    loose: Words = defaultdict(set)
    for word, ids in contributor_words().items():
        loose[loose_form(word)] |= ids
    assert clashes(loose) == {}


def test_no_word_is_a_finding_in_one_list_and_a_contributor_in_another() -> None:
    assert (finding_words().keys() & contributor_words().keys()) - BY_PLACE == set()


def test_no_word_is_empty() -> None:
    assert all(word for words in (finding_words(), contributor_words(), medicine_words()) for word in words)


@pytest.mark.parametrize(
    ("word", "finding"),
    [
        ("Worse at rest", "at_rest"),
        ("relieved by movement", "relief_walking"),
        ("urge to move legs", "urge_to_move"),
        ("claudication distance", "same_walking_distance"),
        ("tea-coloured urine", "dark_urine"),
        ("saddle anesthesia", "bladder_bowel_saddle"),
        ("loss of vibration sense", "reduced_vibration"),
        ("felt a pop", "snap_felt"),
        ("inner restlessness", "whole_body_restlessness"),
        ("relieved by ibuprofen", "aspirin_or_nsaid_relief"),
        ("Na+", "sodium"),
        ("ABPI", "abi"),
        ("relief by walking", "relief_walking"),
        ("relief by hanging the leg down", "relief_hanging"),
        ("sleep disturbed", "disturbs_sleep"),
        ("saddle numbness", "bladder_bowel_saddle"),
        ("pain when walking", "on_exertion"),
    ],
)
def test_usual_words_for_findings(word: str, finding: str) -> None:
    assert Names(shipped_compiled()).findings[normal_form(word)] == finding


@pytest.mark.parametrize(
    ("word", "contributor"),
    [
        ("Previous smoker", "smoking_former"),
        ("gave up smoking", "smoking_former"),
        ("active smoker", "smoking_current"),
        ("prior DVT", "previous_dvt"),
        ("weight-loss surgery", "malabsorption_bariatric"),
        ("Knee OA", "osteoarthritis"),
        ("overuse of reliever inhaler", "laba_or_high_beta_agonist"),
        ("removal of the thyroid", "neck_surgery_or_hypoparathyroidism"),
        ("father has restless legs", "family_history_rls"),
        ("end-stage renal disease", "ckd_stage_4_5"),
    ],
)
def test_usual_words_for_conditions(word: str, contributor: str) -> None:
    assert Names(shipped_compiled()).contributors[normal_form(word)] == contributor


@pytest.mark.parametrize(
    ("word", "medicine"),
    [
        ("Xopenex HFA 45 micrograms", "levosalbutamol"),
        ("Ventolin Evohaler", "salbutamol"),
        ("Sortis 20 mg", "atorvastatin"),
        ("Haldol decanoate", "haloperidol"),
        ("Sinemet CR", "levodopa_carbidopa"),
        ("Toujeo", "insulin"),
        ("iron tablets", "ferrous_salts"),
        ("Pregaday", "ferrous_salts"),
        ("calcium acetate", "calcium_acetate"),
        ("latanoprost eye drops", "latanoprost"),
        ("Buscopan 10 mg", "hyoscine_butylbromide"),
    ],
)
def test_usual_names_of_medicines(word: str, medicine: str) -> None:
    found = MedicineIndex(knowledge()).find(word)
    assert found is not None
    assert found.id == medicine


def test_each_word_of_a_state_leads_to_one_of_the_finding() -> None:
    for finding in knowledge().all(Finding):
        words: Words = defaultdict(set)
        for state in finding.states:
            for word in (state.id, state.label, state.patient_label, *state.synonyms):
                words[normal_form(word)].add(state.id)
        assert (finding.id, clashes(words)) == (finding.id, {})


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        ("fever", ("systemic", "fever")),
        ("twitching", ("visible_movement", "twitches")),
        ("cold foot", ("colour_temperature", "pale_cold")),
        ("rash", ("skin_lesion", "rash_or_wound")),
        ("weight loss", ("systemic", "weight_loss_sweats")),
        ("night sweats", ("systemic", "weight_loss_sweats")),
        ("black toes", ("skin_lesion", "ulcer_gangrene")),
        ("numb foot", ("sensory_loss", "patchy_or_dermatomal")),
        ("numb soles", ("sensory_loss", "distal_both")),
        ("absent ankle jerks", ("tendon_reflexes", "reduced")),
        ("spider veins", ("skin_lesion", "varicose_changes")),
    ],
)
def test_words_that_name_one_state(word: str, answer: tuple[str, str]) -> None:
    assert Names(shipped_compiled()).state_words[normal_form(word)] == answer


@pytest.mark.parametrize(
    ("finding", "word", "state"),
    [
        ("quality", "pins and needles", "tingling"),
        ("side", "bilateral", "both_legs"),
        ("timing", "nocturnal", "night_in_bed"),
        ("foot_pulses", "not palpable", "reduced_absent"),
        ("weakness", "trouble climbing stairs", "proximal_or_general"),
        ("quality", "stiffness", "heavy_tight"),
        ("quality", "electric shock", "sharp_electric"),
        ("timing", "end of the day", "standing_day"),
        ("timing", "walking", "exertion"),
        ("site", "lower leg", "calf"),
        ("site", "groin", "buttock_hip"),
        ("sensory_loss", "left foot", "patchy_or_dermatomal"),
        ("colour_temperature", "mottled", "blue_dusky"),
        ("skin_lesion", "varicose veins", "varicose_changes"),
        ("swelling", "both ankles", "both_legs"),
        ("weakness", "foot drop", "distal"),
        ("severity", "8/10", "severe"),
        ("attack_duration", "seconds", "under_1min"),
        ("visible_movement", "tremor", "slow_or_rhythmic"),
        ("cramp_frequency", "most nights", "weekly"),
    ],
)
def test_usual_answers(finding: str, word: str, state: str) -> None:
    record = knowledge().by_id(Finding)[finding]
    assert observe(record, word, "findings").state == state


#: A word that is a disease or the usual speech of the whole person, not an answer about the leg.
NOT_A_STATE = ("arthritis", "fracture", "tumour", "eczema", "neuralgia", "chorea", "paralysis", "pain", "toothache")


def test_a_disease_is_not_taken_for_an_answer() -> None:
    words = Names(shipped_compiled()).state_words
    assert [w for w in NOT_A_STATE if w in words] == []


@pytest.mark.parametrize(
    ("finding", "value", "unit", "expected"),
    [
        ("temperature", 101.3, "°F", 38.5),  # (101.3 - 32) / 1.8
        ("tsh", 8.2, "mIU/L", 8.2),
        ("haemoglobin", 10.2, "g/dL", 102.0),
        ("ck", 12000.0, "IU/L", 60.0),  # upper limit 200 U/L
        ("vitamin_d", 20.0, "ug/L", 49.92),  # 2.496 nmol per ng
    ],
)
def test_units_as_people_write_them(finding: str, value: float, unit: str, expected: float) -> None:
    record = knowledge().by_id(Finding)[finding]
    number = observe(record, {"value": value, "unit": unit}, "findings").number
    assert number == pytest.approx(expected, abs=0.001)
