"""Age, sex and who tells, as people write them."""

from __future__ import annotations

import pytest

from soleus.notes.judging import read_note


def person(text: str) -> dict[str, object]:
    return {u.finding: u.value for u in read_note(text).understood if u.kind == "person"}


@pytest.mark.parametrize(
    ("text", "age", "sex"),
    [
        ("A 63-year-old man has calf pain when walking more than 200 m.", 63.0, "male"),
        ("72M leg pain after 100 m", 72.0, "male"),
        ("54F, calf cramps at night", 54.0, "female"),
        ("A runner of 34 gets pain in both calves; she stops.", 34.0, "female"),
        ("Hi, I'm 67 and my calves cramp in bed, I need help.", 67.0, None),
        ("I am a retired bus driver, a man of 72, and I have leg cramps.", 72.0, "male"),
        ("Sex: [ ] M [x] F  Age: 58  leg pain", 58.0, "female"),
        ("My daughter is ten and her legs ache in the evening; she cries.", 10.0, "female"),
        ("A 5-week-old girl jerks her legs in sleep.", 0.096, "female"),
        ("My husband is 71. He has cramps in his calves, he says, and he sleeps badly.", 71.0, "male"),
    ],
)
def test_age_and_sex(text: str, age: float, sex: str | None) -> None:
    found = person(text)
    assert found.get("age") == age
    assert found.get("sex") == sex


def test_a_husband_says_nothing_of_the_sex_of_the_writer() -> None:
    assert "sex" not in person("I have cramps in my calves and my husband rubs them for me.")


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("I have calf cramps and I wake at night, my calf is hard.", "self"),
        ("My son is 6 and his legs hurt at night. He cries.", "parent"),
        ("This 71-year-old man has calf cramps.", "clinician"),
    ],
)
def test_who_tells(text: str, who: str) -> None:
    assert read_note(text).answered_by == who
