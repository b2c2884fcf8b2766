"""What if: the numbers are those of the changed case, and what was told stays what it was."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

import soleus
from soleus.errors import CannotAssess, InputError
from soleus.reasoning.compiled import shipped_compiled
from soleus.reasoning.medicines import medicine_index
from soleus.web.state import Change, Correction, State, pack, unpack
from soleus.web.what_if import case_with, changed, corrected, same_medicine, told
from tests.web_pages.cases import BOTH, CRAMP, NOTE, chances

COMPILED = shipped_compiled()
TODAY = "2026-11-21"

FINDINGS = st.sampled_from(
    ["swelling", "site", "timing", "colour_temperature", "weakness", "tempo", "urge_to_move", "quality"]
)
CONDITIONS = st.sampled_from(["cirrhosis", "diabetes", "pregnancy", "peripheral_arterial_disease"]).filter(
    lambda c: c in COMPILED.contributors
)
MEDICINES = st.sampled_from(["furosemide", "salbutamol", "quinine", "atorvastatin", "Frusemide 40 mg", "no such pill"])


_PEOPLE: list[tuple[str, str | float | None]] = [
    ("age", 30.0), ("age", 81.0), ("sex", "male"), ("sex", None), ("age", None),
]  # fmt: skip
_PERSON = st.sampled_from(_PEOPLE)


@st.composite
def a_change(draw: st.DrawFn) -> Change:
    kind = draw(st.sampled_from(["finding", "condition", "medicine", "setting", "person"]))
    if kind == "finding":
        name = draw(FINDINGS)
        return Change(
            kind="finding",
            name=name,
            value=draw(st.sampled_from([*(s.id for s in COMPILED.findings[name].states), None])),
        )
    if kind == "condition":
        return Change(kind="condition", name=draw(CONDITIONS), value=draw(st.sampled_from([True, False, None])))
    if kind == "medicine":
        return Change(kind="medicine", name=draw(MEDICINES), value=draw(st.booleans()))
    if kind == "setting":
        return Change(kind="setting", name="setting", value=draw(st.sampled_from(["primary_care", "sleep_clinic"])))
    name, value = draw(_PERSON)
    return Change(kind="person", name=name, value=value)


def key(change: Change) -> tuple[str, str]:
    return change.kind, change.name


def tried(client: TestClient, state: State, **fields: str) -> Any:
    return client.post("/result/what-if", data={"state": pack(state), "audience": "clinician", **fields})


def state_of(page: str) -> State:
    return unpack(re.findall(r'name="state" value="([^"]+)"', page)[-1])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(a_change(), max_size=5))
def test_the_last_change_of_each_thing_is_what_counts(changes: list[Change]) -> None:
    last = list({key(c): c for c in changes}.values())
    assert outcome(changed(CRAMP, changes, COMPILED)) == outcome(changed(CRAMP, last, COMPILED))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(a_change(), max_size=4))
def test_a_changed_case_holds_what_was_tried(changes: list[Change]) -> None:
    case = changed(CRAMP, changes, COMPILED)
    for change in {key(c): c for c in changes}.values():
        if change.kind == "finding":
            assert case["findings"].get(change.name) == change.value
    last = changes[-1] if changes else None
    if last is not None and last.kind == "medicine":
        index = medicine_index(COMPILED.knowledge)
        listed = [m if isinstance(m, str) else m["name"] for m in case["medicines"]]
        assert any(same_medicine(m, last.name, index) for m in listed) is last.value
    assert CRAMP["findings"] == {"quality": "cramp", "site": "calf", "timing": "night_in_bed", "swelling": "none"}


def outcome(case: dict[str, Any]) -> Any:
    """The chances, or the kind of error."""
    try:
        a = soleus.assess(case, as_of=TODAY, draws=50)
    except (InputError, CannotAssess) as error:
        return type(error)
    return {e.id: e.probability for e in a.complaints[0].explanations}


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(a_change(), min_size=1, max_size=3))
def test_the_page_shows_the_chances_of_the_changed_case(client: TestClient, changes: list[Change]) -> None:
    state = State(case=CRAMP, changes=tuple(changes))
    expected = outcome(case_with(state, COMPILED))
    page = tried(client, state)
    if isinstance(expected, dict):
        after = chances(page.text, "data-after")
        assert after == pytest.approx({e: expected[e] for e in after}, rel=0, abs=0)
        before = chances(page.text, "data-before")
        as_told = outcome(told(state, COMPILED))
        assert before == {e: as_told[e] for e in before}
    else:
        assert page.status_code == 400


def test_one_change_then_undo_is_the_page_before(client: TestClient) -> None:
    first = tried(client, State(case=CRAMP))
    second = tried(client, State(case=CRAMP), **{"v:finding:swelling": "one_leg"})
    assert state_of(second.text).changes == (Change(kind="finding", name="swelling", value="one_leg"),)
    third = tried(client, state_of(second.text), do="undo")
    assert third.text == first.text
    assert second.text != first.text


def test_back_to_what_was_told_forgets_every_change(client: TestClient) -> None:
    state = State(case=CRAMP, changes=(
        Change(kind="finding", name="swelling", value="one_leg"), Change(kind="medicine", name="quinine", value=True),
    ))  # fmt: skip
    assert tried(client, state, do="reset").text == tried(client, State(case=CRAMP)).text


def test_a_thing_set_back_by_hand_is_no_change_any_more(client: TestClient) -> None:
    state = State(case=CRAMP, changes=(Change(kind="finding", name="swelling", value="one_leg"),))
    page = tried(client, state, **{"v:finding:swelling": "none"}).text
    assert state_of(page).changes == ()


@pytest.mark.parametrize(
    ("field", "value", "change"),
    [
        ("v:medicine:furosemide", "no", Change(kind="medicine", name="furosemide", value=False)),
        ("v:condition:diabetes", "no", Change(kind="condition", name="diabetes", value=False)),
        ("v:condition:diabetes", "", Change(kind="condition", name="diabetes", value=None)),
        ("v:person:age", "30", Change(kind="person", name="age", value=30.0)),
        ("v:person:sex", "male", Change(kind="person", name="sex", value="male")),
        ("v:setting:setting", "sleep_clinic", Change(kind="setting", name="setting", value="sleep_clinic")),
    ],
)
def test_every_kind_of_thing_can_be_tried(client: TestClient, field: str, value: str, change: Change) -> None:
    page = tried(client, State(case=CRAMP), **{field: value})
    assert page.status_code == 200
    assert state_of(page.text).changes == (change,)
    assert "What if:" in page.text
    assert chances(page.text, "data-after") != chances(page.text, "data-before")


@pytest.mark.parametrize(
    ("words", "row"),
    [
        ("Potassium", "finding:potassium"),
        ("cirrhosis", "condition:cirrhosis"),
        ("Quinine", "medicine:Quinine"),
        ("restless legs syndrome", "pretest:restless_legs_syndrome"),
        ("Is a leg swollen?", "finding:swelling"),
    ],
)
def test_anything_can_be_found_by_its_name(client: TestClient, words: str, row: str) -> None:
    page = tried(client, State(case=CRAMP), what=words, do="add")
    assert page.status_code == 200
    assert f'name="v:{row.lower()}"' in page.text.lower()
    assert state_of(page.text).changes == ()


def test_a_pretest_moves_what_it_names(client: TestClient) -> None:
    page = tried(
        client, State(case=CRAMP), row="pretest:restless_legs_syndrome", **{"v:pretest:restless_legs_syndrome": "0.6"}
    )
    before, after = chances(page.text, "data-before"), chances(page.text, "data-after")
    assert after["restless_legs_syndrome"] > before["restless_legs_syndrome"]


@pytest.mark.parametrize(
    ("field", "value", "told_back"),
    [
        ("what", "xyzzy", "a finding, a condition or a medicine"),
        ("v:person:age", "old", "a number from 0 to 120 years"),
        ("v:person:age", "1e9", "a number from 0 to 120 years"),
        ("v:person:age", "nan", "a number from 0 to 120 years"),
        ("v:finding:swelling", "purple", "one of those offered"),
        ("v:medicine:furosemide", "maybe", "one of those offered"),
    ],
)
def test_what_cannot_be_read_is_said_and_changes_nothing(
    client: TestClient, field: str, value: str, told_back: str
) -> None:
    page = tried(client, State(case=CRAMP), **{field: value})
    assert page.status_code == 400
    assert told_back in page.text
    assert 'id="faults"' in page.text
    assert state_of(page.text).changes == ()


def test_a_red_flag_that_would_fire_is_shown_as_a_trial_beside_those_that_do(client: TestClient) -> None:
    state = State(case=CRAMP, changes=(
        Change(kind="finding", name="swelling", value="one_leg"), Change(kind="finding", name="tempo", value="days"),
    ))  # fmt: skip
    before = {f.id for c in soleus.assess(told(state, COMPILED), as_of=TODAY).complaints for f in c.red_flags}
    after = {f.id for c in soleus.assess(case_with(state, COMPILED), as_of=TODAY).complaints for f in c.red_flags}
    assert after - before
    page = tried(client, state).text
    assert "If this were so, it would be a warning sign" in page
    assert "If this were so" not in tried(client, State(case=CRAMP)).text


def test_two_complaints_move_each_on_its_own(client: TestClient) -> None:
    page = tried(client, State(case=BOTH, changes=(Change(kind="person", name="age", value=80.0),))).text
    assert page.count('class="ranked moving"') == 2


@pytest.mark.parametrize(
    "change",
    [
        Change(kind="finding", name="no_such", value="yes"),
        Change(kind="condition", name="no_such", value=True),
        Change(kind="condition", name="diabetes", value="maybe"),
        Change(kind="setting", name="setting", value="moon"),
        Change(kind="person", name="shoe_size", value=41.0),
        Change(kind="person", name="age", value=300.0),
        Change(kind="pretest", name="restless_legs_syndrome", value=1.5),
        Change(kind="pretest", name="no_such", value=0.5),
    ],
)
def test_a_change_that_no_page_makes_is_refused(client: TestClient, change: Change) -> None:
    with pytest.raises(InputError):
        case_with(State(case=CRAMP, changes=(change,)), COMPILED)
    assert tried(client, State(case=CRAMP, changes=(change,))).status_code == 400


def test_a_medicine_is_known_by_any_of_its_names() -> None:
    case = {"findings": {"quality": "cramp"}, "medicines": ["Frusemide 40 mg tablets"]}
    out = changed(case, (Change(kind="medicine", name="furosemide", value=False),), COMPILED)
    assert out["medicines"] == []
    assert out["lists"] == ["medicines"]  # a list that was given is still one


def test_a_condition_that_is_tried_makes_no_list_of_conditions() -> None:
    """A list that speaks makes silence count; a what-if must not."""
    out = changed(
        {"findings": {"quality": "cramp"}}, (Change(kind="condition", name="cirrhosis", value=True),), COMPILED
    )
    assert out["findings"]["cirrhosis"] == "present"
    assert not out["conditions"]


def test_a_finding_is_replaced_under_every_name_it_was_told() -> None:
    case = {"findings": {"Swelling": "both_legs", "quality": "cramp"}, "duration": "3 years"}
    out = changed(case, (Change(kind="finding", name="swelling", value="one_leg"),), COMPILED)
    assert out["findings"] == {"quality": "cramp", "swelling": "one_leg"}
    tempo = changed(case, (Change(kind="finding", name="tempo", value="days"),), COMPILED)
    assert "duration" not in tempo


def test_corrections_of_a_note_are_those_of_the_reading() -> None:
    reading = soleus.read_note(NOTE)
    out = corrected(reading, (Correction(number=1), Correction(number=2, state="absent")))
    assert out == reading.changed(2, "absent").without(1)
    with pytest.raises(InputError):
        corrected(reading, (Correction(number=1, state="perhaps"),))
