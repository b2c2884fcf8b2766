"""A cohort is data: read as a sentence, drawn as a chart, refused where it cannot be; Circe JSON is read or named."""

from __future__ import annotations

import datetime
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from soleus.errors import InvalidValue, UnreadableInput
from soleus.population.cohorts.attrition import attrition_svg, shown_steps
from soleus.population.cohorts.circe import cohort_from_circe
from soleus.population.cohorts.cohort import Cohort, ConceptSet, Step, Timed, cohort_of, read_cohorts_file, sentence

QUININE = Cohort(
    id="quinine_starts",
    name="New users of quinine",
    entry=("quinine",),
    washout_days=None,
    prior_observation_days=365,
    exclude=(Timed(value_set="contributor.dialysis", to_days=0),),
    age_at_least=50,
    first_day=datetime.date(2000, 1, 1),
    limit="first",
)


def test_a_definition_is_read_as_a_sentence() -> None:
    assert sentence(QUININE) == (
        "People aged 50 or more enter on the first day of their first era of quinine (records up to 30 days apart are "
        "one era) from 2000-01-01, observed for at least 365 days before and without dialysis up to the day of entry. "
        "They leave when the era ends."
    )


def test_a_file_of_cohorts_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cohorts.yaml"
    path.write_text("cohorts:\n- {id: c, name: Cramp, entry: [cramp], sex: female, first_day: 2010-01-31}\n")
    (found,) = read_cohorts_file(path)
    assert found == Cohort(id="c", name="Cramp", entry=("cramp",), sex="female", first_day=datetime.date(2010, 1, 31))


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"id": "c", "name": "C"}, "entry"),
        ({"id": "c", "name": "C", "entry": []}, "no value set"),
        ({"id": "c", "name": "C", "entry": ["cramp"], "washout": 3}, "washout"),
        ({"id": "c", "name": "C", "entry": ["cramp"], "age_at_least": -1}, "age_at_least"),
        ({"id": "c", "name": "C", "entry": ["a"], "first_day": "2010-01-02", "last_day": "2010-01-01"}, "last_day"),
        ({"id": "c", "name": "C", "entry": ["a"], "require": [{"value_set": "b", "from_days": 3, "to_days": 2}]}, "b"),
    ],
)
def test_a_wrong_definition_is_refused_with_its_field(tree: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        cohort_of(tree, "cohorts.yaml: cohort 1")


@pytest.mark.parametrize("text", ["", "cohorts: 3", "cohorts: []", "[", "- a"])
def test_a_file_without_cohorts_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(UnreadableInput):
        read_cohorts_file(tmp_path / "c.yaml")


def test_the_attrition_chart_is_one_bar_a_step_and_hides_small_losses() -> None:
    rows = shown_steps([Step("All", 120, 103), Step("Seen", 118, 100), Step("Old", 50, 40), Step("First", 3, 3)])
    assert [row["people"] for row in rows] == [None, 100, 40, None]
    assert [row["entries"] for row in rows] == [None, 118, 50, None]
    drawn = ET.fromstring(attrition_svg("New <users>", rows))
    bars = [float(e.attrib["width"]) for e in drawn if e.tag.endswith("rect")]
    assert bars == [0.0, 250.0, 100.0, 0.0]
    said = [e.text for e in drawn if e.tag.endswith("text")]
    assert said[0] == "New <users>"
    assert said[4] == "100"


def test_the_chart_says_how_many_were_lost_and_breaks_long_lines() -> None:
    label = "Without quinine from 365 days before to 1 day before in the same observation"
    drawn = ET.fromstring(attrition_svg("A", [{"step": "All", "people": 1200}, {"step": label, "people": 1000}]))
    said = [e.text or "" for e in drawn if e.tag.endswith("text")]
    assert said[-2:] == ["1,000 (200 fewer)", "No human has reviewed this result."]
    assert max(map(len, said)) <= 60
    assert " ".join(said[3:-2]) == label


def test_nothing_is_hidden_where_that_is_asked_for() -> None:
    assert [r["people"] for r in shown_steps([Step("All", 3, 3), Step("Seen", 1, 1)], least=0)] == [3, 1]


# ----------------------------------------------------------------------------------------------- Circe


def circe(**changes: Any) -> dict[str, Any]:
    """A definition as Atlas exports it: new users of a drug, observed for a year, without a diagnosis before."""
    item = {"concept": {"CONCEPT_ID": 11}, "includeDescendants": True, "isExcluded": False, "includeMapped": False}
    tree: dict[str, Any] = {
        "ConceptSets": [
            {"id": 0, "name": "drug", "expression": {"items": [item]}},
            {"id": 1, "name": "disease", "expression": {"items": [
                item | {"concept": {"CONCEPT_ID": 21}, "includeDescendants": False},
                item | {"concept": {"CONCEPT_ID": 22}, "isExcluded": True},
            ]}},
        ],
        "PrimaryCriteria": {
            "CriteriaList": [{"DrugExposure": {"CodesetId": 0, "First": True}}],
            "ObservationWindow": {"PriorDays": 365, "PostDays": 0},
            "PrimaryCriteriaLimit": {"Type": "All"},
        },
        "QualifiedLimit": {"Type": "First"},
        "ExpressionLimit": {"Type": "First"},
        "InclusionRules": [{"name": "no disease", "expression": {"Type": "ALL", "CriteriaList": [{
            "Criteria": {"ConditionOccurrence": {"CodesetId": 1}},
            "StartWindow": {"Start": {"Coeff": -1}, "End": {"Days": 1, "Coeff": -1}},
            "Occurrence": {"Type": 0, "Count": 0},
        }], "DemographicCriteriaList": [], "Groups": []}}],
        "EndStrategy": {"DateOffset": {"DateField": "StartDate", "Offset": 30}},
        "CensoringCriteria": [], "CollapseSettings": {"CollapseType": "ERA", "EraPad": 0}, "CensorWindow": {},
        "cdmVersionRange": ">=5.0.0",
    }  # fmt: skip
    return tree | changes


def test_a_definition_of_circe_becomes_a_cohort() -> None:
    assert cohort_from_circe(circe(), "New users") == Cohort(
        id="new_users",
        name="New users",
        entry=("set_0",),
        era_gap_days=None,
        washout_days=None,
        prior_observation_days=365,
        exclude=(Timed(value_set="set_1", from_days=None, to_days=-1, same_observation=True),),
        limit="first",
        end="observation",
        end_days=30,
        sets={
            "set_0": ConceptSet(include_narrower=(11,)),
            "set_1": ConceptSet(include=(21,), exclude_narrower=(22,)),
        },
    )


def _primary(**changes: Any) -> dict[str, Any]:
    return {"PrimaryCriteria": circe()["PrimaryCriteria"] | changes}


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"CensoringCriteria": [{"Death": {}}]}, "CensoringCriteria"),
        ({"CensorWindow": {"StartDate": "2010-01-01"}}, "CensorWindow"),
        ({"EndStrategy": {"CustomEra": {}}}, "EndStrategy"),
        ({"QualifiedLimit": {"Type": "All"}, "ExpressionLimit": {"Type": "All"}}, "limit All"),
        ({"ExpressionLimit": {"Type": "Last"}}, "limit Last"),
        ({"Surprise": 1}, "Surprise"),
        (_primary(CriteriaList=[{"VisitOccurrence": {"CodesetId": 0}}]), "VisitOccurrence"),
        (_primary(CriteriaList=[{"DrugExposure": {"CodesetId": 0, "Age": {"Value": 50, "Op": "gt"}}}]), "Age"),
        (_primary(CriteriaList=[{"DrugExposure": {}}]), "without CodesetId"),
        (_primary(PrimaryCriteriaLimit={"Type": "First"}), "PrimaryCriteriaLimit"),
        ({"InclusionRules": [{"expression": {"Type": "ANY", "CriteriaList": []}}]}, "Type ANY"),
        ({"InclusionRules": [{"expression": {"Type": "ALL", "Groups": [{"Type": "ALL"}]}}]}, "Groups"),
    ],
)
def test_a_part_of_circe_that_is_not_read_is_named(changes: dict[str, Any], part: str) -> None:
    with pytest.raises(InvalidValue, match=part):
        cohort_from_circe(circe(**changes), "c", "c.json")


def test_what_is_no_circe_is_refused() -> None:
    with pytest.raises(UnreadableInput):
        cohort_from_circe([], "c")


def test_a_file_that_is_not_there_is_told_to_be_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"c\.yaml: found No such file or directory.*Check the path"):
        read_cohorts_file(tmp_path / "c.yaml")
